"""The API in this process with a Redis of its own, and a frontend of it."""

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from core.types import UserId
from deploy.local.servers.redis import RedisServer
from tests.integration.direct.client import PATIENCE, Served, served
from tests.stack import Stack, folder
from tests.tokens import shared_secret_token


@pytest.fixture(scope="module")
def redis() -> Iterator[RedisServer]:
    with folder() as place, RedisServer(place) as redis:
        yield redis


@pytest.fixture
async def api(stack: Stack, redis: RedisServer) -> AsyncIterator[Served]:
    async with served(stack, redis) as api:
        yield api


@pytest.fixture
async def alice(api: Served, user: UserId) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"authorization": f"Bearer {shared_secret_token(user)}"}
    async with httpx.AsyncClient(base_url=api.url, headers=headers, timeout=PATIENCE) as alice:
        (await alice.post("/api/tasks", json={"title": "x"})).raise_for_status()
        yield alice
