"""A Redis Cluster: one connection to each master, and a map of who has which slot.

A command whose slot has moved fails as one does in an outage: a read goes past the cache. An announcement follows its
slot. The map is looked at again when a command was sent elsewhere, while a master is out of reach, and every few
seconds.
"""

import asyncio
import contextlib
import random
import re
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import structlog

from core.addresses.redis import Node, RedisAddress
from core.cache.keys import SLOTS, Names, names_in, slot
from core.cache.servers.redis import Recovery, Redis
from core.cache.servers.route import Direct
from core.cache.servers.wire import CONNECT_SECONDS, Argument, Refusal, Send, Wire, dial, packed
from core.errors import Redirected, RedisUnavailable
from core.types import UserId

log = structlog.get_logger()

LOOK_PERIODS = 5
"""Periods of `retry_after` after which the map is looked at for no reason."""

GOSSIP_SECONDS = 2.0
"""For so long the nodes of a cluster may tell different things of who has which slot."""

REDIRECTIONS = 5
TELLING = ("MOVED", "ASK", "CLUSTERDOWN", "MASTERDOWN", "READONLY")
"""The errors that say that the map is another."""

_REDIRECTED = re.compile(r"(MOVED|ASK) \d+ (.*):(\d+)")

TURNS = 3
"""Of the event loop, in which what goes to one master is gathered. Each gets a part of what is asked in a turn, and the
smaller a batch, the more of a command's cost is the waking up for it. A busy process loses hardly any time by it, as
what waits here would wait for its turn elsewhere; a turn of an idle one takes two microseconds.
"""

SPREAD = 10_139
"""Odd, so that multiplying by it puts the slots into another order."""


class Member(Direct):
    """The route to one master. Its own keys must lie in a slot that it has, and that it loses or gains late.

    All processes must take the same: they choose by the slots alone. Whoever deals slots out anew takes the lowest
    first, or the highest, and gives them one by one; so neither is a good choice, and some slot in between is.
    """

    turns = TURNS

    def __init__(self, address: RedisAddress, refusal: Refusal) -> None:
        super().__init__(address, refusal)
        self.names: Names = names_in(0)

    def settle_in(self, slots: Iterator[int]) -> None:
        self.names = names_in(min(slots, key=lambda slot: slot * SPREAD % SLOTS))

    def longest(self, timeout: float) -> float:
        return super().longest(timeout) + GOSSIP_SECONDS

    async def term(self, wire: Wire) -> bytes:
        """The epoch of the master, which is another whenever it was given slots, or elected.

        So what it has kept of a slot that was elsewhere for a while, and of what was raised there, is no hit.
        """
        return b"/" + _fields(await wire.send_patiently(packed("CLUSTER", "INFO")))[b"cluster_my_epoch"]


@dataclass(frozen=True, slots=True)
class View:
    """Who has which slots, by the word of one node, and whether it finds that the cluster works."""

    masters: dict[Node, list[range]]
    ok: bool


@dataclass(eq=False, slots=True)
class _Master:
    member: Member
    redis: Redis
    slots: list[range] = field(default_factory=list)


