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


def update(change: Change, task: TaskId, columns: Columns, *, condition: Condition = ANY_STATE) -> StoredTask:
    """Merge into a task; raises `NotFound`, or `PreconditionFailed` when it is not in such a state."""
    assignments = "".join(f", {name} = %({name})s" for name in columns)
    if "completed" in columns:
        assignments += ", completed_at = CASE WHEN %(completed)s THEN coalesce(completed_at, clock_timestamp()) END"
    return _write(change, task, assignments, condition, columns)


def toggle(change: Change, task: TaskId, *, condition: Condition = ANY_STATE) -> StoredTask:
    """Complete a pending task, reopen a completed one; raises as `update`."""
    flip = ", completed = NOT completed, completed_at = CASE WHEN completed THEN NULL ELSE clock_timestamp() END"
    return _write(change, task, flip, condition, {})


def delete(change: Change, task: TaskId, *, condition: Condition = ANY_STATE) -> StoredTask:
    """Move a task to the trash; raises as `update`."""
    return _write(change, task, ", deleted_at = clock_timestamp()", condition, {})


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
    change: Change, task: TaskId, assignments: str, condition: Condition, columns: Mapping[str, Any]
) -> StoredTask:
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
    )
    lists = {"one_of": [*(condition.one_of or ())], "none_of": [*(condition.none_of or ())]}
    rows = change.execute(sql, id=task, **lists, **columns)
    if not rows and condition != ANY_STATE:
        current = change.look(
            "SELECT revision FROM tasks WHERE user_id = %(owner)s AND id = %(id)s AND deleted_at IS NULL",
            id=task,
        )
        revision = Revision(_only(current)[0])
        raise PreconditionFailed(task_etag(task, revision), changed=not _is_one(revision, condition.one_of))
    return StoredTask(*_only(rows))


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
