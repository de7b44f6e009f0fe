"""What the worker tells of itself, with a Redis that allows it little, nothing, or has no room."""

import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import redis as redis_py

from core.cache.keys import key
from core.types import UserId
from tests import steps
from tests.ports import steady_port
from tests.servers.address import until
from tests.stack import Stack, WorkerProcess, folder, new_user

CACHE = "+auth +select +ping +eval +hmget +hset +hdel +hlen +hrandfield +del +expire"
CACHE += " +time +pexpire +publish +subscribe +unsubscribe resetchannels &tasklane:*"
"""What `docs/operations.md` says that the API needs of Redis."""
WORKER = f"{CACHE} +randomkey +hkeys +scan"
"""And the worker, for the audit."""
QUEUE = (
    "+auth +select +watch +unwatch +multi +exec +discard +exists +get +psetex +setex +incrby +expire +pexpire +del"
    " +zadd +zrem +zscore +zcard +zrangebyscore"
)
"""And its queue."""


@pytest.fixture(scope="module")
def workshop() -> Iterator[Stack]:
    with folder() as path, Stack(path, tcp=True) as stack:
        yield stack


@pytest.fixture(scope="module")
def hands(workshop: Stack) -> Iterator[steps.Cursor]:
    with steps.outside(workshop.database_url) as cursor:
        yield cursor


@pytest.fixture(scope="module")
def administrator(workshop: Stack) -> Iterator[Any]:
    """redis-py's types tell a synchronous answer from an asynchronous one no more than we need to."""
    with redis_py.Redis.from_url(workshop.redis.url) as client:
        yield client


def as_user(stack: Stack, administrator: Any, rules: str, keys: str = "~tasklane:*") -> str:
    """The URL of a Redis user who may do this much."""
    name = f"user-{time.monotonic_ns()}"
    administrator.execute_command("ACL", "SETUSER", name, "on", ">secret", "-@all", keys, *rules.split())
    return stack.redis.url.replace("redis://", f"redis://{name}:secret@")


def start(stack: Stack, **overrides: str) -> WorkerProcess:
    """One that has much to do."""
    variables = stack.environment(
        WORKER_METRICS_PORT=str(steady_port()),
        WORKER_ERASE_PERIOD="1",
        WORKER_PURGE_PERIOD="1",
        WORKER_AUDIT_PERIOD="1",
        **overrides,
    )
    worker = WorkerProcess(stack.folder, variables)
    stack.adopt(worker)
    worker.start()
    return worker


@pytest.mark.parametrize(
    "rules",
    [("+@all -@dangerous",) * 3, (CACHE, f"{WORKER} {QUEUE}", ""), (CACHE, WORKER, QUEUE)],
    ids=["what many hosts allow", "the least", "the least of each"],
)
def test_it_works_with_what_a_redis_allows(
    workshop: Stack, administrator: Any, hands: steps.Cursor, user: UserId, rules: tuple[str, str, str]
) -> None:
    """Every job succeeds, none has failed, and no key lies outside `tasklane:*`."""
    administrator.flushall()
    ours, workers, queues = (as_user(workshop, administrator, rule) if rule else "" for rule in rules)
    worker = start(workshop, REDIS_URL=workers, WORKER_REDIS_URL=queues)
    api = workshop.api(REDIS_URL=ours)
    with api.client(user) as client:
        client.get("/api/tasks")
        assert client.get("/api/tasks").headers["x-cache"] == "hit"
        assert "ratelimit" in client.post("/api/tasks", json={"title": "counted"}).headers
        hands.execute("INSERT INTO tasks (user_id, title) VALUES (%s, 'by hand')", (user,))
        until(lambda: len(client.get("/api/tasks").json()) == 2)
        assert client.get("/api/tasks").headers["x-cache"] == "hit"
        until(lambda: value(worker, "tasklane_worker_audited_values_total") > 0)
    for job in (
        "publish_revisions",
        "purge_trash",
        "purge_idempotency_keys",
        "erase_accounts",
        "count_lists",
        "audit_cache",
    ):
        until(lambda job=job: value(worker, succeeded(job)) > 0)  # type: ignore[misc]  # a default binds it
    assert failures(worker) == []
    assert well(worker, "/livez").json() == {"status": "ok"}
    ready = well(worker, "/readyz")
    assert (ready.json()["status"], ready.headers["content-type"]) == ("ok", "application/json")
    assert all(name.startswith(b"tasklane:") for name in administrator.keys("*"))
    worker.stop()
    api.stop()


