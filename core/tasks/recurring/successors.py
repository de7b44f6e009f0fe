"""The SQL of tasks that follow on one another: made in the transaction that completes the one before, or taken back.

A statement that completes or reopens a task marks the row where that concerns another one, and tells of it (`MARK`).
For a task that does not recur it is one statement, as before.
"""

import asyncio
from json import dumps
from typing import LiteralString

from core.database import driver
from core.database.transaction import Row
from core.lists.lists import TASKS, Change
from core.lists.stand import HISTORY, REVISION
from core.tasks.due import Due
from core.tasks.fields import GIVEN, TASK_JSON
from core.tasks.recurring.copies import Original, copies
from core.tasks.tree import family, places
from core.tasks.tree.family import CHILDREN, MAX_LEVELS
from core.tasks.tree.keys import PLACE, Place
from core.types import TaskId

_STAYS: LiteralString = "1"
"""As `next_revision`; no list has it. What follows is not taken back by this task: somebody has touched it, or it came
with an import, or it was made with a task above and goes with that alone.
"""

_COMPLETING: LiteralString = ", next_revision = CASE WHEN NOT completed AND "
_MADE: LiteralString = " AND next_id IS NULL THEN " + REVISION
_REOPENING: LiteralString = " WHEN completed AND "
_MADE_BEFORE: LiteralString = (
    " AND next_id IS NOT NULL THEN -coalesce(next_revision, " + _STAYS + ") ELSE next_revision END"
)

MARKS_FLIPPED: LiteralString = _COMPLETING + "recurrence IS NOT NULL" + _MADE + _REOPENING + "true" + _MADE_BEFORE
"""For a statement that completes what is open and reopens what is completed; an assignment sees the row as it was."""

MARKS_SET: LiteralString = (
    _COMPLETING + "%(completed)s AND recurrence IS NOT NULL" + _MADE + _REOPENING + "NOT %(completed)s" + _MADE_BEFORE
)
"""For one that sets `completed`."""

MARKS_SET_RECURRING: LiteralString = (
    _COMPLETING + "%(completed)s" + _MADE + _REOPENING + "NOT %(completed)s" + _MADE_BEFORE
)
"""For one that gives the task a recurrence besides."""

MARK: LiteralString = (
    "CASE WHEN t.next_revision = t.revision AND t.next_id IS NULL THEN 1 WHEN t.next_revision < 0 THEN -1 END"
)
"""1: it was completed by this revision and nothing follows on it yet; -1: what follows on it is to be taken back."""

_OWN = ("completed", "due_on", "due_at", "recurrence", "recurrence_date", "reminders", "parent_id")
_COPIED: LiteralString = ", ".join(column.name for column in GIVEN if column.name not in _OWN)
_OF_THE_ORIGINAL: LiteralString = ", ".join("t." + column.name for column in GIVEN if column.name not in _OWN)

_TREE: LiteralString = (
    """
    WITH RECURSIVE tree AS (
        SELECT id, 1 AS level FROM tasks WHERE user_id = %(owner)s AND id = %(id)s AND recurrence IS NOT NULL
        UNION ALL
        SELECT c.id, one.level + 1 FROM tree one"""
    + CHILDREN
    + """
        WHERE c.deleted_at IS NULL AND one.level <= %(levels)s
    )
    SELECT """
    + PLACE
    + """, t.id, t.parent_id, t.recurrence, t.recurrence_date, t.due_on, t.due_at, t.completed_at, t.reminders,
        t.next_id
    FROM tree CROSS JOIN LATERAL (SELECT * FROM tasks WHERE user_id = %(owner)s AND id = tree.id OFFSET 0) t
    ORDER BY tree.level, 1, t.id
    """
)

MANY = 50
"""Tasks that are made at once."""

# For a list that has just grown PostgreSQL expects one task, and may compare each copy with each task of the list.
_NO_LOOPS: LiteralString = "SELECT set_config('enable_nestloop', 'off', true)"

