"""What a VTODO says of the fields of a task: what is too long or too many for one is cut, and stays in the object."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

from api.imports.parsed import Moment, Priority
from api.imports.source.content_lines import Property
from api.imports.values.ical import duration, when
from api.imports.values.texts import plain
from api.tasks.objects.content import MAX_UID_BYTES, Part, invalid
from api.tasks.objects.times import alarms, dates, recurrence
from api.tasks.objects.times.zones import Zones
from api.tasks.schemas.members import MAX_DESCRIPTION, MAX_TITLE
from core.tasks.questions.queries import MAX_TAG, MAX_TAGS

UNTITLED = "(untitled)"
"""What a task is called whose object has no summary."""

CUT = "…"
_NUMBER = re.compile(r"[+-]?\d{1,30}", re.ASCII)
_HIGHEST_OF_MEDIUM, _LOWEST = 5, 9
_ALL_DONE = 100
_FIRST, _LAST = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
_OPEN, _DONE = ("NEEDS-ACTION", "IN-PROCESS"), ("COMPLETED", "CANCELLED")
_PARENT = ("", "PARENT")
_TIMED_BY_TASKS_ORG = 1
"""The second that Tasks.org gives to a time, to tell it from a day."""


class Due(NamedTuple):
    """When it is due, and how that is written: on what clock, and by which property."""

    value: Moment
    zone: str | None
    """The name of a clock; empty for one of no zone; None for that of UTC, and for a date."""
    source: str
    """DUE, DTSTART, or X-TASKLANE-DUE."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    title: str
    description: str | None
    completed: bool
    completed_at: datetime | None
    """None where it does not say when."""
    priority: Priority
    due: Due | None
    recurrence: dict[str, Any] | None
    tags: list[str]
    reminders: list[int | str]
    parent_uid: str | None
    sort_order: int | None
    passed: bool
    """Dates of the series are done: it is due on a later one than the object's own."""


def told(calendar: Part, todo: Part) -> Told:
    """Raises `InvalidCalendar` for a date that is none."""
    zones = Zones(calendar)
    due = due_of(todo, zones)
    completed_at = _instant(todo, "COMPLETED", zones)
    recurs = recurrence.told(todo, due.value, zones.key(due.zone)) if due else None
    completed = _completed(todo, completed_at)
    start = moment(todo, "DTSTART", zones)
    passed = None
    if due and recurs and not completed:
        passed = dates.first_open(calendar, todo, due.value, start.value if start else None, recurs)
    if due and passed:
        recurs = passed.recurrence
        due = due._replace(value=passed.due or due.value)
        completed, completed_at = passed.due is None, passed.done_at
    return Told(
        title=title_of(todo),
        description=_cut(plain(todo.text("DESCRIPTION")), MAX_DESCRIPTION) or None,
        completed=completed,
        completed_at=completed_at,
        priority=priority(number(todo, "PRIORITY")),
        due=due,
        recurrence=recurs,
        tags=list(tags_of(todo))[:MAX_TAGS],
        reminders=alarms.reminders(todo, zones),
        parent_uid=next((text for one in parents(todo) if (text := one.text.strip())), None),
        sort_order=number(todo, "X-APPLE-SORT-ORDER"),
        passed=passed is not None,
    )


def title_of(todo: Part) -> str:
    return _cut(" ".join(plain(todo.text("SUMMARY")).split("\n")), MAX_TITLE) or UNTITLED


def tags_of(todo: Part) -> dict[str, str]:
    """Each as a task has it, and how it is written; what comes twice comes once."""
    written = [plain(text) for one in todo.all("CATEGORIES") for text in one.texts]
    return dict(reversed([(_cut(text, MAX_TAG), text) for text in reversed(written) if text]))


def parents(todo: Part) -> list[Property]:
    """Those that name one, of which the first counts; what no uid can be names nobody."""
    related = [one for one in todo.all("RELATED-TO") if one.parameters.get("RELTYPE", "").upper() in _PARENT]
    return [one for one in related if len(one.text.strip().encode()) <= MAX_UID_BYTES]


def priority(said: int | None) -> Priority:
    """Of nine, and 0 or nothing for none: that is what a task has of which nobody says anything."""
    if said is None or not 0 < said <= _LOWEST:
        return "medium"
    if said == 1:
        return "urgent"
    return "high" if said < _HIGHEST_OF_MEDIUM else "medium" if said == _HIGHEST_OF_MEDIUM else "low"


def number(part: Part, name: str) -> int | None:
    found = part.first(name)
    return int(found.value) if found and _NUMBER.fullmatch(found.value.strip()) else None


def due_of(todo: Part, zones: Zones) -> Due | None:
    """DUE, or DTSTART and how long it lasts; of what only starts and repeats, when it does."""
    due = moment(todo, "DUE", zones) or moment(todo, "X-TASKLANE-DUE", zones)
    if due and isinstance(due.value, datetime) and due.value.second == _TIMED_BY_TASKS_ORG:
        return due._replace(value=due.value.replace(second=0))
    if due:
        return due
    start = moment(todo, "DTSTART", zones)
    lasts = duration(todo.text("DURATION")) if todo.first("DURATION") else None
    if start is None or (lasts is None and not todo.first("RRULE")):
        return None
    return start._replace(value=_later(start.value, lasts or timedelta()))


def moment(part: Part, name: str, zones: Zones) -> Due | None:
    """A date or a time; raises `InvalidCalendar` where it is neither."""
    found = part.first(name)
    if found is None or not (value := found.value.strip()):
        return None
    written = when(value)
    if written is None:
        raise invalid(found.line, f"has no date or time for {name}")
    if not isinstance(written.value, datetime):
        return Due(written.value, None, name)
    zone = None if written.utc else found.parameters.get("TZID", "")
    return Due(zones.instant(written.value, zone or None), zone, name)


def _instant(part: Part, name: str, zones: Zones) -> datetime | None:
    found = moment(part, name, zones)
    return found.value if found and isinstance(found.value, datetime) else None


def _later(start: Moment, lasts: timedelta) -> Moment:
    try:
        if isinstance(start, datetime):
            return min(max(start + lasts, _FIRST), _LAST)
        return start + timedelta(days=lasts.days)
    except OverflowError:
        return _LAST if isinstance(start, datetime) else date.max


def _completed(todo: Part, completed_at: datetime | None) -> bool:
    status = todo.text("STATUS").strip().upper()
    if status in (*_OPEN, *_DONE):
        return status in _DONE
    return completed_at is not None or (number(todo, "PERCENT-COMPLETE") or 0) >= _ALL_DONE


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1].rstrip() + CUT
