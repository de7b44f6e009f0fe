"""Redis wiped, stopped, hung, full, demoted and restarted: slower reads at worst; no error and nothing stale."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import httpx
import pytest
import redis as redis_py

from api.hits.reads import CachedReads
from api.observe.metrics import Metrics
from core.addresses.redis import RedisAddress
from core.cache.answer import Answer
from core.cache.fence import Fence
from core.cache.servers.redis import Redis
from core.cache.servers.route import Direct
from core.cache.servers.wire import Send
from core.errors import RedisUnavailable
from core.types import Revision, UserId
from deploy.local.servers.redis import RedisServer
from tests import steps
from tests.ports import steady_port
from tests.servers.address import until
from tests.stack import ApiProcess, Stack, folder, new_user
from tests.steps import PATIENCE, Gate

V = "/a"


def answer(owner: UserId, revision: int) -> Answer:
    return Answer(owner, Revision(revision), '"e"', (), b"at %d" % revision)


async def cache(fence: Fence, owner: UserId, revision: int) -> None:
    assert await fence.fill(await fence.open(owner), V, answer(owner, revision))


@pytest.fixture
def server() -> Iterator[RedisServer]:
    with folder() as path, RedisServer(path) as server:
        yield server
        if server.exit_code is None:
            server.thaw()


class HeldInRecovery(Fence):
    """Reconnects when the test lets it."""

    gate: Gate | None = None

    async def recover(self, redis: Redis, send: Send) -> None:
        if self.gate:
            await self.gate.arrive()
        await super().recover(redis, send)


@pytest.mark.anyio
class TestUnannouncedWrites:
    async def test_a_write_that_redis_missed_is_announced_before_anything_is_read(
        self, server: RedisServer, user: UserId
    ) -> None:
        """Redis hangs, is given up, and comes back with all that it held: this process serves none of it."""
        async with (
            steps.fence(server.url, timeout=1, fence_class=HeldInRecovery) as (_, ours),
            steps.fence(server.url) as (_, another),
        ):
            assert isinstance(ours, HeldInRecovery)
            await cache(ours, user, 1)
            ours.gate = Gate()
            server.freeze()
            with pytest.raises(RedisUnavailable):
                await ours.read(user, V)
            assert not await ours.raise_to(user, steps.at(2))  # not even sent
            server.thaw()
            await ours.gate.arrival()
            with pytest.raises(RedisUnavailable):
                await ours.read(user, V)
            assert await another.read(user, V) == answer(user, 1)  # intact, and of no use to us
            ours.gate.open()
            await steps.until(lambda: ours.up)
            assert await ours.read(user, V) is None
            assert await another.read(user, V) is None

    @pytest.mark.parametrize("first", ["read", "open"])
    async def test_what_is_owed_while_connected_is_told_first(
        self, server: RedisServer, user: UserId, first: str
    ) -> None:
        """A raise may fail while the connection lives or is already new: the next use of this list makes up for it."""
        async with steps.fence(server.url, retry_after=60) as (_, fence):
            await cache(fence, user, 1)
            fence._owe(user, Revision(2))
            if first == "read":
                assert await fence.read(user, V) is None
            assert (await fence.open(user)).fence == 2
            assert not fence._unannounced

    async def test_a_writer_who_leaves_during_the_raise_is_remembered(self, server: RedisServer, user: UserId) -> None:
        """Nobody learns whether Redis heard a cancelled raise, so it is owed."""
        async with steps.fence(server.url, timeout=1, retry_after=0.02) as (redis, fence):
            await cache(fence, user, 1)
            wire = redis._wire
            assert wire
            raising = asyncio.create_task(fence.raise_to(user, steps.at(2)))
            await asyncio.sleep(0)  # it has begun, and nothing is sent yet
            wire.give_up("lost")
            raising.cancel()
            with pytest.raises(asyncio.CancelledError):
                await raising
            await steps.until(lambda: fence.up and redis._wire is not wire)
            assert await fence.read(user, V) is None

    async def test_a_fill_that_is_run_late_is_never_served_here(self, server: RedisServer, user: UserId) -> None:
        """Redis runs, when it is back, what it was sent while it hung; the write is announced before any read."""
        async with (
            steps.fence(server.url, timeout=1, fence_class=HeldInRecovery) as (_, ours),
            steps.fence(server.url) as (_, another),
        ):
            assert isinstance(ours, HeldInRecovery)
            opened = await ours.open(user)
            ours.gate = Gate()
            server.freeze()
            with pytest.raises(RedisUnavailable):
                await ours.fill(opened, V, answer(user, 1))
            assert not await ours.raise_to(user, steps.at(2))
            server.thaw()
            await ours.gate.arrival()
            assert await another.read(user, V) == answer(user, 1)
            ours.gate.open()
            await steps.until(lambda: ours.up)
            assert await ours.read(user, V) is None

    async def test_nobody_reads_before_the_others_can_have_told_what_they_owe(
        self, server: RedisServer, user: UserId
    ) -> None:
        """Whoever is back first after an outage finds Redis as it was: what others wrote meanwhile is not told yet."""
        async with (
            steps.fence(server.url, timeout=1, fence_class=HeldInRecovery) as (_, slow),
            steps.fence(server.url, timeout=1, retry_after=1) as (redis, quick),
        ):
            assert isinstance(slow, HeldInRecovery)
            await cache(quick, user, 1)
            slow.gate = Gate()
            server.freeze()
            assert not await slow.raise_to(user, steps.at(2))
            await steps.until(lambda: redis._wire is None)
            server.thaw()
            await slow.gate.arrival()
            await steps.until(lambda: redis.up)
            for read in (quick.read(user, V), quick.open(user, V)):
                with pytest.raises(RedisUnavailable):
                    await read
            assert await quick.raise_to(UserId(f"{user}-2"), steps.at(1))
            slow.gate.open()
            await steps.until(lambda: slow.up and quick.up)
            assert await quick.read(user, V) is None

    async def test_a_later_raise_is_not_settled_by_an_earlier_one(self, server: RedisServer, user: UserId) -> None:
        """What became owed while an older debt was being paid stays owed, and the highest revision counts."""
        async with steps.fence(server.url, retry_after=60) as (redis, fence):
            fence._owe(user, Revision(3))
            fence._owe(user, Revision(2))
            paying = asyncio.create_task(fence._before_reading(redis, user))
            await asyncio.sleep(0)  # sent
            fence._owe(user, Revision(4))
            await paying
            assert (await fence.open(user)).fence == 4

    async def test_what_is_owed_is_forgotten_when_it_cannot_matter_any_more(
        self, user: UserId, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A Redis that is away for days costs the memory of the writes of a few lifetimes of a cached answer."""
        fence = Fence(Redis(Direct(RedisAddress.parse("redis://127.0.0.1:1/0")), timeout=1, retry_after=1), ttl=100)
        now = 0.0
        monkeypatch.setattr("core.cache.fence.time", SimpleNamespace(monotonic=lambda: now))
        for hour in range(100):
            now = hour * 3600.0
            for number in range(10):
                assert not await fence.raise_to(UserId(f"{user}-{hour}-{number}"), steps.at(1))
        assert len(fence._unannounced) == 10


