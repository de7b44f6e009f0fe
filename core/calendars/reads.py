"""The SQL of calendars' reads: each is one statement, and says how far the list had come in its snapshot.

A resource is a live task under its name. No statement gives more of them than a page: a list may have 100,000.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import LiteralString

from core.calendars.fields import CALENDAR_JSON, NAME, named_parameters
from core.database.transaction import Row, Transaction
from core.errors import DatabaseUnavailable
from core.lists.stand import STAND
from core.types import History, Revision, Stand, TaskId

PAGE = 500
PAGE_WHOLE = 100
"""With their files, of which each may be long."""


@dataclass(frozen=True, slots=True)
class Resource:
    """A task as calendars know it."""

    name: str
    id: TaskId
    revision: Revision
    created: str
    """As `creationdate` has it, and the next as `getlastmodified` (RFC 4918, section 15)."""
    modified: str
    json: str | None
    """What the file is written from; None where nobody asked for it."""


RESOURCE: LiteralString = (
    NAME
    + """ AS name, t.id, t.revision, to_char(t.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS created,
    to_char(t.updated_at AT TIME ZONE 'UTC', 'Dy, DD Mon YYYY HH24:MI:SS "GMT"') AS modified,
    CASE WHEN %(whole)s THEN """
    + CALENDAR_JSON
    + " END AS json"
)
"""What a `Resource` is made of, over the row `t`."""

_FOUND: LiteralString = "SELECT " + STAND + ", found.* FROM (SELECT) AS once LEFT JOIN LATERAL ("
_END: LiteralString = ") found ON true"

_PAGE: LiteralString = (
    _FOUND
    + "SELECT "
    + RESOURCE
    + " FROM tasks t WHERE t.user_id = %(owner)s AND t.deleted_at IS NULL AND t.id > %(after)s"
    + " ORDER BY t.user_id, t.id LIMIT %(limit)s"
    + _END
)
# As an array, which is found before any task is: joined, all tasks of the user would be read, and written as JSON.
_NAMED: LiteralString = (
    _FOUND
    + "SELECT "
    + RESOURCE
    + """ FROM tasks t WHERE t.user_id = %(owner)s AND t.deleted_at IS NULL AND t.id = ANY(ARRAY(
            SELECT o.task_id FROM calendar_objects o WHERE o.user_id = %(owner)s AND o.name = ANY(%(names)s::text[])
            UNION ALL SELECT n.id FROM unnest(%(ids)s::bigint[]) AS n (id) WHERE n.id IS NOT NULL AND NOT EXISTS (
                SELECT FROM calendar_objects o
                WHERE o.user_id = %(owner)s AND o.task_id = n.id AND o.name IS NOT NULL)))"""
    + _END
)


def page(
    transaction: Transaction, *, after: TaskId, whole: bool = False, limit: int | None = None
) -> tuple[Stand, list[Resource]]:
    """The resources behind a task, in the order of their ids; fewer than `limit`, or a page has, only at the end."""
    return _read(transaction.execute(_PAGE, after=after, limit=limit or size_of_page(whole=whole), whole=whole))


def size_of_page(*, whole: bool) -> int:
    return PAGE_WHOLE if whole else PAGE


def named(transaction: Transaction, names: Sequence[str], *, whole: bool = False) -> tuple[Stand, dict[str, Resource]]:
    """Those of the resources that are there, by their names."""
    stand, found = _read(transaction.execute(_NAMED, **named_parameters(names), whole=whole))
    return stand, {resource.name: resource for resource in found}


def stand_of(revision: int | None, history: int | None) -> Stand:
    """Raises `DatabaseUnavailable` when a standby has answered."""
    if history is None:
        raise DatabaseUnavailable("a standby has answered")
    return Stand(Revision(revision or 0), History(history))


def _read(rows: list[Row]) -> tuple[Stand, list[Resource]]:
    stand = stand_of(*rows[0][:2])
    return stand, [Resource(*row[2:]) for row in rows if row[2] is not None]
