"""Tells the cache what it has missed: a Redis that was out of a writer's reach, restarted or wiped; writes by psql."""

from collections.abc import AsyncIterator, Awaitable, Callable

from core.types import Revision, UserId
from worker.jobs.context import Context

BATCH = 1000
GRACE_SECONDS = 60
"""Added to the life of a cached answer when a Redis of another identity is told of past changes: clocks differ."""

Listing = Callable[[str], Awaitable[list[tuple[UserId, Revision]]]]


async def publish_revisions(ctx: Context) -> int:
    """Raise the fence of every list that changed since the cache was last told; safe to repeat, and to run twice.

    The fence is raised first and recorded then: a crash between the two repeats the first, which does no harm.
    """
    await _greet_new_redis(ctx)
    published = 0
    async for lists in _batches(lambda after: ctx.all_lists.pending(after=after, limit=BATCH)):
        await ctx.fence.raise_all(lists)
        await ctx.all_lists.mark_published(lists)
        published += len(lists)
    ctx.metrics.published.inc(published)
    return published


async def _greet_new_redis(ctx: Context) -> None:
    """After a restart or a failover the new Redis may lack what the old one was told: tell it all that can matter."""
    identity = await ctx.fence.identity()
    if identity != ctx.redis_identity:
        horizon = ctx.fence.longest_life + GRACE_SECONDS
        async for lists in _batches(lambda after: ctx.all_lists.changed_within(horizon, after=after, limit=BATCH)):
            await ctx.fence.raise_all(lists)
        ctx.redis_identity = identity


async def _batches(listing: Listing) -> AsyncIterator[list[tuple[UserId, Revision]]]:
    after = ""
    while lists := await listing(after):
        yield lists
        after = lists[-1][0]
