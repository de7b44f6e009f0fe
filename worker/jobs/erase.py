"""Erases every row of the users who asked for it, in small transactions.

What a user wrote goes without Redis. The list's revision stays until Redis knows it, for with it goes what could be
published; or until all that Redis may hold of the user has expired.
"""

import time

import structlog

from core.logs import user_hash
from core.tasks import bulk
from worker.jobs.context import Context

log = structlog.get_logger()

BATCH = 1000
ACCOUNTS = 100
BUDGET_SECONDS = 40
"""After this a run stops between two batches; the next one goes on."""


async def erase_accounts(ctx: Context) -> int:
    """Erase tasks, keys and list of everyone who waits for it; returns how many accounts are done."""
    until = time.monotonic() + BUDGET_SECONDS
    for owner in await ctx.all_lists.to_be_emptied(limit=ACCOUNTS):
        while await ctx.lists.write(owner, lambda change: bulk.erase_tasks(change, limit=BATCH)):
            if time.monotonic() > until:
                return 0
    told = ctx.fence.connected
    # Without Redis: whoever Redis has forgotten itself. Somebody may have confirmed there once more what was cached
    # last, hence twice.
    emptied = await ctx.all_lists.emptied(limit=ACCOUNTS, untouched_for=0 if told else 2 * ctx.fence.longest_life)
    erased = 0
    for owner, stand in emptied:
        if time.monotonic() > until or (told and not await ctx.fence.raise_to(owner, stand)):
            break
        if await ctx.lists.write(owner, bulk.erase_rest):
            erased += 1
            log.info("account_erased", user=user_hash(owner))
    ctx.metrics.purged.labels("accounts").inc(erased)
    return erased
