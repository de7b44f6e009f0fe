"""The process is about to end: nothing that is on its way to it is lost, and streams know at once.

The server closes what it listens to and what is idle, whatever the kernel has already taken for it: whoever has sent a
request there has it cut off, and nobody can tell whether it was heard. So the listeners are closed when nobody waits to
be let in; `api.http.wire` does as much for connections.
"""

import asyncio
import contextlib
import select
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from types import FrameType
from typing import Protocol

import uvicorn

SIGNALS = (signal.SIGINT, signal.SIGTERM)

LAST_SECONDS = 1.0
"""For so long at most those are let in who never stop coming."""

QUIET_TURNS = 3
"""Of the event loop, in which nobody has come: who was let in by the one before is not at home yet."""


class Source(Protocol):
    """A socket, or what stands for one."""

    def fileno(self) -> int: ...


def has_come(source: Source) -> bool:
    """Whether there is something to be read, or somebody to be let in, that nobody has seen yet."""
    poll = select.poll()
    poll.register(source.fileno(), select.POLLIN)
    return bool(poll.poll(0))


@contextlib.contextmanager
def heard(act: Callable[[], None]) -> Iterator[None]:
    """Meanwhile call `act`, in the event loop, when the process is told to end; whoever heard that before, the server
    above all, still does, when nobody waits to be let in any more.

    The server has no hook for it: it tells its application only when all answers have ended.
    """
    if threading.current_thread() is not threading.main_thread():  # signals are heard there and nowhere else
        yield
        return
    loop = asyncio.get_running_loop()
    before = {number: signal.getsignal(number) for number in SIGNALS}
    leaving: set[asyncio.Task[None]] = set()

    async def leave(number: int, frame: FrameType | None) -> None:
        act()
        handler = before[signal.Signals(number)]
        server = getattr(handler, "__self__", None)
        if isinstance(server, uvicorn.Server):
            await close_listeners(server.servers)
        if callable(handler):
            handler(number, frame)

    def begin(number: int, frame: FrameType | None) -> None:
        leaving.add(loop.create_task(leave(number, frame)))

    def handle(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(begin, number, frame)

    for number in SIGNALS:
        signal.signal(number, handle)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


async def close_listeners(servers: Sequence[asyncio.Server]) -> None:
    """Let in who has come, and then nobody: between the last look and the end there is no time to come."""
    loop = asyncio.get_running_loop()
    listeners = [listener for server in servers for listener in server.sockets]
    until, quiet = loop.time() + LAST_SECONDS, 0
    while quiet < QUIET_TURNS and loop.time() < until:
        await asyncio.sleep(0)
        quiet = 0 if any(map(has_come, listeners)) else quiet + 1
    for server in servers:
        server.close()
