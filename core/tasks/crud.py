"""The SQL of one task, as the owner of its transaction, which nothing here commits.

PostgreSQL writes the JSON that a client gets, so no row becomes a Python object. The owner stands in every
statement; row-level security, under the role that the transaction has taken, is the second wall.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, LiteralString

from psycopg2.extras import Json

from core.database.transaction import Row, Transaction
from core.errors import NotFound, PreconditionFailed
from core.lists.lists import TASKS, Change
from core.lists.stand import HISTORY, REVISION, STAND
from core.tasks.fields import GIVEN, REPRESENTATION, TASK_JSON, function
from core.tasks.recurring import given, successors
from core.tasks.tree import family
from core.types import Revision, Stand, TaskId


@dataclass(frozen=True, slots=True)
class StoredTask:
    """A task as JSON, and the revision of the list at which it last changed."""

    id: TaskId
    revision: Revision
    json: str
    along: tuple[str, ...] = ()
    """The tasks beneath it that have changed with it, as JSON; those in the trash with `deleted_at`."""


@dataclass(frozen=True, slots=True)
class _Written:
    """What became of a task, what was wanted to be known of its row, and whether that concerns another task."""

    task: StoredTask
    wanted: bool
    mark: int | None


Columns = Mapping[str, Any]
"""What a client sets, by the name of the column; what is absent stays, or takes its default."""


@dataclass(frozen=True, slots=True)
class Condition:
    """What a task must be to be changed; as it stands, anything."""

    one_of: frozenset[Revision] | None = None
    """The revisions one of which it must have; None for any."""
    none_of: frozenset[Revision] | None = frozenset()
    """Those that it must not have; None for any, so that nothing that is there can be changed."""


ANY_STATE = Condition()


def task_etag(task: TaskId, revision: Revision) -> str:
    """A strong validator: nobody can change a task without a new revision. The task's JSON says the same (`ETAG`)."""
    return f'"{REPRESENTATION}-{task}-{revision}"'


_NOTHING: LiteralString = "false"
_IN_JSON = frozenset(column.name for column in GIVEN if column.type == "jsonb")

_INSERT: LiteralString = (
    "SELECT list_revision, "
    + HISTORY
    + ", "
    + TASKS
    + ", made, list_revision, task FROM "
    + function("insert")
    + "(owner => %(owner)s"
)


def get(transaction: Transaction, task: TaskId) -> tuple[StoredTask, Stand]:
    """One task, and how far its list had come in the same snapshot; raises `NotFound`."""
    sql = (
        "SELECT id, revision, " + TASK_JSON + ", " + STAND + " FROM tasks t"
        " WHERE user_id = %(owner)s AND id = %(id)s AND deleted_at IS NULL"
    )
    row = _only(transaction.execute(sql, id=task))
    return StoredTask(*row[:3]), Stand(*row[3:])


def insert(change: Change, columns: Columns) -> StoredTask:
    """A new task; raises `TooManyTasks`, and `InvalidInput` when its parent cannot be one."""
    if (parent := columns.get("parent_id")) is not None:
        family.expect_parent(change, parent)
    arguments = "".join(f", {name} => %({name})s" for name in columns)
    tasks, *made = _only(change.execute(_INSERT + arguments + ")", **_adapted(columns)))
    change.have_made(tasks)
    return StoredTask(*made)


def update(
    change: Change, task: TaskId, columns: Columns, *, condition: Condition = ANY_STATE, descendants: bool = True
) -> StoredTask:
    """Merge into a task; raises `NotFound`, or `PreconditionFailed` when it is not in such a state.

    Raises `InvalidInput` when its parent cannot be one, or a recurrence does not go with the due date. Who completes
    it completes what is open beneath it, unless `descendants` are to be left. Completing a task that recurs makes the
    next one, which raises `TooManyTasks`; reopening takes back what nobody has touched.
    """
    columns = given.resolved(change, task, columns)
    if (parent := columns.get("parent_id")) is not None:
        family.expect_parent(change, parent, task=task)
    if "completed" not in columns:
        return write(change, task, columns, condition)
    completes: LiteralString = family.HAS_SUBTASKS + " AND " + family.WAS_PENDING
    wanted = completes if descendants and columns["completed"] else _NOTHING
    marks = successors.MARKS_SET_RECURRING if columns.get("recurrence") else successors.MARKS_SET
    return _settled(
        change,
        _write(change, task, _assignments(columns) + marks, condition, columns, wanted=wanted),
        along=descendants,
    )


def complete(
    change: Change,
    task: TaskId,
    *,
    completed: bool | None,
    condition: Condition = ANY_STATE,
    descendants: bool = True,
) -> StoredTask:
    """Complete a task or reopen it; None completes a pending one and reopens a completed one. Raises as `update`.

    Completing completes what is open beneath it, unless `descendants` are to be left; reopening reopens it alone.
    """
    columns = {} if completed is None else {"completed": completed}
    flip = ", completed = NOT completed, completed_at = CASE WHEN completed THEN NULL ELSE clock_timestamp() END"
    completes: LiteralString = "t.completed AND " + family.HAS_SUBTASKS
    wanted = completes if descendants and completed is not False else _NOTHING
    assignments = flip + successors.MARKS_FLIPPED if completed is None else _assignments(columns) + successors.MARKS_SET
    return _settled(change, _write(change, task, assignments, condition, columns, wanted=wanted), along=descendants)


