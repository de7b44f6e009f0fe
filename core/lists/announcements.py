"""Whoever shows a state sees to it that it was announced: acknowledged means announced, and so does answered.

A process may lose Redis while others read from it. What it writes then, and what it reads past the cache, would be
newer than what they still serve; so it waits until Redis was told by itself or by the worker, which records what it
has published, or until the worker has noted that Redis is away: then nobody serves anything from it.
"""

import asyncio
import contextlib
import random
import time
from typing import LiteralString

import structlog

from core.cache.fence import Fence
from core.database.pool import Database
from core.errors import DatabaseUnavailable, OutcomeUnknown
from core.lists.stand import HISTORY
from core.types import Stand, UserId

log = structlog.get_logger()

POLL_SECONDS = 0.1
"""Between two looks at what the worker has recorded."""

PAUSE_SECONDS = 30
"""For how long nobody waits after a wait that was in vain: then the worker, too, is away."""

VAIN_PART = 0.5
"""So much of what a request has must have been waited to say that: a short rest of it is too short for any worker."""

_RECORDED: LiteralString = (
    "SELECT coalesce((SELECT published_revision FROM task_lists WHERE user_id = %(owner)s), 0),"
    " (SELECT state FROM cache_state), " + HISTORY
)
_NOTED: LiteralString = "SELECT state FROM cache_state"


class Announcements:
    """Waits for Redis to know what somebody is about to be shown."""

    def __init__(self, database: Database, fence: Fence, role: LiteralString) -> None:
        self._database = database
        self._fence = fence
        self._role = role
        self._paused_until = 0.0

    async def acknowledge(self, owner: UserId, stand: Stand, *, deadline: float) -> None:
        """Return when what was committed may be acknowledged; at `deadline` (of `time.monotonic`) in any case.

        Raises `OutcomeUnknown` when another server has taken over meanwhile.
        """
        if await self._fence.raise_to(owner, stand, committed=True):
            self._fence.remember(owner, stand.revision)
            self._paused_until = 0.0  # what made a wait vain is over, and the next outage is another
        else:
            await self._wait(owner, stand, deadline)

    async def show(self, owner: UserId, stand: Stand, *, deadline: float) -> None:
        """Return when a state that was read past the cache may be shown; at `deadline` in any case; raises as well."""
        await self._fence.meet(stand.history)
        if not self._fence.knows(owner, stand.revision):
            await self._wait(owner, stand, deadline)

    async def all_told(self) -> bool:
        """Whether Redis knows by now what was acknowledged while it was away; False when nobody can tell."""
        with contextlib.suppress(DatabaseUnavailable):
            [(state,)] = await self._database.run(
                lambda transaction: transaction.execute(_NOTED), opening=self._role, parameters={"owner": ""}
            )
            return bool(state == "reached")
        return False

    async def _wait(self, owner: UserId, stand: Stand, deadline: float) -> None:
        began = time.monotonic()
        while time.monotonic() >= self._paused_until:
            if await self._is_recorded(owner, stand) or await self._fence.raise_to(owner, stand, committed=True):
                return
            if time.monotonic() >= deadline:
                log.warning("shown_unannounced")
                if time.monotonic() - began >= VAIN_PART * self._database.timeout:
                    self._paused_until = time.monotonic() + PAUSE_SECONDS
                return
            await asyncio.sleep(POLL_SECONDS * random.uniform(0.5, 1))  # noqa: S311  # jitter, not a secret

    async def _is_recorded(self, owner: UserId, stand: Stand) -> bool:
        try:
            [(published, state, history)] = await self._database.run(
                lambda transaction: transaction.execute(_RECORDED), opening=self._role, parameters={"owner": owner}
            )
        except DatabaseUnavailable:
            return False
        if history != stand.history:
            raise OutcomeUnknown("another server has taken over, and may have lost what was committed")
        return bool(state == "away" or published >= stand.revision)
