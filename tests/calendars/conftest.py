"""A user's calendar: past HTTP, as a program has it, and the API's client of the same user."""

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from api import main
from api.services import Services
from core.types import UserId
from tests.calendars.dav import Dav
from tests.calendars.objects import Collection
from tests.stack import Stack


@pytest.fixture
async def services(stack: Stack) -> AsyncIterator[Services]:
    """The product's own database access, in this process."""
    services = main._services(stack.settings(DATABASE_POOL_SIZE="1"))
    await services.fence.start()
    yield services
    await services.fence.close()
    await services.database.close()


@pytest.fixture
def mine(services: Services, user: UserId) -> Collection:
    """The same user's as the client `alice`."""
    return Collection(services, user)


@pytest.fixture
def dav(alice: httpx.Client, user: UserId) -> Iterator[Dav]:
    """A program of that user, over HTTP."""
    with Dav(alice, user) as dav:
        yield dav
