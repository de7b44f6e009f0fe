"""What has changed since: a page of tasks and tombstones, and whether its reader can be brought up to date at all.

Whoever applies the pages in their order, until nothing is left, holds the list as it is at the last one's revision.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, LiteralString

from core.database.transaction import Transaction
from core.errors import Resynchronise
from core.lists.stand import HISTORY, LIST
from core.tasks.fields import TASK_JSON, TOMBSTONE_JSON
from core.tasks.questions.queries import ChangesQuery
from core.tasks.sync.token import Place, Token, fingerprint
from core.types import MAX_TASK_ID, History, Revision, Stand, TaskId, UserId

NO_HISTORY = History(0)
"""Of a list that has noted none."""


@dataclass(frozen=True, slots=True)
class Page:
    """A part of what has changed: `json` is an array of tasks and tombstones; `more` of them follow, or none."""

    stand: Stand
    json: str
    next: Token
    more: bool


# No index on the revision: every write would have to change it. So a page reads all of the user's tasks (ADR 0030).
_PAGE: LiteralString = (
    "SELECT coalesce(l.revision, 0), "
    + HISTORY
    + """, coalesce(l.horizon, 0), coalesce(l.histories, '{}'), found.json, found.revision, found.id
    FROM (SELECT) AS once LEFT JOIN """
    + LIST
    + """ l ON true CROSS JOIN (
        SELECT string_agg(CASE WHEN t.deleted_at IS NULL THEN """
    + TASK_JSON
    + " ELSE "
    + TOMBSTONE_JSON
    + """ END, chr(30)) AS json, (array_agg(t.revision))[%(limit)s] AS revision, (array_agg(t.id))[%(limit)s] AS id
        FROM (
            SELECT * FROM tasks WHERE user_id = %(owner)s AND (revision, id) > (%(revision)s, %(id)s)
                AND (deleted_at IS NULL OR revision > %(floor)s)
            ORDER BY revision, id LIMIT %(limit)s + 1
        ) t
    ) found"""
)
_ALL_REVISIONS = Revision(2**63 - 1)

_STAND: LiteralString = (
    "SELECT coalesce(l.revision, 0), "
    + HISTORY
    + ", coalesce(l.histories, '{}') FROM (SELECT) AS once LEFT JOIN "
    + LIST
    + " l ON true"
)


def page(transaction: Transaction, owner: UserId, query: ChangesQuery) -> Page:
    """What follows on what has been seen; raises `Resynchronise` when that cannot be said."""
    since = query.since
    if since and since.owner != fingerprint(owner):
        raise Resynchronise
    if since and since.holds_nothing:
        since = None
    [(revision, history, horizon, histories, tasks, last, id_)] = transaction.execute(
        _PAGE, limit=query.limit, **beginning(since)
    )
    if since and not (since.floor >= horizon and since.revision <= revision and survives(since, histories)):
        raise Resynchronise
    rows = tasks.split("\x1e") if tasks else []
    more = len(rows) > query.limit
    floor = since.floor if since else revision
    place = Place(floor, Revision(last), TaskId(id_)) if more else None
    following = Token.of(owner, last_history(histories), Revision(revision), place)
    return Page(Stand(revision, history), f"[{','.join(rows[: query.limit])}]", following, more)


def present(transaction: Transaction, owner: UserId) -> tuple[Stand, Token]:
    """How far the list has come, and the token of whoever has seen all of it."""
    [(revision, history, histories)] = transaction.execute(_STAND)
    return Stand(revision, history), Token.of(owner, last_history(histories), Revision(revision))


def survives(token: Token, histories: Sequence[int]) -> bool:
    """Whether the present history goes back to what the token's bearer has seen.

    `histories` has, from the last one backwards, each history under which the list took revisions, followed by the
    revision that it had before. A server that takes over has a beginning of what the one before has written. So what
    was seen under a history is there if the list knows that history, and had come as far when the next one began.
    """
    for history, base in zip(histories[::2], histories[1::2], strict=True):
        if history == token.history:
            return base < token.revision
        if base < token.revision:
            return False
    return not histories and token.history == NO_HISTORY


def beginning(since: Token | None) -> dict[str, Any]:
    """What the statement takes: where the page begins, and above which revision deletions are told."""
    if since is None:
        return {"revision": -1, "id": 0, "floor": _ALL_REVISIONS}
    if since.place is None:
        return {"revision": since.revision, "id": MAX_TASK_ID, "floor": since.floor}
    return {"revision": since.place.revision, "id": since.place.id, "floor": since.floor}


def last_history(histories: Sequence[int]) -> History:
    """The one under which the list took its revision."""
    return History(histories[0]) if histories else NO_HISTORY
