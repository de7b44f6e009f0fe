"""Tells the cache of every list that changed without its knowing, the latest changes first, each list once."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial

from prometheus_client import Counter

from core.cache.fence import Fence
from core.errors import RedisUnavailable
from core.lists.all_lists import NEWEST, OLDEST, AllLists, Place
from core.types import Revision, Stand, UserId

BATCH = 1000
SLICE_SECONDS = 0.5
"""For how long one process publishes before it looks again what has changed meanwhile, and lets others publish."""
BUDGET_SECONDS = 10
"""After this a run stops between two slices; the next one goes on."""
PAUSE_SECONDS = 0.05

Listing = Callable[[Place], Awaitable[list[tuple[UserId, Stand]]]]


class Publisher:
    """Publishes in slices: first what has changed since the last slice, then of the backlog what time allows.

    So a change is visible soon however long the backlog is, and the backlog ends. What was told is recorded and not
    told again; the place that was reached in the backlog is kept. Only one process publishes at a time.
    """

    def __init__(self, fence: Fence, all_lists: AllLists, published: Counter) -> None:
        self._fence = fence
        self._all_lists = all_lists
        self._published = published
        self._place = OLDEST
        self._seen = Revision(-1)
        self._untold = False
        """Whether in this pass something could not be told: a server of a cluster is away."""
        self._passes = 0

    async def run(self, *, seconds: float = BUDGET_SECONDS) -> int:
        """Publish until nothing is left, the time is over, or another process does it; returns how many lists."""
        until = time.monotonic() + seconds
        published = 0
        while time.monotonic() < until:
            count = await self._all_lists.exclusively(self._slice)
            if count is None:
                break
            published += count
            if self._place == OLDEST:  # the backlog has come to its end
                break
        return published

    async def run_to_the_end(self) -> None:
        """Publish, or see that others do, everything that was committed before this was called."""
        goal = -1

        def afresh() -> Awaitable[int]:
            nonlocal goal
            self._place, goal = OLDEST, self._passes + 1
            return self._slice()

        while goal < 0 or self._passes < goal:
            if await self._all_lists.exclusively(self._slice if goal > 0 else afresh) is None:
                await asyncio.sleep(PAUSE_SECONDS)

    async def _slice(self) -> int:
        began = time.monotonic()
        newest = partial(self._all_lists.newest, above=self._seen, limit=BATCH)
        published = 0
        async for lists in _batches(lambda place: newest(before=place), NEWEST):
            self._seen = max(self._seen, lists[0][1].revision)
            published += await self._publish(lists)
            if time.monotonic() > began + SLICE_SECONDS / 2:
                break
        async for lists in _batches(lambda place: self._all_lists.oldest(after=place, limit=BATCH), self._place):
            published += await self._publish(lists)
            self._place = _place(lists)
            if time.monotonic() > began + SLICE_SECONDS:
                break
        else:
            self._place = OLDEST
            untold, self._untold = self._untold, False
            if untold:
                raise RedisUnavailable("a part of the lists could not be told")
            self._passes += 1
        return published

    async def _publish(self, lists: list[tuple[UserId, Stand]]) -> int:
        """The fence is raised first and recorded then: a crash between the two repeats the first, harmlessly."""
        told = await self._fence.raise_all(lists)
        self._untold = self._untold or len(told) < len(lists)
        await self._all_lists.mark_published(told)
        self._published.inc(len(told))
        return len(told)


async def _batches(listing: Listing, place: Place) -> AsyncIterator[list[tuple[UserId, Stand]]]:
    while lists := await listing(place):
        yield lists
        place = _place(lists)
        if len(lists) < BATCH:
            break


def _place(lists: list[tuple[UserId, Stand]]) -> Place:
    owner, stand = lists[-1]
    return Place(stand.revision, owner)