class Cluster:
    """The masters of the moment; `timeout` and `retry_after` as in `Redis`."""

    def __init__(self, address: RedisAddress, *, timeout: float, retry_after: float) -> None:
        self._server = replace(address, kind="single")
        self._seeds = address.nodes
        self._timeout = timeout
        self._retry_after = retry_after
        self._recovery: Recovery | None = None
        self._masters: dict[Node, _Master] = {}
        self._nodes: tuple[Redis, ...] = ()
        self._by_slot: list[Redis | None] = [None] * SLOTS
        self._complete = False
        self._outdated = asyncio.Event()
        self._looked = asyncio.Event()
        self._hint: Node | None = None
        self._unknown = False
        self._keeper: asyncio.Task[None] | None = None
        self._chores: set[asyncio.Task[None]] = set()

    @property
    def nodes(self) -> tuple[Redis, ...]:
        return self._nodes

    @property
    def complete(self) -> bool:
        return self._complete

    def of(self, owner: UserId) -> Redis:
        """The master that has the user's slot, by the map; raises `RedisUnavailable` when none has."""
        redis = self._by_slot[slot(owner)]
        if redis is None:
            raise RedisUnavailable("no master has the slot")
        return redis

    async def tell(self, owner: UserId, *command: Argument) -> Any:
        """Follow the slot: what is on its way is changed where it goes, what has moved is where it is."""
        for _ in range(REDIRECTIONS):
            try:
                return await self.of(owner).send_patiently(*command)
            except Redirected as elsewhere:
                if not elsewhere.asking:
                    await self._look_again()
                elif master := self._masters.get(Node(elsewhere.host, elsewhere.port)):
                    return await master.redis.send_asking(*command)
                else:
                    return await self._tell_newcomer(Node(elsewhere.host, elsewhere.port), *command)
        raise RedisUnavailable("redirected again and again")

    async def _tell_newcomer(self, node: Node, *command: Argument) -> Any:
        """A master that has no slot yet, so that no map knows it: its first one is on its way there."""
        try:
            wire = await dial(replace(self._server, nodes=(node,)), self._timeout)
        except (OSError, TimeoutError, ValueError) as error:
            raise RedisUnavailable("the slot is on its way to a node that is out of reach") from error
        try:
            wire.send_patiently(packed("ASKING"))
            return await wire.send_patiently(packed(*command))
        finally:
            wire.give_up("told")

    async def start(self, *, recovery: Recovery | None = None) -> None:
        """Connect to all masters, or leave it to the background; `recovery` is used for each, as by `Redis.start`."""
        self._recovery = recovery
        await self._look()
        await asyncio.gather(*self._chores)
        self._keeper = asyncio.create_task(self._keep_looking())

    async def close(self) -> None:
        if self._keeper:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
        await asyncio.gather(*self._chores, return_exceptions=True)
        await asyncio.gather(*(redis.close() for redis in self._nodes))

    async def _keep_looking(self) -> None:
        periods = 0
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._retry_after / 2):
                    await self._outdated.wait()
            periods += 1
            if self._outdated.is_set() or periods >= 2 * LOOK_PERIODS or not all(redis.up for redis in self._nodes):
                periods = 0
                await self._look()
                await asyncio.sleep(self._retry_after / 20)  # however many commands are sent elsewhere

    async def _look_again(self) -> None:
        """Return when the map has been looked at, or does not come."""
        self._outdated.set()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CONNECT_SECONDS):
                await self._looked.wait()

    async def _look(self) -> None:
        """Ask one node after the other; the first that finds that the cluster works is believed."""
        self._outdated.clear()
        found: View | None = None
        for node in self._witnesses():
            try:
                async with asyncio.timeout(max(self._timeout, CONNECT_SECONDS)):
                    view = await self._ask(node)
            except Exception as error:  # noqa: BLE001  # whatever it says, another may say it rightly
                log.debug("redis_cluster_node_unclear", node=f"{node.host}:{node.port}", error=type(error).__name__)
                continue
            found = found or view
            if view.ok:
                found = view
                break
        if found:
            self._take(found)
        elif not self._unknown:
            log.warning("redis_cluster_unavailable")
        self._unknown = found is None
        looked, self._looked = self._looked, asyncio.Event()
        looked.set()

    def _witnesses(self) -> list[Node]:
        """Whom a command was sent to, those who are connected, those in the address, the rest."""
        connected = [node for node, master in self._masters.items() if master.redis.up]
        random.shuffle(connected)
        seeds = random.sample(self._seeds, len(self._seeds))
        hint, self._hint = self._hint, None
        return list(dict.fromkeys([*([hint] if hint else []), *connected, *seeds, *self._masters]))

    async def _ask(self, node: Node) -> View:
        master = self._masters.get(node)
        if master and master.redis.up:
            return await _view(master.redis.send, node)
        wire = await dial(replace(self._server, nodes=(node,)), self._timeout)
        try:
            return await _view(lambda *command: wire.send(packed(*command)), node)
        finally:
            wire.give_up("asked")

    def _take(self, view: View) -> None:
        """Start what is new, close what is gone, and cast doubt on whoever was given a slot."""
        gone = [self._masters.pop(node) for node in list(self._masters) if node not in view.masters]
        new = [self._make(node) for node in view.masters if node not in self._masters]
        by_slot: list[Redis | None] = [None] * SLOTS
        for node, slots in view.masters.items():
            master = self._masters[node]
            if master.slots != slots:
                master.slots = slots
                master.member.settle_in(one for several in slots for one in several)
                master.redis.doubt()
            for several in slots:
                by_slot[several.start : several.stop] = [master.redis] * len(several)
        self._by_slot = by_slot
        self._complete = None not in by_slot
        self._nodes = tuple(master.redis for master in self._masters.values())
        if gone or new:
            log.info("redis_cluster_changed", masters=[redis.name for redis in self._nodes], complete=self._complete)
        for master in new:
            self._do(master.redis.start(recovery=self._recovery))
        for master in gone:
            self._do(master.redis.close())

    def _make(self, node: Node) -> _Master:
        member = Member(replace(self._server, nodes=(node,)), partial(self._refusal, node))
        redis = Redis(member, timeout=self._timeout, retry_after=self._retry_after)
        redis.settled = self._keeper is None  # later it takes slots over: others may still owe it something
        self._masters[node] = master = _Master(member, redis)
        return master

    def _refusal(self, node: Node, answer: str) -> RedisUnavailable:
        """What an error of that node means; the map is looked at again if it says that it is another."""
        if not answer.startswith(TELLING):
            return RedisUnavailable(answer)
        self._outdated.set()
        redirected = _REDIRECTED.fullmatch(answer)
        if not redirected:
            return RedisUnavailable(answer)
        self._hint = Node(redirected[2] or node.host, int(redirected[3]))
        return Redirected(answer, self._hint.host, self._hint.port, asking=redirected[1] == "ASK")

    def _do(self, chore: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(chore)
        self._chores.add(task)
        task.add_done_callback(self._chores.discard)


async def _view(send: Send, node: Node) -> View:
    """What a node says; where it leaves its own host out, it is where it was asked."""
    information, ranges = await asyncio.gather(send("CLUSTER", "INFO"), send("CLUSTER", "SLOTS"))
    masters: dict[Node, list[range]] = {}
    for first, last, (host, port, *_), *_replicas in ranges:
        master = Node(host.decode() if host else node.host, int(port))
        masters.setdefault(master, []).append(range(first, last + 1))
    for slots in masters.values():
        slots.sort(key=lambda several: several.start)
    return View(masters, ok=_fields(information).get(b"cluster_state") == b"ok")


def _fields(information: bytes) -> dict[bytes, bytes]:
    return dict(line.split(b":", 1) for line in information.splitlines() if b":" in line)