@pytest.mark.anyio
class TestRefusingRedis:
    async def test_a_redis_that_takes_no_writes_is_not_read_either(self, server: RedisServer, user: UserId) -> None:
        """A demoted master answers reads and can be told nothing: even a process that only reads leaves it."""
        async with (
            steps.fence(server.url, timeout=1, retry_after=0.02) as (_, writer),
            steps.fence(server.url, timeout=1, retry_after=0.02) as (_, reader),
            steps.fence(server.url, retry_after=60) as (admin, _),
        ):
            await cache(writer, user, 1)
            await admin.call("REPLICAOF", "127.0.0.1", steady_port())
            assert not await writer.raise_to(user, steps.at(2))
            await steps.until(lambda: not reader.up and not writer.up)
            for fence in (writer, reader):
                with pytest.raises(RedisUnavailable):
                    await fence.read(user, V)
            await admin.call("REPLICAOF", "NO", "ONE")
            await steps.until(lambda: writer.up and reader.up)
            assert await writer.read(user, V) is None
            assert await reader.read(user, V) is None

    @pytest.mark.parametrize(
        "policy",
        [
            "noeviction",
            *(f"allkeys-{rule}" for rule in ("lru", "lfu", "random")),
            *(f"volatile-{rule}" for rule in ("lru", "lfu", "random", "ttl")),
        ],
    )
    async def test_a_full_redis_still_hears_a_raise(self, policy: str) -> None:
        """Whatever it evicts or refuses when others have filled it: no error, and never an older answer."""
        options = ("--maxmemory", "3mb", "--maxmemory-policy", policy)
        owners = [new_user() for _ in range(20)]
        with folder() as path, RedisServer(path, options=options) as server:
            async with steps.fence(server.url) as (redis, fence):
                reads = CachedReads(fence, Metrics(), steps.shown)
                for owner in owners:
                    await cache(fence, owner, 1)
                assert await _fill_up(redis) is not policy.startswith("allkeys")
                for owner in owners:
                    assert await fence.raise_to(owner, steps.at(2))
                    assert await fence.read(owner, V) is None
                    for _ in range(2):
                        found, _ = await reads.answer(owner, V, lambda owner=owner: _made(owner))  # type: ignore[misc]  # a default binds it
                        assert found.revision == 2


