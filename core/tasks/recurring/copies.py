"""What the next one of a series is made of: the task as it was, and all that stands beneath it, on other dates."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from core.tasks.due import Due
from core.tasks.recurring.recurrence import Recurrence, following
from core.tasks.zones import UNIVERSAL
from core.types import TaskId

Reminder = int | str


@dataclass(frozen=True, slots=True)
class Original:
    """A task that was completed, or one beneath it."""

    id: TaskId
    parent: TaskId | None
    recurrence: str | None
    stands_for: str | None
    due: Due
    completed_at: datetime | None
    reminders: Sequence[Reminder]
    next_id: TaskId | None


@dataclass(frozen=True, slots=True)
class Copy:
    """What becomes of one in the tree of the next; all else is as it was, and it is open."""

    of: TaskId
    beneath: int | None
    """The number of its parent among the copies, counted from 1; None for the next one itself."""
    due: Due
    reminders: Sequence[Reminder]
    recurrence: str | None = None
    stands_for: str | None = None
    follows: bool = False
    """Whether it goes on with a series, for the one of which it is the copy."""


def copies(originals: Sequence[Original], *, along: bool) -> list[Copy]:
    """The next of the first one, and those of what is beneath; none when its series is over.

    Parents stand before their children. What has a date beneath it keeps its distance in days; what recurs beneath it
    comes at the next date of its own rule, once, unless that is over. `along`: what is open is completed, too.
    """
    root, *beneath = originals
    completed_at = root.completed_at or datetime.now(UTC)
    first = _next(root, None, completed_at, along=True)
    if first is None:
        return []
    zone = _zone(root.recurrence)
    days = _days(root.due, first.due, zone)
    made, numbers = [first], {root.id: 1}
    for original in beneath:
        number = numbers.get(original.parent or root.id)
        if number is None:
            continue
        if original.recurrence is None:
            due, reminders = _moved(original.due, days, zone), _reminded(original.reminders, days, zone)
            copy: Copy | None = Copy(original.id, number, due, reminders)
        else:
            copy = _next(original, number, completed_at, along=along)
        if copy is not None:
            made.append(copy)
            numbers[original.id] = len(made)
    return made


def _next(original: Original, beneath: int | None, completed_at: datetime, *, along: bool) -> Copy | None:
    if original.recurrence is None or original.next_id is not None:  # the next one is there, or was taken away
        return None
    completed_at = original.completed_at or completed_at
    found = following(original.recurrence, original.stands_for, original.due, completed_at)
    if found is None:
        return None
    zone = _zone(original.recurrence)
    reminders = _reminded(original.reminders, _days(original.due, found.due, zone), zone)
    follows = along or original.completed_at is not None
    return Copy(original.id, beneath, found.due, reminders, found.recurrence, found.stands_for, follows)


def _zone(recurrence: str | None) -> str:
    return (Recurrence.stored(recurrence).zone if recurrence else None) or UNIVERSAL


def _days(before: Due, after: Due, zone: str) -> int:
    """From one to the other, on the calendar."""
    first, last = _day(before, zone), _day(after, zone)
    return (last - first).days if first and last else 0


def _day(due: Due, zone: str) -> date | None:
    if due.at is None:
        return due.on
    try:
        return due.at.astimezone(ZoneInfo(zone)).date()
    except OverflowError:
        return due.at.date()


def _moved(due: Due, days: int, zone: str) -> Due:
    """What would come to lie behind the year 9999 stays."""
    if due.at is not None:
        return Due(at=_at_the_same_time(due.at, days, zone))
    try:
        return due if due.on is None else Due(due.on + timedelta(days))
    except OverflowError:
        return due


def _at_the_same_time(at: datetime, days: int, zone: str) -> datetime:
    """Of the day, on the wall; a time that the clocks skip moves on with them."""
    try:
        return (at.astimezone(ZoneInfo(zone)) + timedelta(days)).astimezone(UTC)
    except OverflowError:
        return at


def _reminded(reminders: Sequence[Reminder], days: int, zone: str) -> list[Reminder]:
    """Minutes go along by themselves, instants as many days as the due date."""
    return [reminder if isinstance(reminder, int) else _later(reminder, days, zone) for reminder in reminders]


def _later(reminder: str, days: int, zone: str) -> str:
    at = _at_the_same_time(datetime.fromisoformat(reminder), days, zone)
    return at.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"
