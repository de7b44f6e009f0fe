"""The tables, for migrations and for whoever reads the schema; the API never returns a row of them.

The SQL that works on them stands in `core/tasks` and `core/database`; row-level security, roles and triggers,
which no model can say, stand in `migrations/versions`.
"""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    Date,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TIMESTAMP
from sqlmodel import Field, SQLModel

metadata: MetaData = SQLModel.metadata
metadata.naming_convention = {
    "ix": "%(table_name)s_%(column_0_N_name)s",
    "ck": "%(table_name)s_%(constraint_name)s",
    "pk": "%(table_name)s_pkey",
}

LIVE = text("deleted_at IS NULL")
DELETED = text("deleted_at IS NOT NULL")
MOVED = text("deleted_at IS NULL AND position IS NOT NULL")


def _instant(*, nullable: bool = False) -> Column[datetime]:
    """Milliseconds: what a browser's `Date` can hold, so an instant survives the trip there and back."""
    default = None if nullable else text("now()")
    return Column(TIMESTAMP(timezone=True, precision=3), nullable=nullable, server_default=default)


def _counter() -> Column[int]:
    return Column(Integer, nullable=True, server_default=text("0"))


def _due(without: str) -> Column[datetime]:
    due = f"COALESCE(due_at, due_on::timestamp AT TIME ZONE 'UTC', {without}::timestamptz)"
    return Column(DateTime(timezone=True), Computed(due, persisted=True), nullable=False)


class Task(SQLModel, table=True):
    """One task; `deleted_at` set means that it lies in the trash."""

    __tablename__ = "tasks"
    __table_args__ = (
        CheckConstraint("char_length(user_id) BETWEEN 1 AND 255", name="user_id_length"),
        CheckConstraint("char_length(title) BETWEEN 1 AND 200", name="title_length"),
        CheckConstraint("char_length(description) <= 1000", name="description_length"),
        CheckConstraint("priority IN ('low', 'medium', 'high', 'urgent')", name="priority_known"),
        CheckConstraint("cardinality(tags) <= 20", name="tags_count"),
        CheckConstraint("due_on IS NULL OR due_at IS NULL", name="due_once"),
        CheckConstraint("completed = (completed_at IS NOT NULL)", name="completed_at_fits"),
        CheckConstraint("jsonb_array_length(reminders) <= 5", name="reminders_count"),
        CheckConstraint("parent_id <> id", name="parent_another"),
        CheckConstraint("position ~ '^[0-9a-f]{16,48}$'", name="position_form"),
        # An index for each order by what seldom changes, partial, so that the trash costs nothing. None on what is
        # changed day by day (revision, updated_at, completed, priority): such a change writes no index (ADR 0027).
        Index("tasks_by_created", "user_id", "created_at", "id", postgresql_where=LIVE),
        Index("tasks_by_due_rising", "user_id", "due_rising", "id", postgresql_where=LIVE),
        Index("tasks_by_due_falling", "user_id", "due_falling", "id", postgresql_where=LIVE),
        # Of the few: a task that nobody has moved or nested has no entry here.
        Index("tasks_by_position", "user_id", "position", "id", postgresql_where=MOVED),
        Index("tasks_by_parent", "user_id", "parent_id", postgresql_where=text("parent_id IS NOT NULL")),
        Index("tasks_trash", "user_id", "deleted_at", "id", postgresql_where=DELETED),
        # By an expression, or a user's trash might be read by it, past what all others have deleted.
        Index("tasks_purge", text("(deleted_at AT TIME ZONE 'UTC')"), postgresql_where=DELETED),
    )

    user_id: str = Field(sa_column=Column(Text, primary_key=True))
    id: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(), primary_key=True))
    title: str = Field(sa_column=Column(Text, nullable=False))
    description: str | None = Field(default=None, sa_column=Column(Text))
    completed: bool = Field(default=False, sa_column_kwargs={"server_default": text("false")})
    completed_at: datetime | None = Field(default=None, sa_column=_instant(nullable=True))
    priority: str = Field(default="medium", sa_column=Column(Text, nullable=False, server_default="medium"))
    due_on: date | None = Field(default=None, sa_column=Column(Date))
    due_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))
    tags: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False, server_default=text("'{}'::text[]")))
    recurrence: str | None = Field(default=None, sa_column=Column(Text))
    """The JSON that clients get."""
    recurrence_date: str | None = Field(default=None, sa_column=Column(Text))
    """Which date of its series the task stands for, on the wall: as it was due when it was given its recurrence."""
    series_id: int | None = Field(default=None, sa_column=Column(BigInteger))
    """The first task of the series; None for that one itself."""
    next_id: int | None = Field(default=None, sa_column=Column(BigInteger))
    """What its completion has made."""
    next_revision: int | None = Field(default=None, sa_column=Column(BigInteger))
    """By which that was made: what has another has been touched since."""
    revision: int = Field(sa_column=Column(BigInteger, nullable=False))
    created_at: datetime = Field(sa_column=_instant())
    updated_at: datetime = Field(sa_column=_instant())
    deleted_at: datetime | None = Field(default=None, sa_column=_instant(nullable=True))
    uid: UUID | None = Field(default=None, sa_column=Column(Uuid, server_default=text("gen_random_uuid()")))
    """In calendars; None where it follows from the id (`tasklane_uid`)."""
    reminders: list[object] = Field(sa_column=Column(JSONB, nullable=False, server_default=text("'[]'::jsonb")))
    parent_id: int | None = Field(default=None, sa_column=Column(BigInteger))
    position: str | None = Field(default=None, sa_column=Column(Text(collation="C")))
    """By hand; None where it follows from the id (`core.tasks.tree.keys`)."""

    # What the orders compare. Stored, because row-level security lets only leakproof functions into an index
    # condition: the comparison of text, timestamptz and int2 is, lower() and an enum's order are not.
    title_sort: str = Field(  # of the release before: titles are compared by `tasklane_title_order` now
        sa_column=Column(Text(collation="C"), Computed("lower(title)", persisted=True), nullable=False)
    )
    priority_rank: int = Field(
        sa_column=Column(
            SmallInteger,
            Computed("array_position(ARRAY['low', 'medium', 'high', 'urgent'], priority)::smallint", persisted=True),
            nullable=False,
        )
    )
    # A task without a due date comes last in both directions, so it has an end of time for each.
    due_rising: datetime = Field(sa_column=_due("'infinity'"))
    due_falling: datetime = Field(sa_column=_due("'-infinity'"))


