"""The servers that an address means: one, the one that Sentinels name, or those of a cluster."""

from core.addresses.redis import RedisAddress
from core.cache.cluster import Cluster
from core.cache.fence import Servers
from core.cache.redis import Redis
from core.cache.route import BySentinel, Direct


def servers(address: RedisAddress, *, timeout: float, retry_after: float) -> Servers:
    """Not connected yet; `timeout` as in `Redis`."""
    if address.kind == "cluster":
        return Cluster(address, timeout=timeout, retry_after=retry_after)
    if address.kind == "sentinel":
        return Redis(BySentinel(address), timeout=timeout, retry_after=retry_after)
    return Redis(Direct(address), timeout=timeout, retry_after=retry_after)
