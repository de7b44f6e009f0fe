"""Blocking database work, in the one place where threads and connections are: as many slots as connections.

A transaction never outlives its deadline, even when PostgreSQL hangs: every wait for the server happens in
`_wait`, which gives the connection up when the time is over.
"""

import asyncio
import contextlib
import random
import select
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, LiteralString, TypeVar, cast

import psycopg2
import structlog
from psycopg2 import errors, extensions
from psycopg2.extensions import connection as Connection  # noqa: N812  # a type, whatever its case
from sqlalchemy import event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DisconnectionError, InvalidRequestError
from sqlalchemy.pool import PoolProxiedConnection, QueuePool

from core.errors import DatabaseUnavailable, OutcomeUnknown
from core.settings import Settings

log = structlog.get_logger()

T = TypeVar("T")
Row = tuple[Any, ...]

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


class Transaction:
    """One transaction on one connection. What opens it travels with its first statement, in one round trip.

    `BEGIN` and the settings that `opening` makes are transaction-local, so that a pooler (PgBouncer, Neon) may
    hand the connection to anyone afterwards. Several statements in one message are run one after another, each with
    a snapshot of its own (PostgreSQL documentation, 54.2.2.1); the rows of the last are returned.
    """

    def __init__(self, connection: Connection, opening: LiteralString, parameters: Mapping[str, object]) -> None:
        self._cursor = connection.cursor()
        self._pending: LiteralString = opening
        self._opened = False
        self._parameters = parameters

    def execute(self, sql: LiteralString, **parameters: object) -> list[Row]:
        """Run `sql`; the parameters of the opening (the owner) can be used in it by name."""
        if self._opened and self._cursor.connection.info.transaction_status == extensions.TRANSACTION_STATUS_IDLE:
            raise AssertionError("without BEGIN a transaction is one message: another would have no role")
        message = self._pending + sql
        self._pending, self._opened = "", True
        self._cursor.execute(message, {**self._parameters, **parameters})
        return self._cursor.fetchall() if self._cursor.description else []

    def extend(self, seconds: float) -> None:
        """Move the deadline: from now on the server has `seconds` for what it is asked next."""
        _local.deadline = time.monotonic() + seconds

    def with_next(self, sql: LiteralString) -> None:
        """Send `sql` together with the next statement, before it."""
        self._pending += sql

    def commit(self) -> None:
        """Make it last; raises `OutcomeUnknown` when the server's answer did not arrive."""
        try:
            self._cursor.execute("COMMIT")
        except psycopg2.Error as error:
            # A server that refuses to commit says so and goes on. One that says good-bye may have committed before.
            if self._cursor.connection.closed:
                raise OutcomeUnknown("the connection broke during COMMIT") from error
            raise
        if self._cursor.statusmessage != "COMMIT":
            raise AssertionError("a statement failed, so COMMIT has rolled back")

    def rollback(self) -> None:
        self._cursor.execute("ROLLBACK")


