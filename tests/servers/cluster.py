"""A Redis Cluster of three masters, each with a replica if asked for: slots move and masters change under load."""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import redis as redis_py

from deploy.local.servers.sockets import LOOPBACK
from tests.ports import steady_port
from tests.servers.address import until
from tests.servers.redis import Server

MASTERS = 3
SLOTS = 16_384
BUS = 10_000
"""What the port for the nodes' own talk lies above the other; before Redis 7 it cannot be chosen."""

PATIENT, QUICK = 5000, 1000
"""Milliseconds after which a node that says nothing is taken for dead. On a busy machine one that lives is silent for
more than a second now and then: only where a death is waited for are the others quick to see it.
"""

BATCH = 100
"""Keys that are moved at once; nobody is served meanwhile."""


class Node(Server):
    """A member, which keeps its name in the cluster, but no data, over a restart."""

    def __init__(self, folder: Path, *, options: Sequence[str] = ()) -> None:
        port = steady_port(bus=BUS)
        clustered = (
            *("--cluster-enabled", "yes"),
            *("--cluster-node-timeout", str(PATIENT)),
            *("--cluster-replica-validity-factor", "0"),  # a replica that lagged is promoted all the same
        )
        super().__init__(folder / f"node-{port}", port=port, options=(*clustered, *options))

    @property
    def identity(self) -> str:
        return str(self.ask("CLUSTER", "MYID").decode())

    @property
    def is_ok(self) -> bool:
        """Whether it finds that every slot is served."""
        return b"cluster_state:ok" in self.ask("CLUSTER", "INFO")

    def view(self) -> dict[str, tuple[str, ...]]:
        """What it believes of every node: by name, its role, its master's name, and the slots it serves."""
        lines = [line.split() for line in self.ask("CLUSTER", "NODES").decode().splitlines()]
        return {name: (_role(flags), master, *slots) for name, _, flags, master, _, _, _, _, *slots in lines}


