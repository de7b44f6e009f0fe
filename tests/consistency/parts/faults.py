"""What a run does to its parts. A fault lasts as long as its context; leaving it repairs what it broke."""

import asyncio
import contextlib
import pickle
import secrets
from collections.abc import AsyncIterator

import psycopg2
import redis as redis_py
from arq.constants import job_key_prefix

from deploy.local.children.child import Child
from tests.consistency.parts.cluster import Cluster, Inject
from tests.consistency.parts.proxy import COMMIT, FILL, Link, Wire
from tests.steps import outside
from worker.queue import QUEUE

POLICIES = (
    "noeviction",
    *(f"allkeys-{rule}" for rule in ("lru", "lfu", "random")),
    *(f"volatile-{rule}" for rule in ("lru", "lfu", "random", "ttl")),
)
OFTEN, SELDOM = 0.05, 0.2
"""Seconds between two wipes."""

HOLD_PATIENCE = 3.0
"""Seconds in which somebody must send what is to be held; under load it takes none."""


def child(cluster: Cluster, target: str) -> Child:
    """The process of that name: `api 2`, `worker`, `postgres`, `redis`."""
    if target.startswith("api "):
        return cluster.apis[int(target[4:])]
    return {"worker": cluster.worker, "postgres": cluster.stack.postgres, "redis": cluster.stack.redis}[target]


def wire(cluster: Cluster, target: str) -> Wire:
    """The wire of that name: `api 2 - redis`, `worker - postgres`, `clients - api 0`."""
    end, _, server = target.partition(" - ")
    if end == "clients":
        return cluster.fronts[int(server[4:])]
    wires = cluster.wires[-1 if end == "worker" else int(end[4:])]
    return wires.redis if server == "redis" else wires.postgres


@contextlib.asynccontextmanager
async def killed(cluster: Cluster, target: str) -> AsyncIterator[None]:
    victim = child(cluster, target)
    await asyncio.to_thread(victim.kill)
    try:
        yield
    finally:
        await asyncio.to_thread(victim.start)


@contextlib.asynccontextmanager
async def frozen(cluster: Cluster, target: str) -> AsyncIterator[None]:
    victim = child(cluster, target)
    await asyncio.to_thread(victim.freeze)
    try:
        yield
    finally:
        await asyncio.to_thread(victim.thaw)


@contextlib.asynccontextmanager
async def wiped(cluster: Cluster, _target: str) -> AsyncIterator[None]:
    """Again and again."""
    async with _wiped_every(OFTEN, cluster):
        yield


@contextlib.asynccontextmanager
async def _wiped_every(seconds: float, cluster: Cluster) -> AsyncIterator[None]:
    wiping = asyncio.create_task(_keep_wiping(seconds, cluster))
    try:
        yield
    finally:
        wiping.cancel()
        await asyncio.gather(wiping, return_exceptions=True)


@contextlib.asynccontextmanager
async def wiped_behind_a_slow_wire(cluster: Cluster, target: str) -> AsyncIterator[None]:
    """What this process is about to store arrives after the wipe."""
    async with delayed(cluster, target), _wiped_every(SELDOM, cluster):
        yield


async def _keep_wiping(seconds: float, cluster: Cluster) -> None:
    while True:
        await asyncio.to_thread(wipe, cluster)
        await asyncio.sleep(seconds)


def wipe(cluster: Cluster) -> None:
    """Once."""
    with redis_py.Redis.from_url(cluster.stack.redis.url, socket_timeout=5) as client:
        client.flushall()


def full(policy: str) -> Inject:
    @contextlib.asynccontextmanager
    async def filled(cluster: Cluster, _target: str) -> AsyncIterator[None]:
        """As much memory as Redis has taken already, and strangers who want it all."""
        await asyncio.to_thread(_limit_memory, cluster, policy)
        strangers = asyncio.create_task(asyncio.to_thread(_fill_memory, cluster))
        try:
            yield
        finally:
            await strangers
            await asyncio.to_thread(_limit_memory, cluster, "")

    return filled


def _limit_memory(cluster: Cluster, policy: str) -> None:
    with redis_py.Redis.from_url(cluster.stack.redis.url, socket_timeout=5) as client:
        used = int(client.info("memory")["used_memory"])
        client.config_set("maxmemory-policy", policy or "allkeys-lru")
        client.config_set("maxmemory", used + 300_000 if policy else "64mb")
        if not policy:
            for key in client.scan_iter("stranger:*", count=1000):
                client.delete(key)


def _fill_memory(cluster: Cluster) -> None:
    with redis_py.Redis.from_url(cluster.stack.redis.url, socket_timeout=5) as client:
        for number in range(1_000):
            with contextlib.suppress(redis_py.ResponseError):
                client.set(f"stranger:{number}", b"x" * 3_000, ex=60)


@contextlib.asynccontextmanager
async def delayed(cluster: Cluster, target: str) -> AsyncIterator[None]:
    broken = wire(cluster, target)
    broken.delay = 0.04
    async with _healed(broken):
        yield


@contextlib.asynccontextmanager
async def refused(cluster: Cluster, target: str) -> AsyncIterator[None]:
    broken = wire(cluster, target)
    broken.refused = True
    broken.cut()
    async with _healed(broken):
        yield


