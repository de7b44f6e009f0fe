"""`GET /api/tasks/stats`: the counts are right, and are not shown longer than they are true."""

import time
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.steps import until

STATS = "/api/tasks/stats"


def make(frontend: httpx.Client, **fields: object) -> httpx.Response:
    return frontend.post("/api/tasks", json={"title": "Walk", **fields})


def stats(frontend: httpx.Client) -> dict[str, Any]:
    answer = frontend.get(STATS)
    assert answer.status_code == 200
    counts: dict[str, Any] = answer.json()
    return counts


def instant(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def test_there_is_nothing_to_count_at_first(alice: httpx.Client) -> None:
    """Every priority is named, so that a page need not know them."""
    nothing = {"low": 0, "medium": 0, "high": 0, "urgent": 0}
    counts = {"total": 0, "completed": 0, "pending": 0, "overdue": 0}
    assert stats(alice) == {**counts, "by_priority": nothing, "by_tag": {}}


def test_tasks_are_counted_by_state_priority_and_tag(alice: httpx.Client, bob: httpx.Client) -> None:
    """Live ones of the caller's own; a task counts for each of its tags."""
    make(bob, priority="urgent", tags=["home"])
    alice.delete(make(alice, priority="urgent", tags=["gone"]).headers["location"])
    make(alice, priority="high", tags=["home", "Home"])
    make(alice, priority="high", tags=["home", 'a"b'], completed=True)
    make(alice)
    assert stats(alice) == {
        "total": 3,
        "completed": 1,
        "pending": 2,
        "overdue": 0,
        "by_priority": {"low": 0, "medium": 1, "high": 2, "urgent": 0},
        "by_tag": {"home": 2, "Home": 1, 'a"b': 1},
    }


@pytest.mark.parametrize("days", [-1, 0, 1])
def test_a_day_is_over_when_it_has_ended_in_utc(alice: httpx.Client, days: int) -> None:
    """What is due today is not overdue."""
    while True:
        today = datetime.now(UTC).date()
        task = make(alice, due_date=str(today + timedelta(days=days)))
        overdue = stats(alice)["overdue"]
        if datetime.now(UTC).date() == today:
            break
        alice.delete(task.headers["location"])
    assert overdue == (1 if days < 0 else 0)


@pytest.mark.parametrize(("seconds", "overdue"), [(-1, 1), (3600, 0)])
def test_an_instant_is_over_when_it_has_passed(alice: httpx.Client, seconds: int, overdue: int) -> None:
    """Unlike a day, which has 24 hours to go."""
    make(alice, due_date=instant(datetime.now(UTC) + timedelta(seconds=seconds)))
    assert stats(alice)["overdue"] == overdue


@pytest.mark.parametrize("due_date", ["2020-01-01", "2020-01-01T00:00:00Z"])
def test_what_is_done_is_never_overdue(alice: httpx.Client, due_date: str) -> None:
    """It is again once it is reopened."""
    path = make(alice, due_date=due_date, completed=True).headers["location"]
    assert stats(alice)["overdue"] == 0
    alice.patch(f"{path}/complete")
    assert stats(alice)["overdue"] == 1


@pytest.mark.parametrize(
    "due_date", ["0001-01-01", "9999-12-31", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z"]
)
def test_no_due_date_is_too_early_or_too_late_to_be_counted(alice: httpx.Client, due_date: str) -> None:
    """The ends of the calendar are dates like others."""
    make(alice, due_date=due_date)
    assert stats(alice)["overdue"] == (due_date < str(date.today()))  # noqa: DTZ011  # centuries away
    assert alice.get(STATS).headers["x-cache"] == "hit"


@pytest.mark.anyio
async def test_a_cached_count_is_not_used_past_the_moment_when_it_changes(alice: httpx.Client) -> None:
    """One task becomes overdue in a moment, another later: the answer is a hit until then, and a new one from then."""
    now = datetime.now(UTC)
    due = now + timedelta(seconds=1)
    for moment in (due, now + timedelta(hours=1)):
        make(alice, due_date=instant(moment))
    before = look(alice)
    again = look(alice)
    was_due = time.time() >= due.timestamp()
    assert was_due or (before.json()["overdue"], again.headers["x-cache"]) == (0, "hit")
    await until(lambda: time.time() > due.timestamp())
    after = look(alice)
    assert after.json()["overdue"] == 1
    assert was_due or (after.headers["x-cache"], after.headers["etag"] != before.headers["etag"]) == ("miss", True)
    assert look(alice, before.headers["etag"]).status_code == (200 if before.json()["overdue"] == 0 else 304)
    assert look(alice).headers["x-cache"] == "hit"


def test_the_counts_follow_every_change(alice: httpx.Client) -> None:
    """Whatever was cached, the next look shows what the last change has made of it."""
    path = make(alice, tags=["a"]).headers["location"]
    seen = [stats(alice)]
    changes: list[tuple[str, str, object]] = [
        ("PATCH", f"{path}/complete", None),
        ("PATCH", path, {"tags": [], "priority": "low"}),
        ("DELETE", path, None),
        ("POST", f"{path}/restore", None),
    ]
    for method, target, body in changes:
        assert alice.request(method, target, json=body).is_success
        seen.append(stats(alice))
    assert [(count["total"], count["completed"], count["by_tag"]) for count in seen] == [
        (1, 0, {"a": 1}),
        (1, 1, {"a": 1}),
        (1, 1, {}),
        (0, 0, {}),
        (1, 1, {}),
    ]
    assert [count["by_priority"]["low"] for count in seen] == [0, 0, 1, 0, 1]


def look(frontend: httpx.Client, etag: str = '"none"') -> httpx.Response:
    return frontend.get(STATS, headers={"if-none-match": etag})
