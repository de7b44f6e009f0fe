"""Hands at the database, and a cache that says nothing of what they have done."""

from collections.abc import Callable, Iterator

import pytest
import redis

from core.cache.keys import key
from core.types import UserId
from tests import steps
from tests.stack import Stack


@pytest.fixture
def hands(stack: Stack) -> Iterator[steps.Cursor]:
    """As psql; what they do is told by `announced`."""
    with steps.outside(stack.database_url) as hands:
        yield hands


@pytest.fixture
def cache(stack: Stack) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(stack.redis.url) as cache:
        yield cache


@pytest.fixture
def announced(cache: redis.Redis, user: UserId) -> Callable[[], object]:
    """Nothing of the user's is cached any more, as when the worker has told of what was done outside."""
    return lambda: cache.delete(key(user))
