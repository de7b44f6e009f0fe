"""A database that nobody asks anything is left alone by the worker, too, and is looked at as soon as it matters."""

from collections.abc import Iterator

import pytest
import redis

from core.types import UserId
from tests.ports import steady_port
from tests.stack import ApiProcess, Stack, WorkerProcess, client, folder
from tests.steps import Cursor, outside, until

pytestmark = pytest.mark.anyio

LAST_ASKED = """
    SELECT max(state_change)::text, count(*) FROM pg_stat_activity
    WHERE datname = 'tasklane' AND backend_type = 'client backend'
"""
JOBS = "tasklane_worker_jobs_total"


@pytest.fixture(scope="module")
def workshop() -> Iterator[Stack]:
    with folder() as path, Stack(path) as stack:
        yield stack


@pytest.fixture
def hands(workshop: Stack) -> Iterator[Cursor]:
    """Somebody at another database of the server, which counts for nothing here."""
    with outside(workshop.postgres.url("postgres")) as hands:
        yield hands


@pytest.fixture
def api(workshop: Stack) -> Iterator[ApiProcess]:
    api = workshop.api(LIMIT_READS_RATE="0", LIMIT_WRITES_RATE="0")
    yield api
    api.stop()


def start(workshop: Stack, quiet: str) -> WorkerProcess:
    return workshop.worker(
        WORKER_QUIET_PERIOD=quiet,
        WORKER_METRICS_PORT=str(steady_port()),
        WORKER_ERASE_PERIOD="1",
        WORKER_PURGE_PERIOD="1",
        WORKER_AUDIT_PERIOD="1",
    )


def runs(worker: WorkerProcess) -> float:
    """How many there were of the job that runs most often."""
    lines = worker.get("/metrics").text.splitlines()
    found = [line for line in lines if line.startswith(f'{JOBS}{{job="publish_revisions",outcome="succeeded"}}')]
    return float(found[0].split()[1]) if found else 0.0


def last_asked(hands: Cursor) -> tuple[str, int]:
    """When any session last began or ended something, and how many there are."""
    hands.execute(LAST_ASKED)
    [(when, sessions)] = hands.fetchall()
    assert sessions
    return when, sessions


def cached(workshop: Stack) -> bool:

    with redis.Redis.from_url(workshop.redis.url) as cache:
        return bool(list(cache.scan_iter("tasklane:{*}:list")))


async def test_while_nothing_is_cached_the_database_is_left_alone(workshop: Stack, hands: Cursor) -> None:
    """After a first look; the jobs are begun, and well, and readiness asks no database either."""
    worker = start(workshop, "3600")
    await until(lambda: runs(worker) > 6)
    seen, begun = last_asked(hands), runs(worker)
    await until(lambda: runs(worker) > begun + 5 and worker.get("/readyz").status_code == 200)
    assert last_asked(hands) == seen
    worker.stop()


async def test_whatever_is_cached_ends_the_rest_at_once(
    workshop: Stack, hands: Cursor, api: ApiProcess, user: UserId
) -> None:
    """A change by hand, of a list that somebody has read since, is no more late than ever."""
    worker = start(workshop, "3600")
    await until(lambda: runs(worker) > 6)
    assert not cached(workshop)
    with client(api.url, user) as alice, outside(workshop.database_url) as other:
        assert alice.get("/api/tasks").json() == []
        other.execute("INSERT INTO tasks (user_id, title) VALUES (%s, 'by hand')", (user,))
        await until(lambda: alice.get("/api/tasks").json() != [])
        assert alice.delete("/api/account").status_code == 202
        await until(lambda: alice.get("/api/account").json()["status"] == "active")
    worker.stop()


async def test_a_rest_is_interrupted_after_its_period(workshop: Stack, hands: Cursor, user: UserId) -> None:
    """Then all that is due is done: a list is published, and an account erased, of which nobody could hear."""
    worker = start(workshop, "2")
    await until(lambda: runs(worker) > 3)
    with outside(workshop.database_url) as other:
        other.execute("INSERT INTO tasks (user_id, title) VALUES (%s, 'by hand')", (user,))
        other.execute("INSERT INTO account_erasures (user_id) VALUES (%s)", (user,))

        def erased() -> bool:
            other.execute("SELECT FROM account_erasures WHERE user_id = %s", (user,))
            return not other.fetchall()

        await until(erased)
    worker.stop()
