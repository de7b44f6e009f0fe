"""Compares cached answers and the counters of their lists with the database, in production, for ever.

Both counts of differences must stay 0. Wrong counters are put right.
"""

from typing import LiteralString

import structlog

from core.cache.answer import Answer
from core.cache.sample import sample
from core.errors import InvalidInput, NotFound, Resynchronise
from core.lists import counters
from core.logs import user_hash
from core.tasks import answers
from core.types import UserId
from worker.jobs.context import Context

log = structlog.get_logger()


async def audit_cache(ctx: Context) -> int:
    """Make a sample of the cached answers anew and compare; returns how many were compared."""
    compared = 0
    drawn = await sample(ctx.redis, ctx.fence, ctx.settings.worker_audit_sample)
    for variant, cached in drawn:
        if await _compare(ctx, variant, cached):
            compared += 1
    for owner in {cached.owner for _, cached in drawn}:
        await _compare_counters(ctx, owner)
    ctx.metrics.audited.inc(compared)
    return compared


async def _compare(ctx: Context, variant: str, cached: Answer) -> bool:
    """False if there is nothing to compare with: the answer has changed since, or another release wrote it."""
    try:
        asked = answers.parse_variant(variant)
    except (InvalidInput, Resynchronise):
        return False
    if asked is None or answers.variant(asked[0], shape=asked[1]) != variant:
        return False
    query, shape = asked
    try:
        fresh = await ctx.lists.read(
            cached.owner, lambda transaction: answers.make(transaction, cached.owner, query, shape=shape)
        )
    except (NotFound, Resynchronise):
        fresh = None
    if fresh == cached:
        return True
    same = fresh is not None and fresh.revision == cached.revision
    if same and fresh is not None and fresh.until != cached.until:
        return False  # time alone has made it another answer
    # What PostgreSQL has lost in a failover is a hit until somebody has met the new history.
    await ctx.fence.meet((await ctx.all_lists.look()).history)
    if not same and (
        await _is_to_be_published(ctx, cached.owner) or await ctx.fence.read(cached.owner, variant) != cached
    ):
        return False  # the list changed after the sample was drawn: the answer is no hit now, or will be none soon
    ctx.metrics.differences.inc()
    log.error("cached_value_differs", user=user_hash(cached.owner), revision=cached.revision)
    return True


async def _compare_counters(ctx: Context, owner: UserId) -> None:
    """Count what was not counted yet, and what is wrong: a trigger that somebody had disabled, say."""
    true = await ctx.lists.read(owner, counters.are_true)
    if true is None:
        await ctx.all_lists.count([owner])
    elif not true:
        ctx.metrics.wrong_counters.inc()
        log.error("counters_differ", user=user_hash(owner))
        await ctx.lists.write(owner, counters.count)


async def _is_to_be_published(ctx: Context, owner: UserId) -> bool:
    """Whether the cache need not know the latest change yet, which was made outside the API or without Redis."""
    sql: LiteralString = "SELECT 1 FROM task_lists WHERE user_id = %(owner)s AND revision > published_revision"
    return bool(await ctx.lists.read(owner, lambda transaction: transaction.execute(sql)))
