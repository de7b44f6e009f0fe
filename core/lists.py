"""A user's list: the revision that every change of their tasks takes, and the one place that commits a change.

After `write` returns, every later read through any API process shows the change or something newer: the fence was
raised before COMMIT, while the list row was locked, and once more after it.
"""

from collections.abc import AsyncGenerator, Callable, Sequence
from datetime import datetime
from typing import LiteralString, TypeVar

from core import driver, streams
from core.database import Database, Row, Transaction
from core.fence import Fence
from core.types import Revision, UserId

T = TypeVar("T")

_LIMITS: LiteralString = """
    set_config('statement_timeout', %(statement_timeout)s, true),
    set_config('idle_in_transaction_session_timeout', %(idle_timeout)s, true)"""

AS_USER: LiteralString = (
    "SELECT set_config('role', 'tasklane_user', true), set_config('app.user_id', %(owner)s, true)," + _LIMITS + ";"
)
AS_WORKER: LiteralString = "SELECT set_config('role', 'tasklane_worker', true)," + _LIMITS + ";"

# Locks the list row until the end of the transaction: revision order is commit order, per user.
_ADVANCE: LiteralString = "SELECT tasklane_advance(%(owner)s);"

REVISION: LiteralString = "(SELECT revision FROM task_lists WHERE user_id = %(owner)s)"
"""The list's revision; within a write, the one that the write has taken."""


class Change:
    """What a write may do: run statements that return, first, the revision that they have set."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._advanced = False
        self.revision: Revision | None = None
        """None while nothing was changed."""
        self.seen: Revision | None = None

    def execute(self, sql: LiteralString, **parameters: object) -> list[Row]:
        """Run a statement whose first column is the list's revision; returns the other columns.

        The first one takes the revision, and with it the lock, in the same round trip.
        """
        if not self._advanced:
            self._transaction.with_next(_ADVANCE)
            self._advanced = True
        rows = self._transaction.execute(sql, **parameters)
        if rows:
            self.revision = rows[0][0]
        return [row[1:] for row in rows]

    def repeat(self, revision: Revision) -> None:
        """Announce what another transaction has committed: the answer of this one rests on it."""
        self.seen = revision

    def look(self, sql: LiteralString, **parameters: object) -> list[Row]:
        """Run a statement that changes nothing."""
        return self._transaction.execute(sql, **parameters)


class Lists:
    """A user's list at a time, under the role that the process has: the API's sees no other rows."""

    def __init__(self, database: Database, fence: Fence, role: LiteralString = AS_USER) -> None:
        self._database = database
        self._fence = fence
        self._role = role

    async def read(self, owner: UserId, query: Callable[[Transaction], T]) -> T:
        """Run one statement for `owner`, in one round trip: the message is a transaction by itself."""
        return await self._database.run(query, opening=self._role, parameters={"owner": owner})

    def stream(self, owner: UserId, sql: LiteralString) -> AsyncGenerator[list[Row]]:
        """Many rows for `owner`, in batches of one snapshot; close it (`aclosing`) when you leave early."""
        return streams.stream(self._database, sql, opening=self._role, parameters={"owner": owner})

    async def write(self, owner: UserId, change: Callable[[Change], T], *, timeout: float | None = None) -> T:
        """Let `change` work under the next revision of `owner`'s list, and commit both.

        Raises what `change` raises, with nothing changed, and `OutcomeUnknown` when the connection broke in COMMIT.
        `timeout` (seconds) is for a change that may take longer than others, as a whole and in one statement.
        """
        limits = {} if timeout is None else {"statement_timeout": f"{timeout * 1000:.0f}"}
        announce: Revision | None = None

        def work(transaction: Transaction) -> T:
            nonlocal announce
            made = Change(transaction)
            result = change(made)
            if made.revision is None:  # nothing was changed, so there is nothing to commit
                announce = made.seen
                return result
            # Before COMMIT: from here on nothing older can be a hit, so whoever sees the change cannot unsee it.
            driver.wait_for(self._fence.raise_to(owner, made.revision))
            announce = made.revision
            transaction.commit()
            return result

        try:
            return await self._database.run(
                work, opening="BEGIN;" + self._role, parameters={"owner": owner, **limits}, timeout=timeout
            )
        finally:
            # After COMMIT: should Redis have been wiped between the two, a reader may have stored the older state.
            if announce is not None:
                await self._fence.raise_to(owner, announce)


class AllLists:
    """All users' lists at once, as the worker sees and repairs them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def pending(self, *, after: str, limit: int) -> list[tuple[UserId, Revision]]:
        """Up to `limit` lists that changed since the cache was last told, in the order of their user id."""
        sql: LiteralString = """
            SELECT user_id, revision FROM task_lists WHERE revision > published_revision AND user_id > %(after)s
            ORDER BY user_id LIMIT %(limit)s
        """
        return await self._pairs(sql, after=after, limit=limit)

    async def changed_within(self, seconds: float, *, after: str, limit: int) -> list[tuple[UserId, Revision]]:
        """Up to `limit` lists that changed in the last `seconds`, in the order of their user id."""
        sql: LiteralString = """
            SELECT user_id, revision FROM task_lists
            WHERE updated_at > now() - make_interval(secs => %(seconds)s) AND user_id > %(after)s
            ORDER BY user_id LIMIT %(limit)s
        """
        return await self._pairs(sql, seconds=seconds, after=after, limit=limit)

    async def mark_published(self, lists: Sequence[tuple[UserId, Revision]]) -> None:
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
        revisions = [revision for _, revision in lists]
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

    async def _pairs(self, sql: LiteralString, **parameters: object) -> list[tuple[UserId, Revision]]:
        return [(row[0], row[1]) for row in await self._read(lambda tx: tx.execute(sql, **parameters))]

    async def _read(self, query: Callable[[Transaction], T]) -> T:
        return await self._database.run(query, opening=AS_WORKER, parameters={})

    async def _write(self, work: Callable[[Transaction], T]) -> T:
        def committed(transaction: Transaction) -> T:
            result = work(transaction)
            transaction.commit()
            return result

        return await self._database.run(committed, opening="BEGIN;" + AS_WORKER, parameters={})
