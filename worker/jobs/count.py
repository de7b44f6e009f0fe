"""Counts the lists that are older than their counters, in small transactions that wait for nobody."""

import time

from core.types import UserId
from worker.jobs.context import Context

BATCH = 1000
BUDGET_SECONDS = 40
"""After this a run stops between two batches; what was counted stays so."""


async def count_lists(ctx: Context) -> int:
    """Count every list that is not counted yet and that no writer holds right now; returns how many."""
    until = time.monotonic() + BUDGET_SECONDS
    after: UserId | None = UserId("")
    counted = 0
    while after is not None and time.monotonic() < until:
        after, count = await ctx.all_lists.count_uncounted(after=after, limit=BATCH)
        counted += count
    return counted
