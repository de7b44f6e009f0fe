"""Whoever keeps a connection goes on after what nobody has foreseen: a later one may find it right. It is told once."""

import pytest
from structlog.testing import capture_logs

from core.addresses.redis import RedisAddress
from core.cache.hints import Hints
from core.cache.servers.connect import servers
from core.cache.servers.redis import Redis
from core.cache.servers.route import Direct
from core.cache.servers.wire import Send, Wire
from core.types import UserId
from tests.stack import Stack
from tests.steps import Command, StubRedis, until

pytestmark = pytest.mark.anyio


class _Stumbling:
    """A recovery whose question to the database fails, as before the first migration."""

    def __init__(self, times: int) -> None:
        self._left = times

    async def recover(self, redis: Redis, send: Send) -> None: ...

    async def may_read(self) -> bool:
        self._left -= 1
        if self._left >= 0:
            raise ValueError("no such table")
        return True

    def forget(self) -> None: ...


class _Astray(Direct):
    """A route that fails three times."""

    left = 3

    async def connect(self, timeout: float) -> Wire:
        self.left -= 1
        if self.left >= 0:
            raise ValueError("no such name")
        return await super().connect(timeout)


async def test_of_a_server(stack: Stack) -> None:
    """The cache is used in the end."""
    redis = Redis(Direct(RedisAddress.parse(stack.redis.url)), timeout=5, retry_after=0.05)
    with capture_logs() as lines:
        await redis.start(recovery=_Stumbling(3))
        await until(lambda: redis.readable)
    assert [line["event"] for line in lines if line["log_level"] == "error"] == ["redis_connection_failed"]
    await redis.close()


async def test_of_what_is_published(stack: Stack, user: UserId) -> None:
    """Whoever listens hears in the end."""
    route = _Astray(RedisAddress.parse(stack.redis.url))
    hints = Hints(route, timeout=5, retry_after=0.05, on_hint=lambda *_: None, on_change=lambda: None)
    with capture_logs() as lines:
        await hints.listen(user)
        await until(lambda: hints.up)
    assert [line["event"] for line in lines if line["log_level"] == "error"] == ["hints_failed"]
    await hints.close()


async def test_of_a_cluster() -> None:
    """A node that tells of masters what nobody can read is asked again, and others are."""

    def nonsense(command: Command) -> bytes:
        slots = b"*1\r\n*3\r\n:0\r\n:16383\r\n*2\r\n:5\r\n:6\r\n"
        return slots if command[:2] == (b"CLUSTER", b"SLOTS") else b"+OK\r\n"

    async with StubRedis(nonsense) as node:
        address = node.url.replace("redis://", "redis+cluster://")
        cluster = servers(RedisAddress.parse(address), timeout=5, retry_after=0.05)
        await cluster.start()
        asked = len(node.commands)
        await until(lambda: len(node.commands) > asked + 6)
        assert not cluster.complete
        await cluster.close()
