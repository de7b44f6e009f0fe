"""What a task has: from this list come its JSON, the function that makes one, what an import fills and a CSV's header.

`docs/how-to-add-a-field.md` says what else a new field needs.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, LiteralString

from core.database import instants
from core.tasks.tree.keys import PLACE

_REPRESENTATION: LiteralString = "4"
REPRESENTATION = int(_REPRESENTATION)
"""To be raised with every change of what a task or a list looks like: it is part of each variant and each ETag, and of
the names of the database's functions that write tasks."""


@dataclass(frozen=True, slots=True)
class Given:
    """A column that a client sets."""

    name: LiteralString
    type: LiteralString
    default: Any = None
    """For a task whose maker says nothing of it; also what `null` means."""
    needed: bool = False
    """Nothing stands in for what the client does not say."""
    brought: LiteralString | None = None
    """What an import writes, over the columns of its row; None for the column of that name, where the import puts the
    default in itself."""

    @property
    def imported(self) -> LiteralString:
        return self.brought or self.name


@dataclass(frozen=True, slots=True)
class Kept:
    """A column that the service keeps, and that only an import brings along."""

    name: LiteralString
    type: LiteralString
    imported: LiteralString
    """What an import writes, over the columns of its row."""
    made: LiteralString | None = None
    """What the new task of a client has, over the `{name}`s of what is given; None where that is the same for all."""


Column = Given | Kept


@dataclass(frozen=True, slots=True)
class Member:
    """A member of a task's JSON, and the columns that it is made of."""

    name: LiteralString
    columns: tuple[Column, ...] = ()
    """Those that an import fills."""
    sql: LiteralString | None = None
    """Its value over the row `t`; None for the column of that name."""


def _given(name: LiteralString, type_: LiteralString, default: Any = None, *, needed: bool = False) -> Member:
    return Member(name, (Given(name, type_, default, needed=needed),))


def _instant(name: LiteralString, imported: LiteralString, made: LiteralString | None = None) -> Member:
    """A time that the service keeps, with the milliseconds that a browser writes."""
    return Member(name, (Kept(name, "timestamptz", imported, made),), instants.shown("t." + name))


# A due date comes back in the form it was given; an instant with microseconds keeps them, any other has milliseconds.
_DUE_DATE: LiteralString = (
    "coalesce(to_char(t.due_on, 'YYYY-MM-DD'), to_char(t.due_at AT TIME ZONE 'UTC',"
    " CASE WHEN t.due_at = date_trunc('milliseconds', t.due_at) THEN "
    + instants.MILLISECONDS
    + " ELSE "
    + instants.MICROSECONDS
    + " END))"
)

ID = Member("id")

ETAG = Member("etag", sql="'\"" + _REPRESENTATION + "-' || t.id || '-' || t.revision || '\"'")
"""What `core.tasks.crud.task_etag` makes of the same row: wherever a task is shown, it can be changed on condition."""

MEMBERS: tuple[Member, ...] = (
    ID,
    Member("user_id"),
    _given("title", "text", needed=True),
    _given("description", "text"),
    _given("completed", "boolean", default=False),
    _instant(
        "completed_at",
        imported="CASE WHEN completed THEN coalesce(completed_at, updated_at, clock_timestamp()) END",
        made="CASE WHEN {completed} THEN clock_timestamp() END",
    ),
    _given("priority", "text", default="medium"),
    Member("due_date", (Given("due_on", "date"), Given("due_at", "timestamptz")), _DUE_DATE),
    Member("recurrence", (Given("recurrence", "text"),), "t.recurrence::json"),
    Member(
        "series_id",
        (Kept("series_id", "bigint", imported="(%(named)s::bigint[])[series_id]"),),
        "CASE WHEN t.recurrence IS NULL THEN t.series_id ELSE coalesce(t.series_id, t.id) END",
    ),
    Member("next_id", (Kept("next_id", "bigint", imported="(%(named)s::bigint[])[next_id]"),)),
    _given("tags", "text[]", default=[]),
    _given("reminders", "jsonb", default=[]),
    Member("parent_id", (Given("parent_id", "bigint", brought="(%(named)s::bigint[])[parent_id]"),)),
    Member("position", sql=PLACE),
    _instant("created_at", imported="coalesce(created_at, clock_timestamp())"),
    _instant("updated_at", imported="coalesce(updated_at, clock_timestamp())"),
    ETAG,
)
"""In the order of the contract."""

