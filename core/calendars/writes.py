"""What calendars put and delete: one task for each object, under the list's lock, so that names and uids stay unique.

A name stays with its task, in the trash too, while anybody may know it: who syncs later shall hear what became of it.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString

from core.calendars.fields import CALENDAR_JSON, NAME, NAMED, named_parameters
from core.database.transaction import Row
from core.errors import InvalidCalendar, InvalidInput, NotFound, PreconditionFailed, UidConflict
from core.lists.lists import Change
from core.lists.stand import REVISION, STAND
from core.tasks import crud
from core.tasks.crud import Condition, StoredTask
from core.tasks.due import Due
from core.tasks.fields import UID
from core.tasks.recurring.recurrence import Recurrence, recurrence_columns
from core.tasks.tree import family
from core.types import Revision, TaskId

MAX_ADOPTED = 1_000
"""Tasks that came before their parent, which then gets them: of one that has more, the rest stays without."""

ConditionOf = Callable[[TaskId], Condition]
"""In which of its states a task may be changed, once it is known which task it is."""

_UUID = re.compile("[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)

_UID: LiteralString = UID.sql or ""

# OFFSET: each is looked up by its key. Where a list has grown faster than was counted, a join looks through all of it.
_TASK: LiteralString = """
    LEFT JOIN LATERAL (SELECT * FROM tasks t WHERE t.user_id = %(owner)s AND t.id = n.id OFFSET 0) t ON true"""
_BY_NAME: LiteralString = (
    "SELECT "
    + STAND
    + ", t.id, t.deleted_at IS NOT NULL, "
    + _UID
    + ", "
    + CALENDAR_JSON
    + " FROM (SELECT) AS once LEFT JOIN (SELECT * FROM "
    + NAMED
    + " found OFFSET 0) n ON true"
    + _TASK
)
# No index on the uid of a task, which each new one would write: of a UUID all tasks of the user are looked through.
_BY_UID: LiteralString = (
    "SELECT "
    + STAND
    + ", t.id, t.deleted_at IS NOT NULL, "
    + NAME
    + """ FROM (SELECT coalesce(
        (SELECT o.task_id FROM calendar_objects o WHERE o.user_id = %(owner)s AND o.uid = %(uid)s),
        (SELECT m.id FROM tasks m WHERE m.user_id = %(owner)s
            AND (m.uid = %(uuid)s::uuid OR (m.uid IS NULL AND tasklane_uid(m.id) = %(uuid)s::uuid))
            AND NOT EXISTS (SELECT FROM calendar_objects o
                WHERE o.user_id = m.user_id AND o.task_id = m.id AND o.uid IS NOT NULL)
            LIMIT 1)) AS id OFFSET 0) n"""
    + _TASK
)
_READ: LiteralString = (
    "SELECT t.revision, " + CALENDAR_JSON + " FROM tasks t WHERE user_id = %(owner)s AND id = %(task)s"
)
_IS_THERE: LiteralString = "SELECT EXISTS (SELECT FROM tasks WHERE user_id = %(owner)s AND id = %(task)s)"
_KEEP: LiteralString = (
    """
    INSERT INTO calendar_objects AS o (user_id, task_id, name, uid, parent_uid, kept, revision)
    VALUES (%(owner)s, %(task)s, %(name)s, %(uid)s, %(parent_uid)s, %(kept)s, CASE WHEN %(exact)s THEN """
    + REVISION
    + """ END)
    ON CONFLICT (user_id, task_id) DO UPDATE SET parent_uid = excluded.parent_uid, kept = excluded.kept,
        revision = excluded.revision, name = coalesce(excluded.name, o.name), uid = coalesce(excluded.uid, o.uid)"""
)
_SET: LiteralString = (
    "UPDATE tasks SET revision = "
    + REVISION
    + """, position = coalesce(%(position)s, position),
    recurrence_date = CASE WHEN recurrence IS NOT NULL THEN coalesce(%(recurrence_date)s, recurrence_date) END,
    completed_at = CASE WHEN completed THEN coalesce(%(completed_at)s, completed_at) END
    WHERE user_id = %(owner)s AND id = %(task)s"""
)
_RENAME: LiteralString = (
    """
    WITH freed AS (
        INSERT INTO calendar_objects AS o (user_id, task_id, name, uid) VALUES (%(owner)s, %(task)s,
            CASE WHEN %(renamed)s THEN gen_random_uuid() || '.ics' END,
            CASE WHEN NOT %(renamed)s THEN gen_random_uuid()::text END)
        ON CONFLICT (user_id, task_id) DO UPDATE
            SET name = coalesce(excluded.name, o.name), uid = coalesce(excluded.uid, o.uid)
    ) SELECT """
    + STAND
)
_ORPHANS: LiteralString = (
    "SELECT "
    + STAND
    + """, t.id FROM (SELECT) AS once LEFT JOIN (calendar_objects o JOIN tasks t
        ON t.user_id = o.user_id AND t.id = o.task_id AND t.parent_id IS NULL AND t.deleted_at IS NULL)
    ON o.user_id = %(owner)s AND o.parent_uid = %(uid)s LIMIT %(most)s"""
)
_ADOPTED: LiteralString = (
    "UPDATE calendar_objects SET parent_uid = NULL WHERE user_id = %(owner)s AND task_id = %(child)s"
)
_LEAVE: LiteralString = (
    """
    WITH below AS (
        UPDATE tasks SET parent_id = NULL, revision = """
    + REVISION
    + """ WHERE user_id = %(owner)s AND parent_id = %(task)s AND deleted_at IS NULL RETURNING id
    ), noted AS (
        INSERT INTO calendar_objects (user_id, task_id, parent_uid) SELECT %(owner)s, id, %(uid)s FROM below
        ON CONFLICT (user_id, task_id) DO UPDATE SET parent_uid = excluded.parent_uid
    ) SELECT """
    + STAND
    + ", count(*) FROM below"
)


@dataclass(frozen=True, slots=True)
class Said:
    """What a task gets of an object."""

    columns: dict[str, Any]
    completed_at: datetime | None
    """None where it does not say when."""
    parent_uid: str | None
    place: str | None
    """The key in the order by hand that it wants; None if it may stay."""
    text: str
    """The whole object, as it is kept."""
    exact: bool
    """Whether the text says all of this, so that it can go out as it is."""


@dataclass(frozen=True, slots=True)
class Todo:
    """What a client has put."""

    uid: str
    said: Callable[[Mapping[str, Any] | None], Said]
    """To a task that is now so, or to a new one."""


@dataclass(frozen=True, slots=True)
class Put:
    """What became of it."""

    id: TaskId
    revision: Revision
    made: bool
    """False where the object was there before."""
    task: dict[str, Any]
    """As `api.tasks.objects.write` takes it."""


def put(change: Change, name: str, todo: Todo, condition_of: ConditionOf, *, only_update: bool = False) -> Put:
    """Make the object of that name, or what is there say this.

    Raises `PreconditionFailed`, also where there is nothing and `only_update`; `UidConflict`, and `TooManyTasks`.
    """
    found, deleted, uid, current = _named(change, name)
    if found and not deleted:
        if uid != todo.uid:
            raise UidConflict(name)
        return _update(change, found, todo, condition_of(found), json.loads(current))
    if only_update or condition_of(TaskId(0)).one_of is not None:
        raise PreconditionFailed("")
    other, other_deleted, other_name = _of_uid(change, todo.uid)
    if other and not other_deleted:
        raise UidConflict(other_name)
    if other and other == found:
        crud.restore(change, other)
        put = _update(change, other, todo, crud.ANY_STATE, json.loads(current), made=True)
        _adopt_all(change, other, todo.uid)
        return put
    if other:
        change.execute(_RENAME, task=other, renamed=False)
    if found:
        change.execute(_RENAME, task=found, renamed=True)
    return _insert(change, name, todo)


def delete(change: Change, name: str, condition_of: ConditionOf) -> StoredTask:
    """Move its task to the trash, and nothing with it: what is beneath stays, and belongs there again when it is back.

    Raises `NotFound` and `PreconditionFailed`.
    """
    found, deleted, uid, _ = _named(change, name)
    if not found or deleted:
        raise NotFound
    change.execute(_LEAVE, task=found, uid=uid)
    return crud.delete(change, found, condition=condition_of(found))


def _update(
    change: Change, task: TaskId, todo: Todo, condition: Condition, current: dict[str, Any], *, made: bool = False
) -> Put:
    said = todo.said(current)
    columns = dict(said.columns)
    pending = None
    if said.parent_uid != current["parent_uid"]:
        columns["parent_id"], pending = _parent(change, said.parent_uid, task)
    elif current["parent_id"] is None:
        pending = said.parent_uid
    if columns["completed"] and columns.get("recurrence") and not current["completed"]:
        # First: the next one takes over what is kept.
        crud.write(change, task, {}, condition)
        _keep(change, task, said, pending)
        crud.update(change, task, columns, descendants=False)
    else:
        crud.update(change, task, columns, condition=condition, descendants=False)
        _keep(change, task, said, pending)
    _set(change, task, said, stands_for=_stands_for(columns))
    return _read(change, task, made=made)


def _insert(change: Change, name: str, todo: Todo) -> Put:
    said = todo.said(None)
    columns = dict(said.columns)
    columns["parent_id"], pending = _parent(change, said.parent_uid, None)
    task = crud.insert(change, columns).id
    _expect_free(change, name, task)
    _keep(change, task, said, pending, name=name, uid=todo.uid)
    _set(change, task, said, stands_for=None)
    put = _read(change, task, made=True)
    _adopt_all(change, task, todo.uid)
    return put


def _expect_free(change: Change, name: str, task: TaskId) -> None:
    """Raises `InvalidCalendar` for the default name of another task of the owner's, or of one that is yet to come."""
    [named] = named_parameters([name])["ids"]
    if named is None:
        return
    [(taken,)] = change.look(_IS_THERE, task=named)
    if named > task or taken:
        raise InvalidCalendar("valid-calendar-object-resource", "the service calls another task by this name")


