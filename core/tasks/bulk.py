"""The SQL of everything at once: all tasks out, many tasks in, all rows of a user erased."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import LiteralString

from core.database import instants
from core.database.transaction import Transaction
from core.lists.lists import TASKS, Change
from core.lists.stand import HISTORY, REVISION, STAND
from core.tasks.fields import ARCHIVED_TASK_JSON, COLUMNS
from core.types import MAX_TASK_ID, TaskId

MAX_IMPORTED = 20_000
MAX_PART_BYTES = 7 * 1024 * 1024
"""An import takes more: what its sender makes of it may be longer."""

EXPORT: LiteralString = (
    "SELECT "
    + ARCHIVED_TASK_JSON
    + """ FROM tasks t
    WHERE user_id = %(owner)s AND id > %(after)s AND id <= %(last)s ORDER BY user_id, id"""
)
"""The tasks of the owner between two ids, those in the trash too, the oldest id first."""

ALL = {"after": 0, "last": MAX_TASK_ID}
"""The bounds within which every task is."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Some of the tasks of an import: a JSON array of so many."""

    json: bytes
    size: int
    named: Sequence[int | None]
    """Which of all tasks of the import, counted from 0, these name; a row's `parent_id`, `series_id` and `next_id` say
    which of these numbers it means, counted from 1.
    """


@dataclass(frozen=True, slots=True)
class Batches:
    """The tasks of an import, all of them."""

    rows: Sequence[Rows]
    ranks: Sequence[int]
    """How many of the tasks stand below each, in the order by hand."""


_NAMES: LiteralString = ", ".join(column.name for column in COLUMNS)
_IMPORTED: LiteralString = ", ".join(column.imported for column in COLUMNS)
_TYPED: LiteralString = ", ".join(column.name + " " + column.type for column in COLUMNS)

_IDS: LiteralString = (
    "SELECT " + STAND + ", array_agg(nextval(pg_get_serial_sequence('tasks', 'id'))) FROM generate_series(1, %(count)s)"
)


def part(transaction: Transaction, *, after: TaskId) -> tuple[TaskId, bool]:
    """The last of the tasks behind `after` that an import takes together, and whether there are more.

    A writer of JSON may write each character beyond ASCII as an escape, and a space behind each comma.
    """
    sql: LiteralString = (
        """
        SELECT coalesce(max(id) FILTER (WHERE fits), %(after)s), coalesce(bool_or(NOT fits), false)
        FROM (
            SELECT id, row_number() OVER w <= %(tasks)s AND sum(size) OVER w <= %(bytes)s AS fits
            FROM (
                SELECT id, 5 * octet_length(task) - 4 * char_length(task) + 100 AS size
                FROM (SELECT id, """
        + ARCHIVED_TASK_JSON
        + """ AS task FROM tasks t WHERE user_id = %(owner)s AND id > %(after)s
                    ORDER BY id LIMIT %(tasks)s + 1) found
            ) sized WINDOW w AS (ORDER BY id)
        ) summed
    """
    )
    [(last, more)] = transaction.execute(sql, after=after, tasks=MAX_IMPORTED, bytes=MAX_PART_BYTES)
    return TaskId(last), more


def insert_all(change: Change, batches: Batches) -> int:
    """Make all of these tasks, with the times that they bring; returns how many; raises `TooManyTasks`.

    They come first in the order by hand, among themselves as they were. One statement for each array: what is sent at
    once takes memory, here and in the server.
    """
    [(drawn,)] = change.execute(_IDS, count=len(batches.ranks))
    ids = sorted(drawn or ())
    given = [ids[rank] for rank in batches.ranks]
    made = 0
    for rows in batches.rows:
        named = [None if number is None else given[number] for number in rows.named]
        made += _insert(change, rows.json.decode(), given[made : made + rows.size], named)
    return made


_OBJECTS: LiteralString = (
    """
    INSERT INTO calendar_objects (user_id, task_id, name, uid, parent_uid, kept, revision)
    SELECT %(owner)s, given,
        CASE WHEN o.name !~ '^tasklane-[0-9]+[.]ics$'
            AND o.name NOT IN (SELECT b.name FROM mine b WHERE b.name IS NOT NULL) THEN o.name END,
        CASE WHEN o.uid NOT IN (SELECT b.uid FROM mine b WHERE b.uid IS NOT NULL) THEN o.uid END,
        o.parent_uid, o.kept, CASE WHEN o.as_is THEN """
    + REVISION
    + """ END
    FROM new, jsonb_to_record(calendar) AS o (name text, uid text, parent_uid text, kept text, as_is boolean)
    WHERE calendar IS NOT NULL"""
)
"""What calendars know of them; a name or a uid that another task has already, or gets, they have not."""


