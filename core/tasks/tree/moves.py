"""The order by hand: a task is put behind another one, and where there is no room any more the keys are spread anew."""

from dataclasses import dataclass
from typing import LiteralString

from core.errors import Fault, InvalidInput, NotFound
from core.lists.lists import Change
from core.lists.stand import REVISION, STAND
from core.tasks import crud
from core.tasks.crud import ANY_STATE, Condition, StoredTask
from core.tasks.tree import family, keys
from core.tasks.tree.keys import Place, edge
from core.types import TaskId

REACH = 32
"""Tasks on either side whose keys are spread anew together, at first."""

_READ: LiteralString = (
    "SELECT "
    + STAND
    + ", t.id, t.parent_id, "
    + keys.PLACE
    + " FROM tasks t WHERE user_id = %(owner)s AND (id = %(after)s OR (id = %(id)s AND deleted_at IS NULL))"
)
# What was moved and what was not stand in one order, but in two indexes.
_NEXT: LiteralString = (
    "SELECT id, place FROM ((SELECT id, position AS place FROM tasks WHERE user_id = %(owner)s AND deleted_at IS NULL"
    " AND position IS NOT NULL AND (position, id) > (%(key)s, %(key_id)s) AND id <> %(but)s"
    " ORDER BY position, id LIMIT %(count)s) UNION ALL (SELECT id, "
    + keys.UNMOVED
    + " FROM tasks t WHERE user_id = %(owner)s AND deleted_at IS NULL AND position IS NULL AND id < %(edge)s"
    " AND id <> %(but)s ORDER BY id DESC LIMIT %(count)s)) AS both_orders ORDER BY place, id LIMIT %(count)s"
)
_PREVIOUS: LiteralString = (
    "SELECT id, place FROM ((SELECT id, position AS place FROM tasks WHERE user_id = %(owner)s AND deleted_at IS NULL"
    " AND position IS NOT NULL AND (position, id) < (%(key)s, %(key_id)s) AND id <> %(but)s"
    " ORDER BY position DESC, id DESC LIMIT %(count)s) UNION ALL (SELECT id, "
    + keys.UNMOVED
    + " FROM tasks t WHERE user_id = %(owner)s AND deleted_at IS NULL AND position IS NULL AND id > %(edge)s"
    " AND id <> %(but)s ORDER BY id LIMIT %(count)s)) AS both_orders ORDER BY place DESC, id DESC LIMIT %(count)s"
)
_NUMBER: LiteralString = "SELECT " + STAND + ", nextval(pg_get_serial_sequence('tasks', 'id'))"
_SPREAD: LiteralString = (
    """
    WITH spread AS (
        UPDATE tasks t SET position = new.position, revision = """
    + REVISION
    + """
        FROM unnest(%(ids)s::bigint[], %(keys)s::text[]) AS new (id, position)
        WHERE t.user_id = %(owner)s AND t.id = new.id RETURNING 1
    ) SELECT """
    + STAND
    + ", count(*) FROM spread"
)
_NOTE: LiteralString = (
    "WITH noted AS (INSERT INTO crowded_lists (user_id) VALUES (%(owner)s) ON CONFLICT DO NOTHING) SELECT " + STAND
)
_FORGET: LiteralString = "WITH forgotten AS (DELETE FROM crowded_lists WHERE user_id = %(owner)s) SELECT " + STAND
_CROWDED: LiteralString = (
    "SELECT " + STAND + ", t.id, t.position FROM (SELECT) AS one LEFT JOIN LATERAL (SELECT id, position FROM tasks"
    " WHERE user_id = %(owner)s AND deleted_at IS NULL AND position IS NOT NULL AND char_length(position) > %(length)s"
    " ORDER BY position, id LIMIT 1) t ON true"
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
    key = _key_behind(change, Place(to.after, found[to.after][2]), but=task) if to.after else _key_at_the_top(change)
    if len(key) > keys.CROWDED:
        change.execute_last(_NOTE)
    return crud.write(change, task, {"position": key, "parent_id": parent}, condition)


def make_room(change: Change) -> bool:
    """Spread the keys around the first that is too long; False, with nothing changed, if there is none."""
    [(id_, key)] = change.execute(_CROWDED, length=keys.CROWDED)
    if id_ is None:
        change.execute_last(_FORGET)
        return False
    _spread(change, Place(id_, key), but=TaskId(0))
    return True


def _key_at_the_top(change: Change) -> str:
    """Above all that is there, and below whatever will be made."""
    [(number,)] = change.execute(_NUMBER)
    return keys.of_number(number)


def _key_behind(change: Change, place: Place, *, but: TaskId) -> str:
    for _ in range(2):
        following = _neighbours(change, place, 1, but=but)
        key = keys.between(place.key, following[0].key) if following else keys.behind(place.key)
        if key is not None and len(key) <= keys.MOST:
            return key
        place = _spread(change, place, but=but)
    raise AssertionError("keys that were just spread have room between them")


def _spread(change: Change, around: Place, *, but: TaskId) -> Place:
    """Give new keys to a task and to those around it, as many as it takes for short ones; returns where it is now."""
    reach = REACH
    while True:
        above = _neighbours(change, around, reach + 1, but=but, descending=True)
        below = _neighbours(change, around, reach + 1, but=but)
        low = above.pop().key if len(above) > reach else _key_at_the_top(change)
        high = below.pop().key if len(below) > reach else keys.END
        tasks = [*(place.id for place in reversed(above)), around.id, *(place.id for place in below)]
        made = keys.spread(low, high, len(tasks)) if low < high else []
        if made and max(map(len, made)) <= keys.CROWDED:
            change.execute(_SPREAD, ids=tasks, keys=made)
            return Place(around.id, made[tasks.index(around.id)])
        reach *= 4


def _neighbours(change: Change, place: Place, count: int, *, but: TaskId, descending: bool = False) -> list[Place]:
    """Up to so many live tasks behind a place, or before it, the nearest first."""
    rows = change.look(
        _PREVIOUS if descending else _NEXT,
        key=place.key,
        key_id=place.id,
        edge=edge(place, descending=descending),
        count=count,
        but=but,
    )
    return [Place(*row) for row in rows]
