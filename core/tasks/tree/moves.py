"""The order by hand: a task is put behind another one, or at the top, and beneath a parent or none."""

from dataclasses import dataclass
from typing import LiteralString

from core.errors import Fault, InvalidInput, NotFound
from core.lists.lists import Change
from core.lists.stand import STAND
from core.tasks import crud
from core.tasks.crud import ANY_STATE, Condition, StoredTask
from core.tasks.tree import family, keys, places
from core.tasks.tree.keys import Place
from core.types import TaskId

_READ: LiteralString = (
    "SELECT "
    + STAND
    + ", t.id, t.parent_id, "
    + keys.PLACE
    + " FROM tasks t WHERE user_id = %(owner)s AND (id = %(after)s OR (id = %(id)s AND deleted_at IS NULL))"
)


@dataclass(frozen=True, slots=True)
class Move:
    """Where a task goes: behind another one, or to the top; under a parent, or to the top level."""

    after: TaskId | None
    parent: TaskId | None = None
    parent_said: bool = False
    """Otherwise it gets the parent of the task that it is put behind, and at the top it keeps its own."""


def move(change: Change, task: TaskId, to: Move, *, condition: Condition = ANY_STATE) -> StoredTask:
    """Put a task there; raises `InvalidInput`, and as `crud.update` does.

    What the other task has become meanwhile is no hindrance: also in the trash, or elsewhere, it has a place.
    """
    found = {row[0]: row for row in change.execute(_READ, id=task, after=to.after)}
    if task not in found:
        raise NotFound
    if to.after == task:
        raise InvalidInput(Fault("#/after", "must be another task"))
    if to.after is not None and to.after not in found:
        raise InvalidInput(Fault("#/after", "must be the id of a task of yours"))
    present = found[task][1]
    parent = to.parent if to.parent_said else found[to.after or task][1]
    if parent is not None and parent != present:
        family.expect_parent(change, parent, task=task)
    if to.after:
        key = places.key_behind(change, Place(to.after, found[to.after][2]), but=task)
    else:
        key = places.key_at_the_top(change)
    return crud.write(change, task, {"position": key, "parent_id": parent}, condition)
