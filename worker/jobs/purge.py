"""Erases what nobody can ask for any more, in small transactions, one user's list locked at a time."""

import time
from datetime import UTC, datetime, timedelta

import structlog

from core.errors import DatabaseUnavailable
from core.logs import user_hash
from core.tasks import crud
from core.types import UserId
from worker.jobs.context import Context

log = structlog.get_logger()

BATCH = 1000
BUDGET_SECONDS = 40
"""After this a run stops between two batches; the next one goes on."""


async def purge_trash(ctx: Context) -> int:
    """Erase the tasks that were deleted longer ago than the retention; returns how many.

    A list that somebody holds is left for the next run, and keeps no other waiting.
    """
    cutoff = datetime.now(UTC) - timedelta(days=ctx.settings.trash_retention_days)
    until = time.monotonic() + BUDGET_SECONDS
    held: set[UserId] = set()
    purged = 0
    while owners := await ctx.all_lists.with_tasks_deleted_before(cutoff, limit=BATCH, but=held):
        for owner in owners:
            try:
                purged += await ctx.lists.write(owner, lambda change: crud.purge(change, cutoff, limit=BATCH))
            except DatabaseUnavailable as error:
                log.info("purge_put_off", user=user_hash(owner), reason=str(error))
                held.add(owner)
            if time.monotonic() > until:
                break
        else:
            continue
        break
    ctx.metrics.purged.labels("tasks").inc(purged)
    return purged


async def purge_idempotency_keys(ctx: Context) -> int:
    """Forget the answers that were kept for retries longer than the retention; returns how many."""
    cutoff = datetime.now(UTC) - timedelta(hours=ctx.settings.idempotency_retention_hours)
    until = time.monotonic() + BUDGET_SECONDS
    purged = 0
    while time.monotonic() < until:
        count = await ctx.all_lists.forget_keys_before(cutoff, limit=BATCH)
        purged += count
        if count < BATCH:
            break
    ctx.metrics.purged.labels("idempotency_keys").inc(purged)
    return purged
