"""The servers that an address means: one, the one that Sentinels name, or those of a cluster."""

import contextlib
import random
from collections.abc import Sequence
from typing import Any, Protocol

from core.addresses.redis import RedisAddress
from core.cache.keys import ALONE
from core.cache.servers.cluster import Cluster
from core.cache.servers.redis import Recovery, Redis
from core.cache.servers.route import BySentinel, Direct, Route
from core.cache.servers.wire import CONNECT_SECONDS, Argument, Wire
from core.errors import RedisUnavailable
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


def listening(address: RedisAddress, known: Servers) -> Route:
    """To a server that hears what is published: the one, or any of a cluster that `known` is connected to."""
    if address.kind == "cluster":
        return AnyOf(known)
    return BySentinel(address) if address.kind == "sentinel" else Direct(address)


class AnyOf:
    """The route to whichever server of a cluster is there: all of them hear what any is told to publish."""

    name = "cluster"
    names = ALONE

    def __init__(self, known: Servers) -> None:
        self._known = known

    def longest(self, timeout: float) -> float:
        return len(self._known.nodes) * max(timeout, CONNECT_SECONDS)

    async def connect(self, timeout: float) -> Wire:
        nodes = [node for node in self._known.nodes if node.up]
        for node in random.sample(nodes, len(nodes)):
            with contextlib.suppress(OSError, RedisUnavailable, TimeoutError):
                return await node.route.connect(timeout)
        raise RedisUnavailable("no server of the cluster is there")

    async def check(self, wire: Wire) -> None:
        """Whichever it is will do."""

    async def term(self, wire: Wire) -> bytes:  # noqa: ARG002  # nothing is kept of it
        return b""


def servers(address: RedisAddress, *, timeout: float, retry_after: float) -> Servers:
    """Not connected yet; `timeout` as in `Redis`."""
    if address.kind == "cluster":
        return Cluster(address, timeout=timeout, retry_after=retry_after)
    if address.kind == "sentinel":
        return Redis(BySentinel(address), timeout=timeout, retry_after=retry_after)
    return Redis(Direct(address), timeout=timeout, retry_after=retry_after)
