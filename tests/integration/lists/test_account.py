"""`DELETE /api/account`: everything of a user's is erased, whoever dies meanwhile, and nothing of anybody else's."""

from collections.abc import Iterator

import httpx
import pytest
import redis

from core.types import UserId
from tests.integration.wires import rows
from tests.stack import Stack, WorkerProcess
from tests.steps import outside, until

ACCOUNT = "/api/account"
TABLES = ("tasks", "task_lists", "idempotency_keys", "account_erasures")
ERASED_AT_ONCE = 1000

SEED = """
    INSERT INTO task_lists (user_id, revision) VALUES (%s, 1);
    INSERT INTO tasks (user_id, title, revision) SELECT %s, 'Task ' || n, 1 FROM generate_series(1, %s) AS n
"""


@pytest.fixture
def worker(stack: Stack) -> Iterator[WorkerProcess]:
    """Not started yet: a test looks around first."""
    worker = stack.worker(start=False, WORKER_ERASE_PERIOD="1")
    yield worker
    worker.stop()


def fill(frontend: httpx.Client) -> str:
    """Leave something wherever there is a place: a task, one in the trash, keys, cached answers. Returns whose."""
    for title in ("Secret walk", "Secret run"):
        task = frontend.post("/api/tasks", json={"title": title}, headers={"idempotency-key": title})
    frontend.delete(task.headers["location"])
    look(frontend)
    user: str = task.json()["user_id"]
    return user


def look(frontend: httpx.Client) -> list[int]:
    """How many tasks each of the cached answers shows."""
    lists = [len(frontend.get(path).json()) for path in ("/api/tasks", "/api/tasks?sort=title", "/api/tasks/trash")]
    total: int = frontend.get("/api/tasks/stats").json()["total"]
    return [*lists, total]


def left(stack: Stack, user: str) -> dict[str, int]:
    """The rows of that user, by table."""
    with outside(stack.database_url) as other:
        return {table: rows(other, f"SELECT count(*) FROM {table} WHERE user_id = %s", user)[0] for table in TABLES}


def is_erased(frontend: httpx.Client) -> bool:
    return bool(frontend.get(ACCOUNT).json()["status"] == "active")


def test_an_account_tells_what_is_stored(alice: httpx.Client, user: UserId) -> None:
    """The trash counts too; nothing of it may be kept by a cache."""
    fill(alice)
    account = alice.get(ACCOUNT)
    assert account.json() == {
        "user_id": user,
        "status": "active",
        "tasks": 2,
        "erasure_requested_at": None,
        "trash_retention_days": 30,
    }
    assert account.headers["cache-control"] == "no-store"


def test_an_erasure_is_accepted_and_its_progress_can_be_seen(alice: httpx.Client) -> None:
    """202 with where to look; asking again, also later, changes nothing."""
    fill(alice)
    accepted = alice.delete(ACCOUNT)
    assert (accepted.status_code, accepted.headers["location"]) == (202, ACCOUNT)
    assert (accepted.json()["status"], accepted.json()["tasks"]) == ("erasing", 2)
    assert accepted.json()["erasure_requested_at"].endswith("Z")
    assert alice.get(ACCOUNT).json() == accepted.json()
    assert alice.delete(ACCOUNT).json() == accepted.json()


@pytest.mark.anyio
async def test_nothing_is_left_of_an_erased_user(
    stack: Stack, worker: WorkerProcess, alice: httpx.Client, bob: httpx.Client, user: UserId
) -> None:
    """No row in any table and no word in Redis; what others have is as it was."""
    fill(alice)
    bobs = fill(bob)
    before, shown = left(stack, bobs), look(bob)
    erase(alice)
    assert all(left(stack, user).values())
    worker.start()
    await until(lambda: is_erased(alice))
    assert left(stack, user) == dict.fromkeys(TABLES, 0)
    assert account(alice) == ("active", 0)
    with redis.Redis.from_url(stack.redis.url) as cache:
        values = cache.hgetall(f"tasklane:{{{user}}}:list")
        assert not [value for value in values.values() if b"Secret" in value]
    assert (left(stack, bobs), look(bob)) == (before, shown)


@pytest.mark.anyio
async def test_an_erased_user_starts_anew(worker: WorkerProcess, alice: httpx.Client) -> None:
    """They see nothing of what was cached before, at once and ever after; what they see now is cached as ever."""
    fill(alice)
    before = etag(alice)
    erase(alice)
    worker.start()
    await until(lambda: is_erased(alice))
    assert look(alice) == [0, 0, 0, 0]
    for count in range(1, 6):
        assert make(alice, f"New {count}").status_code == 201
        assert look(alice) == [count, count, 0, count]
        assert (etag(alice) == before, is_cached(alice)) == (False, True)
    assert "idempotent-replayed" not in make(alice, "Secret walk").headers


@pytest.mark.anyio
async def test_what_is_written_during_an_erasure_is_erased_too(
    stack: Stack, worker: WorkerProcess, alice: httpx.Client, user: UserId
) -> None:
    """Whoever asks for the end and goes on writing has nothing left of it."""
    fill(alice)
    erase(alice)
    make(alice, "Late")
    worker.start()
    await until(lambda: is_erased(alice))
    assert left(stack, user) == dict.fromkeys(TABLES, 0)


@pytest.mark.anyio
async def test_a_user_without_tasks_is_erased_as_well(
    stack: Stack, worker: WorkerProcess, alice: httpx.Client, user: UserId
) -> None:
    """Also one of whom nothing was ever stored."""
    erase(alice)
    worker.start()
    await until(lambda: is_erased(alice))
    assert left(stack, user) == dict.fromkeys(TABLES, 0)


@pytest.mark.anyio
async def test_an_erasure_outlives_the_worker(
    stack: Stack, worker: WorkerProcess, alice: httpx.Client, user: UserId
) -> None:
    """Killed between two batches, it goes on where it was; what is left can be seen all the time."""
    with outside(stack.database_url) as other, outside(stack.database_url) as watcher:
        rows(other, SEED, user, user, 3 * ERASED_AT_ONCE)
        erase(alice)
        last = "SELECT id FROM tasks WHERE user_id = %s ORDER BY id DESC LIMIT 1"
        rows(other, "BEGIN")
        rows(other, f"{last} FOR UPDATE", user)
        worker.start()
        blocked = "SELECT pid FROM pg_stat_activity WHERE %s = ANY (pg_blocking_pids(pid))"
        await until(lambda: bool(rows(watcher, blocked, other.connection.info.backend_pid)))
        assert account(alice) == ("erasing", ERASED_AT_ONCE)
        worker.kill()
        rows(other, "ROLLBACK")
    assert account(alice) == ("erasing", ERASED_AT_ONCE)
    assert left(stack, user)["account_erasures"] == 1
    worker.start()
    await until(lambda: is_erased(alice))
    assert left(stack, user) == dict.fromkeys(TABLES, 0)


def erase(frontend: httpx.Client) -> None:
    assert frontend.delete(ACCOUNT).status_code == 202


def make(frontend: httpx.Client, title: str) -> httpx.Response:
    return frontend.post("/api/tasks", json={"title": title}, headers={"idempotency-key": title})


def etag(frontend: httpx.Client) -> str:
    return frontend.get("/api/tasks").headers["etag"]


def is_cached(frontend: httpx.Client) -> bool:
    return frontend.get("/api/tasks").headers["x-cache"] == "hit"


def account(frontend: httpx.Client) -> tuple[str, int]:
    shown = frontend.get(ACCOUNT).json()
    return shown["status"], shown["tasks"]
