"""A standby is refused: what it answers was true once, and would become hits of those who read from the primary."""

from collections.abc import Iterator

import httpx
import pytest
from structlog.testing import capture_logs

from core.database.transaction import Transaction
from core.errors import DatabaseUnavailable
from deploy.local.servers.postgres import PostgresServer
from tests.integration.database.test_pooler import PGBOUNCER, PgBouncer
from tests.integration.wires import NO_REDIS, database, rows, unwatched, write
from tests.stack import ApiProcess, client, environment, folder, migrate, new_user
from tests.steps import outside, until

pytestmark = pytest.mark.anyio

IN_RECOVERY = "the server is a standby"


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    """A primary that can be made a standby; nobody sends it anything then."""
    settings = {"wal_level": "replica"}
    with folder() as path, PostgresServer(path / "postgres", settings=settings, durable=False) as server:
        yield server


def demote(server: PostgresServer) -> None:
    server.stop()
    (server.data / "standby.signal").touch()
    server.start()


async def promote(server: PostgresServer) -> None:
    with outside(server.url("postgres")) as outsider:
        rows(outsider, "SELECT pg_promote(wait => false)")
        await until(lambda: rows(outsider, "SELECT pg_is_in_recovery()") == [False])


def one(transaction: Transaction) -> int:
    [(number,)] = transaction.execute("SELECT 1")
    return int(number)


def make(transaction: Transaction) -> None:
    transaction.execute("CREATE TABLE made ()")
    transaction.commit()


async def test_a_standby_is_refused_until_it_is_promoted(server: PostgresServer) -> None:
    """Neither reads nor writes are tried on it; its reason is said once."""
    demote(server)
    url = server.url("postgres")
    async with database(url) as layer:
        with capture_logs() as lines:
            for work in (one, make, one):
                with pytest.raises(DatabaseUnavailable, match=IN_RECOVERY):
                    await write(layer, work)
        assert [(line["event"], line["reason"]) for line in lines] == [("database_refused", IN_RECOVERY)]
        await promote(server)
        await write(layer, make)


async def test_an_api_on_a_standby_is_not_ready(server: PostgresServer) -> None:
    """It says why to the orchestrator, and serves nobody until its server is the primary."""
    url = server.create_database("tasks")
    migrate(url)
    demote(server)
    with folder() as path:
        api = ApiProcess(path, environment(url, NO_REDIS))
        api.start()
        try:
            with client(api.url, new_user()) as alice:
                answer = alice.get("/readyz")
                assert (answer.status_code, answer.json()["reason"]) == (503, IN_RECOVERY)
                assert alice.get("/api/tasks").status_code == 503
                assert "standby" not in alice.get("/api/tasks").text
                await promote(server)
                await until(lambda: httpx.get(f"{api.url}/readyz", timeout=60).is_success)
                assert alice.get("/api/tasks").json() == []
        finally:
            api.stop()


@pytest.mark.skipif(PGBOUNCER is None, reason="there is no pgbouncer; Debian's package has that name")
async def test_a_primary_that_is_demoted_behind_a_pooler_is_left(server: PostgresServer) -> None:
    """The session with the pooler outlives the change; a write finds out, and nobody reads through it any more."""
    with folder() as path:
        pooler = PgBouncer(path, server.create_database("pooled"))
        pooler.start()
        try:
            async with unwatched(pooler.url, DATABASE_POOL_SIZE="1") as layer:
                assert await write(layer, one) == 1
                demote(server)
                await until(lambda: _answers(pooler.url))
                with pytest.raises(DatabaseUnavailable, match="ReadOnlySqlTransaction"):
                    await write(layer, make)
                with pytest.raises(DatabaseUnavailable, match=IN_RECOVERY):
                    await write(layer, one)
                await promote(server)
                await write(layer, make)
        finally:
            pooler.stop()


def _answers(url: str) -> bool:
    """The pooler has a connection with its server again."""
    with outside(url) as outsider:
        return rows(outsider, "SELECT pg_is_in_recovery()") == [True]
