"""What is published is heard by who listens, on whatever kind of Redis, and again after each loss of it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from core.addresses.redis import RedisAddress
from core.cache.fence import Fence
from core.cache.hints import Hints
from core.cache.servers.connect import listening
from core.types import Revision, UserId
from tests import steps
from tests.servers.cluster import RedisCluster
from tests.servers.sentinel import Sentinels
from tests.stack import Stack, folder, new_user
from tests.steps import PATIENCE, at, until

pytestmark = pytest.mark.anyio


@dataclass
class Ear:
    """Somebody who listens, what they have heard, and how often something has changed about that."""

    fence: Fence
    hints: Hints = field(init=False)
    heard: asyncio.Queue[tuple[UserId, Revision]] = field(default_factory=asyncio.Queue)
    changes: int = 0

    def change(self) -> None:
        self.changes += 1

    async def hears(self, owner: UserId, revision: int) -> bool:
        """Whether the next thing heard is this."""
        async with asyncio.timeout(PATIENCE):
            return await self.heard.get() == (owner, revision)

    async def hears_again(self, owner: UserId, revision: int) -> None:
        """Raise again and again, until it is heard."""
        async with asyncio.timeout(PATIENCE):
            while self.heard.empty():
                await self.fence.raise_to(owner, at(revision), committed=True)
                await asyncio.sleep(0.05)


@contextlib.asynccontextmanager
async def ear(url: str) -> AsyncIterator[Ear]:
    async with steps.fence(url, timeout=2) as (redis, fence):
        made = Ear(fence)
        made.hints = Hints(
            listening(RedisAddress.parse(url), redis),
            timeout=2,
            retry_after=0.1,
            on_hint=lambda owner, revision: made.heard.put_nowait((owner, revision)),
            on_change=made.change,
        )
        fence.on_forgetting(made.hints.renew)
        try:
            yield made
        finally:
            await made.hints.close()


async def test_who_listens_hears_of_what_is_committed(stack: Stack, user: UserId) -> None:
    """Of their own users, until they leave; of what is raised before its commit nobody hears."""
    async with ear(stack.redis.url) as one, ear(stack.redis.url) as other:
        assert await one.hints.listen(user)
        await other.fence.raise_to(new_user(), at(1), committed=True)
        await other.fence.raise_to(user, at(2))
        await other.fence.raise_to(user, at(3), committed=True)
        assert await one.hears(user, 3)
        await other.fence.raise_all([(user, at(4))])
        assert await one.hears(user, 4)
        one.hints.leave(user)
        another = new_user()
        assert await one.hints.listen(another)
        await other.fence.raise_to(user, at(5), committed=True)
        await other.fence.raise_to(another, at(6), committed=True)
        assert await one.hears(another, 6)


async def test_after_a_loss_it_is_said_and_heard_again(own_stack: Stack, user: UserId) -> None:
    """Whoever listens looks then: what was published meanwhile nobody has heard."""
    async with ear(own_stack.redis.url) as one:
        assert await one.hints.listen(user)
        changes = one.changes
        await asyncio.to_thread(own_stack.redis.stop)
        await until(lambda: not one.hints.up)
        await until(lambda: one.changes > changes)
        changes = one.changes
        assert not await one.hints.listen(new_user())
        await asyncio.to_thread(own_stack.redis.start)
        await until(lambda: one.hints.up and one.changes > changes)
        await one.hears_again(user, 2)
        assert await one.hears(user, 2)


async def test_a_cluster_tells_all_its_nodes(user: UserId) -> None:
    """Whichever master a list lies on, and whichever node is listened to."""
    with folder() as path, RedisCluster(path) as cluster:
        async with ear(cluster.url) as one, ear(cluster.url) as other:
            users = [user, *(new_user() for _ in range(10))]
            for owner in users:
                await until(lambda: other.fence.up)
                assert await one.hints.listen(owner)
                await other.fence.raise_to(owner, at(2), committed=True)
                assert await one.hears(owner, 2)


async def test_an_elected_primary_is_listened_to(user: UserId) -> None:
    """The one before is left when the cache leaves it."""
    with folder() as path, Sentinels(path) as sentinels:
        async with ear(sentinels.url) as one:
            assert await one.hints.listen(user)
            await asyncio.to_thread(sentinels.elect)
            await one.hears_again(user, 3)
            assert await one.hears(user, 3)
