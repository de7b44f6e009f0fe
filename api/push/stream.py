"""One reader of a list: where they stand, and what they are to be sent next.

There is no queue: a reader who is slow gets, once they have read, one page of all that has changed meanwhile.
"""

import asyncio
import random
import time
from collections.abc import Callable
from typing import Protocol

import structlog

from api.push.events import HEARTBEAT, Ending, Page, ending
from core.errors import Resynchronise, TasklaneError
from core.tasks.sync.token import Token
from core.types import Revision, UserId

log = structlog.get_logger()

HEARTBEAT_SECONDS = 25.0
"""Less than what proxies and browsers wait for a silent connection."""

REST_SECONDS = 1.0
"""Before what could not be read is read again."""


class Source(Protocol):
    """Where a stream's pages come from."""

    def read(self, owner: UserId, since: Token | None, *, changed: bool) -> asyncio.Task[Page]: ...

    def sent(self, page: Page, *, first: bool) -> None: ...


class Stream:
    """What is sent is in the order of the list, each change once as it is then, and none is missing."""

    __slots__ = (
        "_beat_at",
        "_doubted",
        "_expires_at",
        "_first",
        "_more",
        "_reading",
        "_rests_until",
        "_since",
        "_source",
        "_waiter",
        "_wanted",
        "bearer",
        "ended",
        "events",
        "on_end",
        "owner",
        "seen",
    )

    def __init__(
        self, source: Source, owner: UserId, since: Token | None, *, expires_at: float, bearer: bytes | None = None
    ) -> None:
        self._source = source
        self.owner = owner
        self.bearer = bearer
        """The personal token that it was opened with, if it was one."""
        self._since = since
        self._expires_at = expires_at
        self.seen = Revision(-1)
        """The list's, when its last change was read."""
        self.ended: Ending | None = None
        self.events = 0
        self.on_end: Callable[[], None] | None = None
        self._wanted = Revision(-1)
        self._doubted = False
        self._more = False
        self._first = True
        self._reading: asyncio.Task[Page] | None = None
        self._rests_until = 0.0
        self._beat_at = 0.0
        self._waiter: asyncio.Future[None] | None = None

    def hear(self, revision: Revision) -> bool:
        """The list has come that far; returns whether that is new."""
        if revision <= max(self.seen, self._wanted):
            return False
        self._wanted = revision
        if self._waiter is not None and self._reading is None and self._waiter.get_loop().time() >= self._rests_until:
            self._read()  # at once, and its end wakes: to wake for the beginning, too, is half of what an event costs
        else:
            self._wake()
        return True

    def compare(self, revision: Revision) -> bool:
        """The list stands there, or has stood there a moment ago; returns whether it is worth a look."""
        if revision == self.seen:
            return False
        self._doubted = True
        self._wake()
        return True

    def end(self, reason: Ending) -> None:
        """Nothing more is read; the last event says why."""
        if self.ended is None:
            self.ended = reason
            if self.on_end:
                self.on_end()
            self._wake()

    async def begin(self) -> bytes:
        """The first event, if there is anything new; raises `Resynchronise` and `DatabaseUnavailable`."""
        self._read()
        assert self._reading
        await asyncio.wait({self._reading})
        self._beat_at = asyncio.get_running_loop().time() + HEARTBEAT_SECONDS
        return self._take(self._reading.result())

    async def next(self) -> bytes:
        """What is to be sent now, as soon as there is anything; once the stream has ended, its last event."""
        loop = asyncio.get_running_loop()
        while self.ended is None:
            now = loop.time()
            if self._reading is None and self._is_behind and now >= self._rests_until:
                self._read()
            if self._reading is not None and self._reading.done():
                if event := self._finish(self._reading, now):
                    self._beat_at = now + HEARTBEAT_SECONDS
                    return event
                continue
            remaining = self._expires_at - time.time()
            if remaining <= 0:
                self.ended = "expired"
            elif now >= self._beat_at:
                self._beat_at = now + HEARTBEAT_SECONDS
                return HEARTBEAT
            else:
                until = min(self._beat_at, now + remaining)
                if self._rests_until > now and self._is_behind:
                    until = min(until, self._rests_until)
                await self._wait(until)
        return ending(self.ended)

    @property
    def _is_behind(self) -> bool:
        return self._more or self._doubted or self._wanted > self.seen

    def _read(self) -> None:
        """What is heard from now on may not be in it."""
        changed = self._wanted > self.seen
        self._wanted, self._doubted = Revision(-1), False
        self._reading = self._source.read(self.owner, self._since, changed=changed)
        self._reading.add_done_callback(self._wake)

    def _finish(self, reading: asyncio.Task[Page], now: float) -> bytes:
        self._reading = None
        try:
            return self._take(reading.result())
        except Resynchronise:
            self.ended = "resynchronise"
        except (TasklaneError, asyncio.CancelledError):
            self._doubted = True
            self._rests_until = now + REST_SECONDS * random.uniform(0.5, 1.5)  # noqa: S311  # jitter, not a secret
        except Exception:  # what is wrong with it is logged once, and no reason to try again and again
            log.exception("stream_failed")
            self.ended = "failed"
        return b""

    def _take(self, page: Page) -> bytes:
        self._reading = None
        news = page.next != self._since
        if news:
            self._source.sent(page, first=self._first)
            self.events += 1
        self._since, self._more, self._first = page.next, page.more, False
        if not page.more:
            self.seen = page.revision
        return page.event if news else b""

    async def _wait(self, until: float) -> None:
        loop = asyncio.get_running_loop()
        self._waiter = loop.create_future()
        timer = loop.call_at(until, self._wake)
        try:
            await self._waiter
        finally:
            timer.cancel()
            self._waiter = None

    def _wake(self, _done: object = None) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
