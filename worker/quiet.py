"""When the worker need not look at the database: while Redis holds no list, nothing there can be stale.

A stale answer is one that Redis holds. Each list there goes away by itself minutes after it was last read or written,
and whoever reads or writes one makes it again. So as long as there is none, a change that nobody has announced is in
nobody's way, and a database that sleeps when it is left alone may sleep. Looking is left for once in a long period.
"""

import math
import time

from core.cache.keys import LISTS
from core.cache.servers.connect import Servers
from core.cache.servers.redis import Redis
from core.errors import RedisUnavailable

PAGE = 1000
PAGES = 20
"""Where so many pages of keys hold no list there are others than ours, and looking through them all is no rest."""


class Quiet:
    """Rest begins as soon as nothing can be late, and is interrupted every `period` seconds; 0: there is none."""

    def __init__(self, servers: Servers, period: int) -> None:
        self._servers = servers
        self._period = period
        self._since: float | None = -math.inf
        """Since when the database is left alone, by the monotonic clock; None: it is not. At first it is looked at."""

    @property
    def resting(self) -> bool:
        """As of the last question."""
        return self._period > 0 and self._since is not None and not self.is_over

    @property
    def is_over(self) -> bool:
        """Whether everything is to be looked at once again."""
        return self._since is not None and time.monotonic() - self._since >= self._period

    async def may_go_on(self) -> bool:
        """Whether the database can be left alone now; takes a question to Redis."""
        if not self._period or not await self._nothing_is_cached():
            self._since = None
            return False
        if self._since is None:
            self.begin()
        return not self.is_over

    def begin(self) -> None:
        """Everything was looked at just now."""
        self._since = time.monotonic()

    async def _nothing_is_cached(self) -> bool:
        if not self._servers.complete:
            return False
        try:
            for node in self._servers.nodes:
                if await _holds_lists(node):
                    return False
        except RedisUnavailable:
            return False
        return True


async def _holds_lists(node: Redis) -> bool:
    cursor = b"0"
    for _ in range(PAGES):
        cursor, names = await node.send_patiently("SCAN", cursor, "MATCH", LISTS, "COUNT", PAGE)
        if names:
            return True
        if cursor == b"0":
            return False
    return True
