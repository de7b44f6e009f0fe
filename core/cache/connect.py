"""The servers that an address means: one, or the one that Sentinels name."""

from core.addresses.redis import RedisAddress
from core.cache.fence import Servers
from core.cache.redis import Redis
from core.cache.route import BySentinel, Direct


def servers(address: RedisAddress, *, timeout: float, retry_after: float) -> Servers:
    """Not connected yet; `timeout` as in `Redis`."""
    if address.kind == "sentinel":
        return Redis(BySentinel(address), timeout=timeout, retry_after=retry_after)
    return Redis(Direct(address), timeout=timeout, retry_after=retry_after)
