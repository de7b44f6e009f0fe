"""The trash: what was deleted can be looked at and brought back, until somebody or the retention erases it."""

import httpx
import pytest

from core.types import UserId
from tests.integration.wires import rows
from tests.stack import Stack
from tests.steps import outside, until

TRASH = "/api/tasks/trash"
STORED = "SELECT title FROM tasks WHERE user_id = %s ORDER BY id"


def make(frontend: httpx.Client, title: str = "Walk", **others: object) -> str:
    """The path of a new task."""
    return frontend.post("/api/tasks", json={"title": title, **others}).headers["location"]


def discard(frontend: httpx.Client, *titles: str) -> list[str]:
    """The paths of new tasks that have been deleted in this order."""
    paths = [make(frontend, title) for title in titles]
    for path in paths:
        frontend.delete(path)
    return paths


def titles(frontend: httpx.Client, path: str = TRASH) -> list[str]:
    return [task["title"] for task in frontend.get(path).json()]


def test_a_deleted_task_lies_in_the_trash_as_it_was(alice: httpx.Client) -> None:
    """Nowhere else: lists, counts and its own path know it no more; the trash says since when."""
    path = make(alice, tags=["a"], completed=True, due_date="2026-05-01", description="Far")
    before = alice.get(path).json()
    gone = alice.delete(path)
    assert (gone.status_code, gone.content) == (204, b"")
    [task] = alice.get(TRASH).json()
    assert task.pop("deleted_at") >= before["updated_at"]
    assert task["etag"] != before["etag"]
    assert task == {**before, **{name: task[name] for name in ("updated_at", "etag")}}
    assert alice.get(path).status_code == 404
    assert alice.get("/api/tasks").json() == []
    assert alice.get("/api/tasks/stats").json()["total"] == 0
    assert [alice.request(method, path, json={"title": "Run"}).status_code for method in ("PUT", "PATCH")] == [404, 404]
    assert alice.delete(path).status_code == 404


def test_a_restored_task_is_as_it_was(alice: httpx.Client) -> None:
    """It has its id, its times and its content; only the ETag and `updated_at` tell."""
    path = make(alice, tags=["a"], completed=True)
    before = alice.get(path)
    alice.delete(path)
    restored = alice.post(f"{path}/restore")
    assert restored.status_code == 200
    assert restored.json() == {**before.json(), **{name: restored.json()[name] for name in ("updated_at", "etag")}}
    assert restored.json()["updated_at"] >= before.json()["updated_at"]
    assert restored.json()["etag"] == restored.headers["etag"] == alice.get(path).headers["etag"]
    assert restored.headers["etag"] != before.headers["etag"]
    assert alice.get("/api/tasks").json() == [restored.json()]
    assert titles(alice) == []


def test_only_ones_own_trash_can_be_restored(alice: httpx.Client, bob: httpx.Client) -> None:
    """A task that is not in the trash, was erased or is somebody else's: 404, all the same."""
    [foreign] = discard(bob, "Theirs")
    [erased] = discard(alice, "Erased")
    alice.delete(TRASH)
    answers = [
        alice.post(f"{path}/restore") for path in (make(alice), erased, foreign, "/api/tasks/9223372036854775807")
    ]
    assert [answer.status_code for answer in answers] == [404] * 4
    assert len({answer.content for answer in answers}) == 1
    assert titles(bob) == ["Theirs"]


def test_the_trash_shows_the_last_deleted_first_in_pages(alice: httpx.Client) -> None:
    """By link, by offset and all at once; the count is of the whole trash."""
    discard(alice, *"abcde")
    assert titles(alice) == list("edcba")
    page, shown = alice.get(TRASH, params={"limit": 2}), ""
    while True:
        assert page.headers["x-total-count"] == "5"
        shown += "".join(task["title"] for task in page.json())
        if "next" not in page.links:
            break
        page = alice.get(page.links["next"]["url"])
    assert shown == "edcba"
    assert titles(alice, f"{TRASH}?limit=2&offset=3") == list("ba")
    assert alice.get(f"{TRASH}?limit=0").status_code == 422


def test_emptying_the_trash_erases_it_for_good(alice: httpx.Client, stack: Stack, user: UserId) -> None:
    """The rows are gone; live tasks and other users' trash are not touched; emptying nothing is fine."""
    discard(alice, "a", "b")
    make(alice, "Live")
    with outside(stack.database_url) as other:
        answers = [alice.delete(TRASH) for _ in range(2)]
        assert rows(other, STORED, user) == ["Live"]
    assert [(answer.status_code, answer.content) for answer in answers] == [(204, b"")] * 2
    assert titles(alice) == []
    assert titles(alice, "/api/tasks") == ["Live"]


def test_emptying_ones_trash_leaves_that_of_others(alice: httpx.Client, bob: httpx.Client) -> None:
    """Everyone has their own."""
    discard(bob, "Theirs")
    alice.delete(TRASH)
    assert titles(bob) == ["Theirs"]


def test_the_trash_is_cached_and_never_stale(alice: httpx.Client) -> None:
    """A hit, or a 304, until something is deleted, restored or erased; from then on the new state."""
    [path] = discard(alice, "a")
    first = alice.get(TRASH)
    again = alice.get(TRASH, headers={"if-none-match": first.headers["etag"]})
    assert (first.headers["x-cache"], again.headers["x-cache"], again.status_code) == ("miss", "hit", 304)
    alice.post(f"{path}/restore")
    assert titles(alice) == []
    alice.delete(path)
    assert titles(alice) == ["a"]
    alice.delete(TRASH)
    assert titles(alice) == []


@pytest.mark.anyio
async def test_the_worker_erases_what_has_lain_longer_than_the_retention(
    stack: Stack, alice: httpx.Client, user: UserId
) -> None:
    """And nothing else; the retention is a setting, and whoever looks next sees the shorter trash."""
    discard(alice, "old", "young")
    make(alice, "live")
    titles(alice)
    with outside(stack.database_url) as other:
        age = "UPDATE tasks SET deleted_at = deleted_at - make_interval(hours => %s) WHERE user_id = %s AND title = %s"
        rows(other, age, 49, user, "old")
        rows(other, age, 47, user, "young")
        worker = stack.worker(WORKER_PURGE_PERIOD="1", TRASH_RETENTION_DAYS="2")
        await until(lambda: "old" not in rows(other, STORED, user))
        worker.stop()
        assert rows(other, STORED, user) == ["young", "live"]
    assert titles(alice) == ["young"]
    assert titles(alice, "/api/tasks") == ["live"]
