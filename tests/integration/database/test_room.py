"""Fewer free server connections than the pools want: whoever has one waits for it, and nobody takes all of them."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.consistency.clients.client import Service
from tests.consistency.clients.workload import User, request
from tests.stack import ApiProcess, Stack, folder, new_user

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

    async def use(api: ApiProcess) -> None:
        user = User.named(new_user())
        if api in apis[-LATE:]:
            await settled.wait()
        # A connection of its own, which is never idle: one that many share may be closed when somebody takes it.
        with closing(Service([api.port])) as service:
            while answers.total() < REQUESTS:
                made = await service.ask(0, request("POST", "/api/tasks", user, body=b'{"title": "x"}'))
                found = await service.ask(0, request("GET", "/api/tasks", user))
                answers.update((made.status, found.status))
                if answers.total() > REQUESTS / PROCESSES:
                    settled.set()

    async with asyncio.TaskGroup() as group:
        for api in apis:
            for _ in range(AT_ONCE):
                group.create_task(use(api))
    assert set(answers) == {200, 201}
    refused = [api for api in apis if "database_refused" in api.log.read_text()]
    assert refused, "by luck"
