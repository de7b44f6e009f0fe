"""Database work, in the one place where connections are: as many transactions at a time as connections, and of one
user no more than half as many.

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
from sqlalchemy.exc import DisconnectionError, InvalidatePoolError, InvalidRequestError
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection, QueuePool

from core.database import driver
from core.database.ear import Session
from core.database.hosts import PARTS, Hosts
from core.database.session import NoRoom, NotPrimary
from core.database.slots import Slots
from core.database.transaction import Transaction
from core.errors import DatabaseUnavailable
from core.settings import Settings

log = structlog.get_logger()

T = TypeVar("T")

ATTEMPTS = 3
"""A transaction that was not committed and failed for a passing reason is tried this often in all."""

REST_SECONDS = 5
"""For so long at most a slot rests for which the server had no connection; then one is asked for again."""

LONGEST_PAUSE = 0.1
"""Seconds between two requests for a first connection."""

NONE_FREE = "no connection became free in time"

SERVER_BUSY = (
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
        size = settings.database_pool_size
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
        event.listen(self._pool, "checkout", self._refuse_former)
        event.listen(self._pool, "connect", self._made)
        event.listen(self._pool, "close", self._ended)
        self._slots = Slots(size)
        self._sessions = 0
        self._connecting = 0
        self._silence = 0.0
        self._knocker: object = None

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
        owner = parameters.get("owner") or None
        try:
            # Whoever gets one so late that it cannot finish only burdens the server.
            await self._slots.take(seconds / 2, owner)
        except TimeoutError:
            raise DatabaseUnavailable(NONE_FREE) from None
        try:
            bound = {**self._limits, **parameters}
            return await driver.run(partial(self._attempts, work, opening, bound, deadline), deadline=deadline)
        finally:
            self._slots.give(owner)

    async def ping(self) -> None:
        """See that PostgreSQL answers and has the schema; raises `DatabaseUnavailable`."""
        sql: LiteralString = "SELECT to_regclass('task_lists') IS NOT NULL"
        [(migrated,)] = await self.run(lambda transaction: transaction.execute(sql), opening="", parameters={})
        if not migrated:
            raise DatabaseUnavailable("the schema is missing: run the migrations")

    @property
    def slots(self) -> int:
        """How many transactions can run at a time now: fewer while the server has no room for more connections."""
        return self._slots.number

    @property
    def busy(self) -> int:
        """How many of the slots are taken now."""
        return self._pool.checkedout()

    async def close(self) -> None:
        """Wait for the running transactions, then close every connection."""
        await self._slots.close()
        self._pool.dispose()
        self._connectors.shutdown(wait=False, cancel_futures=True)

    def _attempts(
        self,
        work: Callable[[Transaction], T],
        opening: LiteralString,
        parameters: Mapping[str, object],
        deadline: float,
    ) -> T:
        remaining = ATTEMPTS
        myself = object()
        try:
            while True:
                try:
                    with contextlib.closing(self._pool.connect()) as connection:
                        return _once(connection, work, opening, parameters)
                except (NoRoom, errors.TooManyConnections) as error:
                    self._wait_for_room(myself, deadline, error)
                except SERVER_BUSY as error:
                    raise DatabaseUnavailable(type(error).__name__) from error
                except NotPrimary as error:
                    reason = "none of the hosts is a primary" if self._several else str(error)
                    raise DatabaseUnavailable(reason) from error
                except (psycopg2.OperationalError, psycopg2.InterfaceError, InvalidRequestError) as error:
                    # Nothing was committed: a lost connection (the pool's last word on several in a row is the third
                    # type), a deadlock, a serialization failure.
                    remaining -= 1
                    if not remaining or time.monotonic() >= deadline:
                        raise DatabaseUnavailable(type(error).__name__) from error
                    driver.wait_for(asyncio.sleep(random.uniform(0.001, 0.01)))  # noqa: S311  # jitter, not a secret
        finally:
            if self._knocker is myself:
                self._knocker = None
            if time.monotonic() >= deadline:
                self._silence = time.monotonic()

    def _wait_for_room(self, myself: object, deadline: float, refused: psycopg2.Error) -> None:
        """Wait for a connection that this process has; when it has none, one alone asks again for all."""
        left = deadline - time.monotonic()
        if left < LONGEST_PAUSE:
            raise DatabaseUnavailable("the server has no connection left") from refused
        if self._sessions or self._knocker not in (None, myself):
            try:
                rest = REST_SECONDS * random.uniform(0.5, 1)  # noqa: S311  # jitter, not a secret
                driver.wait_for(self._slots.exchange(left / 2, rest=rest))
            except TimeoutError:
                raise DatabaseUnavailable(NONE_FREE) from refused
        else:
            self._knocker = myself
            driver.wait_for(asyncio.sleep(LONGEST_PAUSE * random.uniform(0.2, 1)))  # noqa: S311  # jitter, not a secret

    def _made(self, _session: object, record: ConnectionPoolEntry) -> None:
        self._sessions += 1
        record.info["made"] = record.info["heard"] = time.monotonic()

    def _ended(self, _session: object, _record: object) -> None:
        self._sessions -= 1

    def _refuse_former(self, session: Connection, record: ConnectionPoolEntry, _proxy: object) -> None:
        """Among several hosts: when new sessions are made elsewhere, or a server was silent, what is left of old ones
        is worth a question.
        """
        if record.info["made"] < self._hosts.moved:
            raise DisconnectionError("the primary is elsewhere")
        if self._several and record.info["heard"] < self._silence:
            try:
                with driver.within(1 / PARTS), session.cursor() as cursor:
                    cursor.execute("SELECT")
            except psycopg2.Error as error:
                raise InvalidatePoolError("the server is silent") from error
            record.info["heard"] = time.monotonic()

    def _connect(self) -> DBAPIConnection:
        modest = self._sessions + self._connecting > 0  # the first may take the server's last connection
        self._connecting += 1
        try:
            connection = self._hosts.connect(deadline=driver.deadline(), modest=modest)
        except psycopg2.OperationalError as error:
            reason = str(error)
            if reason != self._refused:  # an outage has one line, not one per request
                log.warning("database_refused", reason=reason)
            self._refused = reason
            raise
        finally:
            self._connecting -= 1
        self._refused = ""
        return cast(DBAPIConnection, connection)


def _once(
    connection: PoolProxiedConnection,
    work: Callable[[Transaction], T],
    opening: LiteralString,
    parameters: Mapping[str, object],
) -> T:
    session: Session = connection.driver_connection  # type: ignore[assignment]  # psycopg2's, by construction
    transaction = Transaction(session, opening, parameters)
    try:
        return work(transaction)
    except errors.ReadOnlySqlTransaction as error:
        connection.invalidate(error)  # the server behind it, or behind its pooler, was made a standby: find the primary
        raise
    finally:
        # Only a live connection with something open needs the round trip; a broken one is refused when its turn comes.
        if session.closed:
            session.stop_listening()
        elif session.info.transaction_status in (
            extensions.TRANSACTION_STATUS_INTRANS,
            extensions.TRANSACTION_STATUS_INERROR,
        ):
            transaction.rollback()


def _refuse_dropped(session: Connection, _record: object, _proxy: object) -> None:
    """A ping that costs no round trip: an idle connection that has something to read was closed by the server."""
    idle = session.info.transaction_status == extensions.TRANSACTION_STATUS_IDLE
    if not idle or driver.has_news(session):
        raise DisconnectionError("broken, or closed by the server while it was idle")
