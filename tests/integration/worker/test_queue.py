"""Where the worker's queue lives, and how it is reached."""

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis as redis_py
from redis import asyncio
from redis.exceptions import RedisError

from core.addresses.redis import RedisAddress
from deploy.local.servers.redis import RedisServer
from tests.integration.redis.test_redis_connection import _certificate
from tests.stack import Stack, folder
from tests.steps import StubRedis, until
from worker.queue import QUEUE, connections

pytestmark = pytest.mark.anyio


@pytest.fixture
def elsewhere() -> Iterator[RedisServer]:
    with folder() as path, RedisServer(path) as server:
        yield server


async def test_the_queue_can_live_elsewhere(own_stack: Stack, elsewhere: RedisServer) -> None:
    """Every job's key is there, and beside the cache there is none."""
    own_stack.worker(WORKER_REDIS_URL=elsewhere.url)
    with redis_py.Redis.from_url(elsewhere.url) as queue, redis_py.Redis.from_url(own_stack.redis.url) as cache:
        await until(lambda: bool(queue.keys(f"{QUEUE}*")))
        assert cache.keys(f"{QUEUE}*") == cache.keys("arq:*") == []


@pytest.mark.parametrize(("named", "up"), [(True, True), (False, False)])
async def test_the_queue_is_shown_the_certificate_and_checked(tmp_path: Path, *, named: bool, up: bool) -> None:
    """As the cache is: by the named authority alone, with the client's own certificate, of one file or two."""
    server_side = _certificate(tmp_path / "ca.pem")
    _certificate(tmp_path / "mine.pem")
    (tmp_path / "both.pem").write_bytes((tmp_path / "mine.pem").read_bytes() + (tmp_path / "mine.key").read_bytes())
    server_side.verify_mode = ssl.CERT_REQUIRED
    server_side.load_verify_locations(tmp_path / "mine.pem")
    host = "127.0.0.1" if named else "localhost"  # the certificate says the former
    async with StubRedis(tls=server_side) as server:
        query = f"ssl_ca_certs={tmp_path / 'ca.pem'}&ssl_certfile={tmp_path / 'both.pem'}"
        pool = connections(RedisAddress.parse(f"rediss://{host}:{server.port}?{query}"))
        async with asyncio.Redis.from_pool(pool) as redis:
            if up:
                await redis.ping()
            else:
                with pytest.raises(RedisError):
                    await redis.ping()
