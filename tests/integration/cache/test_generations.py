"""Another Redis, another history of PostgreSQL: nothing that was cached before is a hit, and it costs one number."""

import asyncio
from collections.abc import Iterator

import pytest

from core.cache.answer import Answer
from core.cache.fence import Fence
from core.cache.keys import GENERATION, key
from core.cache.servers.redis import Redis
from core.types import History, Revision, UserId
from deploy.local.servers.redis import RedisServer
from tests import steps
from tests.stack import Stack, folder

pytestmark = pytest.mark.anyio

V = "/a"


@pytest.fixture
def server() -> Iterator[RedisServer]:
    with folder() as path, RedisServer(path) as server:
        yield server


def answer(owner: UserId, revision: int, history: int = 1) -> Answer:
    return Answer(owner, Revision(revision), '"e"', (), b"at %d" % revision, history=History(history))


async def cache(fence: Fence, owner: UserId, revision: int, history: int = 1) -> Answer:
    stored = answer(owner, revision, history)
    for _ in range(2):  # the first may find out that the history is another, and then stores nothing
        if await fence.fill(await fence.open(owner), V, stored):
            return stored
    raise AssertionError("not stored")


async def generation(redis: Redis) -> dict[bytes, bytes]:
    flat = await redis.call("HGETALL", GENERATION)
    return dict(zip(flat[::2], flat[1::2], strict=True))


async def test_processes_of_one_redis_share_its_generation(server: RedisServer, user: UserId) -> None:
    """Whoever connects takes it on as it is, so one's answers are hits for all, and a new process costs none."""
    async with steps.fence(server.url) as (_, one):
        stored = await cache(one, user, 3)
        async with steps.fence(server.url) as (_, another):
            assert await another.read(user, V) == stored
    async with steps.fence(server.url) as (_, later):
        assert await later.read(user, V) == stored


async def test_what_was_cached_for_another_server_is_no_hit(server: RedisServer, user: UserId) -> None:
    """A promoted replica has what its master had, but for the last raises: the name of the server tells it apart."""
    async with steps.fence(server.url) as (_, master):
        await cache(master, user, 3)
        async with steps.fence(server.url, retry_after=60) as (admin, _):
            await admin.call("HSET", GENERATION, "server", "the master that this one was a replica of")
            async with steps.fence(server.url) as (_, process):
                assert await process.read(user, V) is None
                again = await cache(process, user, 3)
                assert await process.read(user, V) == again
        await steps.until(lambda: master.up)
        await cache(master, user, 3)


async def test_the_fence_does_not_fall_with_the_generation(server: RedisServer, user: UserId) -> None:
    """A raise that is under way when the generation changes still stands in the way of what it overtakes."""
    async with steps.fence(server.url) as (redis, fence):
        await fence.raise_to(user, steps.at(5))
        await fence.meet(History(2))
        opened = await fence.open(user)
        assert opened.fence == 5
        assert not await fence.fill(opened, V, answer(user, 4, 2))
        assert await fence.fill(opened, V, answer(user, 5, 2))
        assert await redis.call("HGET", key(user), "fence") == b"5"


async def test_another_history_voids_what_was_cached(server: RedisServer, user: UserId) -> None:
    """Once anybody has met it nothing of the lost one is a hit for them, and for others from their next check on."""
    async with (
        steps.fence(server.url, retry_after=0.02) as (_, idle),
        steps.fence(server.url, retry_after=60) as (redis, process),
    ):
        await cache(idle, user, 9)
        assert await process.read(user, V) is not None
        forgotten = asyncio.Event()
        process.on_forgetting(forgotten.set)
        await process.meet(History(2))
        assert forgotten.is_set()
        assert (await generation(redis))[b"history"] == b"2"
        assert await process.read(user, V) is None
        while await idle.read(user, V) is not None:  # noqa: ASYNC110  # its next check
            await asyncio.sleep(0.005)


async def test_an_answer_of_another_history_is_not_stored_under_the_present_one(
    server: RedisServer, user: UserId
) -> None:
    """What was opened before the change belongs to the generation of before, whoever fills it."""
    async with steps.fence(server.url, retry_after=60) as (_, fence):
        await cache(fence, user, 1)
        opened = await fence.open(UserId(f"{user}-2"))
        await fence.meet(History(2))
        await fence.fill(opened, V, answer(UserId(f"{user}-2"), 7, 2))
        assert await fence.read(UserId(f"{user}-2"), V) is None


