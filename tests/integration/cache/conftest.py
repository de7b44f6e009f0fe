"""The cache protocol, and the Redis that it speaks to, without an API around it."""

from collections.abc import AsyncIterator

import pytest

from core.cache.fence import Fence
from core.cache.servers.redis import Redis
from tests import steps
from tests.stack import Stack


@pytest.fixture
async def pair(stack: Stack) -> AsyncIterator[tuple[Redis, Fence]]:
    async with steps.fence(stack.redis.url) as pair:
        yield pair


@pytest.fixture
def redis(pair: tuple[Redis, Fence]) -> Redis:
    return pair[0]


@pytest.fixture
def fence(pair: tuple[Redis, Fence]) -> Fence:
    return pair[1]