DELETED_AT = _instant("deleted_at", imported="deleted_at")
"""What a task has besides in the trash, in an export and in an import."""

_UIDS: LiteralString = (
    "coalesce((SELECT o.uid FROM calendar_objects o WHERE o.user_id = mine.user_id AND o.task_id = mine.id),"
    " coalesce(mine.uid, tasklane_uid(mine.id))::text)"
)

UID = Member(
    "uid",
    (
        Kept(
            "uid",
            "uuid",
            imported="CASE WHEN uid::text NOT IN (SELECT "
            + _UIDS
            + " FROM tasks mine WHERE mine.user_id = %(owner)s) THEN uid ELSE gen_random_uuid() END",
        ),
    ),
    _UIDS.replace("mine.", "t."),
)
"""What a task is called in calendars, everywhere and always the same; an import brings it along where it is free."""

PARENT_UID = Member(
    "parent_uid",
    sql="coalesce((SELECT " + _UIDS + " FROM tasks mine WHERE mine.user_id = t.user_id AND mine.id = t.parent_id),"
    " (SELECT o.parent_uid FROM calendar_objects o WHERE o.user_id = t.user_id AND o.task_id = t.id))",
)
"""What its parent is called there, and while there is none, what it would be."""

RECURRENCE_DATE = _given("recurrence_date", "text")
"""Which date of its series a task stands for, whatever it was put off to."""

CALENDAR = Member(
    "calendar",
    sql="(SELECT json_build_object('name', o.name, 'kept', o.kept, 'as_is', coalesce(o.revision = t.revision, false))"
    " FROM calendar_objects o WHERE o.user_id = t.user_id AND o.task_id = t.id AND o.kept IS NOT NULL)",
)
"""What a calendar has made of it: the name that it has chosen, the object as it was put, and whether it is so still."""

ARCHIVED: tuple[Member, ...] = (*MEMBERS, DELETED_AT, UID, PARENT_UID, RECURRENCE_DATE, CALENDAR)
"""What an export has of a task."""

COLUMNS: tuple[Column, ...] = tuple(column for member in ARCHIVED for column in member.columns)
"""All that an import fills."""

GIVEN: tuple[Given, ...] = tuple(column for column in COLUMNS if isinstance(column, Given))

DEFAULTS: Mapping[str, Any] = {column.name: column.default for column in GIVEN if column.default is not None}
"""What stands in for `null`, by column; for the others that is NULL."""

EXPORTED: tuple[str, ...] = tuple(
    member.name for member in ARCHIVED if member.name not in ("user_id", ETAG.name, CALENDAR.name)
)
"""The members that a spreadsheet gets: all are the same user's, it writes to no task, and is no calendar."""


def as_json(members: tuple[Member, ...], *, comma: LiteralString = ", ") -> LiteralString:
    """SQL for compact JSON of the row `t`."""
    values: LiteralString = comma.join(
        "t." + member.name if member.sql is None else member.sql + " AS " + member.name for member in members
    )
    return "(SELECT row_to_json(j)::text FROM (SELECT " + values + ") j)"


TASK_JSON: LiteralString = as_json(MEMBERS)
DELETED_TASK_JSON: LiteralString = as_json((*MEMBERS, DELETED_AT))
ARCHIVED_TASK_JSON: LiteralString = as_json(ARCHIVED)
TOMBSTONE_JSON: LiteralString = as_json((ID, DELETED_AT))


def function(name: str, *, representation: int = REPRESENTATION) -> str:
    """What the database's function of that name is called for tasks that look so: others live beside it.

    During a rolling upgrade the processes of the release before go on with theirs.
    """
    return "tasklane_" + name + (f"_{representation}" if representation > 1 else "")
