"""All users' lists at once, as the worker sees and repairs them."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import datetime
from typing import LiteralString, NamedTuple, TypeVar

from core.database import driver
from core.database.pool import Database
from core.database.transaction import BEGIN, Transaction
from core.lists.lists import AS_WORKER
from core.lists.stand import HISTORY
from core.types import History, Revision, Stand, UserId

T = TypeVar("T")

PUBLISHING = 0x7075626C
"""The advisory lock of whoever publishes ("publ"): any number will do that nobody else takes."""

EXCLUSIVE_SECONDS = 30
"""What a transaction that does nothing but hold a lock takes at most."""


class Place(NamedTuple):
    """Where a list stands among those that are to be published: by its revision."""

    revision: Revision
    owner: UserId


OLDEST = Place(Revision(-1), UserId(""))
NEWEST = Place(Revision(2**63 - 1), UserId(""))


class Look(NamedTuple):
    """What the worker must know before it publishes."""

    history: History
    note: str
    pending: bool
    """Whether any list has changed since the cache was last told."""


class AllLists:
    """All users' lists at once, as the worker sees and repairs them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def look(self) -> Look:
        """The history that PostgreSQL gives revisions under now, the note, and whether there is anything to publish."""
        sql: LiteralString = (
            "SELECT "
            + HISTORY
            + """, (SELECT state FROM cache_state),
                EXISTS (SELECT FROM unpublished_lists)"""
        )
        [row] = await self._read(lambda transaction: transaction.execute(sql))
        return Look(*row)

    async def oldest(self, *, after: Place, limit: int) -> list[tuple[UserId, Stand]]:
        """Up to `limit` lists that changed since the cache was last told, by rising revision.

        Who follows them with `after` meets every list that was among them at the beginning: another change only moves
        one further up.
        """
        sql: LiteralString = (
            "SELECT user_id, revision, "
            + HISTORY
            + """ FROM unpublished_lists WHERE (revision, user_id) > (%(revision)s, %(user)s)
            ORDER BY revision, user_id LIMIT %(limit)s"""
        )
        return await self._lists(sql, revision=after.revision, user=after.owner, limit=limit)

    async def newest(self, *, before: Place, above: Revision, limit: int) -> list[tuple[UserId, Stand]]:
        """As `oldest`, by falling revision, and only those above one."""
        sql: LiteralString = (
            "SELECT user_id, revision, "
            + HISTORY
            + """ FROM unpublished_lists WHERE (revision, user_id) < (%(revision)s, %(user)s) AND revision > %(above)s
            ORDER BY revision DESC, user_id DESC LIMIT %(limit)s"""
        )
        return await self._lists(sql, revision=before.revision, user=before.owner, above=above, limit=limit)

    async def mark_published(self, lists: Sequence[tuple[UserId, Stand]]) -> None:
        """Record what the cache was told. A list that a writer holds right now is left for the next time."""
        sql: LiteralString = """
            WITH told AS (
                SELECT * FROM unnest(%(owners)s::text[], %(revisions)s::bigint[]) AS told (user_id, revision)
            ), free AS (
                SELECT user_id FROM task_lists JOIN told USING (user_id) ORDER BY user_id
                FOR UPDATE OF task_lists SKIP LOCKED
            )
            UPDATE task_lists l SET published_revision = greatest(l.published_revision, told.revision)
            FROM told JOIN free USING (user_id) WHERE l.user_id = told.user_id
        """
        owners = [owner for owner, _ in lists]
        revisions = [stand.revision for _, stand in lists]
        await self._write(lambda transaction: transaction.execute(sql, owners=owners, revisions=revisions))

    async def count(self, owners: Sequence[UserId]) -> int:
        """Count the tasks of these lists, but for those that a writer holds right now; returns how many it did."""
        sql: LiteralString = "SELECT tasklane_count(%(owners)s)"
        [(count,)] = await self._write(lambda transaction: transaction.execute(sql, owners=list(owners)))
        return int(count)

    async def count_uncounted(self, *, after: UserId, limit: int) -> tuple[UserId | None, int]:
        """Look at `limit` lists behind one, by their users, and count those that were not counted yet.

        Returns the last of them, None at the end, and how many were counted.
        """
        sql: LiteralString = """
            SELECT max(user_id), tasklane_count(array_agg(user_id) FILTER (WHERE live IS NULL)) FROM (
                SELECT user_id, live FROM task_lists WHERE user_id > %(after)s ORDER BY user_id LIMIT %(limit)s
            ) next
        """
        [(last, count)] = await self._write(lambda transaction: transaction.execute(sql, after=after, limit=limit))
        return last, int(count)

    async def exclusively(self, work: Callable[[], Awaitable[T]]) -> T | None:
        """Do `work` while nobody else, in whichever process, is within this; None, at once, if somebody is."""
        sql: LiteralString = "SELECT pg_try_advisory_xact_lock(%(lock)s)"

        def locked(transaction: Transaction) -> T | None:
            [(free,)] = transaction.execute(sql, lock=PUBLISHING)
            return driver.wait_for(work()) if free else None

        limits = {"idle_timeout": f"{EXCLUSIVE_SECONDS * 1000}"}
        return await self._database.run(locked, opening=BEGIN + AS_WORKER, parameters=limits, timeout=EXCLUSIVE_SECONDS)

    async def note_leaving(self) -> bool:
        """Note that Redis is silent: nobody who connects reads from now on; False if that was noted already."""
        sql: LiteralString = """
            UPDATE cache_state SET state = 'leaving', noted_at = clock_timestamp()
            WHERE state NOT IN ('leaving', 'away') RETURNING 1
        """
        return bool(await self._write(lambda transaction: transaction.execute(sql)))

    async def note_away(self) -> bool:
        """Note that the worker has lost Redis: nobody waits for it any more; False if that was noted already."""
        sql: LiteralString = (
            "UPDATE cache_state SET state = 'away', noted_at = clock_timestamp() WHERE state = 'leaving' RETURNING 1"
        )
        return bool(await self._write(lambda transaction: transaction.execute(sql)))

    async def note_returning(self) -> datetime | None:
        """Note that Redis is there again: writers wait again. Returns since when it is so, None if it is over."""
        sql: LiteralString = """
            UPDATE cache_state SET state = 'returning', noted_at = clock_timestamp() WHERE state IN ('leaving', 'away');
            SELECT noted_at FROM cache_state WHERE state = 'returning'
        """
        rows = await self._write(lambda transaction: transaction.execute(sql))
        return rows[0][0] if rows else None

    async def note_reached(self, since: datetime) -> bool:
        """Note that Redis has been told everything; False if it was lost again since `note_returning`."""
        sql: LiteralString = """
            UPDATE cache_state SET state = 'reached', noted_at = clock_timestamp()
            WHERE state = 'returning' AND noted_at = %(since)s RETURNING 1
        """
        return bool(await self._write(lambda transaction: transaction.execute(sql, since=since)))

    async def with_tasks_deleted_before(
        self, cutoff: datetime, *, limit: int, but: Collection[UserId] = ()
    ) -> list[UserId]:
        """Up to `limit` users, `but` for these, whose trash holds something older."""
        sql: LiteralString = """
            SELECT DISTINCT user_id FROM (
                SELECT user_id FROM tasks
                WHERE deleted_at IS NOT NULL AND deleted_at AT TIME ZONE 'UTC' < %(cutoff)s AT TIME ZONE 'UTC'
                    AND user_id <> ALL(%(but)s)
                ORDER BY deleted_at AT TIME ZONE 'UTC' LIMIT %(limit)s
            ) oldest
        """
        asked = {"cutoff": cutoff, "limit": limit, "but": list(but)}
        return [row[0] for row in await self._read(lambda tx: tx.execute(sql, **asked))]

    async def crowded(self, *, limit: int, but: Collection[UserId] = ()) -> list[UserId]:
        """Up to `limit` users, `but` for these, in whose order by hand keys have grown long."""
        sql: LiteralString = (
            "SELECT user_id FROM crowded_lists WHERE user_id <> ALL(%(but)s) ORDER BY user_id LIMIT %(limit)s"
        )
        return [row[0] for row in await self._read(lambda tx: tx.execute(sql, limit=limit, but=list(but)))]

    async def forget_keys_before(self, cutoff: datetime, *, limit: int) -> int:
        """Delete up to `limit` idempotency keys that are older; returns how many."""
        sql: LiteralString = """
            WITH gone AS (
                DELETE FROM idempotency_keys WHERE (user_id, key) IN (
                    SELECT user_id, key FROM idempotency_keys WHERE created_at < %(cutoff)s
                    ORDER BY created_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
                RETURNING 1
            ) SELECT count(*) FROM gone
        """
        [(count,)] = await self._write(lambda tx: tx.execute(sql, cutoff=cutoff, limit=limit))
        return int(count)

    async def to_be_emptied(self, *, limit: int, but: Collection[UserId] = ()) -> list[UserId]:
        """Up to `limit` users, `but` for these, who asked for erasure and have something left; whoever has waited
        longest first.
        """
        sql: LiteralString = """
            SELECT user_id FROM account_erasures e WHERE user_id <> ALL(%(but)s)
                AND (EXISTS (SELECT FROM tasks t WHERE t.user_id = e.user_id)
                    OR EXISTS (SELECT FROM idempotency_keys k WHERE k.user_id = e.user_id))
            ORDER BY requested_at LIMIT %(limit)s
        """
        return [row[0] for row in await self._read(lambda tx: tx.execute(sql, limit=limit, but=list(but)))]

    async def emptied(
        self, *, limit: int, untouched_for: float = 0, but: Collection[UserId] = ()
    ) -> list[tuple[UserId, Stand]]:
        """Up to `limit` users, `but` for these, who asked for erasure, of whom only the list's revision is left.

        Only those whose list has not changed for some seconds: what was cached before has expired.
        """
        sql: LiteralString = (
            "SELECT user_id, coalesce(revision, 0), "
            + HISTORY
            + """ FROM account_erasures e LEFT JOIN task_lists l USING (user_id)
            WHERE NOT EXISTS (SELECT FROM tasks t WHERE t.user_id = e.user_id)
                AND NOT EXISTS (SELECT FROM idempotency_keys k WHERE k.user_id = e.user_id)
                AND coalesce(l.updated_at, e.requested_at) <= now() - %(seconds)s * interval '1 second'
                AND e.user_id <> ALL(%(but)s)
            ORDER BY requested_at LIMIT %(limit)s"""
        )
        return await self._lists(sql, limit=limit, seconds=untouched_for, but=list(but))

    async def _lists(self, sql: LiteralString, **parameters: object) -> list[tuple[UserId, Stand]]:
        rows = await self._read(lambda transaction: transaction.execute(sql, **parameters))
        return [(owner, Stand(revision, history)) for owner, revision, history in rows]

    async def _read(self, query: Callable[[Transaction], T]) -> T:
        return await self._database.run(query, opening=AS_WORKER, parameters={})

    async def _write(self, work: Callable[[Transaction], T]) -> T:
        def committed(transaction: Transaction) -> T:
            result = work(transaction)
            transaction.commit()
            return result

        return await self._database.run(committed, opening=BEGIN + AS_WORKER, parameters={})
