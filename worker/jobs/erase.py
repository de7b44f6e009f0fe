"""Erases every row of the users who asked for it, in small transactions.

What a user wrote goes without Redis. The list's revision stays until Redis knows it, for with it goes what could be
published; or until all that Redis may hold of the user has expired. Whoever's list somebody else holds, or writes to
without end, keeps nobody else waiting: each has one batch in turn, and what is locked is left for the next run.
"""

import time

import structlog

from core.errors import DatabaseUnavailable
from core.logs import user_hash
from core.tasks import bulk
from core.types import UserId
from worker.jobs.context import Context

log = structlog.get_logger()

BATCH = 1000
ACCOUNTS = 100
BUDGET_SECONDS = 40
"""After this a run stops between two batches; the next one goes on."""


async def erase_accounts(ctx: Context) -> int:
    """Erase tasks, keys and list of everyone who waits for it; returns how many accounts are done."""
    began = time.monotonic()
    await _empty(ctx, until=began + BUDGET_SECONDS / 2)  # somebody may write for ever: the others shall be done
    told = ctx.fence.connected
    # Without Redis: whoever Redis has forgotten itself. Somebody may have confirmed there once more what was cached
    # last, hence twice.
    patience = 0 if told else 2 * ctx.fence.longest_life
    seen: set[UserId] = set()
    erased = 0
    while emptied := await ctx.all_lists.emptied(limit=ACCOUNTS, untouched_for=patience, but=seen):
        for owner, stand in emptied:
            if time.monotonic() > began + BUDGET_SECONDS:
                break
            seen.add(owner)
            if not told or await ctx.fence.raise_to(owner, stand):
                erased += await _end(ctx, owner)
        else:
            continue
        break
    ctx.metrics.purged.labels("accounts").inc(erased)
    return erased


async def _empty(ctx: Context, *, until: float) -> None:
    """Pass by pass one batch of each, until there is nothing, or what is left is locked."""
    held: set[UserId] = set()
    seen: set[UserId] = set()
    while owners := await ctx.all_lists.to_be_emptied(limit=ACCOUNTS, but=seen) or (
        seen > held and await ctx.all_lists.to_be_emptied(limit=ACCOUNTS, but=(seen := set(held)))
    ):
        for owner in owners:
            if time.monotonic() > until:
                return
            seen.add(owner)
            try:
                await ctx.lists.write(owner, lambda change: bulk.erase_tasks(change, limit=BATCH))
            except DatabaseUnavailable as error:
                log.info("erasure_put_off", user=user_hash(owner), reason=str(error))
                held.add(owner)


async def _end(ctx: Context, owner: UserId) -> bool:
    try:
        done = await ctx.lists.write(owner, bulk.erase_rest)
    except DatabaseUnavailable as error:
        log.info("erasure_put_off", user=user_hash(owner), reason=str(error))
        return False
    if done:
        log.info("account_erased", user=user_hash(owner))
    return done
