"""The primary that Sentinels name: found, left when it is none any more, and nothing stale in an election."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator

import pytest
from structlog.testing import capture_logs

from core.addresses.redis import RedisAddress
from core.cache.keys import key
from core.cache.servers.connect import Servers, servers
from core.errors import RedisUnavailable
from core.types import UserId
from tests import steps
from tests.integration.cache.test_generations import V, cache
from tests.integration.redis import rounds
from tests.ports import steady_port
from tests.servers.address import until as wait
from tests.servers.redis import BOUNDED, RedisPair, Server, ask
from tests.servers.sentinel import MASTER, Sentinel, Sentinels
from tests.stack import Stack, folder, new_user
from tests.steps import Command, StubRedis, until

pytestmark = pytest.mark.anyio


@pytest.fixture
def sentinels() -> Iterator[Sentinels]:
    with folder() as path, Sentinels(path) as sentinels:
        yield sentinels


@contextlib.asynccontextmanager
async def connected(url: str, *, retry_after: float = 0.05) -> AsyncIterator[Servers]:
    redis = servers(RedisAddress.parse(url), timeout=5, retry_after=retry_after)
    await redis.start()
    try:
        yield redis
    finally:
        await redis.close()


async def port(redis: Servers) -> int:
    """Of the server behind the connection."""
    information: bytes = await redis.of(new_user()).call("INFO", "server")
    [line] = [line for line in information.splitlines() if line.startswith(b"tcp_port:")]
    return int(line.partition(b":")[2])


def naming(port: int) -> StubRedis:
    """A Sentinel that names this port, whatever the others say."""

    def answer(command: Command) -> bytes:
        if command[0] != b"SENTINEL":
            return b"+PONG\r\n"
        return b"*2\r\n$9\r\n127.0.0.1\r\n$%d\r\n%d\r\n" % (len(str(port)), port)

    return StubRedis(answer)


def url(*sentinels: int) -> str:
    return f"redis+sentinel://{','.join(f'127.0.0.1:{port}' for port in sentinels)}/{MASTER}/0"


class TestFinding:
    async def test_the_primary_is_used(self, sentinels: Sentinels, user: UserId) -> None:
        """What one process caches there is a hit for another."""
        async with steps.fence(sentinels.url) as (redis, one), steps.fence(sentinels.url) as (_, other):
            assert await port(redis) == sentinels.primary.port
            assert await cache(one, user, 3) == await other.read(user, V)

    async def test_sentinels_that_hang_are_away_or_lie_are_done_without(self, sentinels: Sentinels) -> None:
        """One that answers nothing, one that is not there, one that names a replica, one that knows of no primary."""
        right = sentinels.sentinels[0].port
        async with (
            StubRedis(lambda _: None) as hung,
            StubRedis() as none,
            naming(sentinels.replica.port) as wrong,
            connected(url(hung.port, steady_port(), none.port, wrong.port, right)) as redis,
        ):
            await until(lambda: redis.nodes[0].up)
            assert await port(redis) == sentinels.primary.port
            assert wrong.commands

    async def test_a_replica_is_refused(self, sentinels: Sentinels) -> None:
        """Even if every Sentinel names it, until it is a primary."""
        async with naming(sentinels.replica.port) as wrong, connected(url(wrong.port)) as redis:
            assert not redis.nodes[0].up
            sentinels.replica.ask("REPLICAOF", "NO", "ONE")
            await until(lambda: redis.nodes[0].up)
            assert await port(redis) == sentinels.replica.port

    async def test_one_that_the_sentinels_have_given_up_is_not_taken(self) -> None:
        """It lives, is a primary, and one of them names it; whom the others name is not to be reached."""
        with folder() as path, Server(path / "old") as old:
            nobody = steady_port()
            voices = (naming(nobody), naming(nobody), naming(old.port))
            async with voices[0] as one, voices[1] as another, voices[2] as behind:
                with capture_logs() as lines:
                    async with connected(url(behind.port, one.port, another.port)) as redis:
                        await until(lambda: len(behind.commands) > 10)
                        assert "redis_connected" not in [line["event"] for line in lines]
                        one.answer = behind.answer
                        await until(lambda: redis.nodes[0].up)

    async def test_credentials_of_sentinels_and_servers_are_their_own(self) -> None:
        """Each is told its own password, and nobody the other's."""
        with folder() as path, Server(path / "redis") as server:
            server.ask("CONFIG", "SET", "requirepass", "s3cr3t")
            sentinel = Sentinel(path)
            sentinel.configure(
                f"sentinel monitor {MASTER} 127.0.0.1 {server.port} 1", f"sentinel auth-pass {MASTER} s3cr3t"
            )
            sentinel.start()
            try:
                ask(sentinel.port, "ACL", "SETUSER", "guest", "on", ">watchword", "+auth", "+ping", "+sentinel")
                ask(sentinel.port, "ACL", "SETUSER", "default", "off")
                right = url(sentinel.port).replace("//", "//:s3cr3t@")
                async with connected(f"{right}?sentinel_username=guest&sentinel_password=watchword") as redis:
                    await until(lambda: redis.nodes[0].up)
                    assert await port(redis) == server.port
                async with connected(right) as redis:
                    assert not redis.nodes[0].up
            finally:
                sentinel.kill()


