"""An address that outlives the server behind it: what a virtual IP, a pooler or a managed service's endpoint is."""

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Self, TypeVar

from tests.consistency.parts.proxy import Wire

PATIENCE = 60.0
"""Seconds after which something that does not come is a failure, on however slow a machine."""

T = TypeVar("T")


class FailoverAddress:
    """A TCP port of its own, the same for its whole life, that leads to `target` until it is switched.

    It works in a thread of its own, so it serves tests with and without an event loop. What is asked of it has happened
    when the call returns.
    """

    def __init__(self, target: int, *, hidden: bytes = b"") -> None:
        self._wire = Wire(target)
        self._wire.hidden = hidden
        self._started: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = Future()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))

    def __enter__(self) -> Self:
        self._thread.start()
        self._loop, self._ended = self._started.result()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join()

    @property
    def port(self) -> int:
        return self._wire.port

    @property
    def target(self) -> int:
        """The port of the server behind it."""
        return self._wire.server

    def switch(self, target: int) -> None:
        """Cut whoever is connected, and lead to another server: nothing of the old one is heard from here on."""
        self.alter(lambda wire: wire.switch(target))

    def hold(self) -> None:
        """Connected, but nothing that the server says arrives any more: a link that lags without end."""
        self.alter(lambda wire: setattr(wire, "silent", "to client"))

    def part(self) -> None:
        """Cut whoever is connected, and refuse everyone: a network that is partitioned."""

        def refuse(wire: Wire) -> None:
            wire.refused = True
            wire.cut()

        self.alter(refuse)

    def heal(self) -> None:
        """Pass on everything again; connections on which something was lost end."""
        self.alter(Wire.heal)

    def alter(self, change: Callable[[Wire], T]) -> T:
        """Any other change to the wire, made where its traffic passes: between two pieces, never amid one."""
        done: Future[T] = Future()

        def make() -> None:
            try:
                done.set_result(change(self._wire))
            except BaseException as error:  # noqa: BLE001  # it is raised to whoever asked for the change
                done.set_exception(error)

        self._loop.call_soon_threadsafe(make)
        return done.result()

    async def _serve(self) -> None:
        ended = asyncio.Event()
        try:
            async with self._wire:
                self._started.set_result((asyncio.get_running_loop(), ended))
                await ended.wait()
        except BaseException as error:
            if not self._started.done():
                self._started.set_exception(error)
            raise


def until(condition: Callable[[], object], what: str = "it never came") -> None:
    """Wait for something that another process makes true, and that no event tells of."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {PATIENCE:.0f} s")
        time.sleep(0.01)
