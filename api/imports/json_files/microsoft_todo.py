"""Microsoft To Do: `todoTask`s of its Graph, as lists of them, or as the pages of an answer.

Its due dates are days, written as midnight somewhere in UTC, and nowhere does it say where.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field

from api.imports.parsed import Asked, Parsed, Priority
from api.imports.source.file import File
from api.imports.source.json_walk import PIECE, Found, Shape, Walk
from api.imports.values.moments import Instant, day_of, in_utc, iso, zone_named
from api.imports.values.rules import BY_NAME, every, listed, rule
from api.imports.values.texts import Camel, Flag, Ref, Text, of_html, plain

_LIST: Final[dict[str, Any]] = {"displayName": PIECE, "tasks": [PIECE]}
_PAGE: Final[Shape] = {"value": [PIECE]}

_PRIORITIES: dict[str, Priority] = {"high": "high", "low": "low"}
"""`normal` is what every task has."""
_OPEN = frozenset({"", "notStarted", "completed"})
_UNIVERSAL = frozenset({"UTC", "GMT", "Etc/UTC", "Etc/GMT"})
_INDEX = {"first": 1, "second": 2, "third": 3, "fourth": 4, "last": -1}

_Number = Annotated[int, BeforeValidator(lambda value: value or 0), Field(ge=0, le=9999)]


def _wall(value: object) -> datetime | None:
    if not isinstance(value, str) or not value:
        raise ValueError("must be a date and a time (ISO 8601)")
    return iso(value)


_Wall = Annotated[datetime | None, BeforeValidator(_wall)]


class _DateTime(Camel):
    """A time by the clock of its zone."""

    date_time: _Wall = None
    time_zone: Text = ""

    @property
    def zone(self) -> ZoneInfo | None:
        return zone_named(self.time_zone)

    @property
    def instant(self) -> datetime | None:
        at = self.date_time
        return in_utc(at, self.zone) if at and at.tzinfo is None else at


class _Body(Camel):
    content: Text = ""
    content_type: Text = ""


class _Pattern(Camel):
    type: Text = ""
    interval: _Number = 1
    month: _Number = 0
    day_of_month: _Number = 0
    days_of_week: Annotated[list[str], BeforeValidator(lambda value: value or [])] = []
    first_day_of_week: Text = ""
    index: Text = ""


class _Range(Camel):
    type: Text = ""
    end_date: Text = ""
    number_of_occurrences: _Number = 0


class _Recurrence(Camel):
    pattern: _Pattern | None = None
    range: _Range | None = None


class _Step(Camel):
    id: Ref = ""
    display_name: Text = ""
    is_checked: Flag = False
    created_date_time: Instant = None
    checked_date_time: Instant = None


class _Task(Camel):
    id: Ref = ""
    title: Text = ""
    body: _Body | None = None
    status: Text = ""
    importance: Text = ""
    categories: Annotated[list[str], BeforeValidator(lambda value: value or [])] = []
    created_date_time: Instant = None
    last_modified_date_time: Instant = None
    due_date_time: _DateTime | None = None
    start_date_time: _DateTime | None = None
    completed_date_time: _DateTime | None = None
    reminder_date_time: _DateTime | None = None
    is_reminder_on: Flag = False
    has_attachments: Flag = False
    recurrence: _Recurrence | None = None
    checklist_items: Annotated[list[_Step], BeforeValidator(lambda value: value or [])] = []


def read(file: File, asked: Asked) -> Iterator[Parsed | None]:
    """Tasks in the order of the file, the steps of each behind it."""
    walk = file.walk()
    shape: Shape = _PAGE if walk.first == b"{" else [_LIST]
    names: dict[int, str] = {}
    unnamed: list[tuple[int, Parsed]] = []
    for found in walk.through(shape):
        yield None
        if found is None:
            continue
        match found.path:
            case (int(number), "displayName") if isinstance(found.value, str):
                names[number] = plain(found.value)
            case (int(number), "tasks", int()):
                unnamed.extend((number, task) for task in _tasks(walk, found, asked))
            case ("value", int()):
                yield from _tasks(walk, found, asked)
    for number, task in unnamed:
        task.lists = names.get(number, "")
        yield task


def _tasks(walk: Walk, found: Found, asked: Asked) -> Iterator[Parsed]:
    if isinstance(found.value, dict) and "@removed" in found.value:
        asked.leave_out("deleted")
        return
    task = walk.check(found, _Task)
    if not task.title.strip():
        asked.leave_out("without a title")
        return
    body = task.body or _Body()
    made = Parsed(
        ref=task.id,
        key=task.id or walk.place(found),
        title=plain(task.title),
        place=walk.place(found),
        description=of_html(body.content) if body.content_type.lower() == "html" else plain(body.content),
        completed=task.status == "completed",
        completed_at=task.completed_date_time.instant if task.completed_date_time else None,
        priority=_PRIORITIES.get(task.importance),
        due=_day(task.due_date_time, asked) if task.due_date_time else None,
        tags=tuple(plain(name) for name in task.categories),
        created=task.created_date_time,
        updated=task.last_modified_date_time,
    )
    if task.recurrence:
        _repeat(made, task.recurrence)
    if task.reminder_date_time and (at := task.reminder_date_time.instant) and task.is_reminder_on:
        made.remind(at=at)
    if task.start_date_time:
        made.leave("start", _day(task.start_date_time, asked))
    if task.status not in _OPEN:
        made.leave("status", task.status)
    if task.has_attachments:
        made.leave("attachment", "the file does not have them")
    yield made
    for number, step in enumerate(task.checklist_items, 1):
        if step.display_name.strip():
            yield Parsed(
                ref=step.id,
                key=f"{made.key}/{number}",
                title=plain(step.display_name),
                place=f"{made.place}/checklistItems/{number - 1}",
                completed=step.is_checked,
                completed_at=step.checked_date_time,
                parent=made.key,
                created=step.created_date_time,
            )


def _day(written: _DateTime, asked: Asked) -> date | None:
    """The day of a midnight: in the zone that stands beside it, in the user's, or the nearest one."""
    at = written.date_time
    if at is None:
        return None
    zone = written.zone
    if at.tzinfo is None and zone and zone.key not in _UNIVERSAL:
        return at.date()
    return day_of(at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC), asked.zone)


