"""Alice, whose tasks the others are after."""

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import psycopg2
import pytest

from tests.integration.isolation.victim import Victim, new_victim
from tests.stack import ApiProcess, Stack


@pytest.fixture(scope="module")
def database(stack: Stack) -> Iterator[Any]:
    """A cursor of the database's owner, whom no policy stops."""
    with closing(psycopg2.connect(stack.database_url)) as connection, connection.cursor() as database:
        connection.autocommit = True
        yield database


@pytest.fixture(scope="module", params=["true", "false"], ids=["direct", "plain"])
def api(request: pytest.FixtureRequest, stack: Stack) -> ApiProcess:
    """With the protocol that answers hits where the bytes arrive, and without."""
    return stack.api(CORS_ORIGINS="http://localhost:3000", DIRECT_HITS=request.param)


@pytest.fixture(scope="module")
def victim(api: ApiProcess, database: Any) -> Victim:
    """Alice, for all tests together: none of them may change anything of hers."""
    return new_victim(api, database)
