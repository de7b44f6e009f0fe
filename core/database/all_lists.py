"""All users' lists at once, as the worker sees and repairs them."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import LiteralString, TypeVar

from core.database.lists import AS_WORKER, HISTORY
from core.database.pool import Database
from core.database.transaction import Transaction
from core.types import History, Stand, UserId

T = TypeVar("T")


class AllLists:
    """All users' lists at once, as the worker sees and repairs them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def pending(self, *, after: str, limit: int) -> list[tuple[UserId, Stand]]:
        """Up to `limit` lists that changed since the cache was last told, in the order of their user id."""
        sql: LiteralString = (
            "SELECT user_id, revision, "
            + HISTORY
            + """ FROM task_lists WHERE revision > published_revision AND user_id > %(after)s
            ORDER BY user_id LIMIT %(limit)s"""
        )
        rows = await self._read(lambda transaction: transaction.execute(sql, after=after, limit=limit))
        return [(owner, Stand(revision, history)) for owner, revision, history in rows]

    async def history(self) -> History:
        """The one that PostgreSQL gives revisions under now."""
        sql: LiteralString = "SELECT " + HISTORY
        [(history,)] = await self._read(lambda transaction: transaction.execute(sql))
        return History(history)

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

    async def with_tasks_deleted_before(self, cutoff: datetime, *, limit: int) -> list[UserId]:
        """Up to `limit` users whose trash holds something older."""
        sql: LiteralString = """
            SELECT DISTINCT user_id FROM (
                SELECT user_id FROM tasks
                WHERE deleted_at IS NOT NULL AND deleted_at AT TIME ZONE 'UTC' < %(cutoff)s AT TIME ZONE 'UTC'
                ORDER BY deleted_at AT TIME ZONE 'UTC' LIMIT %(limit)s
            ) oldest
        """
        return [row[0] for row in await self._read(lambda tx: tx.execute(sql, cutoff=cutoff, limit=limit))]

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

    async def to_be_erased(self, *, limit: int) -> list[UserId]:
        """Up to `limit` users who asked for it, whoever has waited longest first."""
        sql: LiteralString = "SELECT user_id FROM account_erasures ORDER BY requested_at LIMIT %(limit)s"
        return [row[0] for row in await self._read(lambda tx: tx.execute(sql, limit=limit))]

    async def _read(self, query: Callable[[Transaction], T]) -> T:
        return await self._database.run(query, opening=AS_WORKER, parameters={})

    async def _write(self, work: Callable[[Transaction], T]) -> T:
        def committed(transaction: Transaction) -> T:
            result = work(transaction)
            transaction.commit()
            return result

        return await self._database.run(committed, opening="BEGIN;" + AS_WORKER, parameters={})
