"""The servers that an address means: one, the one that Sentinels name, or those of a cluster."""

from collections.abc import Sequence
from typing import Any, Protocol

from core.addresses.redis import RedisAddress
from core.cache.servers.cluster import Cluster
from core.cache.servers.redis import Recovery, Redis
from core.cache.servers.route import BySentinel, Direct
from core.cache.servers.wire import Argument
from core.types import UserId


class Servers(Protocol):
    """Where the hashes lie: one server, or those of a cluster."""

    @property
    def nodes(self) -> Sequence[Redis]: ...

    @property
    def complete(self) -> bool:
        """Whether every user's hash has a server."""

    def of(self, owner: UserId) -> Redis: ...

    async def tell(self, owner: UserId, *command: Argument) -> Any:
        """Change what belongs to `owner`, wherever it is by now; as patient as `Redis.send_patiently`."""

    async def start(self, *, recovery: Recovery | None = None) -> None: ...

    async def close(self) -> None: ...


def servers(address: RedisAddress, *, timeout: float, retry_after: float) -> Servers:
    """Not connected yet; `timeout` as in `Redis`."""
    if address.kind == "cluster":
        return Cluster(address, timeout=timeout, retry_after=retry_after)
    if address.kind == "sentinel":
        return Redis(BySentinel(address), timeout=timeout, retry_after=retry_after)
    return Redis(Direct(address), timeout=timeout, retry_after=retry_after)