def test_a_queue_that_cannot_work_is_told_and_the_jobs_are_done(
    workshop: Stack, administrator: Any, hands: steps.Cursor, user: UserId
) -> None:
    """In the metrics, in the log by its reason, and in `/readyz`; each process begins the jobs itself."""
    url = as_user(workshop, administrator, QUEUE.replace("+zadd", ""))
    worker = start(workshop, WORKER_REDIS_URL=url)
    until(lambda: worker.get("/readyz").json().get("queue") == "away")
    hands.execute("INSERT INTO tasks (user_id, title) VALUES (%s, 'by hand')", (user,))
    until(lambda: published(hands, user))
    ready = worker.get("/readyz")
    assert (ready.status_code, ready.headers["content-type"]) == (503, "application/problem+json")
    assert value(worker, 'tasklane_worker_jobs_total{job="queue",outcome="failed"}') > 0
    assert b"zadd" in worker.log.read_bytes()
    well(worker, "/livez")
    worker.stop()


def test_a_job_that_is_refused_what_it_needs_is_told(workshop: Stack, administrator: Any) -> None:
    """Redis itself is reached, and so is the queue."""
    url = as_user(workshop, administrator, f"{WORKER} {QUEUE}".replace("+randomkey", ""))
    worker = start(workshop, REDIS_URL=url)
    until(lambda: worker.get("/readyz").json().get("jobs") == "failing: audit_cache")
    assert value(worker, 'tasklane_worker_jobs_total{job="audit_cache",outcome="failed"}') > 0
    assert b"randomkey" in worker.log.read_bytes()
    worker.stop()


def test_a_full_redis_stops_nothing(workshop: Stack, administrator: Any, hands: steps.Cursor, user: UserId) -> None:
    """`noeviction`: the queue has no room, what changes is told all the same, and who leaves is erased."""
    administrator.flushall()
    administrator.hset(key(user), "fence", 0)
    used = administrator.info("memory")["used_memory"]
    administrator.config_set("maxmemory-policy", "noeviction")
    administrator.config_set("maxmemory", used // 2)
    leaving = new_user()
    hands.execute("INSERT INTO tasks (user_id, title) VALUES (%s, 'by hand'), (%s, 'by hand')", (user, leaving))
    hands.execute("INSERT INTO account_erasures (user_id) VALUES (%s)", (leaving,))
    worker = start(workshop)
    try:
        until(lambda: published(hands, user))
        assert int(administrator.hget(key(user), "fence") or 0) > 0
        until(lambda: erased(hands, leaving))
        until(lambda: worker.get("/readyz").json().get("queue") == "away")
    finally:
        administrator.config_set("maxmemory", "64mb")
        administrator.config_set("maxmemory-policy", "allkeys-lru")
        worker.stop()


def test_a_hanging_database_is_told_within_the_probes_time(workshop: Stack) -> None:
    """And the process is alive all the same."""
    worker = start(workshop, DATABASE_TIMEOUT="0.5", DATABASE_STATEMENT_TIMEOUT="0.5")
    well(worker, "/readyz")
    workshop.postgres.freeze()
    try:
        until(lambda: worker.get("/readyz").json().get("database") == "away")
        well(worker, "/livez")
    finally:
        workshop.postgres.thaw()
    well(worker, "/readyz")
    worker.stop()


def succeeded(job: str) -> str:
    return f'tasklane_worker_jobs_total{{job="{job}",outcome="succeeded"}}'


def well(worker: WorkerProcess, path: str) -> httpx.Response:
    """The first answer by which all is well: on a busy machine even a loop that turns stands still now and then."""
    answers: list[httpx.Response] = []

    def is_well() -> bool:
        answers.append(worker.get(path))
        return answers[-1].is_success

    until(is_well)
    return answers[-1]


def failures(worker: WorkerProcess) -> list[str]:
    """What it says of them, but for those that a busy machine explains."""
    told = [line for line in worker.log.read_text().splitlines() if "job_failed" in line or "interrupted" in line]
    return [line for line in told if "Timeout" not in line and "no answer in time" not in line]


def value(worker: WorkerProcess, name: str) -> float:
    lines = [line for line in worker.get("/metrics").text.splitlines() if line.startswith(f"{name} ")]
    return float(lines[0].rpartition(" ")[2]) if lines else 0


def published(hands: steps.Cursor, user: UserId) -> bool:
    hands.execute("SELECT revision = published_revision FROM task_lists WHERE user_id = %s", (user,))
    return hands.fetchall() == [(True,)]


def erased(hands: steps.Cursor, user: UserId) -> bool:
    hands.execute("SELECT FROM account_erasures WHERE user_id = %s", (user,))
    return hands.fetchall() == []
