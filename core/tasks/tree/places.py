"""Room in the order by hand: a key behind a task, or at the top; where there is none, keys are spread anew."""

from typing import LiteralString

from core.lists.lists import Change
from core.lists.stand import REVISION, STAND
from core.tasks.tree import keys
from core.tasks.tree.keys import Place, edge
from core.types import TaskId

REACH = 32
"""Tasks on either side whose keys are spread anew together, at first."""

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


NOBODY = TaskId(0)
"""For `but`: all tasks count."""


def key_at_the_top(change: Change) -> str:
    """Above all that is there, and below whatever will be made."""
    [(number,)] = change.execute(_NUMBER)
    return keys.of_number(number)


def key_behind(change: Change, place: Place, *, but: TaskId = NOBODY) -> str:
    """Before whatever follows on that place now, `but` for the task that is to come there."""
    for _ in range(2):
        following = _neighbours(change, place, 1, but=but)
        key = keys.between(place.key, following[0].key) if following else keys.behind(place.key)
        if key is not None and len(key) <= keys.MOST:
            if len(key) > keys.CROWDED:
                change.execute_last(_NOTE)
            return key
        place = _spread(change, place, but=but)
    raise AssertionError("keys that were just spread have room between them")


def make_room(change: Change) -> bool:
    """Spread the keys around the first that is too long; False, with nothing changed, if there is none."""
    [(id_, key)] = change.execute(_CROWDED, length=keys.CROWDED)
    if id_ is None:
        change.execute_last(_FORGET)
        return False
    _spread(change, Place(id_, key), but=NOBODY)
    return True


def _spread(change: Change, around: Place, *, but: TaskId) -> Place:
    """Give new keys to a task and to those around it, as many as it takes for short ones; returns where it is now."""
    reach = REACH
    while True:
        above = _neighbours(change, around, reach + 1, but=but, descending=True)
        below = _neighbours(change, around, reach + 1, but=but)
        low = above.pop().key if len(above) > reach else key_at_the_top(change)
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