class RedisCluster:
    """`masters`, in the order of their slots, and `replicas`, one for each or none; everyone agrees who serves what.

    After a failover the promoted node stands among the `masters` and the old one among the `replicas`.
    """

    def __init__(self, folder: Path, *, replicas: bool = False, options: Sequence[str] = ()) -> None:
        def node() -> Node:
            return Node(folder, options=options)

        self._folder = folder
        self.masters = [node() for _ in range(MASTERS)]
        self.replicas = [node() for _ in range(MASTERS if replicas else 0)]
        self._resources = contextlib.ExitStack()

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as resources:
            for node in self.nodes:
                resources.callback(node.kill)
                node.start()
            self._form()
            self._resources = resources.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._resources.close()

    @property
    def nodes(self) -> list[Node]:
        return [*self.masters, *self.replicas]

    @property
    def url(self) -> str:
        return f"redis+cluster://{','.join(f'{LOOPBACK}:{node.port}' for node in self.nodes)}"

    def slot(self, key: str) -> int:
        return int(next(node for node in self.nodes if node.running).ask("CLUSTER", "KEYSLOT", key))

    def owner(self, key: str) -> Node:
        """The master that serves the key, by its own word."""
        slot = self.slot(key)
        for master in self.masters:
            if any(_contains(slots, slot) for slots in master.view()[master.identity][2:]):
                return master
        raise LookupError(f"no master serves slot {slot}")

    def await_ok(self) -> None:
        """Return when every living node finds that every slot is served, and all believe the same."""

        def agreed() -> bool:
            living = [node for node in self.nodes if node.running]
            views = [node.view() for node in living]
            return all(node.is_ok for node in living) and all(view == views[0] for view in views)

        until(agreed, "the cluster is whole and of one mind")

    def migrate(self, key: str) -> None:
        """Move the key's slot, with all its keys, to another master."""
        with self.migrating(key):
            pass

    @contextlib.contextmanager
    def migrating(self, key: str) -> Iterator["Move"]:
        """The key's slot is on its way meanwhile, its keys still where they were unless `move_keys` is called; at the
        end they have been moved, and everyone knows.
        """
        source = self.owner(key)
        target = self.masters[(self.masters.index(source) + 1) % MASTERS]
        move = Move(self.slot(key), source, target)
        target.ask("CLUSTER", "SETSLOT", move.slot, "IMPORTING", source.identity)
        source.ask("CLUSTER", "SETSLOT", move.slot, "MIGRATING", target.identity)
        yield move
        move.move_keys()
        owner = target.identity
        for node in (target, source, *(other for other in self.masters if other not in (source, target))):
            node.ask("CLUSTER", "SETSLOT", move.slot, "NODE", owner)  # the new owner first: nobody may own it never
        self.await_ok()

    @contextlib.contextmanager
    def growing(self, key: str) -> Iterator["Move"]:
        """A master that has no slot yet has joined, and the key's slot is on its way there; all is gone at the end."""
        source = self.owner(key)
        with Node(self._folder) as newcomer:
            newcomer.ask("CLUSTER", "SET-CONFIG-EPOCH", len(self.nodes) + 1)
            newcomer.ask("CLUSTER", "MEET", LOOPBACK, source.port)
            until(lambda: newcomer.identity in source.view(), "the newcomer is known")
            move = Move(self.slot(key), source, newcomer)
            until(lambda: _takes(newcomer, move.slot, source.identity), "the newcomer knows the others")
            until(lambda: newcomer.is_ok, "the newcomer finds that every slot is served")
            source.ask("CLUSTER", "SETSLOT", move.slot, "MIGRATING", newcomer.identity)
            yield move

    def lag(self, master: Node) -> None:
        """What is written to this master from now on does not reach its replica, which is a candidate all the same."""
        master.lock_out()

    def fail_over(self, master: Node, *, kill: bool = False) -> Node:
        """Its replica takes over, by agreement or because it dies; returns the new master when everyone knows it.

        One that died can be started again, and follows then, with an empty memory (`rejoin`).
        """
        number = self.masters.index(master)
        replica = self.replicas[number]
        if kill:
            master.kill()
            self._give_up_after(QUICK)
        else:
            replica.ask("CLUSTER", "FAILOVER")
        until(lambda: replica.is_primary, "the replica has taken over")
        self._give_up_after(PATIENT)
        self.masters[number], self.replicas[number] = replica, master
        self.await_ok()
        return replica

    def rejoin(self, node: Node) -> None:
        """Start a node that died, and wait until it follows the one that took its place."""
        node.start()
        until(lambda: node.follows, "the node that died follows")
        self.await_ok()

    def _give_up_after(self, milliseconds: int) -> None:
        for node in self.nodes:
            if node.running:
                node.ask("CONFIG", "SET", "cluster-node-timeout", milliseconds)

    def _form(self) -> None:
        for epoch, node in enumerate(self.nodes, 1):
            node.ask("CLUSTER", "SET-CONFIG-EPOCH", epoch)  # or two of them contend for it
        for number, master in enumerate(self.masters):
            first, end = (SLOTS * one // MASTERS for one in (number, number + 1))
            master.ask("CLUSTER", "ADDSLOTS", *range(first, end))
        for node in self.nodes:
            for other in self.nodes:
                if other is not node:
                    node.ask("CLUSTER", "MEET", LOOPBACK, other.port)
        until(lambda: all(len(node.view()) == len(self.nodes) for node in self.nodes), "the nodes know each other")
        for master, replica in zip(self.masters, self.replicas, strict=False):
            name = master.identity
            until(lambda: _accepts(replica, name), "the replica knows its master")  # noqa: B023  # used at once
        for replica in self.replicas:
            until(lambda: replica.follows, "the replica follows")  # noqa: B023  # used at once
        self.await_ok()


@dataclass(frozen=True, slots=True)
class Move:
    """A slot on its way: the source answers ASK for keys that it has not any more."""

    slot: int
    source: Node
    target: Node

    def move_keys(self, most: int | None = None) -> int:
        """Move that many keys, or all; returns how many."""
        moved = 0
        while most is None or moved < most:
            keys = self.source.ask("CLUSTER", "GETKEYSINSLOT", self.slot, min(BATCH, (most or BATCH) - moved))
            if not keys:
                break
            self.source.ask("MIGRATE", LOOPBACK, self.target.port, "", 0, 5000, "KEYS", *keys)
            moved += len(keys)
        return moved


def _takes(node: Node, slot: int, source: str) -> bool:
    """It must have shaken hands with whose slot it is."""
    with contextlib.suppress(redis_py.ResponseError):
        return bool(node.ask("CLUSTER", "SETSLOT", slot, "IMPORTING", source))
    return False


def _accepts(replica: Node, master: str) -> bool:
    """It must have shaken hands with its master first."""
    with contextlib.suppress(redis_py.ResponseError):
        return bool(replica.ask("CLUSTER", "REPLICATE", master))
    return False


def _contains(slots: str, slot: int) -> bool:
    """`slots` is `0`, `0-5460`, or `[93->-…]` for one on its way, which stands in a range as well."""
    if slots.startswith("["):
        return False
    first, _, last = slots.partition("-")
    return int(first) <= slot <= int(last or first)


def _role(flags: str) -> str:
    """Whether it is thought to have failed included."""
    return ",".join(flag for flag in flags.split(",") if flag != "myself")
