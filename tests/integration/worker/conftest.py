"""A worker's parts in the test's own process."""

from collections.abc import AsyncIterator, Iterator

import pytest

from tests import steps
from tests.stack import Stack, folder
from tests.steps import Process
from worker.jobs.context import Context
from worker.main import make_context


@pytest.fixture(scope="module")
def workshop() -> Iterator[Stack]:
    """A stack without a worker: the jobs run when a test says so, and find nothing of other tests."""
    with folder() as path, Stack(path) as stack:
        yield stack


@pytest.fixture
async def process(workshop: Stack) -> AsyncIterator[Process]:
    async with steps.process(workshop.settings(DATABASE_POOL_SIZE="4")) as process:
        await steps.wipe(process.redis)
        yield process


@pytest.fixture
def ctx(workshop: Stack, process: Process) -> Context:
    return context(workshop, process)


def context(workshop: Stack, process: Process) -> Context:
    settings = workshop.settings(WORKER_AUDIT_SAMPLE="50")
    return make_context(settings, process.redis, process.fence, process.lists._database)


@pytest.fixture
def cursor(workshop: Stack) -> Iterator[steps.Cursor]:
    with steps.outside(workshop.database_url) as cursor:
        yield cursor
