"""Fixtures of all tests: one PostgreSQL, Redis and API per test process; users, not databases, keep tests apart."""

from collections.abc import Iterator

import httpx
import pytest

from core.types import UserId
from tests.stack import ApiProcess, Stack, client, folder, new_user


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """Shared by all tests that leave it as it is."""
    with folder() as path, Stack(path) as stack:
        yield stack


@pytest.fixture
def own_stack() -> Iterator[Stack]:
    """For a test that stops, wipes or breaks a part; a second's start."""
    with folder() as path, Stack(path) as stack:
        yield stack


@pytest.fixture(scope="session")
def api(stack: Stack) -> ApiProcess:
    return stack.api(CORS_ORIGINS="http://localhost:3000")


@pytest.fixture
def user() -> UserId:
    return new_user()


@pytest.fixture
def alice(api: ApiProcess, user: UserId) -> Iterator[httpx.Client]:
    """A frontend of a user whom no other test knows."""
    with client(api.url, user) as alice:
        yield alice


@pytest.fixture
def bob(api: ApiProcess) -> Iterator[httpx.Client]:
    """A frontend of someone else."""
    with client(api.url, new_user()) as bob:
        yield bob
