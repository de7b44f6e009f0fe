"""Tells the cache what it has missed: a Redis that was out of a writer's reach, restarted or wiped; writes by psql."""

from worker.jobs.context import Context


async def publish_revisions(ctx: Context) -> int:
    """Raise the fence of every list that changed since the cache was last told; safe to repeat, and to run twice."""
    look = await ctx.all_lists.look()
    ctx.note.found(look.note)
    await ctx.fence.meet(look.history)
    return await ctx.publisher.run() if look.pending else 0
