"""The SQL of one task. Each function runs one statement as the owner of its transaction and never commits.

PostgreSQL writes the JSON that a client gets, so no row becomes a Python object. The owner stands in every
statement; row-level security, under the role that the transaction has taken, is the second wall.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString

from core.database.transaction import Row, Transaction
from core.errors import NotFound, PreconditionFailed
from core.lists.lists import TASKS, Change
from core.lists.stand import HISTORY, REVISION, STAND
from core.tasks.fields import REPRESENTATION, TASK_JSON, function
from core.types import Revision, Stand, TaskId


@dataclass(frozen=True, slots=True)
class StoredTask:
    """A task as JSON, and the revision of the list at which it last changed."""

    id: TaskId
    revision: Revision
    json: str


Columns = Mapping[str, Any]
"""What a client sets, by the name of the column; what is absent stays, or takes its default."""

Expected = frozenset[Revision] | None
"""The revisions one of which a task must have to be changed; None for any."""


def task_etag(task: TaskId, revision: Revision) -> str:
    """A strong validator: nobody can change a task without a new revision."""
    return f'"{REPRESENTATION}-{task}-{revision}"'


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
    """A new task; raises `TooManyTasks`."""
    given = "".join(f", {name} => %({name})s" for name in columns)
    tasks, *made = _only(change.execute(_INSERT + given + ")", **columns))
    change.have_made(tasks)
    return StoredTask(*made)


def update(change: Change, task: TaskId, columns: Columns, *, expected: Expected = None) -> StoredTask:
    """Merge into a task; raises `NotFound`, or `PreconditionFailed` when it is not in an expected state."""
    assignments = "".join(f", {name} = %({name})s" for name in columns)
    if "completed" in columns:
        assignments += ", completed_at = CASE WHEN %(completed)s THEN coalesce(completed_at, clock_timestamp()) END"
    return _write(change, task, assignments, expected, columns)


def toggle(change: Change, task: TaskId, *, expected: Expected = None) -> StoredTask:
    """Complete a pending task, reopen a completed one; raises as `update`."""
    flip = ", completed = NOT completed, completed_at = CASE WHEN completed THEN NULL ELSE clock_timestamp() END"
    return _write(change, task, flip, expected, {})


def delete(change: Change, task: TaskId, *, expected: Expected = None) -> StoredTask:
    """Move a task to the trash; raises as `update`."""
    return _write(change, task, ", deleted_at = clock_timestamp()", expected, {})


def restore(change: Change, task: TaskId) -> StoredTask:
    """Take a task out of the trash; raises `NotFound` when it is not in there."""
    sql = (
        "UPDATE tasks AS t SET revision = " + REVISION + ", updated_at = clock_timestamp(), deleted_at = NULL"
        " WHERE user_id = %(owner)s AND id = %(id)s AND deleted_at IS NOT NULL RETURNING revision, "
        + HISTORY
        + ", id, revision, "
        + TASK_JSON
    )
    return StoredTask(*_only(change.execute(sql, id=task)))


def purge(change: Change, cutoff: datetime, *, limit: int) -> int:
    """Erase up to `limit` tasks that have lain in the trash since before `cutoff`; returns how many."""
    sql = (
        "WITH gone AS (DELETE FROM tasks WHERE user_id = %(owner)s AND id IN (SELECT id FROM tasks"
        " WHERE user_id = %(owner)s AND deleted_at < %(cutoff)s ORDER BY deleted_at LIMIT %(limit)s) RETURNING 1)"
        " SELECT " + STAND + ", count(*) FROM gone"
    )
    [(count,)] = change.execute(sql, cutoff=cutoff, limit=limit)
    return int(count)


def _write(
    change: Change, task: TaskId, assignments: str, expected: Expected, columns: Mapping[str, Any]
) -> StoredTask:
    sql = (
        "UPDATE tasks AS t SET revision = "
        + REVISION
        + ", updated_at = clock_timestamp()"
        + assignments
        + " WHERE user_id = %(owner)s AND id = %(id)s AND deleted_at IS NULL"
        + (" AND revision = ANY(%(expected)s)" if expected is not None else "")
        + " RETURNING revision, "
        + HISTORY
        + ", id, revision, "
        + TASK_JSON
    )
    rows = change.execute(sql, id=task, expected=list(expected or ()), **columns)
    if not rows and expected is not None:
        current = change.look(
            "SELECT revision FROM tasks WHERE user_id = %(owner)s AND id = %(id)s AND deleted_at IS NULL",
            id=task,
        )
        raise PreconditionFailed(task_etag(task, _only(current)[0]))
    return StoredTask(*_only(rows))


def _only(rows: list[Row]) -> Row:
    if not rows:
        raise NotFound
    return rows[0]
