"""Erases every row of the users who asked for it, in small transactions."""

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
    erased = 0
    for owner in await ctx.all_lists.to_be_erased(limit=ACCOUNTS):
        while await ctx.lists.write(owner, lambda change: bulk.erase_tasks(change, limit=BATCH)):
            if time.monotonic() > until:
                return erased
        await ctx.fence.open(owner)  # raises while Redis has not been told: with the list goes what could be published
        if await ctx.lists.write(owner, bulk.erase_rest):
            erased += 1
            log.info("account_erased", user=user_hash(owner))
    ctx.metrics.purged.labels("accounts").inc(erased)
    return erased
