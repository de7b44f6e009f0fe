"""What has changed in a collection since (RFC 6578): as `core.tasks.sync.changes`, by the same tokens, but by names."""

from dataclasses import dataclass
from typing import LiteralString

from core.calendars.reads import RESOURCE, Resource, stand_of
from core.database.transaction import Transaction
from core.errors import Resynchronise
from core.lists.stand import HISTORY, LIST
from core.tasks.sync import changes
from core.tasks.sync.token import Place, Token, fingerprint
from core.types import Stand, UserId

MOST_BYTES = 4 * 1024 * 1024
"""Of the files in a page, but for its last one: written as XML they may be five times as long."""


@dataclass(frozen=True, slots=True)
class SyncPage:
    """A part of what has changed."""

    stand: Stand
    changed: list[Resource]
    gone: list[str]
    """Names under which nothing is any more."""
    next: Token
    more: bool


# No index on the revision: see `core.tasks.sync.changes`. A name is a task's for as long as that is in the trash.
_PAGE: LiteralString = (
    "SELECT coalesce(l.revision, 0), "
    + HISTORY
    + ", coalesce(l.horizon, 0), coalesce(l.histories, '{}'), found.* FROM (SELECT) AS once LEFT JOIN "
    + LIST
    + " l ON true LEFT JOIN LATERAL (SELECT t.deleted_at IS NOT NULL AS gone, t.following, "
    + RESOURCE
    + """ FROM (
            SELECT *, count(*) OVER () AS following, sum(CASE WHEN %(whole)s THEN (
                SELECT octet_length(o.kept) FROM calendar_objects o
                WHERE o.user_id = behind.user_id AND o.task_id = behind.id
            ) END) OVER (ORDER BY revision, id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
            FROM (
                SELECT * FROM tasks WHERE user_id = %(owner)s AND (revision, id) > (%(revision)s, %(id)s)
                    AND (deleted_at IS NULL OR revision > %(floor)s)
                ORDER BY revision, id LIMIT %(limit)s + 1
            ) behind
        ) t WHERE coalesce(t.before, 0) <= %(bytes)s ORDER BY t.revision, t.id
    ) found ON true"""
)


def page(transaction: Transaction, owner: UserId, since: Token | None, *, limit: int, whole: bool = False) -> SyncPage:
    """What follows on what has been seen, but not too much; raises `Resynchronise` when that cannot be said."""
    if since and since.owner != fingerprint(owner):
        raise Resynchronise
    if since and since.holds_nothing:
        since = None
    rows = transaction.execute(_PAGE, limit=limit, whole=whole, bytes=MOST_BYTES, **changes.beginning(since))
    revision, history, horizon, histories = rows[0][:4]
    stand = stand_of(revision, history)
    if since and not (since.floor >= horizon and since.revision <= revision and changes.survives(since, histories)):
        raise Resynchronise
    found = [(row[4], Resource(*row[6:])) for row in rows if row[4] is not None][:limit]
    more = bool(found) and rows[0][5] > len(found)
    floor = since.floor if since else stand.revision
    last = found[-1][1] if more else None
    place = Place(floor, last.revision, last.id) if last else None
    return SyncPage(
        stand,
        [resource for gone, resource in found if not gone],
        [resource.name for gone, resource in found if gone],
        Token.of(owner, changes.last_history(histories), stand.revision, place),
        more,
    )
