"""Database work, in the one place where connections are: as many transactions at a time as connections.

A transaction never outlives its deadline, even when PostgreSQL hangs: the driver bounds every wait, and the connection
is given up when the time is over.
"""

import asyncio
import contextlib
import random
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import LiteralString, TypeVar, cast

import psycopg2
import structlog
from psycopg2 import errors, extensions
from psycopg2.extensions import connection as Connection  # noqa: N812  # a type, whatever its case
from sqlalchemy import event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DisconnectionError, InvalidRequestError
from sqlalchemy.pool import PoolProxiedConnection, QueuePool

from core.database import driver
from core.database.hosts import Hosts
from core.database.session import NotPrimary
from core.database.transaction import Transaction
from core.errors import DatabaseUnavailable
from core.settings import Settings

log = structlog.get_logger()

T = TypeVar("T")

ATTEMPTS = 3
"""A transaction that was not committed and failed for a passing reason is tried this often in all."""

SERVER_BUSY = (
    errors.TooManyConnections,
    errors.CannotConnectNow,
    errors.QueryCanceled,
    errors.LockNotAvailable,
    errors.DiskFull,
    errors.OutOfMemory,
    errors.ConfigurationLimitExceeded,
    errors.IdleInTransactionSessionTimeout,
    errors.ReadOnlySqlTransaction,
)
"""The server's own word that it cannot serve now; a later request may fare better."""


class Database:
    """Runs transactions; raises `DatabaseUnavailable` when PostgreSQL cannot serve in time."""

    def __init__(self, settings: Settings) -> None:
        self.timeout = settings.database_timeout
        """Seconds that a transaction takes at most, unless it was given others."""
        self._limits = {
            "statement_timeout": f"{settings.database_statement_timeout * 1000:.0f}",
            "idle_timeout": f"{settings.database_idle_in_transaction_timeout * 1000:.0f}",
        }
        self._refused = ""
        self.slots = size = settings.database_pool_size
        # A thread that looks a name up may be left behind, once per host and slot: the next host needs another.
        self._several = len(settings.database.hosts) > 1
        threads = size * (len(settings.database.hosts) + 1)
        self._connectors = ThreadPoolExecutor(threads, thread_name_prefix="connect")
        self._hosts = Hosts(settings.database, partial(driver.in_thread, self._connectors))
        self._pool = QueuePool(
            self._connect,
            pool_size=size,
            max_overflow=0,
            timeout=0,  # whoever has a slot finds a connection, or room for one
            recycle=round(settings.database_recycle),
            reset_on_return=None,
            use_lifo=True,
        )
        event.listen(self._pool, "checkout", _refuse_dropped)
        self._slots = asyncio.Semaphore(size)

    async def run(
        self,
        work: Callable[[Transaction], T],
        *,
        opening: LiteralString,
        parameters: Mapping[str, object],
        timeout: float | None = None,
    ) -> T:
        """Run `work` in one transaction, started by `opening`; `work` commits as its last act, or it is rolled back.

        It is tried again only when nothing can have been committed and the reason may pass at once: a lost
        connection, a deadlock. `timeout` (seconds) bounds everything, at most half of it the wait for a connection.
        When the caller is cancelled, the transaction ends first: it may still commit.
        """
        seconds = timeout or self.timeout
        deadline = time.monotonic() + seconds
        if self._slots.locked():
            await self._a_slot(seconds / 2)  # whoever gets one so late that it cannot finish only burdens the server
        else:
            await self._slots.acquire()
        try:
            bound = {**self._limits, **parameters}
            return await driver.run(partial(self._attempts, work, opening, bound, deadline), deadline=deadline)
        finally:
            self._slots.release()

    async def ping(self) -> None:
        """See that PostgreSQL answers and has the schema; raises `DatabaseUnavailable`."""
        sql: LiteralString = "SELECT to_regclass('task_lists') IS NOT NULL"
        [(migrated,)] = await self.run(lambda transaction: transaction.execute(sql), opening="", parameters={})
        if not migrated:
            raise DatabaseUnavailable("the schema is missing: run the migrations")

    @property
    def busy(self) -> int:
        """How many of the slots are taken now."""
        return self._pool.checkedout()

    async def close(self) -> None:
        """Wait for the running transactions, then close every connection."""
        for _ in range(self.slots):
            await self._slots.acquire()
        self._pool.dispose()
        self._connectors.shutdown(wait=False, cancel_futures=True)

    async def _a_slot(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._slots.acquire()
        except TimeoutError:
            raise DatabaseUnavailable("no connection became free in time") from None

    def _attempts(
        self,
        work: Callable[[Transaction], T],
        opening: LiteralString,
        parameters: Mapping[str, object],
        deadline: float,
    ) -> T:
        for remaining in reversed(range(ATTEMPTS)):
            try:
                with contextlib.closing(self._pool.connect()) as connection:
                    return _once(connection, work, opening, parameters)
            except SERVER_BUSY as error:
                raise DatabaseUnavailable(type(error).__name__) from error
            except NotPrimary as error:
                raise DatabaseUnavailable("none of the hosts is a primary" if self._several else str(error)) from error
            except (psycopg2.OperationalError, psycopg2.InterfaceError, InvalidRequestError) as error:
                # Nothing was committed: a lost connection (the pool's last word on several in a row is the third type),
                # a deadlock, a serialization failure.
                if not remaining or time.monotonic() >= deadline:
                    raise DatabaseUnavailable(type(error).__name__) from error
                driver.wait_for(asyncio.sleep(random.uniform(0.001, 0.01)))  # noqa: S311  # jitter, not a secret
        raise AssertionError("unreachable")

    def _connect(self) -> DBAPIConnection:
        try:
            connection = self._hosts.connect(deadline=driver.deadline())
        except psycopg2.OperationalError as error:
            reason = str(error)
            if reason != self._refused:  # an outage has one line, not one per request
                log.warning("database_refused", reason=reason)
            self._refused = reason
            raise
        self._refused = ""
        return cast(DBAPIConnection, connection)


def _once(
    connection: PoolProxiedConnection,
    work: Callable[[Transaction], T],
    opening: LiteralString,
    parameters: Mapping[str, object],
) -> T:
    session: Connection = connection.driver_connection  # type: ignore[assignment]  # psycopg2's, by construction
    transaction = Transaction(session, opening, parameters)
    try:
        return work(transaction)
    except errors.ReadOnlySqlTransaction as error:
        connection.invalidate(error)  # the server behind it, or behind its pooler, was made a standby: find the primary
        raise
    finally:
        # Only a live connection with something open needs the round trip; a broken one is refused when its turn comes.
        if not session.closed and session.info.transaction_status in (
            extensions.TRANSACTION_STATUS_INTRANS,
            extensions.TRANSACTION_STATUS_INERROR,
        ):
            transaction.rollback()


def _refuse_dropped(session: Connection, _record: object, _proxy: object) -> None:
    """A ping that costs no round trip: an idle connection that has something to read was closed by the server."""
    idle = session.info.transaction_status == extensions.TRANSACTION_STATUS_IDLE
    if not idle or driver.has_news(session):
        raise DisconnectionError("broken, or closed by the server while it was idle")