class TestLeaving:
    async def test_one_that_was_demoted_is_left(self, sentinels: Sentinels) -> None:
        """By the next check, and the new one is found."""
        async with connected(sentinels.url) as redis:
            await asyncio.to_thread(sentinels.hand_over)
            async with asyncio.timeout(steps.PATIENCE):
                while True:
                    with contextlib.suppress(RedisUnavailable):
                        if await port(redis) == sentinels.replica.port:
                            break
                    await asyncio.sleep(0.01)

    async def test_one_that_the_sentinels_have_given_up_is_left(self) -> None:
        """It lives, is a primary, and is reached: others tell the new one what has changed. One voice is not enough."""
        with folder() as path, Server(path / "1") as old, Server(path / "2") as new:
            voices = [naming(old.port) for _ in range(3)]
            async with contextlib.AsyncExitStack() as entered:
                for voice in voices:
                    await entered.enter_async_context(voice)
                redis = await entered.enter_async_context(connected(url(*(voice.port for voice in voices))))
                voices[0].answer = naming(new.port).answer
                asked = len(voices[0].commands)
                await until(lambda: len(voices[0].commands) > asked + 4)
                assert await port(redis) == old.port
                voices[1].answer = naming(new.port).answer
                await until(lambda: not redis.nodes[0].up)
                await until(lambda: redis.nodes[0].up)
                assert await port(redis) == new.port


class TestSplitBrain:
    async def test_a_primary_that_may_not_write_without_its_replica_is_left(self, user: UserId) -> None:
        """Cut off with whoever is connected: as soon as it refuses writes it is not read any more."""
        with folder() as path, RedisPair(path, options=BOUNDED) as pair:
            async with steps.fence(pair.url) as (_, fence):
                stored = await cache(fence, user, 3)
                pair.cut_replication()
                pair.promote()
                await until(lambda: not fence.up)
                assert pair.primary.ask("HGET", key(user), "fence") == b"%d" % stored.revision
                with pytest.raises(RedisUnavailable):
                    await fence.read(user, V)


class TestElection:
    async def test_what_a_lagging_replica_brings_back_is_no_hit(self, sentinels: Sentinels, user: UserId) -> None:
        """It has the answer of before, and not the raise that followed: its generation is another."""
        async with steps.fence(sentinels.url, timeout=0.5) as (redis, fence):
            await cache(fence, user, 3)
            sentinels.primary.ask("WAIT", 1, 0)
            sentinels.lag()
            assert await fence.raise_to(user, steps.at(4))
            await asyncio.to_thread(sentinels.elect)
            assert sentinels.replica.ask("HGET", key(user), "fence") == b"3"
            await until(lambda: fence.up)
            assert await port(redis) == sentinels.replica.port
            assert await fence.read(user, V) is None
            stored = await cache(fence, user, 4)
            assert await fence.read(user, V) == stored

    def test_no_read_is_stale_in_an_election_under_writes(self, sentinels: Sentinels, own_stack: Stack) -> None:
        """Two API processes and a worker; every write is acknowledged, and hits come back. So does arq's queue."""
        ways = {"REDIS_URL": sentinels.url, "REDIS_TIMEOUT": "0.5"}
        own_stack.worker(start=True, **ways, **rounds.UNLIMITED)
        users = [new_user() for _ in range(3)]
        with rounds.running(
            own_stack.api(start=True, **ways, **rounds.UNLIMITED),
            own_stack.api(start=True, **ways, **rounds.UNLIMITED),
            *users,
        ) as seen:
            seen.await_hits(*users)
            sentinels.lag()
            seen.await_rounds()
            sentinels.elect()
            seen.await_rounds()
            seen.await_hits(*users)
            while names := sentinels.replica.ask("KEYS", "tasklane:queue*"):
                sentinels.replica.ask("DEL", *names)
            wait(lambda: sentinels.replica.ask("KEYS", "tasklane:queue*"), "arq works there")
