"""The worker's note on whether it reaches Redis, and what goes on without Redis: all with real processes."""

from collections.abc import Iterator

import pytest

from core.types import UserId
from tests import steps
from tests.ports import steady_port
from tests.servers.address import until
from tests.stack import Stack, WorkerProcess, folder
from worker.note import longest_silence


@pytest.fixture(scope="module")
def workshop() -> Iterator[Stack]:
    with folder() as path, Stack(path) as stack:
        yield stack


@pytest.fixture
def hands(workshop: Stack) -> Iterator[steps.Cursor]:
    with steps.outside(workshop.database_url) as cursor:
        yield cursor


@pytest.fixture(scope="module")
def running(workshop: Stack) -> WorkerProcess:
    return workshop.worker(
        REDIS_TIMEOUT="0.1",
        WORKER_METRICS_PORT=str(steady_port()),
        WORKER_PURGE_PERIOD="1",
        WORKER_ERASE_PERIOD="1",
    )


@pytest.fixture(autouse=True)
def healthy(workshop: Stack, running: WorkerProcess, hands: steps.Cursor) -> None:
    """What one test broke is whole again before the next."""
    noted(hands, "reached")
    until(lambda: running.get("/readyz").is_success)


@pytest.mark.parametrize(("goes", "comes"), [("freeze", "thaw"), ("kill", "start")])
def test_it_notes_that_redis_is_away_and_that_it_is_back_when_all_is_told(
    workshop: Stack, hands: steps.Cursor, user: UserId, goes: str, comes: str
) -> None:
    """Who reads from Redis after an outage waits for the second note: until then it may hold what has changed."""
    getattr(workshop.redis, goes)()
    noted(hands, "away")
    hands.execute("INSERT INTO tasks (user_id, title) VALUES (%s, 'by hand')", (user,))
    getattr(workshop.redis, comes)()
    noted(hands, "reached")
    hands.execute("SELECT revision = published_revision FROM task_lists WHERE user_id = %s", (user,))
    assert hands.fetchall() == [(True,)]


def test_a_write_is_acknowledged_when_redis_is_away_for_everyone(workshop: Stack, user: UserId) -> None:
    """Long before its deadline: the worker has noted it."""
    api = workshop.api(REDIS_TIMEOUT="0.1")
    with api.client(user) as client:
        assert client.post("/api/tasks", json={"title": "first"}).is_success
        workshop.redis.freeze()
        try:
            assert client.post("/api/tasks", json={"title": "second"}).is_success
            assert client.get("/api/tasks").headers["x-cache"] == "bypass"
        finally:
            workshop.redis.thaw()
    api.stop()
    assert b"shown_unannounced" not in api.log.read_bytes()


def test_postgres_away_puts_the_note_off(workshop: Stack, running: WorkerProcess) -> None:
    """Tried again until it stands there."""
    workshop.postgres.stop()
    workshop.redis.freeze()
    until(lambda: running.get("/readyz").json().get("redis") == "away")
    workshop.postgres.start()
    with steps.outside(workshop.database_url) as hands:
        noted(hands, "away")
        workshop.redis.thaw()
        noted(hands, "reached")


@pytest.mark.parametrize("state", ["away", "returning"])
def test_a_note_that_another_worker_has_left_is_put_right(hands: steps.Cursor, user: UserId, state: str) -> None:
    """One that is cut off from a Redis that this one reaches, or that has ended before it was done."""
    hands.execute("UPDATE cache_state SET state = %s", (state,))
    hands.execute("INSERT INTO tasks (user_id, title) VALUES (%s, 'by hand')", (user,))
    noted(hands, "reached")


def test_a_worker_that_has_nothing_to_say_writes_nothing(own_stack: Stack, user: UserId) -> None:
    """The note is the same row as before, however often the worker has worked meanwhile."""
    own_stack.worker(REDIS_TIMEOUT="5")  # at a pause of this machine it would have something to say
    sql = "SELECT xmin::text FROM cache_state"
    with steps.outside(own_stack.database_url) as hands:
        noted(hands, "reached")
        hands.execute(sql)
        before = hands.fetchall()
        for _ in range(3):
            hands.execute("INSERT INTO tasks (user_id, title) VALUES (%s, 'by hand')", (user,))
            until(lambda: is_published(hands, user))
        hands.execute(sql)
        assert hands.fetchall() == before


@pytest.mark.parametrize("redis", [("freeze", "thaw"), ("stop", "start")])
def test_the_databases_work_goes_on_without_redis(
    workshop: Stack, hands: steps.Cursor, user: UserId, redis: tuple[str, str]
) -> None:
    """Purge and erasure; the list of who was erased goes when Redis knows."""
    leaving, (goes, comes) = UserId(f"{user}-leaving"), redis
    getattr(workshop.redis, goes)()
    noted(hands, "away")
    hands.execute("INSERT INTO tasks (user_id, title, deleted_at) VALUES (%s, 'x', '2020-01-01')", (user,))
    hands.execute("INSERT INTO tasks (user_id, title) VALUES (%s, 'x')", (leaving,))
    hands.execute("INSERT INTO account_erasures (user_id) VALUES (%s)", (leaving,))
    until(lambda: count(hands, "tasks", user) == count(hands, "tasks", leaving) == 0)
    assert count(hands, "task_lists", leaving) == 1
    getattr(workshop.redis, comes)()
    until(lambda: count(hands, "task_lists", leaving) == count(hands, "account_erasures", leaving) == 0)


def noted(hands: steps.Cursor, state: str) -> None:
    def is_so() -> bool:
        hands.execute("SELECT state FROM cache_state")
        return bool(hands.fetchall() == [(state,)])

    until(is_so)


def is_published(hands: steps.Cursor, user: UserId) -> bool:
    hands.execute("SELECT revision = published_revision FROM task_lists WHERE user_id = %s", (user,))
    return hands.fetchall() == [(True,)]


def count(hands: steps.Cursor, table: str, user: UserId) -> int:
    hands.execute(f"SELECT count(*) FROM {table} WHERE user_id = %s", (user,))
    return int(hands.fetchall()[0][0])


def test_away_comes_when_nobody_keeps_the_connection_any_more(workshop: Stack) -> None:
    """By what a process may take at most to notice a silence: Sentinels that do not answer make it notice later."""
    settings = {"REDIS_RETRY_AFTER": "0.2", "REDIS_TIMEOUT": "0.1"}
    one = longest_silence(workshop.settings(**settings))
    behind = longest_silence(workshop.settings(**settings, REDIS_URL="redis+sentinel://127.0.0.1:26379/mymaster/0"))
    assert (round(one, 2), round(behind, 2)) == (1.4, 1.8)