async def test_a_wiped_redis_gets_a_generation_again(server: RedisServer, user: UserId) -> None:
    """By whoever looks next; the cache goes on."""
    async with steps.fence(server.url, retry_after=0.02) as (redis, fence):
        await cache(fence, user, 1)
        await redis.call("FLUSHALL")
        await steps.until(lambda: fence.up)
        while not await generation(redis):  # noqa: ASYNC110  # the next check
            await asyncio.sleep(0.005)
        await redis.call("PING")
        await cache(fence, user, 2)


async def test_where_the_server_hides_its_id_each_connection_begins_anew(server: RedisServer, user: UserId) -> None:
    """An account without INFO (as `-@dangerous` leaves it): nobody can tell whether it is the server of before."""
    async with steps.fence(server.url, retry_after=60) as (admin, _):
        await admin.call("ACL", "SETUSER", "app", "on", ">secret", "~tasklane:*", "+@all", "-@dangerous")
        url = server.url.replace("unix://", "unix://app:secret@")
        async with steps.fence(url) as (redis, one):
            stored = await cache(one, user, 3)
            assert await one.read(user, V) == stored
            assert (await generation(redis))[b"server"] == b""
            async with steps.fence(url) as (_, another):
                assert await another.read(user, V) is None
                await cache(another, user, 3)


async def test_an_answer_that_may_not_be_stored_is_announced_all_the_same(server: RedisServer, user: UserId) -> None:
    """Too large, or its lease lost: whoever is shown a state, nothing older is a hit for anyone from then on."""
    async with steps.fence(server.url) as (redis, fence):
        await cache(fence, user, 1)
        large = Answer(user, Revision(2), '"e"', (), b"x" * 300_000, history=History(1))
        assert not await fence.fill(await fence.open(user), "/large", large)
        assert await fence.read(user, V) is None
        opened = await fence.open(user)
        await redis.call("DEL", key(user))
        await cache(fence, user, 2)
        assert not await fence.fill(opened, "/b", answer(user, 3))
        assert await fence.read(user, V) is None


async def test_a_clock_that_is_behind_costs_speed_only(stack: Stack, user: UserId) -> None:
    """A promoted server gives revisions below a lost one's until its clock has caught up: reads are right, and miss."""
    async with steps.process(stack.settings(DATABASE_POOL_SIZE="2")) as process:
        await process.add_task(user, "first")
        lost = (await process.stand(user)).revision + 60_000_000
        await process.fence.raise_to(user, (await process.stand(user))._replace(revision=Revision(lost)))
        await process.add_task(user, "second")
        assert (await process.stand(user)).revision < lost
        for _ in range(2):
            found, result = await process.list_tasks(user)
            assert (b"second" in found.body, result) == (True, "miss")


async def test_of_two_that_met_a_history_at_once_one_stores_nothing(server: RedisServer, user: UserId) -> None:
    """A generation without a history keeps its id when it gets one; what the lost one has answered comes too late."""
    async with (
        steps.fence(server.url, retry_after=60) as (_, one),
        steps.fence(server.url, retry_after=60) as (_, other),
    ):
        late = await other.open(user)
        await one.meet(History(2))
        assert not await other.fill(late, V, answer(user, 7, history=1))
        assert await one.read(user, V) is None


async def test_a_server_that_is_promoted_again_is_another(server: RedisServer, user: UserId) -> None:
    """It has the run_id of before, and has missed what was told to the primary in between."""
    async with (
        steps.fence(server.url, retry_after=0.02) as (_, fence),
        steps.fence(server.url, retry_after=60) as (admin, _),
    ):
        await cache(fence, user, 3)
        before = await generation(admin)
        await admin.call("REPLICAOF", "127.0.0.1", "1")
        await steps.until(lambda: not fence.up)
        await admin.call("REPLICAOF", "NO", "ONE")
        await steps.until(lambda: fence.up)
        after = await generation(admin)
        assert before[b"id"] != after[b"id"]
        assert before[b"server"].split(b"/")[0] == after[b"server"].split(b"/")[0]
        assert await fence.read(user, V) is None


async def test_a_raise_from_before_the_commit_is_not_remembered(server: RedisServer, user: UserId) -> None:
    """It may be evicted before anybody can see the change: who reads past the cache then must not rely on it."""
    async with steps.fence(server.url) as (_, fence):
        assert await fence.raise_to(user, steps.at(5))
        assert not fence.knows(user, Revision(5))
        fence.remember(user, Revision(5))
        assert fence.knows(user, Revision(5))
