"""What stands between the product and PostgreSQL in a test: a name of its own, and a wire that can be cut."""

import contextlib
import secrets
import socket
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from typing import Any, Self, TypeVar
from urllib.parse import urlsplit

import psycopg2.extensions

from core.database.pool import Database
from core.database.transaction import Transaction
from tests.stack import environment, settings
from tests.steps import PATIENCE, outside, until

NO_REDIS = "redis://127.0.0.1:1/0"

LIMITS = (
    "SELECT set_config('statement_timeout', %(statement_timeout)s, true),"
    " set_config('idle_in_transaction_session_timeout', %(idle_timeout)s, true);"
)

STATE = """SELECT pg_backend_pid(), current_user::text, coalesce(current_setting('app.user_id', true), ''),
    current_setting('statement_timeout'), current_setting('idle_in_transaction_session_timeout')"""
"""What a session carries: what a transaction sets must not be found in it afterwards."""

Cursor = psycopg2.extensions.cursor
T = TypeVar("T")


@contextlib.asynccontextmanager
async def database(url: str, **overrides: str) -> AsyncIterator[Database]:
    """A database layer of its own, patient unless a test is about the time.

    Sees that it leaves nothing behind: no transaction while it is at rest, and no connection when it is closed.
    """
    address, name = named(url)
    async with unwatched(address, **overrides) as made:
        yield made
        sessions = left(url, name, done=lambda states: states <= {"idle"})
        assert sum(sessions.values()) <= int(overrides.get("DATABASE_POOL_SIZE", 8))
    left(url, name, done=lambda states: not states)


@contextlib.asynccontextmanager
async def unwatched(url: str, **overrides: str) -> AsyncIterator[Database]:
    """One whose server cannot be asked."""
    made = Database(settings(environment(url, NO_REDIS, **overrides)))
    try:
        yield made
    finally:
        await made.close()


def left(url: str, name: str, *, done: Callable[[set[str]], bool]) -> Counter[str]:
    """The sessions of that name by their state, as soon as they are as they should be."""
    deadline = time.monotonic() + PATIENCE
    with outside(url) as watcher:
        while True:
            states = Counter(rows(watcher, "SELECT state FROM pg_stat_activity WHERE application_name = %s", name))
            if done(set(states)):
                return states
            assert time.monotonic() < deadline, f"left behind: {states}"
            time.sleep(0.01)


async def write(
    layer: Database,
    work: Callable[[Transaction], T],
    *,
    begin: str = "BEGIN;",
    timeout: float | None = None,
    **limits: str,
) -> T:
    """One transaction, as the product's are but for the role; `limits` in milliseconds."""
    return await layer.run(work, opening=begin + LIMITS, parameters=limits, timeout=timeout)


def look(transaction: Transaction) -> tuple[Any, ...]:
    [state] = transaction.execute(STATE)
    return state


def named(url: str) -> tuple[str, str]:
    """The URL with an application name that nobody else has, and that name."""
    name = f"test-{secrets.token_hex(6)}"
    return f"{url}{'&' if '?' in url else '?'}application_name={name}", name


def rows(cursor: Cursor, sql: str, *parameters: object) -> list[Any]:
    """The rows, or the values of an only column."""
    cursor.execute(sql, parameters or None)
    found: list[Any] = cursor.fetchall() if cursor.description else []
    return [row[0] for row in found] if found and len(found[0]) == 1 else found


def end(outsider: Cursor, pid: int) -> None:
    """End a session, as an administrator does; returns when it is gone."""
    assert rows(outsider, "SELECT pg_terminate_backend(%s, %s)", pid, PATIENCE * 1000) == [True]


async def blocked(url: str, sessions: int = 1) -> None:
    """Return when that many sessions of the database wait for a lock."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    with outside(url) as watcher:
        await until(lambda: rows(watcher, waiting) == [sessions])


def at(url: str, port: int) -> str:
    """The same URL at another port of this machine."""
    parts = urlsplit(url)
    user = f"{parts.username}@" if parts.username else ""
    return parts._replace(netloc=f"{user}127.0.0.1:{port}").geturl()


Cut = Callable[[bool, bytes], int | None]
"""Sees what passes, and whether the client sent it; returns how much of it still passes before the end, or None."""


class Wire:
    """A TCP proxy before the server at `url`."""

    def __init__(self, url: str, cut: Cut | None = None) -> None:
        parts = urlsplit(url)
        self.cut = cut
        self._server = ("127.0.0.1", parts.port or 5432)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = at(url, self._listener.getsockname()[1])
        self._threads = [threading.Thread(target=self._accept)]

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(PATIENCE)
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self._join(client, socket.create_connection(self._server))

    def _join(self, client: socket.socket, server: socket.socket) -> None:
        def pump(source: socket.socket, target: socket.socket) -> None:
            with contextlib.suppress(OSError):
                while chunk := source.recv(65_536):
                    passing = self.cut(source is client, chunk) if self.cut else None
                    target.sendall(chunk if passing is None else chunk[:passing])
                    if passing is not None:
                        break
            for end in (client, server):
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)

        def both() -> None:
            with client, server:
                back = threading.Thread(target=pump, args=(server, client))
                back.start()
                pump(client, server)
                back.join(PATIENCE)

        self._threads.append(threading.Thread(target=both))
        self._threads[-1].start()