@contextlib.asynccontextmanager
async def reset(cluster: Cluster, target: str) -> AsyncIterator[None]:
    """Every connection, a few times."""
    broken = wire(cluster, target)
    resetting = asyncio.create_task(_keep_resetting(broken))
    try:
        yield
    finally:
        resetting.cancel()
        await asyncio.gather(resetting, return_exceptions=True)


async def _keep_resetting(broken: Wire) -> None:
    while True:
        broken.cut(reset=True)
        await asyncio.sleep(0.3)


@contextlib.asynccontextmanager
async def silent_to_server(cluster: Cluster, target: str) -> AsyncIterator[None]:
    broken = wire(cluster, target)
    broken.silent = "to server"
    async with _healed(broken):
        yield


@contextlib.asynccontextmanager
async def silent_to_client(cluster: Cluster, target: str) -> AsyncIterator[None]:
    broken = wire(cluster, target)
    broken.silent = "to client"
    async with _healed(broken):
        yield


@contextlib.asynccontextmanager
async def _healed(broken: Wire) -> AsyncIterator[None]:
    try:
        yield
    finally:
        broken.heal()


@contextlib.asynccontextmanager
async def cut_before_commit(cluster: Cluster, target: str) -> AsyncIterator[None]:
    link = await _held(wire(cluster, target))
    if link:
        link.cut()
    yield


@contextlib.asynccontextmanager
async def cut_after_commit(cluster: Cluster, target: str) -> AsyncIterator[None]:
    link = await _held(wire(cluster, target))
    if link:
        link.release_and_cut()
    yield


@contextlib.asynccontextmanager
async def frozen_at_commit(cluster: Cluster, target: str) -> AsyncIterator[None]:
    """The fence is raised, COMMIT on its way: the process stands still, and COMMIT arrives when it goes on."""
    link = await _held(wire(cluster, f"{target} - postgres"))
    victim = child(cluster, target)
    await asyncio.to_thread(victim.freeze)
    try:
        yield
    finally:
        await asyncio.to_thread(victim.thaw)
        if link:
            link.release()


@contextlib.asynccontextmanager
async def wiped_at_commit(cluster: Cluster, target: str) -> AsyncIterator[None]:
    """COMMIT is held while Redis forgets that it was announced."""
    link = await _held(wire(cluster, f"{target} - postgres"))
    await asyncio.to_thread(wipe, cluster)
    try:
        yield
    finally:
        if link:
            link.release()


@contextlib.asynccontextmanager
async def wiped_at_fill(cluster: Cluster, target: str) -> AsyncIterator[None]:
    """What a process is about to store is held, and arrives right after a wipe."""
    link = await _held(wire(cluster, target), FILL)
    try:
        yield
    finally:
        await asyncio.to_thread(wipe, cluster)
        if link:
            link.release()


async def _held(watched: Wire, mark: bytes = COMMIT) -> Link | None:
    """The link on which the next such message is held; None if nobody sends one."""
    held: asyncio.Future[Link] = asyncio.get_running_loop().create_future()
    watched.hold = (mark, held.set_result)
    try:
        async with asyncio.timeout(HOLD_PATIENCE):
            return await held
    except TimeoutError:
        return None
    finally:
        watched.hold = None


@contextlib.asynccontextmanager
async def no_connections(cluster: Cluster, _target: str) -> AsyncIterator[None]:
    """Strangers take every connection that PostgreSQL has, those of the product too."""
    taken: list[psycopg2.extensions.connection] = []
    await asyncio.to_thread(_take_connections, cluster.stack.database_url, taken)
    try:
        yield
    finally:
        for connection in taken:
            connection.close()


def _take_connections(url: str, taken: list[psycopg2.extensions.connection]) -> None:
    """One stays in the strangers' hand to end the product's sessions with, until nobody else has one."""
    with outside(url) as administrator:
        for _ in range(20):
            with contextlib.suppress(psycopg2.OperationalError):
                while True:
                    taken.append(psycopg2.connect(url, application_name="stranger"))
            administrator.execute(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'tasklane'"
            )
            if administrator.fetchall() == [(0,)]:
                return


@contextlib.asynccontextmanager
async def poisoned(cluster: Cluster, _target: str) -> AsyncIterator[None]:
    """Jobs that cannot be read, and then something that is no queue."""
    await asyncio.to_thread(_poison, cluster)
    yield


def _poison(cluster: Cluster) -> None:
    with redis_py.Redis.from_url(cluster.stack.redis.url, socket_timeout=5) as client:
        for payload in (b"\x80\xff", b"{}", b'{"f": 1}', pickle.dumps({"f": "publish_revisions"}), b"[" * 10_000):
            job = secrets.token_hex(4)
            client.set(job_key_prefix + job, payload)
            client.zadd(QUEUE, {job: 1})


@contextlib.asynccontextmanager
async def disk_full(cluster: Cluster, _target: str) -> AsyncIterator[None]:
    """Not a byte left for tables or log; PostgreSQL may end over it, and is started when there is room again."""
    disk, postgres = cluster.disk, cluster.stack.postgres
    assert disk
    await asyncio.to_thread(disk.fill)
    try:
        yield
    finally:
        disk.free()
        if not await asyncio.to_thread(_serves, cluster):
            await asyncio.to_thread(postgres.kill)
            await asyncio.to_thread(postgres.start)


def _serves(cluster: Cluster) -> bool:
    with contextlib.suppress(psycopg2.OperationalError), outside(cluster.stack.database_url) as cursor:
        cursor.execute("CREATE TEMPORARY TABLE room (filling text)")
        return True
    return False
