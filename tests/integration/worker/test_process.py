"""The worker as a process: killed, interrupted, poisoned and stopped."""

import json
import os
import pickle
import signal
from collections.abc import Iterator

import pytest
import redis as redis_py

from core.cache.keys import key
from core.types import UserId
from tests import steps
from tests.servers.address import until
from tests.stack import Stack, WorkerProcess, folder
from worker.queue import JOB_KEY_PREFIX, QUEUE


@pytest.fixture(scope="module")
def workshop() -> Iterator[Stack]:
    with folder() as path, Stack(path) as stack:
        yield stack


@pytest.fixture(scope="module")
def hands(workshop: Stack) -> Iterator[steps.Cursor]:
    with steps.outside(workshop.database_url) as cursor:
        yield cursor


@pytest.fixture(scope="module")
def running(workshop: Stack) -> WorkerProcess:
    return workshop.worker()


def redis_of(stack: Stack) -> redis_py.Redis:
    return redis_py.Redis.from_url(stack.redis.url)


def change(hands: steps.Cursor, user: UserId) -> int:
    """Make a task as psql would; returns the revision that the list has then."""
    hands.execute("INSERT INTO tasks (user_id, title) VALUES (%s, 'by hand')", (user,))
    hands.execute("SELECT revision FROM task_lists WHERE user_id = %s", (user,))
    return int(hands.fetchall()[0][0])


def is_published(hands: steps.Cursor, user: UserId) -> bool:
    hands.execute("SELECT revision = published_revision FROM task_lists WHERE user_id = %s", (user,))
    return hands.fetchall() == [(True,)]


def publishes(hands: steps.Cursor, user: UserId) -> None:
    """See that a change made now is published."""
    change(hands, user)
    until(lambda: is_published(hands, user))


def test_killed_between_publishing_and_recording_it_repeats(workshop: Stack, hands: steps.Cursor, user: UserId) -> None:
    """The fence is raised, the record is not made: the next worker does both, and nothing is lost."""
    doomed = workshop.worker()
    publishes(hands, UserId(f"{user}-before"))
    doomed.freeze()
    revision = change(hands, user)
    with redis_of(workshop) as redis, steps.outside(workshop.database_url) as blocker:
        redis.hset(key(user), "fence", 0)  # as if somebody had read it: else there is nothing to tell
        blocker.execute("BEGIN; LOCK TABLE task_lists IN SHARE MODE")  # reading goes on, recording waits
        doomed.thaw()
        until(lambda: redis.hget(key(user), "fence") == b"%d" % revision)
        until(lambda: _count(hands, "SELECT count(*) FROM pg_locks WHERE NOT granted") > 0)
        doomed.kill()
        blocker.execute("ROLLBACK")
        until(lambda: _count(hands, "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'tasklane'") == 0)
        assert not is_published(hands, user)
        redis.hset(key(user), "fence", 0)
        heir = workshop.worker()
        until(lambda: is_published(hands, user))
        assert redis.hget(key(user), "fence") == b"%d" % revision
    heir.stop()


def test_two_workers_do_what_one_does(workshop: Stack, running: WorkerProcess, hands: steps.Cursor) -> None:
    """Each change is published, whoever does it, also when one of them is killed."""
    other = workshop.worker()
    users = [UserId(f"one-of-{number}") for number in range(20)]
    with redis_of(workshop) as redis:
        for user in users:
            redis.hset(key(user), "fence", 0)
    for user in users:
        change(hands, user)
    until(lambda: all(is_published(hands, user) for user in users))
    other.kill()
    revisions = [b"%d" % change(hands, user) for user in users]
    until(lambda: all(is_published(hands, user) for user in users))
    with redis_of(workshop) as redis:
        assert [redis.hget(key(user), "fence") for user in users] == revisions
    running.check()