class TaskList(SQLModel, table=True):
    """One row per user: the revision of their list, the highest that the cache was told, and how many tasks there are.

    Triggers keep the counters, whoever changes tasks; NULL where a list was not counted yet. Whether a mirror can be
    brought up to date tell the highest revision that is gone without a trace (`horizon`), and under which histories the
    list took revisions, from the last one backwards, each followed by the revision before.
    """

    __tablename__ = "task_lists"

    user_id: str = Field(sa_column=Column(Text, primary_key=True))
    revision: int = Field(sa_column=Column(BigInteger, nullable=False, server_default=text("0")))
    published_revision: int = Field(sa_column=Column(BigInteger, nullable=False, server_default=text("0")))
    horizon: int = Field(sa_column=Column(BigInteger, nullable=False, server_default=text("0")))
    histories: list[int] = Field(
        sa_column=Column(ARRAY(BigInteger), nullable=False, server_default=text("'{}'::bigint[]"))
    )
    updated_at: datetime = Field(sa_column=_instant())
    live: int | None = Field(default=0, sa_column=_counter())
    completed: int | None = Field(default=0, sa_column=_counter())
    low: int | None = Field(default=0, sa_column=_counter())
    medium: int | None = Field(default=0, sa_column=_counter())
    high: int | None = Field(default=0, sa_column=_counter())
    urgent: int | None = Field(default=0, sa_column=_counter())
    in_trash: int | None = Field(default=0, sa_column=_counter())


class UnpublishedList(SQLModel, table=True):
    """The lists whose revision is above `published_revision`, by that revision; triggers keep it."""

    __tablename__ = "unpublished_lists"

    revision: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    user_id: str = Field(sa_column=Column(Text, primary_key=True))


class CrowdedList(SQLModel, table=True):
    """A list in which keys of the order by hand have grown long: the worker spreads them anew."""

    __tablename__ = "crowded_lists"

    user_id: str = Field(sa_column=Column(Text, primary_key=True))