def _repeat(task: Parsed, recurrence: _Recurrence) -> None:
    pattern, extent = recurrence.pattern or _Pattern(), recurrence.range or _Range()
    written = _rule(pattern, extent)
    task.rule = rule(written) if written else None
    if task.rule is None:
        task.leave("recurrence", pattern.type or "the file does not say how it repeats")


def _rule(pattern: _Pattern, extent: _Range) -> str | None:
    """Every pattern carries every member; those count that its type names."""
    days = [BY_NAME[name] for name in pattern.days_of_week if name in BY_NAME]
    month, number = pattern.month or None, pattern.day_of_month or None
    place = _INDEX.get(pattern.index)
    interval = pattern.interval or 1
    until = extent.end_date.replace("-", "") if extent.type == "endDate" else None
    end = {"UNTIL": until, "COUNT": extent.number_of_occurrences or None if extent.type == "numbered" else None}
    one: dict[str, object] = (
        {"BYDAY": f"{place}{days[0]}"} if place and len(days) == 1 else {"BYDAY": listed(days), "BYSETPOS": place}
    )
    start = BY_NAME.get(pattern.first_day_of_week or "sunday") if interval > 1 else None
    ways: dict[str, tuple[str, dict[str, object]]] = {
        "daily": ("DAILY", {}),
        "weekly": ("WEEKLY", {"BYDAY": listed(days), "WKST": start}),
        "absoluteMonthly": ("MONTHLY", {"BYMONTHDAY": number}),
        "absoluteYearly": ("YEARLY", {"BYMONTH": month, "BYMONTHDAY": number}),
        "relativeMonthly": ("MONTHLY", one),
        "relativeYearly": ("YEARLY", {"BYMONTH": month, **one}),
    }
    if pattern.type not in ways:
        return None
    frequency, parts = ways[pattern.type]
    return every(frequency, interval, **parts, **end)
