"""A user's list: the revision that every change of their tasks takes, and the one place that commits a change.

After `write` returns, every later read through any API process shows the change or something newer: the fence was
raised before COMMIT, while the list row was locked, and once more after it; what could not be announced is waited for.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from typing import LiteralString, TypeVar

from core.cache.fence import Fence
from core.database import driver, streams
from core.database.pool import Database
from core.database.transaction import BEGIN, Row, Transaction
from core.errors import DatabaseUnavailable, TasklaneError, TooManyTasks
from core.lists.announcements import Announcements
from core.lists.revisions import revisions
from core.lists.stand import STAND
from core.types import Revision, Stand, UserId

T = TypeVar("T")

# What is acknowledged is on disk, whatever the server's default: a crash of one backend would lose it without a trace,
# and neither timeline nor start time would tell that the history is another.
_LIMITS: LiteralString = """
    set_config('statement_timeout', %(statement_timeout)s, true),
    set_config('idle_in_transaction_session_timeout', %(idle_timeout)s, true),
    set_config('synchronous_commit', CASE current_setting('synchronous_commit') WHEN 'off' THEN 'on'
        ELSE current_setting('synchronous_commit') END, true)"""

AS_USER: LiteralString = (
    "SELECT set_config('role', 'tasklane_user', true), set_config('app.user_id', %(owner)s, true)," + _LIMITS + ";"
)
AS_WORKER: LiteralString = "SELECT set_config('role', 'tasklane_worker', true)," + _LIMITS + ";"

# What the list had before this transaction: `tasklane_advance` has told it.
TASKS: LiteralString = "current_setting('app.tasks', true)"
_COUNT: LiteralString = "SELECT count(*) FROM tasks WHERE user_id = %(owner)s"

# Locks the list row until the end of the transaction: revision order is commit order, per user.
_ADVANCE: LiteralString = "SELECT tasklane_advance(%(owner)s);"


class Change:
    """What a write may do: run statements that return, first, the revision that they have set and its history."""

    def __init__(self, transaction: Transaction, *, limit: int = 0) -> None:
        self._transaction = transaction
        self._limit = limit
        self._made = 0
        self._advanced = False
        self.stand: Stand | None = None
        """None while nothing was changed."""
        self.seen: Stand | None = None

    def execute(self, sql: LiteralString, **parameters: object) -> list[Row]:
        """Run a statement whose first columns are the list's revision and history; returns the other columns.

        The first one takes the revision, and with it the lock, in the same round trip.
        """
        if not self._advanced:
            self._transaction.with_next(_ADVANCE)
            self._advanced = True
        rows = self._transaction.execute(sql, **parameters)
        if rows:
            self.stand = Stand(*rows[0][:2])
        return [row[2:] for row in rows]

    def expect_room(self) -> None:
        """Raises `TooManyTasks` if the list cannot have one more; then nothing was changed that was not before."""
        if self._limit:
            sql: LiteralString = "SELECT " + STAND + ", " + TASKS
            [(tasks,)] = self.execute(sql)
            self._expect_at_most(tasks, self._made + 1)

    def have_made(self, tasks: str | None, made: int = 1) -> None:
        """So many more tasks, where the list had `TASKS`; raises `TooManyTasks` if those are too many."""
        self._made += made
        if self._limit:
            self._expect_at_most(tasks, self._made)

    def _expect_at_most(self, tasks: str | None, made: int) -> None:
        if tasks:
            before = int(tasks)
        else:  # not counted yet
            [(now,)] = self.look(_COUNT)
            before = now - self._made
        if before + made > self._limit:
            raise TooManyTasks(self._limit)

    def execute_last(self, sql: LiteralString, **parameters: object) -> None:
        """As `execute`, of a statement that nothing more depends on: after another one it travels with COMMIT."""
        if self.stand is None:
            self.execute(sql, **parameters)
        else:
            self._transaction.with_next(sql + ";", **parameters)

    def repeat(self, stand: Stand) -> None:
        """Announce what another transaction has committed: the answer of this one rests on it."""
        self.seen = stand

    def look(self, sql: LiteralString, **parameters: object) -> list[Row]:
        """Run a statement that changes nothing."""
        return self._transaction.execute(sql, **parameters)


class Lists:
    """A user's list at a time, under the role that the process has: the API's sees no other rows."""

    def __init__(
        self,
        database: Database,
        fence: Fence,
        role: LiteralString = AS_USER,
        *,
        limit: int = 0,
        acknowledges: bool = True,
    ) -> None:
        """`limit`: the most tasks that one may have, 0 for as many as they like.

        Where nobody is told of a change (`acknowledges`), nobody waits for Redis to know it: the worker tells it later.
        """
        self._database = database
        self._fence = fence
        self._role = role
        self._limit = limit
        self._acknowledges = acknowledges
        self.announcements = Announcements(database, fence, role)

    async def read(self, owner: UserId, query: Callable[[Transaction], T]) -> T:
        """Run one statement for `owner`, in one round trip: the message is a transaction by itself."""
        return await self._database.run(query, opening=self._role, parameters={"owner": owner})

    async def revisions(self, owners: Sequence[UserId]) -> dict[UserId, Revision]:
        """How far each of them has come, 0 for what was never written to; each is asked for as its owner."""
        return await revisions(self._database, self._role, owners)

    def stream(self, owner: UserId, sql: LiteralString, parameters: Mapping[str, object]) -> AsyncGenerator[list[Row]]:
        """Many rows for `owner`, in batches of one snapshot; close it (`aclosing`) when you leave early."""
        return streams.stream(self._database, sql, opening=self._role, parameters={**parameters, "owner": owner})

    async def write(self, owner: UserId, change: Callable[[Change], T], *, timeout: float | None = None) -> T:
        """Let `change` work under the next revision of `owner`'s list, and commit both.

        Raises what `change` raises, with nothing changed, and `OutcomeUnknown` when the connection broke in COMMIT.
        `timeout` (seconds) is for a change that may take longer than others, as a whole and in one statement.
        """
        limits = {} if timeout is None else {"statement_timeout": f"{timeout * 1000:.0f}"}
        deadline = time.monotonic() + (timeout or self._database.timeout)
        announce: Stand | None = None

        def work(transaction: Transaction) -> T:
            nonlocal announce
            made = Change(transaction, limit=self._limit)
            result = change(made)
            if made.stand is None:  # nothing was changed, so there is nothing to commit
                announce = made.seen
                return result
            # Before COMMIT: from here on nothing older can be a hit, so whoever sees the change cannot unsee it.
            driver.wait_for(self._fence.raise_to(owner, made.stand))
            announce = made.stand
            transaction.commit()
            return result

        try:
            result = await self._database.run(
                work, opening=BEGIN + self._role, parameters={"owner": owner, **limits}, timeout=timeout
            )
        except (DatabaseUnavailable, asyncio.CancelledError):
            if announce is not None:  # it may have been committed
                await self._fence.raise_to(owner, announce)
            raise
        except TasklaneError:  # whoever is refused for what is there was shown it
            await self.show_present(owner)
            raise
        # After COMMIT: should Redis have been wiped between the two, a reader may have stored the older state.
        if announce is None:
            await self.show_present(owner)
        elif self._acknowledges:
            await self.announcements.acknowledge(owner, announce, deadline=deadline)
        else:
            await self._fence.raise_to(owner, announce, committed=True)
        return result

    async def may_show(self, owner: UserId, stand: Stand) -> None:
        """Return when what was read past the cache may be shown."""
        await self.announcements.show(owner, stand, deadline=time.monotonic() + self._database.timeout)

    async def show(self, owner: UserId, stand: Stand) -> None:
        """Announce what was read where nothing is cached; return when it may be shown."""
        await self.announcements.acknowledge(owner, stand, deadline=time.monotonic() + self._database.timeout)

    async def show_present(self, owner: UserId) -> None:
        """As `may_show`, for what tells something of the list without telling its revision."""
        if not self._acknowledges:
            return
        sql: LiteralString = "SELECT " + STAND
        [(revision, history)] = await self.read(owner, lambda transaction: transaction.execute(sql))
        if revision is not None:
            await self.announcements.acknowledge(
                owner, Stand(revision, history), deadline=time.monotonic() + self._database.timeout
            )
