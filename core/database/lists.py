"""A user's list: the revision that every change of their tasks takes, and the one place that commits a change.

After `write` returns, every later read through any API process shows the change or something newer: the fence was
raised before COMMIT, while the list row was locked, and once more after it.
"""

from collections.abc import AsyncGenerator, Callable
from typing import LiteralString, TypeVar

from core.cache.fence import Fence
from core.database import driver, streams
from core.database.pool import Database
from core.database.transaction import Row, Transaction
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