class Database:
    """Runs transactions in threads; raises `DatabaseUnavailable` when PostgreSQL cannot serve in time."""

    def __init__(self, settings: Settings) -> None:
        self._timeout = settings.database_timeout
        self._limits = {
            "statement_timeout": f"{settings.database_statement_timeout * 1000:.0f}",
            "idle_timeout": f"{settings.database_idle_in_transaction_timeout * 1000:.0f}",
        }
        extensions.set_wait_callback(_wait)
        self._url = settings.libpq_url
        self._refused = ""
        size = settings.database_pool_size
        self._pool = QueuePool(
            self._connect,
            pool_size=size,
            max_overflow=0,
            timeout=self._timeout,
            recycle=round(settings.database_recycle),
            reset_on_return=None,
            use_lifo=True,
        )
        event.listen(self._pool, "checkout", _refuse_dropped)
        self._threads = ThreadPoolExecutor(size, thread_name_prefix="database")
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
        connection, a deadlock. `timeout` (seconds) bounds everything, the wait for a connection included. When the
        caller is cancelled, the thread is waited for first: it may still commit.
        """
        deadline = time.monotonic() + (timeout or self._timeout)
        try:
            async with asyncio.timeout(timeout or self._timeout):
                await self._slots.acquire()
        except TimeoutError:
            raise DatabaseUnavailable("no connection became free in time") from None
        try:
            bound = {**self._limits, **parameters}
            settled = asyncio.get_running_loop().run_in_executor(
                self._threads, self._attempts, work, opening, bound, deadline
            )
            try:
                await asyncio.wait({settled})
            finally:
                while not settled.done():
                    with contextlib.suppress(asyncio.CancelledError):
                        await asyncio.wait({settled})
                settled.exception()  # seen, even if nobody is left to take it
            return settled.result()
        finally:
            self._slots.release()

    async def ping(self) -> None:
        """See that PostgreSQL answers and has the schema; raises `DatabaseUnavailable`."""
        sql: LiteralString = "SELECT to_regclass('task_lists') IS NOT NULL"
        [(migrated,)] = await self.run(lambda transaction: transaction.execute(sql), opening="", parameters={})
        if not migrated:
            raise DatabaseUnavailable("the schema is missing: run the migrations")

    def close(self) -> None:
        """Wait for the running transactions, then close every connection."""
        self._threads.shutdown()
        self._pool.dispose()

    def _attempts(
        self,
        work: Callable[[Transaction], T],
        opening: LiteralString,
        parameters: Mapping[str, object],
        deadline: float,
    ) -> T:
        for remaining in reversed(range(ATTEMPTS)):
            try:
                with _deadline(deadline), contextlib.closing(self._pool.connect()) as connection:
                    return _once(connection, work, opening, parameters)
            except SERVER_BUSY as error:
                raise DatabaseUnavailable(type(error).__name__) from error
            except (psycopg2.OperationalError, psycopg2.InterfaceError, InvalidRequestError) as error:
                # Nothing was committed: a lost connection (the pool's last word on several in a row is the third type),
                # a deadlock, a serialization failure.
                if not remaining or time.monotonic() >= deadline:
                    raise DatabaseUnavailable(type(error).__name__) from error
                time.sleep(random.uniform(0.001, 0.01))  # noqa: S311  # jitter, not a secret
        raise AssertionError("unreachable")

    def _connect(self) -> DBAPIConnection:
        try:
            connection = psycopg2.connect(
                self._url,
                fallback_application_name="tasklane",
                keepalives_idle=30,
                keepalives_interval=5,
                keepalives_count=3,
            )
        except psycopg2.OperationalError as error:
            reason = str(error).strip()
            if reason != self._refused:  # an outage has one line, not one per request
                log.warning("database_refused", reason=reason)
            self._refused = reason
            raise
        self._refused = ""
        connection.autocommit = True  # the transaction's own messages say BEGIN and COMMIT
        return cast(DBAPIConnection, connection)


def _once(
    connection: PoolProxiedConnection,
    work: Callable[[Transaction], T],
    opening: LiteralString,
    parameters: Mapping[str, object],
) -> T:
    driver: Connection = connection.driver_connection  # type: ignore[assignment]  # psycopg2's, by construction
    transaction = Transaction(driver, opening, parameters)
    try:
        return work(transaction)
    finally:
        # Only a live connection with something open needs the round trip; a broken one is refused when its turn comes.
        if not driver.closed and driver.info.transaction_status in (
            extensions.TRANSACTION_STATUS_INTRANS,
            extensions.TRANSACTION_STATUS_INERROR,
        ):
            transaction.rollback()


def _refuse_dropped(driver: Connection, _record: object, _proxy: object) -> None:
    """A ping that costs no round trip: an idle connection that has something to read was closed by the server."""
    idle = driver.info.transaction_status == extensions.TRANSACTION_STATUS_IDLE
    if not idle or _ready(driver.fileno(), select.POLLIN, 0):
        raise DisconnectionError("broken, or closed by the server while it was idle")


_local = threading.local()


@contextlib.contextmanager
def _deadline(at: float) -> Iterator[None]:
    _local.deadline = at
    try:
        yield
    finally:
        _local.deadline = None


def _wait(connection: Connection) -> None:
    """psycopg2's wait callback: as its default, but no longer than this thread's deadline.

    A server that hangs (stopped, swapped out, behind a black hole) answers no time-out of its own.
    https://www.psycopg.org/docs/advanced.html#support-for-coroutine-libraries
    """
    deadline: float | None = getattr(_local, "deadline", None)
    while (state := connection.poll()) != extensions.POLL_OK:
        patience = None if deadline is None else max(0.0, deadline - time.monotonic())
        direction = select.POLLIN if state == extensions.POLL_READ else select.POLLOUT
        if not _ready(connection.fileno(), direction, patience):
            raise psycopg2.OperationalError("PostgreSQL did not answer in time")


def _ready(descriptor: int, direction: int, patience: float | None) -> bool:
    poll = select.poll()  # select() itself refuses descriptors above 1023
    poll.register(descriptor, direction)
    return bool(poll.poll(None if patience is None else patience * 1000))
