"""Redis servers that take the place of another without having heard of everything that it was told."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Sequence

from tests.consistency.parts.cluster import Cluster
from tests.consistency.parts.proxy import Wire
from tests.ports import steady_port
from tests.servers.address import until
from tests.servers.redis import BOUNDED, Server, refuses_writes

HIT_PATIENCE = 30.0
AWAY_SECONDS = 1.5
"""For so long the worker stays away after everybody is served from the cache again."""

ELECTION_SECONDS = 1.5
"""What a failover takes at least after the old primary has stopped to take writes: by then everybody has noticed, for
each process looks after its connection twice in `REDIS_RETRY_AFTER`."""


@contextlib.asynccontextmanager
async def promoted(cluster: Cluster, _target: str) -> AsyncIterator[None]:
    """The primary dies, and a replica takes over that lagged all the while: it has values whose raises it missed."""
    async with _replica(cluster) as (replica, link):
        link.silent = "to client"
        yield
        await _take_over(cluster, replica)


@contextlib.asynccontextmanager
async def promoted_without_worker(cluster: Cluster, target: str) -> AsyncIterator[None]:
    """The worker dies just before, and stays away until everybody is served again, and for a while longer."""
    try:
        async with promoted(cluster, target):
            yield
            await asyncio.to_thread(cluster.worker.kill)
        await _all_hit(cluster)
        await asyncio.sleep(AWAY_SECONDS)
    finally:
        await asyncio.to_thread(cluster.worker.start)


@contextlib.asynccontextmanager
async def promoted_unnoticed(cluster: Cluster, target: str) -> AsyncIterator[None]:
    """INFO has no `run_id`: one server looks like the other."""
    _hide(cluster, b"run_id")
    try:
        await _all_hit(cluster)
        async with promoted(cluster, target):
            yield
        await _all_hit(cluster)
    finally:
        _hide(cluster, b"")


@contextlib.asynccontextmanager
async def promoted_while_starting(cluster: Cluster, target: str) -> AsyncIterator[None]:
    """An API process starts meanwhile: the first that it finds is the new primary, told nothing yet."""
    number = int(target.removeprefix("api "))
    process, wire = cluster.apis[number], cluster.wires[number].redis
    async with promoted(cluster, target):
        yield
        await asyncio.to_thread(process.kill)
        gate = wire.held_back = asyncio.Event()
        starting = asyncio.create_task(asyncio.to_thread(process.start))
        while not wire.links and not starting.done():  # noqa: ASYNC110  # another process connects
            await asyncio.sleep(0.005)
    gate.set()
    wire.held_back = None
    await starting


@contextlib.asynccontextmanager
async def split(cluster: Cluster, _target: str) -> AsyncIterator[None]:
    """A partition: half of the API processes stay with the old primary, which takes no writes (`BOUNDED`); the replica
    takes over for the others and the worker, once it has a replica of its own.
    """
    old, near = cluster.redis, range(len(cluster.apis) // 2)
    async with _replica(cluster) as (replica, link):
        further = _another(cluster, options=BOUNDED)
        try:
            for server in (old, replica):
                await asyncio.to_thread(_configure, server, BOUNDED)
            link.refused = True
            link.cut()
            await asyncio.to_thread(until, lambda: refuses_writes(old.port), "the old primary has noticed")
            await asyncio.sleep(ELECTION_SECONDS)
            await asyncio.to_thread(replica.ask, "REPLICAOF", "NO", "ONE")
            await asyncio.to_thread(further.start_following, replica.port)
            cluster.lead_to_redis(replica, *(number for number in range(len(cluster.wires)) if number not in near))
            yield
            cluster.lead_to_redis(replica, *near)
        finally:
            await asyncio.to_thread(_configure, replica, ("--min-replicas-to-write", "0"))
            await asyncio.to_thread(further.kill)
            await asyncio.to_thread(old.kill)


@contextlib.asynccontextmanager
async def _replica(cluster: Cluster) -> AsyncIterator[tuple[Server, Wire]]:
    """One that has everything, and the wire by which it hears of more."""
    replica = _another(cluster)
    async with Wire(cluster.redis.port) as link:
        await asyncio.to_thread(replica.start_following, link.port)
        yield replica, link


async def _take_over(cluster: Cluster, replica: Server) -> None:
    await asyncio.to_thread(cluster.redis.kill)
    await asyncio.to_thread(replica.ask, "REPLICAOF", "NO", "ONE")
    cluster.lead_to_redis(replica)


def _another(cluster: Cluster, *, options: Sequence[str] = ()) -> Server:
    """Not started."""
    port = steady_port()
    server = Server(cluster.stack.folder / f"redis-{port}", port=port, options=options)
    cluster.stack.adopt(server)
    return server


def _configure(server: Server, options: Sequence[str]) -> None:
    for name, value in zip(options[::2], options[1::2], strict=True):
        server.ask("CONFIG", "SET", name.removeprefix("--"), value)


def _hide(cluster: Cluster, what: bytes) -> None:
    """From everyone, who connects anew."""
    for wires in cluster.wires:
        wires.redis.hidden = what
        wires.redis.cut()


async def _all_hit(cluster: Cluster) -> None:
    """Wait until everybody is served from the cache through every process."""
    began = time.monotonic()
    while min(cluster.hit) < began and time.monotonic() < began + HIT_PATIENCE:  # noqa: ASYNC110  # others hit
        await asyncio.sleep(0.02)
