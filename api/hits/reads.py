"""Reads through the cache. Whoever is answered here sees every change that was acknowledged before they asked."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

from api.observe.metrics import Metrics
from core.cache.answer import Answer, Opened
from core.cache.fence import Fence
from core.errors import RedisUnavailable
from core.types import Stand, UserId

Result = Literal["hit", "miss", "bypass"]


Question = tuple[UserId, str, bytes]
"""Owner, variant, and the lease under which the answer is to be stored."""


@dataclass(frozen=True, slots=True)
class _Flight:
    number: int
    outcome: asyncio.Task[Answer]


class CachedReads:
    """Hits from Redis; misses from PostgreSQL, stored for the next reader, one query at a time per question."""

    def __init__(self, fence: Fence, metrics: Metrics, may_show: Callable[[UserId, Stand], Awaitable[None]]) -> None:
        self._fence = fence
        self._may_show = may_show
        self._flights: dict[Question, _Flight] = {}
        self._departures = 0
        self._count = {result: metrics.cache.labels(result) for result in ("hit", "miss", "bypass")}

    async def answer(
        self,
        owner: UserId,
        variant: str,
        make: Callable[[], Awaitable[Answer]],
        *,
        unchanged: Answer | None = None,
    ) -> tuple[Answer, Result]:
        """The answer to `variant`, from the cache or from `make`; raises what `make` raises.

        `unchanged` is the answer while the list stands at that one's revision.
        """
        answer, result = await self._answer(owner, variant, make, unchanged)
        self._count[result].inc()
        return answer, result

    async def _answer(
        self, owner: UserId, variant: str, make: Callable[[], Awaitable[Answer]], unchanged: Answer | None
    ) -> tuple[Answer, Result]:
        try:
            if unchanged and await self._fence.stands_at(owner, unchanged.revision):
                return unchanged, "hit"
            opened = await self._fence.open(owner, variant)
        except RedisUnavailable:
            answer = await make()
            await self._announced(answer)
            return answer, "bypass"
        if opened.hit:  # the hot path did not know the token yet, or somebody was quicker
            return opened.hit, "hit"
        return await self._share(opened, owner, variant, make), "miss"

    async def _share(
        self, opened: Opened, owner: UserId, variant: str, make: Callable[[], Awaitable[Answer]]
    ) -> Answer:
        """One query per process for any number who ask the same at once; whoever leaves does not take it with them.

        A query that was under way before this reader asked may have begun before a write was acknowledged: its
        outcome counts only if it is as new as the fence that this reader has seen. A fence may stay above every
        revision (an aborted write), so a query that began later always counts.
        """
        question = (owner, variant, opened.lease)
        arrived = self._departures
        while True:
            flight = self._flights.get(question) or self._depart(question, opened, make)
            began_later = flight.number > arrived
            try:
                answer = await asyncio.shield(flight.outcome)
            except Exception:
                if began_later:
                    raise
            else:
                if began_later or answer.revision >= opened.fence:
                    return answer

    def _depart(self, question: "Question", opened: Opened, make: Callable[[], Awaitable[Answer]]) -> "_Flight":
        self._departures += 1
        outcome = asyncio.create_task(self._fly(question, opened, make))
        outcome.add_done_callback(lambda landed: landed.cancelled() or landed.exception())  # read if nobody has waited
        flight = self._flights[question] = _Flight(self._departures, outcome)
        return flight

    async def _fly(self, question: "Question", opened: Opened, make: Callable[[], Awaitable[Answer]]) -> Answer:
        try:
            answer = await make()
            try:
                await self._fence.fill(opened, question[1], answer)
            except RedisUnavailable:  # the next reader asks the database again
                await self._announced(answer)
            return answer
        finally:
            # Before it is done, not after: to wait for what is done is no wait, and whoever may not use its outcome
            # would find it again and again, in a loop that lets nobody else run.
            del self._flights[question]

    async def _announced(self, answer: Answer) -> None:
        """Wait until nobody can be shown less than this answer any more."""
        if answer.history is not None:
            await self._may_show(answer.owner, Stand(answer.revision, answer.history))
