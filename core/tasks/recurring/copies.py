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

MOST_OWN = 50
"""Subtasks that go by rules of their own; a rule that has no date any more takes its time to find that out."""


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
    comes at the next date of its own rule, once, unless that is over; of the first `MOST_OWN`, the rest keep their
    distance. `along`: what is open is completed, too.
    """
    root, *beneath = originals
    completed_at = root.completed_at or datetime.now(UTC)
    first = _next(root, None, completed_at, follows=True)
    if first is None:
        return []
    zone = _zone(root.recurrence)
    days = _days(root.due, first.due, zone)
    made, numbers, own = [first], {root.id: 1}, 0
    for original in beneath:
        number = numbers.get(original.parent or root.id)
        if number is None or (
            original.recurrence and original.next_id is not None
        ):  # that one is there, or was deleted
            continue
        follows = along or original.completed_at is not None
        if original.recurrence and own < MOST_OWN:
            own += 1
            copy = _next(original, number, original.completed_at or completed_at, follows=follows)
        else:
            copy = _moved_along(original, number, days, zone, follows=follows)
        if copy is not None:
            made.append(copy)
            numbers[original.id] = len(made)
    return made


def _next(original: Original, beneath: int | None, completed_at: datetime, *, follows: bool) -> Copy | None:
    found = following(original.recurrence or "", original.stands_for, original.due, completed_at)
    if found is None:
        return None
    zone = _zone(original.recurrence)
    reminders = _reminded(original.reminders, _days(original.due, found.due, zone), zone)
    return Copy(original.id, beneath, found.due, reminders, found.recurrence, found.stands_for, follows)


def _moved_along(original: Original, beneath: int, days: int, zone: str, *, follows: bool) -> Copy:
    due, reminders = _moved(original.due, days, zone), _reminded(original.reminders, days, zone)
    if original.recurrence is None:
        return Copy(original.id, beneath, due, reminders)
    try:
        stands_for: str | None = Recurrence.stored(original.recurrence).date_of(due)
    except ValueError:  # it lies behind the year 9999 there
        stands_for = original.stands_for
    return Copy(original.id, beneath, due, reminders, original.recurrence, stands_for, follows)


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
