"""How a task recurs, in iCalendar (RFC 5545): on a clock whose zone is described, or in UTC, or by dates."""

import json
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from core.tasks.recurring.recurrence import Recurrence, standard_rule
from core.tasks.zones import UNIVERSAL

_FIRST_YEAR = 2000
_YEARS_AHEAD = 10
"""A zone is described from that year to so many after the present one: whoever knows its name needs none of it."""

_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)


def zone_of(task: dict[str, Any]) -> str | None:
    """Where its clock is, other than in UTC."""
    recurrence, due = task["recurrence"], task["due_date"]
    zone: str | None = recurrence["time_zone"] if recurrence and "T" in due else None
    return None if zone == UNIVERSAL else zone


def on_the_wall(instant: str, zone: str) -> str:
    """An instant as the clock there shows it."""
    return f"{datetime.fromisoformat(instant).astimezone(ZoneInfo(zone)):%Y%m%dT%H%M%S}"


def lines(task: dict[str, Any], *, due: str) -> Iterator[str]:
    """The rule, and its beginning: `due`, the parameters and the value of DUE, so that both are of one kind."""
    said = Recurrence.stored(json.dumps(task["recurrence"]))
    yield f"DTSTART{due}"
    yield f"RRULE:{standard_rule(said, dates='T' not in task['due_date'])}"
    if said.origin == "completion":
        yield "X-TASKLANE-RECURS-FROM:COMPLETION"


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
    day, end = begin, datetime.now(UTC).replace(month=1, day=1) + _YEARS_AHEAD * 366 * _DAY
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
