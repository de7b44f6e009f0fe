"""Mirrors when PostgreSQL fails over, restarts or is set back: who has seen what is lost begins anew, nobody else."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from core.types import UserId
from deploy.local.servers.redis import RedisServer
from tests.mirrors import CHANGES, Mirror, everything
from tests.servers.postgres import PostgresPair, base_backup
from tests.stack import ApiProcess, client, environment, folder, migrate
from tests.steps import until


@pytest.fixture
def pair() -> Iterator[PostgresPair]:
    with folder() as path, PostgresPair(path) as pair:
        pair.primary.create_database("tasklane")
        migrate(pair.url())
        pair.catch_up()
        yield pair


@pytest.fixture
def alice(pair: PostgresPair, user: UserId) -> Iterator[httpx.Client]:
    """A frontend of a service that follows the pair."""
    with folder() as path, RedisServer(path / "redis") as redis:
        api = ApiProcess(path, environment(pair.url(), redis.url, LIMIT_READS_RATE="0"))
        api.start()
        try:
            with client(api.url, user) as alice:
                yield alice
        finally:
            api.stop()


def make(alice: httpx.Client, *titles: str) -> list[int]:
    return [alice.post("/api/tasks", json={"title": title}).raise_for_status().json()["id"] for title in titles]


def rename(alice: httpx.Client, task: int, title: str) -> None:
    alice.patch(f"/api/tasks/{task}", json={"title": title}).raise_for_status()


def copied(mirror: Mirror) -> Mirror:
    return replace(mirror, tasks=dict(mirror.tasks))


def followed(alice: httpx.Client) -> Mirror:
    mirror = Mirror()
    mirror.follow(alice)
    return mirror


def serves_again(alice: httpx.Client) -> None:
    """By what its database says: a question that nothing cached can answer."""
    limits = iter(range(2, 1000))
    asyncio.run(until(lambda: alice.get("/api/tasks", params={"limit": str(next(limits))}).status_code == 200))


def fail_over(pair: PostgresPair, alice: httpx.Client) -> None:
    pair.fail_over()
    serves_again(alice)


def begins_anew(mirror: Mirror, alice: httpx.Client) -> bool:
    answer = alice.get(CHANGES, params=mirror.parameters())
    assert answer.status_code in (200, 410)
    return answer.status_code == 410


def test_who_has_seen_the_lost_tail_begins_anew(pair: PostgresPair, alice: httpx.Client) -> None:
    """At once, and when the list has gone on; also whoever saw it between two pages. Who has not goes on."""
    one, *_ = make(alice, "one", "two", "three")
    early, idle = followed(alice), followed(alice)
    early_between = Mirror()
    early_between.ask(alice, limit=1)
    pair.catch_up()
    pair.hold_replication()
    rename(alice, one, "lost")
    late = copied(early)
    late.follow(alice)
    late_between = copied(early_between)
    late_between.ask(alice, limit=1)
    fail_over(pair, alice)
    assert begins_anew(late, alice)
    assert begins_anew(late_between, alice)
    assert idle.follow(alice) == []
    make(alice, "four")
    assert begins_anew(late, alice)
    assert begins_anew(late_between, alice)
    for mirror in (early, idle, early_between):
        mirror.follow(alice)
        assert mirror.tasks == everything(alice)
    late.begin_anew()
    late.follow(alice)
    assert late.tasks == everything(alice)


@pytest.mark.parametrize("goes_on", [False, True], ids=["at once", "after another change"])
def test_what_changed_twice_between_two_pages_is_not_forgotten(
    pair: PostgresPair, alice: httpx.Client, *, goes_on: bool
) -> None:
    """A task that was told, changed, and changed once more in what was lost: no page that was read tells of the first
    change, and its place is already behind the reader.
    """
    one, two, *_ = make(alice, "one", "two", "three", "four")
    mirror = Mirror()
    mirror.ask(alice, limit=2)
    rename(alice, one, "changed")
    rename(alice, two, "changed")
    make(alice, "five")
    pair.catch_up()
    pair.hold_replication()
    rename(alice, one, "lost")
    mirror.ask(alice, limit=3)  # three, four, and two: which is behind the first change of one
    fail_over(pair, alice)
    if goes_on:
        make(alice, "six")
    if mirror.ask(alice).status_code == 410:
        mirror.follow(alice)
    assert mirror.whole
    assert mirror.tasks == everything(alice)
    assert mirror.tasks[one]["title"] == "changed"


def test_a_restart_is_nothing_new(pair: PostgresPair, alice: httpx.Client) -> None:
    """However often, with or without changes under each history."""
    make(alice, "one")
    mirrors = [followed(alice)]
    for number in range(4):
        pair.primary.stop()
        pair.primary.start()
        serves_again(alice)
        assert all(mirror.follow(alice) == [] for mirror in mirrors[-1:])
        if number % 2:
            make(alice, f"{number}")
        mirrors.append(followed(alice))
    for mirror in mirrors:
        mirror.follow(alice)
        assert mirror.tasks == everything(alice)


def test_an_older_backup(pair: PostgresPair, alice: httpx.Client) -> None:
    """It knows those who have seen no more than it has, and no others."""
    make(alice, "one")
    early = followed(alice)
    with folder() as path:
        backup = base_backup(pair.primary, Path(path) / "backup")
        make(alice, "two")
        late = followed(alice)
        pair.primary.restore(backup)
    serves_again(alice)
    assert begins_anew(late, alice)
    make(alice, "three", "four")
    assert begins_anew(late, alice)
    early.follow(alice)
    assert early.tasks == everything(alice)


def test_failover_after_failover(pair: PostgresPair, alice: httpx.Client) -> None:
    """Each history is told from all others, however far back."""
    make(alice, "zero")
    good, lost = [followed(alice)], []
    for number in range(2):
        pair.catch_up()
        pair.hold_replication()
        make(alice, f"lost {number}")
        lost.append(followed(alice))
        fail_over(pair, alice)
        pair.renew()
        make(alice, f"kept {number}")
        good.append(followed(alice))
    assert all(begins_anew(mirror, alice) for mirror in lost)
    for mirror in good:
        mirror.follow(alice)
        assert mirror.tasks == everything(alice)
