"""The SQL of tasks that follow on one another: made in the transaction that completes the one before, or taken back.

A statement that completes or reopens a task marks the row where that concerns another one, and tells of it (`MARK`).
For a task that does not recur it is one statement, as before.
"""

import asyncio
from collections.abc import Mapping
from typing import Any, LiteralString

from core.database import driver
from core.errors import Fault, InvalidInput, NotFound
from core.lists.lists import TASKS, Change
from core.lists.stand import HISTORY, REVISION, STAND
from core.tasks.due import Due
from core.tasks.fields import GIVEN, TASK_JSON
from core.tasks.recurring.recurrence import Recurrence, following, recurrence_columns
from core.types import TaskId

_COMPLETING: LiteralString = ", next_revision = CASE WHEN NOT completed AND "
_MADE: LiteralString = " AND next_id IS NULL THEN " + REVISION
_REOPENING: LiteralString = " WHEN completed AND "
_MADE_BEFORE: LiteralString = " AND next_id IS NOT NULL THEN -next_revision ELSE next_revision END"

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

_OWN = ("completed", "due_on", "due_at", "recurrence", "recurrence_date")
_COPIED: LiteralString = ", ".join(column.name for column in GIVEN if column.name not in _OWN)

_COMPLETED: LiteralString = (
    "SELECT recurrence, recurrence_date, due_on, due_at, completed_at FROM tasks"
    " WHERE user_id = %(owner)s AND id = %(id)s AND recurrence IS NOT NULL"
)

_KEPT: LiteralString = (
    "SELECT "
    + STAND
    + ", recurrence, due_on, due_at FROM tasks WHERE user_id = %(owner)s AND id = %(id)s AND deleted_at IS NULL"
)

_MAKE: LiteralString = (
    """
    WITH made AS (
        INSERT INTO tasks (user_id, revision, created_at, updated_at, completed, series_id, """
    + _COPIED
    + """, due_on, due_at, recurrence, recurrence_date)
        SELECT user_id, revision, clock_timestamp(), clock_timestamp(), false, coalesce(series_id, id), """
    + _COPIED
    + """, %(due_on)s, %(due_at)s, %(recurrence)s, %(recurrence_date)s
        FROM tasks WHERE user_id = %(owner)s AND id = %(id)s
        RETURNING id
    )
    UPDATE tasks AS t SET next_id = made.id FROM made WHERE t.user_id = %(owner)s AND t.id = %(id)s
    RETURNING t.revision, """
    + HISTORY
    + ", "
    + TASKS
    + ", "
    + TASK_JSON
)

# Untouched is what has the revision still at which it was made: that of the completion.
_TAKE_BACK: LiteralString = (
    """
    WITH gone AS (
        UPDATE tasks AS s SET revision = """
    + REVISION
    + """, updated_at = clock_timestamp(), deleted_at = clock_timestamp()
        FROM tasks AS t
        WHERE t.user_id = %(owner)s AND t.id = %(id)s AND s.user_id = %(owner)s AND s.id = t.next_id
            AND s.revision = -t.next_revision AND s.deleted_at IS NULL
        RETURNING s.id
    )
    UPDATE tasks AS t SET next_revision = NULL, next_id = (
        SELECT s.id FROM tasks s
        WHERE s.user_id = %(owner)s AND s.id = t.next_id AND s.deleted_at IS NULL AND s.id NOT IN (SELECT id FROM gone)
    )
    WHERE t.user_id = %(owner)s AND t.id = %(id)s
    RETURNING t.revision, """
    + HISTORY
    + ", "
    + TASK_JSON
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


def settle(change: Change, task: TaskId, mark: int) -> str | None:
    """Make or take back what follows on a task with this `MARK`; its JSON then, None where nothing is changed.

    Raises `TooManyTasks`.
    """
    return _make(change, task) if mark > 0 else _take_back(change, task)


def _make(change: Change, task: TaskId) -> str | None:
    rows = change.look(_COMPLETED, id=task)
    if not rows:
        return None
    [(recurrence, stands_for, due_on, due_at, completed_at)] = rows
    # In a thread: a rule that finds no date looks for it a while, and others wait for the event loop.
    found = driver.wait_for(asyncio.to_thread(following, recurrence, stands_for, Due(due_on, due_at), completed_at))
    if found is None:
        return None
    [(tasks, json)] = change.execute(_MAKE, id=task, **found.columns)
    change.have_made(tasks)
    return str(json)


def _take_back(change: Change, task: TaskId) -> str:
    [(json,)] = change.execute(_TAKE_BACK, id=task)
    return str(json)