async def _fill_up(redis: Redis) -> bool:
    """Until a value is refused, however small; False if three times what fits was taken."""
    for size in (20_000, 500, 1):
        try:
            for number in range(500):
                await redis.call("SET", f"other:{size}:{number}", b"x" * size)
        except RedisUnavailable:
            continue
        return False
    return True


async def _made(owner: UserId) -> Answer:
    return answer(owner, 2)


@pytest.fixture(scope="module")
def faulty() -> Iterator[Stack]:
    with folder() as path, Stack(path) as stack:
        yield stack


@pytest.fixture(scope="module")
def impatient(faulty: Stack) -> ApiProcess:
    """With the time-outs of production, though it comes back sooner."""
    return faulty.api(REDIS_TIMEOUT="0.1", REDIS_RETRY_AFTER="0.1")


def flush(stack: Stack) -> None:
    with redis_py.Redis.from_url(stack.redis.url) as client:
        client.flushall()


class Frontend(threading.Thread):
    """Changes a task and reads it back, alone and in the list, until told to stop."""

    def __init__(self, api: ApiProcess) -> None:
        super().__init__(daemon=True)
        self._client = api.client()
        self._stopping = threading.Event()
        self.rounds = 0
        self.results: list[str] = []
        self.faults: list[str] = []

    def run(self) -> None:
        try:
            with self._client as client:
                path = client.post("/api/tasks", json={"title": "0"}).headers["location"]
                while not self._stopping.is_set():
                    self._round(client, path, str(self.rounds + 1))
                    self.rounds += 1
        except Exception as error:  # noqa: BLE001  # a thread's error is the test's
            self.faults.append(repr(error))

    def stop(self) -> None:
        self._stopping.set()
        self.join(PATIENCE)

    def _round(self, client: httpx.Client, path: str, title: str) -> None:
        client.patch(path, json={"title": title}).raise_for_status()
        for _ in range(2):
            one, all_ = client.get(path).raise_for_status(), client.get("/api/tasks").raise_for_status()
            self.results += (one.headers["x-cache"], all_.headers["x-cache"])
            if not one.json()["title"] == all_.json()[0]["title"] == title:
                self.faults.append(f"wrote {title}, read {one.json()['title']} and {all_.json()[0]['title']}")