def write(change: Change, task: TaskId, columns: Columns, condition: Condition) -> StoredTask:
    """Set columns of a task that were judged before; raises as `update`, and takes nothing along."""
    return _write(change, task, _assignments(columns), condition, columns).task


def delete(change: Change, task: TaskId, *, condition: Condition = ANY_STATE) -> StoredTask:
    """Move a task to the trash, and with it what is beneath it; raises as `update`."""
    trashed = ", deleted_at = clock_timestamp()"
    written = _write(change, task, trashed, condition, {}, wanted=family.HAS_SUBTASKS)
    return replace(written.task, along=family.changed_along(change, task)) if written.wanted else written.task


def restore(change: Change, task: TaskId) -> StoredTask:
    """Take a task out of the trash, and what went there with it; raises `NotFound` when it is not in there.

    Where its parent is not live any more, or it would stand too deep beneath it, it comes back at the top level.
    """
    sql = (
        "UPDATE tasks AS t SET revision = " + REVISION + ", updated_at = clock_timestamp(), deleted_at = NULL"
        " WHERE user_id = %(owner)s AND id = %(id)s AND deleted_at IS NOT NULL RETURNING revision, "
        + HISTORY
        + ", id, revision, "
        + TASK_JSON
        + ", "
        + family.WENT_WITH_IT
    )
    *stored, more = _only(change.execute(sql, id=task))
    restored = StoredTask(*stored)
    return replace(restored, along=family.changed_along(change, task)) if more else restored


def purge(change: Change, cutoff: datetime, *, limit: int) -> int:
    """Erase up to `limit` tasks that have lain in the trash since before `cutoff`; returns how many."""
    sql = (
        "WITH gone AS (DELETE FROM tasks WHERE user_id = %(owner)s AND id IN (SELECT id FROM tasks"
        " WHERE user_id = %(owner)s AND deleted_at < %(cutoff)s ORDER BY deleted_at LIMIT %(limit)s) RETURNING 1)"
        " SELECT " + STAND + ", count(*) FROM gone"
    )
    [(count,)] = change.execute(sql, cutoff=cutoff, limit=limit)
    return int(count)


def _assignments(columns: Columns) -> str:
    assignments = "".join(f", {name} = %({name})s" for name in columns)
    if "completed" in columns:
        assignments += ", completed_at = CASE WHEN %(completed)s THEN coalesce(completed_at, clock_timestamp()) END"
    return assignments


def _write(
    change: Change,
    task: TaskId,
    assignments: str,
    condition: Condition,
    columns: Columns,
    *,
    wanted: LiteralString = _NOTHING,
) -> _Written:
    sql = (
        "UPDATE tasks AS t SET revision = "
        + REVISION
        + ", updated_at = clock_timestamp()"
        + assignments
        + " WHERE user_id = %(owner)s AND id = %(id)s AND deleted_at IS NULL"
        + _where(condition)
        + " RETURNING revision, "
        + HISTORY
        + ", id, revision, "
        + TASK_JSON
        + ", "
        + wanted
        + ", "
        + successors.MARK
    )
    lists = {"one_of": [*(condition.one_of or ())], "none_of": [*(condition.none_of or ())]}
    rows = change.execute(sql, id=task, **lists, **_adapted(columns))
    if not rows and condition != ANY_STATE:
        current = change.look(
            "SELECT revision FROM tasks WHERE user_id = %(owner)s AND id = %(id)s AND deleted_at IS NULL",
            id=task,
        )
        revision = Revision(_only(current)[0])
        raise PreconditionFailed(task_etag(task, revision), changed=not _is_one(revision, condition.one_of))
    *stored, found, mark = _only(rows)
    return _Written(StoredTask(*stored), found, mark)


def _settled(change: Change, written: _Written, *, along: bool) -> StoredTask:
    """With all that follows from its being completed or reopened."""
    stored = written.task
    json = successors.settle(change, stored.id, written.mark, along=along) if written.mark else None
    if json is not None:
        stored = replace(stored, json=json)
    return replace(stored, along=family.complete_below(change, stored.id)) if written.wanted else stored


def _adapted(columns: Columns) -> dict[str, Any]:
    """As PostgreSQL takes them: a list is an array there, unless the column holds JSON."""
    return {name: Json(value) if name in _IN_JSON else value for name, value in columns.items()}


def _where(condition: Condition) -> LiteralString:
    wanted: LiteralString = "" if condition.one_of is None else " AND revision = ANY(%(one_of)s::bigint[])"
    if condition.none_of is None:
        return wanted + " AND false"
    return wanted + (" AND revision <> ALL(%(none_of)s::bigint[])" if condition.none_of else "")


def _is_one(revision: Revision, wanted: frozenset[Revision] | None) -> bool:
    return wanted is None or revision in wanted


def _only(rows: list[Row]) -> Row:
    if not rows:
        raise NotFound
    return rows[0]
