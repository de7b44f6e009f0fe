"""Who is whose subtask: what may become a parent, and what a change of a task takes along.

What lies in the trash went there with its parent, or before it: the database sees to that, whoever deletes or restores
(migration 0011). So the parent of a live task is live.
"""

from typing import LiteralString

from core.database.transaction import Row
from core.errors import Fault, InvalidInput
from core.lists.lists import Change
from core.lists.stand import HISTORY, REVISION, STAND
from core.tasks.fields import DELETED_TASK_JSON, TASK_JSON
from core.types import TaskId

MAX_LEVELS = 4
MAX_TREE = 5_000
"""Tasks in all that belong to one at the top, itself included: they change together, in one transaction."""

HAS_SUBTASKS: LiteralString = (
    "EXISTS (SELECT FROM tasks c WHERE c.user_id = t.user_id AND c.parent_id = t.id AND c.deleted_at IS NULL)"
)
"""Whether the row `t` has live ones. Within the statement that changes it: had before."""

WAS_PENDING: LiteralString = "NOT (SELECT o.completed FROM tasks o WHERE o.user_id = t.user_id AND o.id = t.id)"
"""Of the row `t` of a statement that changes it."""

WENT_WITH_IT: LiteralString = (
    "EXISTS (SELECT FROM tasks o JOIN tasks c ON c.user_id = o.user_id AND c.parent_id = o.id"
    " AND c.deleted_at = o.deleted_at WHERE o.user_id = t.user_id AND o.id = t.id)"
)
"""Whether what the row `t` took into the trash is there, in the statement that restores it."""

CHILDREN: LiteralString = """
    CROSS JOIN LATERAL (SELECT k.id, k.revision, k.created_at, k.updated_at, k.deleted_at, k.next_id FROM tasks k
        WHERE k.user_id = %(owner)s AND k.parent_id = one.id OFFSET 0) c"""
"""Those right beneath the row `one`, those in the trash too. OFFSET 0 has them looked up in the index of parents: until
PostgreSQL has counted a list that has just grown, it would go through all of the list for each.
"""

# Each goes one level further than there may be: who has made a circle by hand shall not go round in it.
_LOOK: LiteralString = (
    """
    WITH RECURSIVE above AS (
        SELECT id, parent_id, 1 AS level FROM tasks
        WHERE user_id = %(owner)s AND id = %(parent)s AND deleted_at IS NULL
        UNION ALL
        SELECT p.id, p.parent_id, above.level + 1
        FROM above JOIN tasks p ON p.user_id = %(owner)s AND p.id = above.parent_id WHERE above.level <= %(levels)s
    ), below AS (
        SELECT id, 1 AS level FROM tasks WHERE user_id = %(owner)s AND id = %(task)s AND deleted_at IS NULL
        UNION ALL
        SELECT c.id, one.level + 1 FROM below one"""
    + CHILDREN
    + """
        WHERE c.deleted_at IS NULL AND one.level <= %(levels)s
    ), tree AS (
        (SELECT id, 1 AS level FROM above ORDER BY above.level DESC LIMIT 1)
        UNION ALL
        SELECT c.id, one.level + 1 FROM tree one"""
    + CHILDREN
    + """
        WHERE c.deleted_at IS NULL AND one.level <= %(levels)s
    )
    SELECT """
    + STAND
    + """, (SELECT max(level) FROM above), (SELECT max(level) FROM below),
        EXISTS (SELECT FROM above WHERE id = %(task)s),
        (SELECT count(*) FROM tree) + CASE WHEN EXISTS (SELECT FROM tree WHERE id = %(task)s) THEN 0
            ELSE greatest((SELECT count(*) FROM below), 1) END
    """
)

_COMPLETE: LiteralString = (
    """
    WITH RECURSIVE below AS (
        SELECT id, 1 AS level FROM tasks WHERE user_id = %(owner)s AND parent_id = %(id)s AND deleted_at IS NULL
        UNION ALL
        SELECT c.id, one.level + 1 FROM below one"""
    + CHILDREN
    + """
        WHERE c.deleted_at IS NULL AND one.level <= %(levels)s
    )
    UPDATE tasks AS t SET revision = """
    + REVISION
    + """, updated_at = clock_timestamp(), completed = true, completed_at = clock_timestamp()
    WHERE t.user_id = %(owner)s AND t.id IN (SELECT id FROM below) AND NOT t.completed
    RETURNING t.revision, """
    + HISTORY
    + ", "
    + TASK_JSON
)

_CHANGED_ALONG: LiteralString = (
    """
    WITH RECURSIVE below AS (
        SELECT id, revision, 1 AS level FROM tasks WHERE user_id = %(owner)s AND id = %(id)s
        UNION ALL
        SELECT c.id, c.revision, one.level + 1 FROM below one"""
    + CHILDREN
    + """
        WHERE c.revision = one.revision AND one.level <= %(levels)s
    )
    SELECT CASE WHEN t.deleted_at IS NULL THEN """
    + TASK_JSON
    + " ELSE "
    + DELETED_TASK_JSON
    + """ END FROM below JOIN tasks t ON t.user_id = %(owner)s AND t.id = below.id
    WHERE t.id <> %(id)s ORDER BY t.id
    """
)


def expect_parent(change: Change, parent: TaskId, *, task: TaskId | None = None) -> None:
    """Raises `InvalidInput` unless `task`, or a new one, may become a subtask of `parent`.

    Of a task that is not there it says nothing: whoever changes it finds that out.
    """
    [(level, levels, circular, size)] = change.execute(_LOOK, parent=parent, task=task, levels=MAX_LEVELS)
    if task is not None and levels is None:
        return
    wrong = None
    if level is None:
        wrong = "must be the id of a task of yours that is not in the trash"
    elif circular:
        wrong = "must be neither the task itself nor one of its subtasks"
    elif level + (levels or 1) > MAX_LEVELS:
        wrong = f"must leave at most {MAX_LEVELS} levels of tasks, one within the other"
    elif size > MAX_TREE:
        wrong = f"must leave at most {MAX_TREE} tasks beneath one another"
    if wrong:
        raise InvalidInput(Fault("#/parent_id", wrong))


def has_room(change: Change, parent: TaskId, count: int) -> bool:
    """Whether so many more may come to stand beneath a live task, in the tree that it belongs to."""
    [(_, _, _, size)] = change.execute(_LOOK, parent=parent, task=None, levels=MAX_LEVELS)
    return bool(size - 1 + count <= MAX_TREE)


def complete_below(change: Change, task: TaskId) -> tuple[str, ...]:
    """Complete every open task beneath this one; returns them as they are now."""
    return _documents(change.execute(_COMPLETE, id=task, levels=MAX_LEVELS))


def changed_along(change: Change, task: TaskId) -> tuple[str, ...]:
    """What went into the trash with this task, or came out of it."""
    return _documents(change.look(_CHANGED_ALONG, id=task, levels=MAX_LEVELS))


def _documents(rows: list[Row]) -> tuple[str, ...]:
    return tuple(row[0] for row in rows)