@pytest.mark.parametrize("befalls", [("kill", "start"), ("freeze", "thaw")])
def test_it_outlives_redis(
    workshop: Stack, running: WorkerProcess, hands: steps.Cursor, user: UserId, befalls: tuple[str, str]
) -> None:
    """Redis killed or hung, and back: the same process goes on, and publishes what was missed."""
    publishes(hands, user)
    pid, losses = running.pid, running.log.read_bytes().count(b"redis_unavailable")
    getattr(workshop.redis, befalls[0])()
    try:
        change(hands, user)
        until(lambda: running.log.read_bytes().count(b"redis_unavailable") > losses)
    finally:  # the tests after this one share it
        getattr(workshop.redis, befalls[1])()
    until(lambda: is_published(hands, user))
    running.check()
    assert running.pid == pid


def test_a_wiped_redis_does_not_stop_it(
    workshop: Stack, running: WorkerProcess, hands: steps.Cursor, user: UserId
) -> None:
    """Neither its queue nor its health key are needed."""
    for _ in range(2):
        with redis_of(workshop) as redis:
            redis.flushall()
        publishes(hands, user)
    running.check()


POISON: dict[str, tuple[bytes, bytes]] = {
    "an unknown function": (b"unknown", json.dumps({"t": 1, "f": "rm", "a": [], "k": {}, "et": 1}).encode()),
    "arguments that it does not take": (
        b"arguments",
        json.dumps({"t": 1, "f": "publish_revisions", "a": [1, 2], "k": {"x": 1}, "et": 1}).encode(),
    ),
    "fields of other types": (
        b"types",
        json.dumps({"t": 1, "f": "publish_revisions", "a": 7, "k": 7, "et": "never"}).encode(),
    ),
    "garbage": (b"garbage", b"\xff\0\x80"),
    "nothing": (b"nothing", b""),
    "a pickled object": (b"pickled", pickle.dumps({"t": 1, "f": "publish_revisions", "a": (), "k": {}, "et": 1})),
    "a name that is no text": (b"\xff\xfe", b"{}"),
}


def test_a_poisoned_queue_does_not_stop_it(
    workshop: Stack, running: WorkerProcess, hands: steps.Cursor, user: UserId
) -> None:
    """Whatever somebody puts into the queue or in its place, it is gone soon and the next jobs are done."""
    with redis_of(workshop) as redis:
        for job, payload in POISON.values():
            redis.set(JOB_KEY_PREFIX.encode() + job, payload)
            redis.zadd(QUEUE, {job: 1})
            until(lambda job=job: redis.zscore(QUEUE, job) is None)  # type: ignore[misc]  # a default binds it
        redis.delete(QUEUE)
        redis.set(QUEUE, "stray")
    publishes(hands, user)
    running.check()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly(workshop: Stack, number: signal.Signals) -> None:
    """Exit code 0, and the last line says so."""
    worker = workshop.worker()
    assert _end(worker, number) == 0
    assert b"worker_stopped" in worker.log.read_bytes().splitlines()[-1]


@pytest.mark.parametrize("befalls", ["stop", "freeze"])
def test_a_signal_ends_it_cleanly_without_redis(workshop: Stack, befalls: str) -> None:
    """Saying goodbye to a Redis that is gone or hangs is not insisted upon."""
    worker = workshop.worker()
    getattr(workshop.redis, befalls)()
    try:
        until(lambda: b"worker_interrupted" in worker.log.read_bytes())
        assert _end(worker, signal.SIGTERM) == 0
    finally:
        getattr(workshop.redis, "start" if befalls == "stop" else "thaw")()


def test_it_may_be_started_first(workshop: Stack, running: WorkerProcess, user: UserId) -> None:
    """Without Redis and PostgreSQL it neither ends nor gives up."""
    running.stop()  # the one that would share the jobs
    workshop.redis.stop()
    workshop.postgres.stop()
    worker = workshop.worker()
    until(lambda: b"worker_interrupted" in worker.log.read_bytes())
    workshop.redis.start()
    until(lambda: b"job_failed" in worker.log.read_bytes())
    workshop.postgres.start()
    with steps.outside(workshop.database_url) as cursor:
        publishes(cursor, user)
    worker.stop()


def _end(worker: WorkerProcess, number: signal.Signals) -> int | None:
    os.kill(worker.pid, number)
    until(lambda: worker.exit_code is not None)
    return worker.exit_code


def _count(cursor: steps.Cursor, sql: str) -> int:
    cursor.execute(sql)
    return int(cursor.fetchall()[0][0])
