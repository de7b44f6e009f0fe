"""Makes room in the order by hand where keys have grown long, a few tasks at a time: a move need not do it then."""

import time

import structlog

from core.errors import DatabaseUnavailable
from core.logs import user_hash
from core.tasks.tree import places
from core.types import UserId
from worker.jobs.context import Context

log = structlog.get_logger()

BATCH = 1000
BUDGET_SECONDS = 40
"""After this a run stops between two transactions; the next one goes on."""


async def spread_lists(ctx: Context) -> int:
    """Spread the keys of the lists that have asked for it; returns how often.

    The order stays as it is. A list that somebody holds is left for the next run, and keeps no other waiting.
    """
    until = time.monotonic() + BUDGET_SECONDS
    held: set[UserId] = set()
    spread = 0
    while owners := await ctx.all_lists.crowded(limit=BATCH, but=held):
        for owner in owners:
            try:
                while time.monotonic() < until and await ctx.lists.write(owner, places.make_room):
                    spread += 1
            except DatabaseUnavailable as error:
                log.info("spread_put_off", user=user_hash(owner), reason=str(error))
                held.add(owner)
            if time.monotonic() > until:
                return spread
    return spread
