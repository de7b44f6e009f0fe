"""How a server is found: at one address, or by the Sentinels, who are asked again for as long as a connection lives."""

import asyncio
from collections import Counter
from dataclasses import replace
from typing import Protocol

from core.addresses.redis import Node, RedisAddress
from core.cache.keys import ALONE, Names
from core.cache.servers.wire import CONNECT_SECONDS, Refusal, Wire, dial, packed
from core.errors import RedisUnavailable

SENTINEL_SECONDS = 0.5
"""All are asked at once, and who has said nothing by then is done without."""

HELLO_SECONDS = 2.0
"""How often Sentinels tell each other what they know: for so long one may name the primary of before."""


class Route(Protocol):
    """How a server is found. What is raised is `OSError`, `TimeoutError` or `RedisUnavailable`."""

    @property
    def name(self) -> str:
        """For the log."""

    @property
    def names(self) -> Names:
        """Of the keys that are the server's own."""

    def longest(self, timeout: float) -> float:
        """Seconds that `connect` may take, and others may take longer to find the same server."""

    async def connect(self, timeout: float) -> Wire: ...

    async def check(self, wire: Wire) -> None:
        """Raise if the wire does not lead to the server that it should lead to now."""

    async def term(self, wire: Wire) -> bytes:
        """What its generation depends on beside the server's own id."""


class Direct:
    """One server, always at the same address."""

    names = ALONE
    turns = 1
    """As of `Wire`."""

    def __init__(self, address: RedisAddress, refusal: Refusal = RedisUnavailable) -> None:
        self._address = address
        self._refusal = refusal

    @property
    def name(self) -> str:
        return self._address.path or ",".join(f"{node.host}:{node.port}" for node in self._address.nodes)

    def longest(self, timeout: float) -> float:
        return max(timeout, CONNECT_SECONDS)

    async def connect(self, timeout: float) -> Wire:
        return await dial(self._address, timeout, self._refusal, turns=self.turns)

    async def check(self, wire: Wire) -> None:
        """There is no other."""

    async def term(self, wire: Wire) -> bytes:  # noqa: ARG002  # a member of a cluster asks
        return b""


class BySentinel:
    """The route to the primary that most of them name.

    They are asked anew at each check: a primary that has been cut off from them would go on serving whoever is
    connected, while everyone else tells the new one what has changed.
    """

    names = ALONE

    def __init__(self, address: RedisAddress) -> None:
        self._server = replace(address, kind="single", master=None, sentinel_username=None, sentinel_password=None)
        sentinel = replace(self._server, username=address.sentinel_username, password=address.sentinel_password, db=0)
        self._sentinels = [replace(sentinel, nodes=(node,)) for node in address.nodes]
        self._master = address.master or ""
        self._node: Node | None = None

    @property
    def name(self) -> str:
        return f"{self._node.host}:{self._node.port}" if self._node else self._master

    def longest(self, timeout: float) -> float:
        """A wrong one may be tried before the right one."""
        return SENTINEL_SECONDS + HELLO_SECONDS + 2 * max(timeout, CONNECT_SECONDS)

    async def connect(self, timeout: float) -> Wire:
        self._node = None
        named = await self._named()
        for node in named:
            if self._is_given_up(node, named):
                continue
            try:
                wire = await dial(replace(self._server, nodes=(node,)), timeout)
            except (OSError, RedisUnavailable, TimeoutError, ValueError):  # a name that is none is a ValueError
                continue
            try:
                await _see_primary(wire)
            except RedisUnavailable:
                wire.give_up("no primary")
                continue
            except BaseException:
                wire.give_up("cancelled")
                raise
            self._node = node
            return wire
        raise RedisUnavailable("no Sentinel names a primary that is one")

    async def check(self, wire: Wire) -> None:
        """Raise if it is no primary any more, or most Sentinels name another."""
        await _see_primary(wire)
        if self._is_given_up(self._node, await self._named()):
            raise RedisUnavailable("the Sentinels name another primary")

    async def term(self, wire: Wire) -> bytes:  # noqa: ARG002  # a member of a cluster asks
        return b""

    def _is_given_up(self, node: Node | None, named: Counter[Node]) -> bool:
        """Whether more than half of all Sentinels name others."""
        return 2 * sum(count for other, count in named.items() if other != node) > len(self._sentinels)

    async def _named(self) -> Counter[Node]:
        """Each primary that is named, by how many; the one that most name comes first."""
        asked = [asyncio.create_task(self._ask(sentinel)) for sentinel in self._sentinels]
        try:
            await asyncio.wait(asked, timeout=SENTINEL_SECONDS)
            named = Counter(node for task in asked if task.done() and (node := task.result()))
        finally:
            for task in asked:
                task.cancel()
            await asyncio.gather(*asked, return_exceptions=True)
        return Counter(dict(named.most_common()))

    async def _ask(self, sentinel: RedisAddress) -> Node | None:
        try:
            wire = await dial(sentinel, SENTINEL_SECONDS)
        except (OSError, RedisUnavailable, TimeoutError, ValueError):
            return None
        try:
            answer = await wire.send(packed("SENTINEL", "GET-MASTER-ADDR-BY-NAME", self._master))
            return Node(answer[0].decode(), int(answer[1])) if answer else None
        except (RedisUnavailable, ValueError, LookupError, AttributeError):  # whatever it has answered
            return None
        finally:
            wire.give_up("asked")


async def _see_primary(wire: Wire) -> None:
    """Raise if it says that it is something else. An account that may not ask finds out by writing (`Names.probe`)."""
    try:
        role = await wire.send_patiently(packed("ROLE"))
    except RedisUnavailable:
        if wire.lost.is_set():
            raise
        return
    if not isinstance(role, list) or role[:1] != [b"master"]:
        raise RedisUnavailable("a replica")