# In calendars a series keeps the name and the uid that a client gave it: what was done there is an object by itself,
# and what stays beneath that one names another parent there, which is a change.
# The numbers are given from the highest down: the next one is the newest, and what is beneath it keeps its order. All
# are made at one time, by which it is known what was made together.
_MAKE: LiteralString = (
    """
    WITH drawn AS (
        SELECT array_agg(number ORDER BY number DESC) AS ids, clock_timestamp() AS at
        FROM (SELECT nextval(pg_get_serial_sequence('tasks', 'id')) AS number
            FROM generate_series(1, cardinality(%(originals)s::bigint[]))) numbers
    ), copy AS (
        SELECT c.*, at, ids[c.number] AS id, CASE WHEN beneath IS NULL THEN %(parent)s ELSE ids[beneath] END AS parent
        FROM drawn, unnest(%(originals)s::bigint[], %(beneath)s::integer[], %(due_on)s::date[],
            %(due_at)s::timestamptz[], %(reminders)s::text[], %(recurrence)s::text[], %(stands_for)s::text[],
            %(follows)s::boolean[]) WITH ORDINALITY
            AS c (original, beneath, due_on, due_at, reminders, recurrence, stands_for, follows, number)
    ), made AS (
        INSERT INTO tasks (user_id, revision, id, created_at, updated_at, completed, series_id, parent_id, position,
            due_on, due_at, reminders, recurrence, recurrence_date, """
    + _COPIED
    + """)
        SELECT t.user_id, """
    + REVISION
    + """, copy.id, copy.at, copy.at, false,
            CASE WHEN copy.recurrence IS NOT NULL THEN coalesce(t.series_id, t.id) END, copy.parent,
            CASE WHEN copy.beneath IS NULL THEN %(position)s END, copy.due_on, copy.due_at,
            copy.reminders::jsonb, copy.recurrence, copy.stands_for, """
    + _OF_THE_ORIGINAL
    + """
        FROM copy JOIN tasks t ON t.user_id = %(owner)s AND t.id = copy.original
        RETURNING 1
    ), followed AS (
        UPDATE tasks AS t SET revision = """
    + REVISION
    + """, next_id = copy.id, next_revision = CASE WHEN t.id = %(id)s THEN t.next_revision ELSE """
    + _STAYS
    + """ END
        FROM copy WHERE t.user_id = %(owner)s AND t.id = copy.original AND copy.follows
        RETURNING t.revision, """
    + HISTORY
    + " AS history, "
    + TASKS
    + " AS tasks, "
    + TASK_JSON
    + """ AS task, t.id
    ), handed_on AS (
        UPDATE calendar_objects AS o SET task_id = copy.id, revision = NULL
        FROM copy WHERE o.user_id = %(owner)s AND o.task_id = copy.original AND copy.follows AND o.uid IS NOT NULL
        RETURNING copy.original, o.kept
    ), left_behind AS (
        INSERT INTO calendar_objects (user_id, task_id, kept) SELECT %(owner)s, original, kept FROM handed_on
    ), of_another_uid AS (
        UPDATE tasks AS t SET revision = """
    + REVISION
    + """
        FROM handed_on WHERE t.user_id = %(owner)s AND t.parent_id = handed_on.original AND t.deleted_at IS NULL
            AND NOT EXISTS (SELECT FROM copy WHERE copy.original = t.id AND copy.follows)
    ), kept_beside AS (
        INSERT INTO calendar_objects (user_id, task_id, kept)
        SELECT %(owner)s, copy.id, o.kept FROM copy JOIN calendar_objects o
            ON o.user_id = %(owner)s AND o.task_id = copy.original AND NOT (copy.follows AND o.uid IS NOT NULL)
    )
    SELECT revision, history, tasks, task FROM followed WHERE id = %(id)s
    """
)

