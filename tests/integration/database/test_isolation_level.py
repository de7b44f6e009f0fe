"""What a database, or a login of it, has as its default says nothing of how the service's transactions are."""

import asyncio
from collections import Counter

import httpx
import pytest

from tests.integration.wires import rows
from tests.stack import ApiProcess, Stack, environment, migrate, new_user
from tests.steps import outside
from tests.tokens import shared_secret_token

WRITES = 200
AT_ONCE = 20


@pytest.mark.anyio
@pytest.mark.parametrize("level", ["repeatable read", "serializable"])
async def test_concurrent_writes_are_no_conflict(stack: Stack, level: str) -> None:
    """Of one user and at once, under a default that would make most of them fail: all are made."""
    url = stack.postgres.create_database(f"level_{level.split(maxsplit=1)[0]}")
    migrate(url)
    with outside(url) as admin:
        rows(admin, f"ALTER DATABASE {url.split('/')[3].split('?')[0]} SET default_transaction_isolation = '{level}'")
    api = ApiProcess(stack.folder, environment(url, stack.redis.url, LIMIT_WRITES_RATE="0"))
    stack.adopt(api)
    api.start()
    user = new_user()
    headers = {"authorization": f"Bearer {shared_secret_token(user)}"}
    async with httpx.AsyncClient(base_url=api.url, headers=headers, timeout=60) as alice:
        task = (await alice.post("/api/tasks", json={"title": "Contended"})).headers["location"]
        gate = asyncio.Semaphore(AT_ONCE)

        async def write(number: int) -> int:
            async with gate:
                if number % 2:
                    return (await alice.patch(task, json={"title": f"Contended {number}"})).status_code
                return (await alice.post("/api/tasks", json={"title": f"Task {number}"})).status_code

        statuses = Counter(await asyncio.gather(*(write(number) for number in range(WRITES))))
        assert statuses == {200: WRITES // 2, 201: WRITES // 2}
        assert len((await alice.get("/api/tasks")).json()) == WRITES // 2 + 1
    api.stop()
