"""`POST /api/tasks/tags/rename`: one tag of all tasks, in whatever spelling, in one revision."""

from typing import Any

import httpx
import pytest

from core.types import UserId
from tests.integration.wires import rows
from tests.stack import Stack
from tests.steps import outside

RENAME = "/api/tasks/tags/rename"


def make(frontend: httpx.Client, *tags: str) -> Any:
    return frontend.post("/api/tasks", json={"title": "Walk", "tags": tags}).json()


def rename(frontend: httpx.Client, name: object, to: object) -> httpx.Response:
    return frontend.post(RENAME, json={"from": name, "to": to})


def tags(frontend: httpx.Client) -> list[list[str]]:
    """Of all tasks, the oldest first."""
    return [task["tags"] for task in frontend.get("/api/tasks?sort=created").json()]


def test_a_tag_is_renamed_wherever_it_is(alice: httpx.Client, bob: httpx.Client, user: UserId, stack: Stack) -> None:
    """In whatever spelling, in its place among the others, in the trash too; the rest is not touched."""
    make(bob, "job")
    untouched = make(alice, "jobs", "home")
    first, second = make(alice, "a", "Job", "b"), make(alice, "JOB")
    alice.delete(f"/api/tasks/{second['id']}")
    since = alice.get("/api/tasks/changes").json()["next"]
    renamed = rename(alice, "job", "work")
    assert (renamed.status_code, renamed.json()) == (200, {"tag": "work", "renamed": 2})
    assert tags(alice) == [["jobs", "home"], ["a", "work", "b"]]
    assert [task["tags"] for task in alice.get("/api/tasks/trash").json()] == [["work"]]
    assert alice.get(f"/api/tasks/{untouched['id']}").json() == untouched
    page = alice.get("/api/tasks/changes", params={"since": since}).json()["changes"]
    assert [change["id"] for change in page] == [first["id"], second["id"]]
    with outside(stack.database_url) as outsider:
        changed = "SELECT count(DISTINCT revision) FROM tasks WHERE user_id = %s AND id <> %s"
        assert rows(outsider, changed, user, untouched["id"]) == [1]
    assert rename(alice, "job", "other").json() == {"tag": "other", "renamed": 0}
    assert tags(bob) == [["job"]]


def test_two_tags_become_one_as_it_was_first_given(alice: httpx.Client) -> None:
    """Whatever spelling is asked for, and no task has it twice; its place is that of the first of them."""
    for given in (["Work"], ["work", "a"], ["job", "b", "WORK"], ["b", "WORK", "Job"], ["c"]):
        make(alice, *given)
    assert rename(alice, "JOB", "wORK").json() == {"tag": "Work", "renamed": 3}
    assert tags(alice) == [["Work"], ["Work", "a"], ["Work", "b"], ["b", "Work"], ["c"]]
    assert alice.get("/api/tasks/stats").json()["by_tag"] == {"Work": 4, "a": 1, "b": 2, "c": 1}


@pytest.mark.parametrize(("old", "new"), [("Work", "work"), ("straße", "STRASSE"), ("a\u0308", "\u00e4")])
def test_the_spelling_alone_can_be_changed(alice: httpx.Client, old: str, new: str) -> None:
    """Then it is written as it is given now, and nothing is changed a second time."""
    make(alice, old, "a")
    assert rename(alice, new, new).json() == {"tag": new, "renamed": 1}
    assert tags(alice) == [[new, "a"]]
    assert rename(alice, old, new).json() == {"tag": new, "renamed": 0}


def test_what_is_no_tag_is_refused(alice: httpx.Client) -> None:
    """As in a task; a retry with the same key gets the first one's answer."""
    for body, pointer in (
        ({"to": "a"}, "#/from"),
        ({"from": "a"}, "#/to"),
        ({"from": "", "to": "a"}, "#/from"),
        ({"from": "a", "to": "x" * 51}, "#/to"),
        ({"from": "a", "to": None}, "#/to"),
    ):
        refused = alice.post(RENAME, json=body)
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, pointer)
    make(alice, "a")
    answers = [
        alice.post(RENAME, json={"from": "a", "to": "b"}, headers={"idempotency-key": "k"}).json() for _ in range(2)
    ]
    assert answers == [{"tag": "b", "renamed": 1}] * 2
