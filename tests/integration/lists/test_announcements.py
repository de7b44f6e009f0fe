"""Acknowledged means announced: what a process could not tell Redis waits for the worker's word, or for its note."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator

import pytest

from core.errors import RedisUnavailable
from core.lists.stand import STAND
from core.types import Stand, UserId
from deploy.local.servers.redis import RedisServer
from tests import steps
from tests.stack import Stack, folder
from tests.steps import Process

pytestmark = pytest.mark.anyio

SHORT = {"DATABASE_TIMEOUT": "6", "DATABASE_STATEMENT_TIMEOUT": "6"}
"""In which a busy machine connects and writes, and which a test that waits in vain has to spend."""


@pytest.fixture(scope="module")
def whole() -> Iterator[Stack]:
    """Without a worker: what it would record a test records itself."""
    with folder() as path, Stack(path) as stack:
        yield stack


@pytest.fixture
def server() -> Iterator[RedisServer]:
    with folder() as path, RedisServer(path) as server:
        yield server
        if server.exit_code is None:
            server.thaw()


@pytest.fixture
def hands(whole: Stack) -> Iterator[steps.Cursor]:
    with steps.outside(whole.database_url) as cursor:
        yield cursor
        note(cursor, "reached")


@pytest.fixture
async def process(whole: Stack, server: RedisServer) -> AsyncIterator[Process]:
    async with steps.process(whole.settings(REDIS_URL=server.url, DATABASE_POOL_SIZE="4"), retry_after=60) as process:
        yield process


def note(hands: steps.Cursor, state: str) -> None:
    hands.execute("UPDATE cache_state SET state = %s", (state,))


def publish(hands: steps.Cursor, user: UserId) -> None:
    hands.execute("UPDATE task_lists SET published_revision = revision WHERE user_id = %s", (user,))


async def lose(process: Process, server: RedisServer) -> None:
    """This process alone: the server goes on for others."""
    wire = process.redis._wire
    assert wire
    wire.give_up("cut off")
    await steps.until(lambda: process.redis._wire is None)


async def waits(doing: "asyncio.Task[object]", process: Process, user: UserId, before: int) -> None:
    """Committed, and not acknowledged."""
    while await process.revision(user) == before:  # noqa: ASYNC110  # another task's commit
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.2)  # twice the time between two looks
    assert not doing.done()


async def test_a_write_waits_for_the_workers_word(
    process: Process, server: RedisServer, hands: steps.Cursor, user: UserId
) -> None:
    """Others may serve the old state until Redis is told: until then the writer is told nothing."""
    await process.add_task(user, "first")
    before = await process.revision(user)
    await lose(process, server)
    writing = asyncio.create_task(process.add_task(user, "second"))
    await waits(writing, process, user, before)
    publish(hands, user)
    await writing


async def test_nobody_waits_when_redis_is_away_for_everyone(
    process: Process, server: RedisServer, hands: steps.Cursor, user: UserId
) -> None:
    """The worker has noted it: then nobody serves anything from Redis, and nobody reads before it was told."""
    note(hands, "away")
    await lose(process, server)
    await process.add_task(user, "first")
    found, result = await process.list_tasks(user)
    assert (b"first" in found.body, result) == (True, "bypass")
    assert not await process.lists.announcements.all_told()
    note(hands, "returning")
    assert not await process.lists.announcements.all_told()
    note(hands, "reached")
    assert await process.lists.announcements.all_told()


async def test_a_read_past_the_cache_waits_as_a_write_does(
    process: Process, server: RedisServer, hands: steps.Cursor, whole: Stack, user: UserId
) -> None:
    """What another process wrote unannounced is shown to nobody before Redis knows of it."""
    note(hands, "away")
    await lose(process, server)
    await process.add_task(user, "first")
    note(hands, "reached")
    reading = asyncio.create_task(process.list_tasks(user))
    await waits(reading, process, user, 0)
    publish(hands, user)
    found, _ = await reading
    assert b"first" in found.body


async def test_a_wait_in_vain_ends_in_time_and_is_not_repeated(
    whole: Stack, server: RedisServer, hands: steps.Cursor, user: UserId
) -> None:
    """The worker is away, too: the write is acknowledged at its deadline, and the next ones at once."""
    settings = whole.settings(REDIS_URL=server.url, **SHORT)
    async with steps.process(settings, retry_after=60) as process:
        await process.add_task(user, "connected")
        await lose(process, server)
        await process.add_task(user, "first")
        paused = process.lists.announcements._paused_until
        assert paused > 0
        await process.add_task(user, "second")
        assert process.lists.announcements._paused_until == paused


async def test_a_short_wait_in_vain_says_nothing_of_the_worker(whole: Stack, server: RedisServer, user: UserId) -> None:
    """What was left of a request that had waited for something else: the next one waits as well."""
    settings = whole.settings(REDIS_URL=server.url, **SHORT)
    async with steps.process(settings, retry_after=60) as process:
        await process.add_task(user, "first")
        [(revision, history)] = await process.lists.read(
            user, lambda transaction: transaction.execute("SELECT " + STAND)
        )
        stand = Stand(revision + 1, history)
        await lose(process, server)
        announcements = process.lists.announcements
        await announcements.acknowledge(user, stand, deadline=time.monotonic())
        assert announcements._paused_until == 0
        await announcements.acknowledge(user, stand, deadline=time.monotonic() + process.lists._database.timeout)
        assert announcements._paused_until > 0


async def test_who_was_told_waits_again_at_the_next_outage(
    whole: Stack, server: RedisServer, hands: steps.Cursor, user: UserId
) -> None:
    """A wait in vain says nothing of a worker that has come back since."""
    settings = whole.settings(REDIS_URL=server.url, **SHORT)
    async with steps.process(settings, retry_after=0.2) as process:
        await process.add_task(user, "connected")
        server.kill()
        await process.add_task(user, "first")
        assert process.lists.announcements._paused_until > 0
        server.start()
        await steps.until(lambda: process.fence.connected)
        await process.add_task(user, "second")
        assert process.lists.announcements._paused_until == 0


async def test_a_short_silence_costs_reads_and_no_connection(server: RedisServer, user: UserId) -> None:
    """Reads go past the cache, at once after the first; a raise waits, and is told on the same connection."""
    async with steps.fence(server.url, timeout=0.3, retry_after=60) as (redis, fence):
        wire = redis._wire
        server.freeze()
        with pytest.raises(RedisUnavailable):
            await fence.read(user, "/a")
        with pytest.raises(RedisUnavailable):
            redis.send("PING")
        raising = asyncio.create_task(fence.raise_to(user, steps.at(2)))
        await asyncio.sleep(0)
        assert not raising.done()
        server.thaw()
        assert await raising
        assert redis._wire is wire
        assert fence.up
        assert (await fence.open(user)).fence == 2
