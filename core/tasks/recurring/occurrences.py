"""When a task comes again, for whoever asks."""

from datetime import date, datetime

from core.database.transaction import Transaction
from core.errors import NotFound
from core.lists.stand import STAND
from core.tasks.due import Due
from core.tasks.recurring import recurrence
from core.types import Stand, TaskId

Found = tuple[str | None, str | None, date | None, datetime | None]


def of(transaction: Transaction, task: TaskId) -> tuple[Found, Stand]:
    """What a live task says of it, and how far its list had come; raises `NotFound`."""
    rows = transaction.execute(
        "SELECT recurrence, recurrence_date, due_on, due_at, " + STAND + " FROM tasks"
        " WHERE user_id = %(owner)s AND id = %(id)s AND deleted_at IS NULL",
        id=task,
    )
    if not rows:
        raise NotFound
    [row] = rows
    return row[:4], Stand(*row[4:])


def coming(found: Found, limit: int) -> list[str]:
    """The next due dates, as a task shows one."""
    said, stands_for, due_on, due_at = found
    if said is None:
        return []
    return [_shown(due) for due in recurrence.coming(said, stands_for, Due(due_on, due_at), limit)]


def _shown(due: Due) -> str:
    if due.at is None:
        return str(due.on)
    timespec = "microseconds" if due.at.microsecond % 1000 else "milliseconds"
    return due.at.replace(tzinfo=None).isoformat(timespec=timespec) + "Z"
