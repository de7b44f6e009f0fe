"""psycopg2 in an event loop: while a transaction waits for PostgreSQL, the loop goes on, and no wait passes a deadline.

psycopg2 hands every wait of its own to a callback, made for coroutine libraries; here a greenlet steps aside until the
connection is ready, so that plain functions do database work without threads.
https://www.psycopg.org/docs/advanced.html#support-for-coroutine-libraries
"""

import asyncio
import contextlib
import select
import time
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import Executor
from typing import Protocol, TypeVar, cast

import psycopg2
from greenlet import getcurrent  # type: ignore[import-untyped]  # it has no stubs
from psycopg2 import extensions
from psycopg2.extensions import connection as Connection  # noqa: N812  # a type, whatever its case
from sqlalchemy.util import await_only, greenlet_spawn

T = TypeVar("T")

GRACE = 0.1
"""Seconds beyond its deadline that a thread gets to tell its own, better reason."""


async def run(function: Callable[[], T], *, deadline: float) -> T:
    """Call `function`, which may wait for connections and by `wait_for`, each wait no longer than the deadline.

    When the caller is cancelled, `function` ends first: it may still commit.
    """
    waits = _InLoop(deadline)

    def within() -> T:
        _wait_by(waits)
        return function()

    try:
        return await greenlet_spawn(within)
    finally:
        if waits.cancelled:
            raise waits.cancelled


def wait_for(awaitable: Awaitable[T]) -> T:
    """Within `run`: let the loop go on until `awaitable` is done; it bounds its time itself."""
    waits = _waits()
    future = asyncio.ensure_future(awaitable)
    while True:
        try:
            return await_only(asyncio.shield(future))
        except asyncio.CancelledError as error:
            if future.cancelled() or not isinstance(waits, _InLoop):
                raise
            waits.cancelled = error


def extend(seconds: float) -> None:
    """Within `run`: move the deadline; from now on the server has `seconds` for what it is asked next."""
    _waits().deadline = time.monotonic() + seconds


def deadline() -> float:
    """Within `run`: when all that it does must have ended."""
    at = _waits().deadline
    assert at is not None
    return at


@contextlib.contextmanager
def within(part: float) -> Iterator[None]:
    """Within `run`: what is waited for here has only that part of the time that is left."""
    waits, whole = _waits(), deadline()
    waits.deadline = time.monotonic() + (whole - time.monotonic()) * part
    try:
        yield
    finally:
        waits.deadline = whole


def in_thread(executor: Executor, function: Callable[[], T], *, deadline: float) -> T:
    """Within `run`: call `function`, which connects or looks a name up, in a thread: libpq and the system's resolver
    ask nobody to wait.

    A thread that is still at it after the deadline is left to itself.
    """

    def within() -> T:
        _wait_by(_InThread(deadline))
        return function()

    made = asyncio.get_running_loop().run_in_executor(executor, within)
    try:
        return wait_for(asyncio.wait_for(made, max(0.0, deadline - time.monotonic()) + GRACE))
    except TimeoutError:
        raise psycopg2.OperationalError("no connection was made in time") from None


def here(function: Callable[[], T], *, deadline: float) -> T:
    """Outside of any event loop: call `function`, which connects; no wait for PostgreSQL passes the deadline."""
    _wait_by(_InThread(deadline))
    try:
        return function()
    finally:
        _wait_by(_FOR_EVER)


def has_news(connection: Connection) -> bool:
    """Whether there is something to read on it, without a round trip."""
    return _ready(connection.fileno(), select.POLLIN, 0)


class _Waits(Protocol):
    """How the code that runs now waits."""

    deadline: float | None

    def ready(self, descriptor: int, direction: int) -> bool: ...


class _InThread:
    """As psycopg2 itself would, but for the deadline; None: for ever."""

    def __init__(self, deadline: float | None) -> None:
        self.deadline = deadline

    def ready(self, descriptor: int, direction: int) -> bool:
        patience = None if self.deadline is None else max(0.0, self.deadline - time.monotonic())
        return _ready(descriptor, direction, patience)


class _InLoop:
    """By stepping aside. A cancellation that comes meanwhile is kept until the work has ended."""

    def __init__(self, deadline: float | None) -> None:
        self.deadline = deadline
        self.cancelled: asyncio.CancelledError | None = None

    def ready(self, descriptor: int, direction: int) -> bool:
        loop = asyncio.get_running_loop()
        settled: asyncio.Future[bool] = loop.create_future()
        reads = direction == select.POLLIN
        (loop.add_reader if reads else loop.add_writer)(descriptor, _settle, settled, True)
        assert self.deadline is not None
        alarm = loop.call_later(max(0.0, self.deadline - time.monotonic()), _settle, settled, False)
        try:
            return await_only(settled)
        except asyncio.CancelledError as error:
            self.cancelled = error
            return True  # psycopg2 looks, and waits again
        finally:
            alarm.cancel()
            (loop.remove_reader if reads else loop.remove_writer)(descriptor)


def _settle(settled: "asyncio.Future[bool]", ready: bool) -> None:  # noqa: FBT001
    if not settled.done():
        settled.set_result(ready)


_FOR_EVER = _InThread(None)


def _wait_by(waits: _Waits) -> None:
    """From now on in this greenlet, which in a thread of its own is the thread."""
    getcurrent().tasklane_waits = waits  # a greenlet has a __dict__ for this


def _waits() -> _Waits:
    return cast(_Waits, getattr(getcurrent(), "tasklane_waits", _FOR_EVER))


def _wait(connection: Connection) -> None:
    """psycopg2's wait callback. A server that hangs (stopped, behind a black hole) answers no time-out of its own."""
    while (state := connection.poll()) != extensions.POLL_OK:
        direction = select.POLLIN if state == extensions.POLL_READ else select.POLLOUT
        if not _waits().ready(connection.fileno(), direction):
            raise psycopg2.OperationalError("PostgreSQL did not answer in time")


def _ready(descriptor: int, direction: int, patience: float | None) -> bool:
    poll = select.poll()  # select() itself refuses descriptors above 1023
    poll.register(descriptor, direction)
    return bool(poll.poll(None if patience is None else patience * 1000))


extensions.set_wait_callback(_wait)
