"""Readers who do not read: what waits for them in a process's memory is bounded, in time and in size.

A server that waits for a slow reader waits for ever: the answer, the place among exports, and the session with
PostgreSQL go on being theirs. So a connection is let go of whose reader takes next to nothing, and when all together
have too much waiting for them, those go first who have made it wait the longest.
"""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass
from typing import Protocol

import structlog

log = structlog.get_logger()

PATIENCE_SECONDS = 30.0
"""For so long a reader may be as slow as they like."""
SLOWEST_BYTES_PER_SECOND = 8192
ROOM_BYTES = 32 * 1024 * 1024
"""For all that waits, in one process."""
LOOK_SECONDS = 5.0


class Transport(Protocol):
    def abort(self) -> None: ...

    def get_write_buffer_size(self) -> int: ...


@dataclass(slots=True)
class _Slow:
    since: float
    size: int
    """What waited then."""


class Readers:
    """The connections on which more waits than the server likes: it has told them to pause."""

    def __init__(self, room: int = ROOM_BYTES, patience: float = PATIENCE_SECONDS) -> None:
        self._room = room
        self._patience = patience
        self._slow: OrderedDict[Transport, _Slow] = OrderedDict()
        self._waiting = 0
        """Bytes, at most."""
        self._timer: asyncio.TimerHandle | None = None

    def pause(self, transport: Transport) -> None:
        """More waits for its reader than they have taken at once."""
        loop = asyncio.get_running_loop()
        size = transport.get_write_buffer_size()
        self._slow[transport] = _Slow(loop.time(), size)
        self._waiting += size
        if self._waiting > self._room:
            self._make_room()
        if self._timer is None:
            self._timer = loop.call_later(min(LOOK_SECONDS, self._patience), self._look)

    def resume(self, transport: Transport) -> None:
        """They have taken it, or are gone."""
        slow = self._slow.pop(transport, None)
        if slow is not None:
            self._waiting -= slow.size

    def _look(self) -> None:
        loop = asyncio.get_running_loop()
        for transport, slow in list(self._slow.items()):
            seconds, size = loop.time() - slow.since, transport.get_write_buffer_size()
            if seconds < self._patience:
                break  # and all that follow began later
            if slow.size - size < SLOWEST_BYTES_PER_SECOND * seconds:
                self._let_go(transport, "slow")
            else:
                self.resume(transport)
                self._slow[transport] = _Slow(loop.time(), size)
                self._waiting += size
        self._timer = loop.call_later(min(LOOK_SECONDS, self._patience), self._look) if self._slow else None

    def _make_room(self) -> None:
        for transport, slow in self._slow.items():
            size = transport.get_write_buffer_size()
            self._waiting -= slow.size - size
            slow.size = size  # which makes them look slower than they are, as long as they are in the way
        while self._waiting > self._room:
            self._let_go(next(iter(self._slow)), "room")

    def _let_go(self, transport: Transport, reason: str) -> None:
        log.info("reader_let_go", reason=reason, unread=transport.get_write_buffer_size())
        self.resume(transport)
        transport.abort()