class IdempotencyKey(SQLModel, table=True):
    """The stored answer to a POST that carried an `Idempotency-Key`, written in the same transaction as its task."""

    __tablename__ = "idempotency_keys"
    __table_args__ = (Index("idempotency_keys_created_at", "created_at"),)

    user_id: str = Field(sa_column=Column(Text, primary_key=True))
    key: str = Field(sa_column=Column(Text, primary_key=True))
    fingerprint: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    status: int = Field(sa_column=Column(SmallInteger, nullable=False))
    headers: dict[str, str] = Field(sa_column=Column(JSONB, nullable=False))
    body: str = Field(sa_column=Column(Text, nullable=False))
    created_at: datetime = Field(sa_column=_instant())


class AccountErasure(SQLModel, table=True):
    """A user who asked that everything of theirs be erased; the last row of theirs to go."""

    __tablename__ = "account_erasures"

    user_id: str = Field(sa_column=Column(Text, primary_key=True))
    requested_at: datetime = Field(sa_column=_instant())


class AccessToken(SQLModel, table=True):
    """A personal token, by its SHA-256: it goes when it is revoked, and with its owner's account."""

    __tablename__ = "access_tokens"
    __table_args__ = (
        CheckConstraint("char_length(user_id) BETWEEN 1 AND 255", name="user_id_length"),
        CheckConstraint("octet_length(digest) = 32", name="digest_length"),
        CheckConstraint("char_length(name) BETWEEN 1 AND 100", name="name_length"),
        CheckConstraint(
            "cardinality(scopes) > 0 AND scopes <@ ARRAY['tasks:read', 'tasks:write']", name="scopes_known"
        ),
        Index("access_tokens_digest", "digest", unique=True),
    )

    user_id: str = Field(sa_column=Column(Text, primary_key=True))
    id: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(), primary_key=True))
    digest: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    name: str = Field(sa_column=Column(Text, nullable=False))
    scopes: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    created_at: datetime = Field(sa_column=_instant())
    expires_at: datetime | None = Field(default=None, sa_column=_instant(nullable=True))
    last_used_at: datetime | None = Field(default=None, sa_column=_instant(nullable=True))
    """To the hour."""


class CalendarObject(SQLModel, table=True):
    """What a calendar has made of a task, or a file has brought along; one without it is as the service made it."""

    __tablename__ = "calendar_objects"
    __table_args__ = (
        CheckConstraint("octet_length(name) BETWEEN 1 AND 600 AND name !~ '[/[:cntrl:]]'", name="name_form"),
        CheckConstraint("octet_length(uid) BETWEEN 1 AND 500", name="uid_length"),
        CheckConstraint("octet_length(parent_uid) BETWEEN 1 AND 500", name="parent_uid_length"),
        CheckConstraint("octet_length(kept) <= 131072", name="kept_length"),
        Index("calendar_objects_name", "user_id", "name", unique=True),
        Index("calendar_objects_uid", "user_id", "uid", unique=True),
        Index("calendar_objects_parent", "user_id", "parent_uid", postgresql_where=text("parent_uid IS NOT NULL")),
    )

    user_id: str = Field(sa_column=Column(Text, primary_key=True))
    task_id: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    name: str | None = Field(default=None, sa_column=Column(Text))
    """The last part of its address, if a client has chosen it."""
    uid: str | None = Field(default=None, sa_column=Column(Text))
    """What a client calls it; None for that of the task."""
    parent_uid: str | None = Field(default=None, sa_column=Column(Text))
    """Beneath which it belongs as soon as that one is there."""
    kept: str | None = Field(default=None, sa_column=Column(Text))
    """The whole of the object, as it was put."""
    revision: int | None = Field(default=None, sa_column=Column(BigInteger))
    """That of the task when it was put: a task that still has it is what `kept` says."""


class CacheState(SQLModel, table=True):
    """One row: whether the worker reaches Redis, as writers and readers that do not must know."""

    __tablename__ = "cache_state"
    __table_args__ = (
        CheckConstraint("single", name="single"),
        CheckConstraint("state IN ('reached', 'leaving', 'away', 'returning')", name="known"),
    )

    single: bool = Field(sa_column=Column(Boolean, primary_key=True, server_default=text("true")))
    state: str = Field(sa_column=Column(Text, nullable=False))
    noted_at: datetime = Field(sa_column=_instant())
