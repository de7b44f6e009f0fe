"""psycopg2 in an event loop: while a transaction waits for PostgreSQL, the loop goes on, and no wait passes a deadline.

psycopg2 hands every wait of its own to a callback, made for coroutine libraries; here a greenlet steps aside until the
connection is ready, so that plain functions do database work without threads. The loop listens to a connection from
its first wait to its end, and one alarm watches over all the waits of a piece of work (ADR 0028).
https://www.psycopg.org/docs/advanced.html#support-for-coroutine-libraries
"""

import asyncio
import contextlib
import select
import time
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import Executor
from functools import partial
from typing import Protocol, TypeVar, cast

import psycopg2
from greenlet import getcurrent  # type: ignore[import-untyped]  # it has no stubs
from psycopg2 import extensions
from psycopg2.extensions import connection as Connection  # noqa: N812  # a type, whatever its case
from sqlalchemy.util import await_only, greenlet_spawn

from core.database.ear import Session

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
        waits.end()
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

    def ready(self, connection: Connection, direction: int) -> bool: ...


class _InThread:
    """As psycopg2 itself would, but for the deadline; None: for ever."""

    def __init__(self, deadline: float | None) -> None:
        self.deadline = deadline

    def ready(self, connection: Connection, direction: int) -> bool:
        patience = None if self.deadline is None else max(0.0, self.deadline - time.monotonic())
        return _ready(connection.fileno(), direction, patience)


class _InLoop:
    """By stepping aside. A cancellation that comes meanwhile is kept until the work has ended."""

    def __init__(self, deadline: float | None) -> None:
        self.deadline = deadline
        self.cancelled: asyncio.CancelledError | None = None
        self._waiting: asyncio.Future[bool] | None = None
        self._alarm: asyncio.TimerHandle | None = None
        self._alarmed_at = 0.0

    def ready(self, connection: Connection, direction: int) -> bool:
        loop = asyncio.get_running_loop()
        self._waiting = waiting = loop.create_future()
        self._watch(loop)
        leave: Callable[[], object]
        if direction == select.POLLIN and isinstance(connection, Session):
            ear = connection.listen()
            ear.wake(waiting)
            leave = ear.rest
        else:
            leave = _once_ready(loop, connection.fileno(), direction, waiting)
        try:
            return bool(await_only(waiting))
        except asyncio.CancelledError as error:
            self.cancelled = error
            return True  # psycopg2 looks, and waits again
        finally:
            self._waiting = None
            leave()

    def end(self) -> None:
        """Nothing is waited for any more."""
        if self._alarm:
            self._alarm.cancel()

    def _watch(self, loop: asyncio.AbstractEventLoop) -> None:
        """One alarm for all waits, as long as the deadline is not moved to an earlier time."""
        assert self.deadline is not None
        if self._alarm is None or self.deadline < self._alarmed_at:
            if self._alarm:
                self._alarm.cancel()
            self._alarmed_at = self.deadline
            self._alarm = loop.call_later(max(0.0, self.deadline - time.monotonic()), self._expire, loop)

    def _expire(self, loop: asyncio.AbstractEventLoop) -> None:
        self._alarm = None
        if self._waiting is None:  # the next wait sets another
            return
        assert self.deadline is not None
        if time.monotonic() < self.deadline:
            self._watch(loop)
        elif not self._waiting.done():
            self._waiting.set_result(False)


def _once_ready(
    loop: asyncio.AbstractEventLoop, descriptor: int, direction: int, waiting: "asyncio.Future[bool]"
) -> Callable[[], object]:
    """Listen for this once: more is sent than the kernel buffers, which is rare, or the session is not the pool's."""

    def settle() -> None:
        if not waiting.done():
            waiting.set_result(True)

    reads = direction == select.POLLIN
    (loop.add_reader if reads else loop.add_writer)(descriptor, settle)
    return partial(loop.remove_reader if reads else loop.remove_writer, descriptor)


_FOR_EVER = _InThread(None)


def _wait_by(waits: _Waits) -> None:
    """From now on in this greenlet, which in a thread of its own is the thread."""
    getcurrent().tasklane_waits = waits  # a greenlet has a __dict__ for this


def _waits() -> _Waits:
    return cast(_Waits, getattr(getcurrent(), "tasklane_waits", _FOR_EVER))


def _wait(connection: Connection) -> None:
    """psycopg2's wait callback. A server that hangs (stopped, behind a black hole) answers no time-out of its own."""
    try:
        while (state := connection.poll()) != extensions.POLL_OK:
            direction = select.POLLIN if state == extensions.POLL_READ else select.POLLOUT
            if not _waits().ready(connection, direction):
                raise psycopg2.OperationalError("PostgreSQL did not answer in time")  # noqa: TRY301  # as poll() raises
    except BaseException:
        if isinstance(connection, Session):  # psycopg2 will close it, and the server shall hear of that
            connection.stop_listening()
        raise


def _ready(descriptor: int, direction: int, patience: float | None) -> bool:
    poll = select.poll()  # select() itself refuses descriptors above 1023
    poll.register(descriptor, direction)
    return bool(poll.poll(None if patience is None else patience * 1000))


extensions.set_wait_callback(_wait)
