"""Tells the cache what it has missed: a Redis that was out of a writer's reach, restarted or wiped; writes by psql."""

from collections.abc import AsyncIterator, Awaitable, Callable

from core.types import Stand, UserId
from worker.jobs.context import Context

BATCH = 1000
Listing = Callable[[str], Awaitable[list[tuple[UserId, Stand]]]]


async def publish_revisions(ctx: Context) -> int:
    """Raise the fence of every list that changed since the cache was last told; safe to repeat, and to run twice.

    The fence is raised first and recorded then: a crash between the two repeats the first, which does no harm.
    """
    await ctx.fence.meet(await ctx.all_lists.history())
    published = 0
    async for lists in _batches(lambda after: ctx.all_lists.pending(after=after, limit=BATCH)):
        await ctx.fence.raise_all(lists)
        await ctx.all_lists.mark_published(lists)
        published += len(lists)
    ctx.metrics.published.inc(published)
    return published


async def _batches(listing: Listing) -> AsyncIterator[list[tuple[UserId, Stand]]]:
    after = ""
    while lists := await listing(after):
        yield lists
        after = lists[-1][0]
