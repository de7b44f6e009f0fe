"""Fewer free server connections than the pools want: whoever has one waits for it, and nobody takes all of them."""

import asyncio
from collections import Counter
from collections.abc import Iterator

import httpx
import pytest

from tests.stack import ApiProcess, Stack, folder, new_user
from tests.steps import PATIENCE
from tests.tokens import shared_secret_token

pytestmark = pytest.mark.anyio

CONNECTIONS = 25
PROCESSES = 5
LATE = 2
"""Processes of which nobody asks anything until the others have taken what they can."""
POOL = 8
AT_ONCE = 16
"""Requests to each process: twice as many as it would have connections."""
REQUESTS = 5000


@pytest.fixture
def crowded() -> Iterator[Stack]:
    """A server that has room for three pools."""
    with folder() as path:
        stack = Stack(path)
        stack.postgres.settings["max_connections"] = str(CONNECTIONS)
        with stack:
            yield stack


async def test_more_pools_than_room_cost_no_request(crowded: Stack) -> None:
    """Five processes want 40 connections of 25, two of them when the others have theirs: everyone is served."""
    apis = [
        crowded.api(DATABASE_POOL_SIZE=str(POOL), LIMIT_READS_RATE="0", LIMIT_WRITES_RATE="0") for _ in range(PROCESSES)
    ]
    answers: Counter[int] = Counter()
    settled = asyncio.Event()

    async def use(api: ApiProcess, frontend: httpx.AsyncClient) -> None:
        headers = {"authorization": f"Bearer {shared_secret_token(new_user())}"}
        if api in apis[-LATE:]:
            await settled.wait()
        while answers.total() < REQUESTS:
            made = await frontend.post(f"{api.url}/api/tasks", headers=headers, json={"title": "x"})
            found = await frontend.get(f"{api.url}/api/tasks", headers=headers)
            answers.update((made.status_code, found.status_code))
            if answers.total() > REQUESTS / PROCESSES:
                settled.set()

    limits = httpx.Limits(max_connections=None, keepalive_expiry=1)  # well before the server closes what is idle
    async with httpx.AsyncClient(timeout=PATIENCE, limits=limits) as frontend, asyncio.TaskGroup() as group:
        for api in apis:
            for _ in range(AT_ONCE):
                group.create_task(use(api, frontend))
    assert set(answers) == {200, 201}
    refused = [api for api in apis if "database_refused" in api.log.read_text()]
    assert refused, "by luck"
