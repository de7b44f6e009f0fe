"""All event streams of the process: who listens, who is told, and one query for all who stand at the same place.

Redis tells which lists have changed, and is not believed: after each loss of it, now and then, and while it is away in
every period of the worker, PostgreSQL is asked how far the lists have come.
"""

import asyncio
import contextlib
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

import structlog

from api import collector
from api.observe.metrics import Metrics
from api.push.bearers import Bearers, LookAgain
from api.push.events import Page, page
from api.push.stream import Stream
from core.cache.answer import Answer
from core.cache.hints import Hints
from core.errors import DatabaseUnavailable, TooBusy, TooManyStreams
from core.settings import Settings
from core.tasks.questions.queries import MAX_CHANGES, ChangesQuery
from core.tasks.sync.token import Token
from core.types import Revision, UserId

log = structlog.get_logger()

LOOK_SECONDS = 30.0
"""Between two looks while every hint should be heard."""

SPARED = 250
"""Streams that come between two times at which the collector is relieved of those that are there: to look at 10,000
takes it long enough to be late everywhere. A stream that ends is in no cycle, so nothing is kept by that.
"""

LOOK_SHARE = 10
"""While Redis is away looks take a tenth of the time of one connection, at most."""


class Read(Protocol):
    """How a page is read; `changed`: it was heard that the list has left the token's place."""

    async def __call__(self, owner: UserId, query: ChangesQuery, *, changed: bool) -> Answer: ...


Look = Callable[[Sequence[UserId]], Awaitable[dict[UserId, Revision]]]


class Hub:
    """Bounded: beyond the settings' numbers of streams nobody is let in."""

    def __init__(
        self, read: Read, look: Look, settings: Settings, metrics: Metrics, *, look_again: LookAgain | None = None
    ) -> None:
        """`look_again` says which personal tokens are still good; without it none opens a stream."""
        self._ask = read
        self._bearers = Bearers(look_again) if look_again else None
        self._look = look
        self._most = settings.limit_streams
        self._most_per_user = settings.limit_streams_per_user
        self._period = settings.worker_publish_period
        self._events = metrics.events
        self._changes = metrics.events.labels("changes")
        self._lag = metrics.event_lag
        self._rooms: dict[UserId, set[Stream]] = {}
        self._reading: dict[tuple[UserId, Token | None], asyncio.Task[Page]] = {}
        self._hints: Hints | None = None
        self._count = 0
        self._entered = 0
        self._stopping = False
        self._look_now = asyncio.Event()
        self._keeper: asyncio.Task[None] | None = None
        metrics.streams.set_function(lambda: self._count)

    def start(self, hints: Hints) -> None:
        """`hints` tells `hear` and `look_again`."""
        self._hints = hints

    async def close(self) -> None:
        self.stop()
        if self._keeper:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
        if self._bearers:
            await self._bearers.close()
        if self._hints:
            await self._hints.close()

    def stop(self) -> None:
        """The process is about to end: whoever reads, and whoever still comes, is told to come back."""
        self._stopping = True
        for room in self._rooms.values():
            for stream in room:
                stream.end("reconnect")

    async def enter(
        self, owner: UserId, since: Token | None, *, expires_at: float, bearer: bytes | None = None
    ) -> Stream:
        """A new stream, which hears of everything from now on; raises `TooManyStreams` and `TooBusy`.

        It ends with the personal token of its `bearer`.
        """
        if self._count >= self._most or self._hints is None or (bearer and not self._bearers):
            raise TooBusy
        room = self._rooms.setdefault(owner, set())
        if len(room) >= self._most_per_user:
            raise TooManyStreams
        stream = Stream(self, owner, since, expires_at=expires_at, bearer=bearer)
        if self._stopping:  # a refusal would be the end for an EventSource: it never comes back from one
            stream.end("reconnect")
        room.add(stream)
        if bearer and self._bearers:
            self._bearers.enter(bearer, stream)
        self._count += 1
        self._entered += 1
        if self._entered % SPARED == 0:
            collector.spare()
        if self._keeper is None or self._keeper.done():
            self._keeper = asyncio.create_task(self._keep_looking())
        try:
            await self._hints.listen(owner)
        except BaseException:
            self.leave(stream)
            raise
        return stream

    def leave(self, stream: Stream) -> None:
        """The stream has ended."""
        room = self._rooms[stream.owner]
        room.discard(stream)
        if stream.bearer and self._bearers:
            self._bearers.leave(stream.bearer, stream)
        self._count -= 1
        if stream.ended in ("expired", "reconnect", "resynchronise"):
            self._events.labels(stream.ended).inc()
        if not room:
            del self._rooms[stream.owner]
            if self._hints:
                self._hints.leave(stream.owner)

    def hear(self, owner: UserId, revision: Revision) -> None:
        """A list has come that far."""
        for stream in self._rooms.get(owner, ()):
            stream.hear(revision)

    def look_again(self) -> None:
        """Hints may have been missed, or may be from now on."""
        self._look_now.set()

    def read(self, owner: UserId, since: Token | None, *, changed: bool) -> asyncio.Task[Page]:
        """As `stream.Source`: one query for all who ask in the same turn of the event loop."""
        place = (owner, since)
        reading = self._reading.get(place)
        if reading is None:
            reading = self._reading[place] = asyncio.create_task(self._read(owner, since, changed=changed))
            asyncio.get_running_loop().call_soon(self._reading.pop, place, None)
            reading.add_done_callback(_heed)
        return reading

    def sent(self, page: Page, *, first: bool) -> None:
        """As `stream.Source`."""
        self._changes.inc()
        if not first:
            self._lag.observe(max(0.0, time.time() - page.revision / 1_000_000))

    async def _read(self, owner: UserId, since: Token | None, *, changed: bool) -> Page:
        return page(await self._ask(owner, ChangesQuery(since, MAX_CHANGES), changed=changed))

    async def _keep_looking(self) -> None:
        """While there are streams."""
        took = 0.0
        while self._rooms:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._until_next_look(took)):
                    await self._look_now.wait()
            self._look_now.clear()
            began = time.monotonic()
            try:
                await self._compare()
            except DatabaseUnavailable:
                pass  # the pool has said so
            except Exception:  # nobody would hear of what is missed any more
                log.exception("look_failed")
            took = time.monotonic() - began

    def _until_next_look(self, took: float) -> float:
        if self._hints and self._hints.up:
            return LOOK_SECONDS * random.uniform(0.8, 1.2)  # noqa: S311  # jitter, not a secret
        return max(self._period, LOOK_SHARE * took)

    async def _compare(self) -> None:
        """Let everybody look who stands elsewhere than their list."""
        for owner, revision in (await self._look(list(self._rooms))).items():
            for stream in self._rooms.get(owner, ()):
                stream.compare(revision)


def _heed(reading: asyncio.Task[Page]) -> None:
    """Its readers may have left."""
    if not reading.cancelled():
        reading.exception()
