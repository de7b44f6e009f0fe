"""How a task recurs, in iCalendar (RFC 5545): on a clock whose zone is described, or in UTC, or by dates."""

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from api.imports.parsed import Moment
from api.imports.source.content_lines import Property
from api.imports.values.ical import when
from api.imports.values.rules import rule
from api.tasks.objects.content import Part, line
from core.recurrence.rule import Rule, parse
from core.tasks.due import Due
from core.tasks.recurring.recurrence import Origin, Recurrence, recurrence_columns, standard_rule
from core.tasks.zones import UNIVERSAL

COMPLETION = "X-TASKLANE-RECURS-FROM"

_FIRST_YEAR, _LAST_YEAR = 2000, 2049
"""In which a zone is described: whoever knows its name needs none of it. Not so many from now on: then the same task,
under the same tag, would be other bytes at New Year.
"""

_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)


def recurs(task: dict[str, Any]) -> dict[str, Any] | None:
    """How; one that is done, and that another one follows on, does not recur any more."""
    recurrence: dict[str, Any] | None = task["recurrence"]
    return None if task["completed"] and task.get("next_id") else recurrence


def zone_of(task: dict[str, Any]) -> str | None:
    """Where its clock is, other than in UTC."""
    recurrence, due = recurs(task), task["due_date"]
    zone: str | None = recurrence["time_zone"] if recurrence and "T" in due else None
    return None if zone == UNIVERSAL else zone


def on_the_wall(instant: str, zone: str) -> str:
    """An instant as the clock there shows it."""
    return f"{datetime.fromisoformat(instant).astimezone(ZoneInfo(zone)):%Y%m%dT%H%M%S}"


def lines(task: dict[str, Any], recurrence: dict[str, Any]) -> Iterator[str]:
    """The rule, and what no standard has."""
    said = Recurrence.stored(json.dumps(recurrence))
    yield f"RRULE:{standard_rule(said, dates='T' not in task['due_date'])}"
    if said.origin == "completion":
        yield f"{COMPLETION}:COMPLETION"


def told(todo: Part, due: Moment | None, zone: str | None) -> dict[str, Any] | None:
    """How an object that is due then, on that clock, says that it recurs; None where it does so as no task can."""
    rules = todo.all("RRULE")
    if len(rules) != 1 or due is None:
        return None
    found = rule(rules[0].value, from_completion=todo.text(COMPLETION).strip().upper() == "COMPLETION")
    if found is None:
        return None
    origin: Origin = "completion" if found.from_completion else "due"
    try:
        said = Recurrence(parse(found.text), zone if isinstance(due, datetime) else None, origin)
        if said.rule.by or said.rule.days:
            said = replace(said, rule=_of_due(said.rule, todo))
        shown: dict[str, Any] = json.loads(recurrence_columns(said, due_of(due))["recurrence"])
    except ValueError:
        return None
    return shown


def due_of(moment: Moment | None) -> Due:
    if isinstance(moment, datetime):
        return Due(at=moment)
    return Due(on=moment)


def _of_due(said: Rule, todo: Part) -> Rule:
    """The days that a rule names are those of the start; raises `ValueError` where it is due on others of them."""
    start, due = todo.first("DTSTART"), todo.first("DUE")
    if start is None or (due and _day_of(start) == _day_of(due)) or not (due or todo.first("DURATION")):
        return said
    first = when(start.value.strip())
    if (
        first
        and said.frequency == "WEEKLY"
        and not said.by
        and [day.weekday for day in said.days] == [first.value.weekday()]
    ):
        return replace(said, days=())
    raise ValueError("is due on other days than it starts")


def _day_of(moment: Property) -> tuple[str, str | None]:
    return moment.value.strip()[:8], moment.parameters.get("TZID")


@lru_cache(maxsize=100)
def zone_part(zone: str) -> Part:
    """What describes it; the same for all, so nobody changes it."""
    part = Part("VTIMEZONE")
    open_ = [part]
    for written in described(zone)[1:-1]:
        name, _, value = written.partition(":")
        if name == "BEGIN":
            open_.append(Part(value))
        elif name == "END":
            open_[0].content.append(open_.pop())
        else:
            open_[-1].content.append(line(written))
    return part


@lru_cache(maxsize=100)
def described(zone: str) -> tuple[str, ...]:
    """Section 3.6.5: each change of the clocks there, those of a kind together, at the time that they showed before."""
    clock = ZoneInfo(zone)
    begin = datetime(_FIRST_YEAR, 1, 1, tzinfo=UTC)
    first = _offset(begin, clock)
    onsets = defaultdict(list, {(first, first): [(begin + first).replace(tzinfo=None)]})
    for change in _changes(clock, begin):
        before = _offset(change - _SECOND, clock)
        onsets[before, _offset(change, clock)].append((change + before).replace(tzinfo=None))
    components = (line for (before, after), times in onsets.items() for line in _observance(before, after, times))
    return ("BEGIN:VTIMEZONE", f"TZID:{zone}", *components, "END:VTIMEZONE")


def _observance(before: timedelta, after: timedelta, times: list[datetime]) -> Iterator[str]:
    """Daylight is what is ahead: that in Dublin the winter is the exception, readers do not expect."""
    kind = "DAYLIGHT" if after > before else "STANDARD"
    first, *others = (f"{time:%Y%m%dT%H%M%S}" for time in times)
    yield f"BEGIN:{kind}"
    yield f"DTSTART:{first}"
    if others:
        yield f"RDATE:{','.join(others)}"
    yield f"TZOFFSETFROM:{_signed(before)}"
    yield f"TZOFFSETTO:{_signed(after)}"
    yield f"END:{kind}"


def _changes(clock: ZoneInfo, begin: datetime) -> Iterator[datetime]:
    """The first instant of each other offset."""
    day, end = begin, begin.replace(year=_LAST_YEAR + 1)
    while day < end:
        following = day + _DAY
        before = _offset(day, clock)
        if before != _offset(following, clock):
            early, late = day, following
            while late - early > _SECOND:
                middle = (early + (late - early) / 2).replace(microsecond=0)
                early, late = (middle, late) if _offset(middle, clock) == before else (early, middle)
            yield late
        day = following


def _offset(instant: datetime, clock: ZoneInfo) -> timedelta:
    return instant.astimezone(clock).utcoffset() or timedelta()


def _signed(offset: timedelta) -> str:
    minutes = round(abs(offset).total_seconds() / 60)
    return f"{'-' if offset < timedelta() else '+'}{minutes // 60:02d}{minutes % 60:02d}"