def test_nothing_is_wrong_or_stale_whatever_befalls_redis(faulty: Stack, impatient: ApiProcess) -> None:
    """Wiped, hung, killed, stopped and started under traffic: every request succeeds and shows one's own last write."""
    redis = faulty.redis
    befalls: list[Callable[[], None]] = [
        *(lambda: flush(faulty), redis.freeze, redis.thaw, lambda: flush(faulty)),
        *(redis.kill, redis.start, redis.freeze, redis.kill, redis.start, redis.stop, redis.start),
    ]
    frontends = [Frontend(impatient) for _ in range(3)]
    for frontend in frontends:
        frontend.start()
    for befall in befalls:
        _all_go_on(frontends, 3)
        befall()
    _all_go_on(frontends, 3)
    mark = [len(frontend.results) for frontend in frontends]
    until(lambda: all("hit" in f.results[start:] for f, start in zip(frontends, mark, strict=True)))
    for frontend in frontends:
        frontend.stop()
        assert frontend.faults == []
    assert {"hit", "miss", "bypass"} == {result for frontend in frontends for result in frontend.results}


def test_a_wipe_shows_no_other_process_anything_old(faulty: Stack, impatient: ApiProcess) -> None:
    """What one process has written another one shows, whenever Redis is wiped before, between and after."""
    other = faulty.api(REDIS_RETRY_AFTER="0.1")
    user = new_user()
    with impatient.client(user) as writer, other.client(user) as reader:
        path = writer.post("/api/tasks", json={"title": "0"}).headers["location"]
        for title in map(str, range(1, 13)):
            reader.get(path)
            if int(title) % 2:
                flush(faulty)
            assert writer.patch(path, json={"title": title}).status_code == 200
            if int(title) % 3:
                flush(faulty)
            assert [reader.get(path).json()["title"] for _ in range(2)] == [title] * 2


def test_only_what_is_under_way_waits_for_a_hung_redis(faulty: Stack) -> None:
    """A time-out for the reads that have asked already, what announcing takes for the writes; then none for anyone.

    With a time-out of 8 s instead of 0.1 s, so that waiting for it stands out on a machine however slow: a request that
    takes less than two thirds of it has not waited. Without a worker writes wait to the end of their time, once.
    """
    bounds = {"DATABASE_TIMEOUT": "26", "DATABASE_STATEMENT_TIMEOUT": "26"}
    api = faulty.api(start=True, REDIS_TIMEOUT="8", REDIS_RETRY_AFTER="600", **bounds)
    user = new_user()
    with api.client(user) as client, ThreadPoolExecutor(8) as crowd:
        path = client.post("/api/tasks", json={"title": "0"}).headers["location"]
        faulty.redis.freeze()
        try:

            def request(number: int) -> tuple[int, float]:
                began = time.monotonic()
                if number % 3:
                    response = client.get((path, "/api/tasks")[number % 2])
                else:
                    response = client.patch(path, json={"title": str(number)})
                return response.status_code, time.monotonic() - began

            under_way = list(crowd.map(request, range(8)))
            later = list(crowd.map(request, range(60)))
        finally:
            faulty.redis.thaw()
    assert {status for status, _ in under_way + later} == {200}
    assert max(seconds for _, seconds in under_way) < PATIENCE
    assert max(seconds for _, seconds in later) < 5.2


def test_an_api_that_starts_without_redis_serves_and_finds_it_later(faulty: Stack) -> None:
    """Redis is no condition for the start."""
    faulty.redis.stop()
    api = faulty.api(REDIS_TIMEOUT="1", REDIS_RETRY_AFTER="0.05")
    with api.client() as client:
        client.post("/api/tasks", json={"title": "a"})
        assert client.get("/api/tasks").headers["x-cache"] == "bypass"
        assert client.get("/readyz").json() == {"status": "ok", "database": "ok", "redis": "away"}
        faulty.redis.start()
        until(lambda: client.get("/readyz").json()["redis"] == "ok")
        assert [client.get("/api/tasks").headers["x-cache"] for _ in range(2)] == ["miss", "hit"]


def _all_go_on(frontends: list[Frontend], rounds: int) -> None:
    goals = [frontend.rounds + rounds for frontend in frontends]
    until(
        lambda: all(frontend.rounds >= goal or frontend.faults for frontend, goal in zip(frontends, goals, strict=True))
    )