# Untouched is what was made with it, at one time, and is as it was then; keys that are spread anew are no touch.
_TAKE_BACK: LiteralString = (
    """
    WITH RECURSIVE made AS (
        SELECT s.id, s.created_at AS at, s.updated_at <> s.created_at AS touched, 1 AS level
        FROM tasks t JOIN tasks s ON s.user_id = %(owner)s AND s.id = t.next_id AND s.deleted_at IS NULL
        WHERE t.user_id = %(owner)s AND t.id = %(id)s
        UNION ALL
        SELECT c.id, one.at, c.created_at <> one.at OR c.updated_at <> one.at, one.level + 1 FROM made one"""
    + CHILDREN
    + """
        WHERE one.level <= %(levels)s
    ), below AS (
        SELECT id, next_id, 1 AS level FROM tasks WHERE user_id = %(owner)s AND parent_id = %(id)s
        UNION ALL
        SELECT c.id, c.next_id, one.level + 1 FROM below one"""
    + CHILDREN
    + """
        WHERE one.level <= %(levels)s
    ), gone AS (
        UPDATE tasks AS s SET revision = """
    + REVISION
    + """, updated_at = clock_timestamp(), deleted_at = clock_timestamp()
        FROM tasks AS t
        WHERE t.user_id = %(owner)s AND t.id = %(id)s AND s.user_id = %(owner)s AND s.id = t.next_id
            AND s.deleted_at IS NULL AND t.next_revision <> -"""
    + _STAYS
    + """ AND NOT EXISTS (SELECT FROM made WHERE touched)
        RETURNING s.id
    ), forgotten AS (
        UPDATE tasks AS o SET revision = """
    + REVISION
    + """, next_id = NULL, next_revision = NULL
        FROM below JOIN made ON made.id = below.next_id
        WHERE o.user_id = %(owner)s AND o.id = below.id AND EXISTS (SELECT FROM gone)
    )
    UPDATE tasks AS t SET next_revision = """
    + _STAYS
    + """, next_id = (
        SELECT s.id FROM tasks s
        WHERE s.user_id = %(owner)s AND s.id = t.next_id AND s.deleted_at IS NULL AND s.id NOT IN (SELECT id FROM gone)
    )
    WHERE t.user_id = %(owner)s AND t.id = %(id)s
    RETURNING t.revision, """
    + HISTORY
    + ", "
    + TASK_JSON
)


def settle(change: Change, task: TaskId, mark: int, *, along: bool) -> str | None:
    """Make or take back what follows on a task with this `MARK`; its JSON then, None where nothing is changed.

    `along`: what is open beneath it is completed next. Raises `TooManyTasks`.
    """
    return _make(change, task, along=along) if mark > 0 else _take_back(change, task)


def _make(change: Change, task: TaskId, *, along: bool) -> str | None:
    rows = change.look(_TREE, id=task, levels=MAX_LEVELS)
    if not rows:
        return None
    place, _, parent, *_ = rows[0]
    originals = [_original(row) for row in rows]
    # In a thread: a rule that finds no date looks for it a while, and others wait for the event loop.
    made = driver.wait_for(asyncio.to_thread(copies, originals, along=along))
    if not made:
        return None
    if len(made) > MANY:
        change.look(_NO_LOOPS)
    if parent is not None and not family.has_room(change, parent, len(made)):
        parent = None
    [(tasks, json)] = change.execute(
        _MAKE,
        id=task,
        parent=parent,
        position=places.key_behind(change, Place(task, place)),
        originals=[copy.of for copy in made],
        beneath=[copy.beneath for copy in made],
        due_on=[copy.due.on for copy in made],
        due_at=[copy.due.at for copy in made],
        reminders=[dumps(copy.reminders) for copy in made],
        recurrence=[copy.recurrence for copy in made],
        stands_for=[copy.stands_for for copy in made],
        follows=[copy.follows for copy in made],
    )
    change.have_made(tasks, len(made))
    return str(json)


def _original(row: Row) -> Original:
    _, id_, parent, recurrence, stands_for, due_on, due_at, completed_at, reminders, next_id = row
    return Original(id_, parent, recurrence, stands_for, Due(due_on, due_at), completed_at, reminders, next_id)


def _take_back(change: Change, task: TaskId) -> str:
    [(json,)] = change.execute(_TAKE_BACK, id=task, levels=MAX_LEVELS)
    return str(json)
