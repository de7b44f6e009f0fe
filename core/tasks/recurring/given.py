"""What a client says of a task's recurrence, which depends on the due date that the task has, or gets."""

from collections.abc import Mapping
from typing import Any, LiteralString

from core.errors import Fault, InvalidInput, NotFound
from core.lists.lists import Change
from core.lists.stand import STAND
from core.tasks.due import Due
from core.tasks.recurring.recurrence import Recurrence, recurrence_columns
from core.types import TaskId

_KEPT: LiteralString = (
    "SELECT "
    + STAND
    + ", recurrence, due_on, due_at FROM tasks WHERE user_id = %(owner)s AND id = %(id)s AND deleted_at IS NULL"
)

STILL_NEEDED = "is needed while the task recurs"


def resolved(change: Change, task: TaskId, columns: Mapping[str, Any]) -> Mapping[str, Any]:
    """What is sent of the recurrence, and of the due date it needs, as columns of the task as it is.

    A recurrence that the task has already is none that is given: pages send whole objects back. Raises `InvalidInput`
    and `NotFound`.
    """
    sent_due = Due(columns["due_on"], columns["due_at"]) if "due_on" in columns else None
    if "recurrence" not in columns and sent_due != Due():
        return columns
    rows = change.execute(_KEPT, id=task)
    if not rows:
        raise NotFound
    [(kept, due_on, due_at)] = rows
    if "recurrence" not in columns:
        if kept is not None:
            raise InvalidInput(Fault("#/due_date", STILL_NEEDED))
        return columns
    given: Recurrence | None = columns["recurrence"]
    others = {name: value for name, value in columns.items() if not name.startswith("recurrence")}
    if given is None:
        return {**others, "recurrence": None, "recurrence_date": None}
    try:
        asked = recurrence_columns(given, sent_due or Due(due_on, due_at))
    except ValueError as error:
        if str(given) != kept or sent_due == Due():
            raise InvalidInput(Fault("#/recurrence", str(error))) from None
        return others
    return others if kept in (str(given), asked["recurrence"]) else {**others, **asked}
