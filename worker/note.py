"""Whether the worker reaches Redis, noted in the database for writers and readers that do not.

Independent of arq, whose loop ends with Redis. Written on change only. A worker that finds Redis again publishes
everything before it says so: who reads from Redis after an outage waits for that word.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import structlog

from core.cache.servers.connect import Servers
from core.cache.servers.route import SENTINEL_SECONDS
from core.cache.servers.wire import PATIENCE_SECONDS
from core.errors import DatabaseUnavailable, Redirected, RedisUnavailable
from core.lists.all_lists import AllLists
from core.settings import Settings

log = structlog.get_logger()

BEAT_SECONDS = 0.1
"""Between two questions to Redis."""

REACHED = "reached"
LEAVING = "leaving"
AWAY = "away"


def longest_silence(settings: Settings) -> float:
    """Seconds of silence after which no API process uses the connection any more on which it heard Redis last.

    One that asks nothing notices late: it looks twice in `retry_after`, and asks the Sentinels in between, if there are
    any. Then it waits for two to three thirds of its time-out until it calls the connection stalled, and then for its
    patience. The worker's own silence begins up to a beat too early, at the last answer; another beat is for timers
    that are late.
    """
    asking = SENTINEL_SECONDS if settings.redis.kind == "sentinel" else 0.0
    noticed = max(settings.redis_retry_after / 2, asking) + settings.redis_timeout
    return noticed + max(PATIENCE_SECONDS, settings.redis_timeout) + 2 * BEAT_SECONDS


class Note:
    """Keeps the note true: `leaving` when Redis falls silent, `away` when it stays so, `reached` when all was told."""

    def __init__(
        self, servers: Servers, all_lists: AllLists, publish: Callable[[], Awaitable[None]], *, silence: float
    ) -> None:
        self._servers = servers
        self._all_lists = all_lists
        self._publish = publish
        self._longest_silence = silence
        self._silence = 0.0
        self._gone_at = 0.0
        """The silence after which nobody uses a connection any more that was there when `leaving` was noted."""
        self._state = ""
        """What this process has noted, or found, last; "" until then."""
        self._returning: asyncio.Task[None] | None = None

    @property
    def reached(self) -> bool:
        """Whether Redis answers this process."""
        return self._silence == 0

    def found(self, state: str) -> None:
        """Somebody has read the note. If another worker that is cut off has written it, this one puts it right."""
        if state != REACHED and self._state == REACHED:
            self._state = state

    async def keep(self) -> None:
        """For ever."""
        asking: asyncio.Task[bool] | None = None
        before = time.monotonic()
        try:
            while True:
                began = time.monotonic()
                asking = asking or asyncio.create_task(self._ask())
                await asyncio.wait({asking}, timeout=BEAT_SECONDS)
                heard = asking.done() and asking.result()
                # No more than what was waited for: a process that stood still has not heard anything for that reason.
                passed, before = min(time.monotonic() - before, 2 * BEAT_SECONDS), time.monotonic()
                self._silence = 0.0 if heard else self._silence + passed
                await self._bring_into_line()
                if asking.done():
                    asking = None
                    await asyncio.sleep(max(0.0, began + BEAT_SECONDS - time.monotonic()))
        finally:
            await _end(asking)
            await _end(self._returning)

    async def _ask(self) -> bool:
        """Whether all servers answer, be it that what is asked for is on its way to another of them."""
        try:
            asked = [node.send_patiently(*node.names.probe) for node in self._servers.nodes]
        except RedisUnavailable:
            return False
        outcomes = await asyncio.gather(*asked, return_exceptions=True)
        return self._servers.complete and all(
            isinstance(outcome, Redirected) or not isinstance(outcome, BaseException) for outcome in outcomes
        )

    async def _bring_into_line(self) -> None:
        if self._silence >= self._longest_silence / 2:
            await _end(self._returning)
            if self._state not in (LEAVING, AWAY):
                await _unless_unavailable(self._leave())
            elif self._state == LEAVING and self._silence >= self._gone_at:
                await _unless_unavailable(self._be_gone())
        elif self.reached and self._state != REACHED and (self._returning is None or self._returning.done()):
            self._returning = asyncio.create_task(_unless_unavailable(self._return()))

    async def _leave(self) -> None:
        """Whoever hears Redis between this note and the next one finds this one, and does not read."""
        if await self._all_lists.note_leaving():
            log.info("cache_noted", state=LEAVING)
        self._state = LEAVING
        self._gone_at = max(self._longest_silence, self._silence + self._longest_silence / 2)

    async def _be_gone(self) -> None:
        if await self._all_lists.note_away():
            log.warning("cache_noted", state=AWAY)
        self._state = AWAY

    async def _return(self) -> None:
        since = await self._all_lists.note_returning()
        if since is not None:
            log.info("cache_noted", state="returning")
            await self._publish()
            if not await self._all_lists.note_reached(since):
                return  # lost again meanwhile, as another worker says
            log.info("cache_noted", state=REACHED)
        self._state = REACHED


async def _unless_unavailable(doing: Coroutine[Any, Any, None]) -> None:
    """What could not be done now is tried again with the next beat."""
    try:
        await doing
    except (DatabaseUnavailable, RedisUnavailable) as error:
        log.debug("note_put_off", error=type(error).__name__)


async def _end(task: asyncio.Task[Any] | None) -> None:
    if task is not None and not task.done():
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