def _keep(
    change: Change, task: TaskId, said: Said, pending: str | None, *, name: str | None = None, uid: str | None = None
) -> None:
    change.execute_last(_KEEP, task=task, name=name, uid=uid, parent_uid=pending, kept=said.text, exact=said.exact)


def _stands_for(columns: Mapping[str, Any]) -> str | None:
    """A calendar counts from when it is due: what it moves is the series."""
    given: Recurrence | None = columns.get("recurrence")
    if given is None or "due_on" not in columns:
        return None
    return recurrence_columns(given, Due(columns["due_on"], columns["due_at"]))["recurrence_date"]


def _set(change: Change, task: TaskId, said: Said, *, stands_for: str | None) -> None:
    if said.completed_at or said.place or stands_for:
        change.execute_last(
            _SET, task=task, completed_at=said.completed_at, position=said.place, recurrence_date=stands_for
        )


def _read(change: Change, task: TaskId, *, made: bool) -> Put:
    [(revision, document)] = change.look(_READ, task=task)
    return Put(task, Revision(revision), made, json.loads(document))


def _parent(change: Change, uid: str | None, task: TaskId | None) -> tuple[TaskId | None, str | None]:
    """Its id; or, where it is not there, or cannot be the parent, its uid to wait for."""
    if uid is None:
        return None, None
    found, deleted, _ = _of_uid(change, uid)
    if not found or deleted:
        return None, uid
    try:
        family.expect_parent(change, found, task=task)
    except InvalidInput:
        return None, uid
    return found, None


def _adopt_all(change: Change, parent: TaskId, uid: str) -> None:
    """Put beneath it what has waited for it."""
    for (child,) in change.execute(_ORPHANS, uid=uid, most=MAX_ADOPTED):
        if child is None:
            continue
        try:
            family.expect_parent(change, parent, task=child)
        except InvalidInput:
            continue
        crud.write(change, child, {"parent_id": parent}, crud.ANY_STATE)
        change.execute_last(_ADOPTED, child=child)


def _named(change: Change, name: str) -> Row:
    """The id, None if there is none; whether it is in the trash, its uid, and all of it as JSON."""
    [row] = change.execute(_BY_NAME, **named_parameters([name]))
    return row


def _of_uid(change: Change, uid: str) -> Row:
    """The id, None if there is none; whether it is in the trash, and its name."""
    [row] = change.execute(_BY_UID, uid=uid, uuid=uid if _UUID.fullmatch(uid) else None)
    return row