def _insert(change: Change, rows: str, ids: Sequence[int], named: Sequence[int | None]) -> int:
    sql: LiteralString = (
        """
        WITH mine AS (
            SELECT name, uid FROM calendar_objects WHERE user_id = %(owner)s
        ), new AS (
            SELECT * FROM ROWS FROM (jsonb_to_recordset(%(rows)s::jsonb) AS ("""
        + _TYPED
        + ", calendar jsonb), unnest(%(ids)s::bigint[])) AS new ("
        + _NAMES
        + """, calendar, given)
        ), made AS (
            INSERT INTO tasks (user_id, revision, id, """
        + _NAMES
        + """)
            SELECT %(owner)s, """
        + REVISION
        + ", given, "
        + _IMPORTED
        + """ FROM new RETURNING 1
        ), objects AS ("""
        + _OBJECTS
        + """
        )
        SELECT """
        + STAND
        + ", "
        + TASKS
        + ", count(*) FROM made"
    )
    [(tasks, count)] = change.execute(sql, rows=rows, ids=list(ids), named=list(named))
    change.have_made(tasks, count)
    return int(count)


def empty_trash(change: Change) -> int:
    """Erase all that lies in the trash; returns how many."""
    sql: LiteralString = (
        "WITH gone AS (DELETE FROM tasks WHERE user_id = %(owner)s AND deleted_at IS NOT NULL RETURNING 1) SELECT "
        + STAND
        + ", count(*) FROM gone"
    )
    [(count,)] = change.execute(sql)
    return int(count)


def ask_for_erasure(change: Change) -> None:
    """Let the worker erase everything of the owner; asking again changes nothing."""
    sql: LiteralString = (
        "WITH asked AS (INSERT INTO account_erasures (user_id) VALUES (%(owner)s) ON CONFLICT DO NOTHING) SELECT "
        + STAND
    )
    change.execute(sql)


def erase_tasks(change: Change, *, limit: int) -> int:
    """Erase up to `limit` tasks, and all kept answers, which tell of them; returns how many tasks."""
    sql: LiteralString = (
        """
        DELETE FROM idempotency_keys WHERE user_id = %(owner)s;
        WITH gone AS (DELETE FROM tasks WHERE user_id = %(owner)s AND id IN (SELECT id FROM tasks
            WHERE user_id = %(owner)s ORDER BY id LIMIT %(limit)s) RETURNING 1)
        SELECT """
        + STAND
        + ", count(*) FROM gone"
    )
    [(count,)] = change.execute(sql, limit=limit)
    return int(count)


def erase_rest(change: Change) -> bool:
    """Erase the keys, the list and the wish itself; False if there are tasks again, which must go first."""
    sql: LiteralString = (
        """
        DELETE FROM idempotency_keys WHERE user_id = %(owner)s;
        DELETE FROM crowded_lists WHERE user_id = %(owner)s;
        DELETE FROM account_erasures
        WHERE user_id = %(owner)s AND NOT EXISTS (SELECT FROM tasks WHERE user_id = %(owner)s);
        WITH gone AS (DELETE FROM task_lists WHERE user_id = %(owner)s
            AND NOT EXISTS (SELECT FROM tasks WHERE user_id = %(owner)s) RETURNING revision)
        SELECT coalesce((SELECT revision FROM gone), """
        + REVISION
        + "), "
        + HISTORY
        + ", EXISTS (SELECT FROM gone)"
    )
    [(erased,)] = change.execute(sql)
    return bool(erased)


def account(transaction: Transaction) -> tuple[int, str | None]:
    """How many tasks the owner has, the trash included, and since when they are being erased."""
    sql: LiteralString = (
        """
        SELECT coalesce((SELECT live + in_trash FROM task_lists WHERE user_id = %(owner)s), (
            SELECT count(*) FROM tasks WHERE user_id = %(owner)s)), (
            SELECT """
        + instants.shown("requested_at")
        + """ FROM account_erasures WHERE user_id = %(owner)s)
    """
    )
    [(tasks, requested_at)] = transaction.execute(sql)
    return tasks, requested_at
