"""`POST /api/tasks/batch`: many operations, one transaction, one revision."""

from contextlib import ExitStack
from typing import Any

import httpx
import pytest

from core.types import UserId
from tests.integration.wires import rows
from tests.stack import Stack
from tests.steps import COUNT_NO_MORE, COUNT_REVISIONS, outside, revisions_taken

Operation = dict[str, Any]

BATCH = "/api/tasks/batch"
REVISION = "SELECT revision FROM task_lists WHERE user_id = %s"
ABSENT = 2**63 - 1


def make(frontend: httpx.Client, title: str = "Walk", **others: object) -> httpx.Response:
    return frontend.post("/api/tasks", json={"title": title, **others})


def send(frontend: httpx.Client, *operations: object, **options: object) -> httpx.Response:
    return frontend.post(BATCH, json={"operations": operations, **options})


def create(title: str = "Walk", **others: object) -> Operation:
    return {"op": "create", "task": {"title": title, **others}}


def statuses(answer: httpx.Response) -> list[int]:
    return [result["status"] for result in answer.json()["results"]]


def test_operations_are_applied_in_their_order(alice: httpx.Client) -> None:
    """Each result has the status, the task and the ETag that the single request would have had."""
    one, two = make(alice, "One").json(), make(alice, "Two").json()
    answer = send(
        alice,
        create("Three", tags=["a"], due_date="2026-05-01"),
        {"op": "update", "id": one["id"], "task": {"title": "Uno", "description": None}},
        {"op": "complete", "id": one["id"]},
        {"op": "complete", "id": one["id"], "completed": True},
        {"op": "delete", "id": two["id"]},
    )
    assert answer.status_code == 200
    assert answer.json()["atomic"] is True
    assert statuses(answer) == [201, 200, 200, 200, 204]
    three, renamed, toggled, completed, deleted = answer.json()["results"]
    assert three["task"]["due_date"] == "2026-05-01"
    assert (renamed["task"]["title"], renamed["task"]["completed"]) == ("Uno", False)
    assert toggled["task"]["completed"] is True
    assert completed["task"]["completed_at"] == toggled["task"]["completed_at"]
    assert deleted == {"status": 204}
    assert alice.get("/api/tasks").json() == [three["task"], completed["task"]]
    for result in (three, completed):
        header = alice.get(f"/api/tasks/{result['task']['id']}").headers["etag"]
        assert header == result["etag"] == result["task"]["etag"]


@pytest.mark.parametrize("atomic", [True, False])
def test_a_batch_takes_one_revision(alice: httpx.Client, stack: Stack, user: UserId, *, atomic: bool) -> None:
    """Whoever reads sees all of it or nothing of it."""
    make(alice)
    with outside(stack.database_url) as other, ExitStack() as cleanup:
        other.execute(COUNT_REVISIONS)
        cleanup.callback(other.execute, COUNT_NO_MORE)
        before = revisions_taken(other, user)
        assert send(alice, *(create() for _ in range(100)), atomic=atomic).status_code == 200
        assert revisions_taken(other, user) == before + 1
        assert rows(other, "SELECT count(DISTINCT revision) FROM tasks WHERE user_id = %s", user) == [2]
    assert len(alice.get("/api/tasks").json()) == 101


def test_the_times_of_a_task_never_go_back_within_a_batch(alice: httpx.Client) -> None:
    """However often it changes within the same millisecond."""
    task = make(alice, "One").json()["id"]
    answer = send(alice, *[{"op": "complete", "id": task} for _ in range(100)])
    times = [result["task"]["updated_at"] for result in answer.json()["results"]]
    assert times == sorted(times)


def test_one_failure_undoes_an_atomic_batch(alice: httpx.Client, stack: Stack, user: UserId) -> None:
    """A problem that tells what failed; no task, no revision and no cached answer has changed."""
    task = make(alice).json()
    before = alice.get("/api/tasks")
    with outside(stack.database_url) as other:
        revision = rows(other, REVISION, user)
        answer = send(alice, create(), {"op": "delete", "id": task["id"]}, {"op": "complete", "id": ABSENT})
        assert rows(other, REVISION, user) == revision
    assert answer.status_code == 409
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == "urn:tasklane:problem:batch-failed"
    assert isinstance(answer.json()["detail"], str)
    assert statuses(answer) == [424, 424, 404]
    assert all(result["problem"]["status"] == result["status"] for result in answer.json()["results"])
    after = alice.get("/api/tasks")
    assert (after.content, after.headers["etag"]) == (before.content, before.headers["etag"])


def test_a_malformed_operation_fails_an_atomic_batch_before_any_is_tried(alice: httpx.Client) -> None:
    """What can never succeed is 422; what might, another time, is not judged."""
    answer = send(alice, create(), {"op": "complete", "id": ABSENT}, create(""))
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:tasklane:problem:batch-failed")
    assert statuses(answer) == [424, 424, 422]
    assert alice.get("/api/tasks").json() == []


def test_a_failure_harms_no_other_operation_of_a_loose_batch(alice: httpx.Client, bob: httpx.Client) -> None:
    """Missing, deleted and foreign tasks, stale conditions and faulty operations fail each for itself."""
    task, foreign = make(alice), make(bob).json()["id"]
    id_ = task.json()["id"]
    answer = send(
        alice,
        {"op": "update", "id": id_, "task": {"title": "Run"}, "if_match": task.headers["etag"]},
        {"op": "update", "id": id_, "task": {"title": "Sit"}, "if_match": task.headers["etag"]},
        {"op": "delete", "id": foreign},
        create("  "),
        {"op": "fly", "id": id_},
        {"op": "delete", "id": id_, "if_match": "*"},
        {"op": "delete", "id": id_},
        create("Last"),
        atomic=False,
    )
    assert answer.status_code == 200
    assert statuses(answer) == [200, 412, 404, 422, 422, 204, 404, 201]
    failed = [result["problem"] for result in answer.json()["results"] if result["status"] >= 400]
    assert all(isinstance(problem["detail"], str) and "task" not in problem for problem in failed)
    assert [task["title"] for task in alice.get("/api/tasks").json()] == ["Last"]
    assert [task["title"] for task in alice.get("/api/tasks/trash").json()] == ["Run"]
    assert bob.get(f"/api/tasks/{foreign}").is_success


def test_a_loose_batch_in_which_all_fails_changes_nothing(alice: httpx.Client, stack: Stack, user: UserId) -> None:
    """No revision is taken for it."""
    make(alice)
    with outside(stack.database_url) as other:
        before = rows(other, REVISION, user)
        assert statuses(send(alice, {"op": "complete", "id": ABSENT}, {"op": "fly"}, atomic=False)) == [404, 422]
        assert rows(other, REVISION, user) == before


@pytest.mark.parametrize("atomic", [True, False])
def test_a_faulty_operation_is_named_by_its_place(alice: httpx.Client, *, atomic: bool) -> None:
    """Pointers lead into the request's body; what was sent is not repeated."""
    faulty = [
        create(priority="loud-nonsense"),
        {"op": "update", "id": 0, "task": {}},
        {"op": "update", "id": 1, "task": {"title": None}},
        {"op": "complete", "id": 1, "completed": "loud-nonsense"},
        {"op": "delete"},
        {"op": "create", "task": {"title": "\0"}},
        {"op": "loud-nonsense"},
        "loud-nonsense",
    ]
    answer = send(alice, *faulty, atomic=atomic)
    assert answer.status_code == (422 if atomic else 200)
    assert "loud-nonsense" not in answer.text
    assert statuses(answer) == [422] * len(faulty)
    pointers = [result["problem"]["errors"][0]["pointer"] for result in answer.json()["results"]]
    assert pointers[:6] == [
        "#/operations/0/task/priority",
        "#/operations/1/id",
        "#/operations/2/task/title",
        "#/operations/3/completed",
        "#/operations/4/id",
        "#/operations/5/task/title",
    ]
    assert all(pointer.startswith(f"#/operations/{place}") for place, pointer in enumerate(pointers))


@pytest.mark.parametrize("raw", [b'{"title":"\\ud800"}', b'{"title":"a","tags":["\\udfff"]}', b'{"title":"\\u0000"}'])
def test_no_text_can_break_a_batch(alice: httpx.Client, raw: bytes) -> None:
    """What PostgreSQL cannot store is refused before it is asked."""
    body = b'{"atomic":false,"operations":[{"op":"create","task":' + raw + b"}]}"
    answer = alice.post(BATCH, content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 422 or statuses(answer) == [422]
    assert alice.get("/api/tasks").json() == []


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "#/operations"),
        ({"operations": []}, "#/operations"),
        ({"operations": [create()] * 101}, "#/operations"),
        ({"operations": {}}, "#/operations"),
        ({"operations": [create()], "atomic": "yes"}, "#/atomic"),
        ([create()], "#"),
    ],
)
def test_a_batch_has_1_to_100_operations(alice: httpx.Client, body: object, pointer: str) -> None:
    """Anything else is 422 as a whole, and nothing is made."""
    answer = alice.post(BATCH, json=body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == pointer
    assert alice.get("/api/tasks").json() == []


def test_a_batch_is_read_by_the_next_request(alice: httpx.Client) -> None:
    """A cached list, task and count are all renewed by it."""
    task = make(alice).json()
    paths = ("/api/tasks", f"/api/tasks/{task['id']}", "/api/tasks/stats", "/api/tasks/trash")
    for path in paths * 2:
        alice.get(path)
    send(alice, {"op": "complete", "id": task["id"], "completed": True}, create("Run"), create("Sit"))
    assert [alice.get(path).headers["x-cache"] for path in paths] == ["miss"] * 4
    assert len(alice.get(paths[0]).json()) == 3
    assert alice.get(paths[1]).json()["completed"] is True
    assert alice.get(paths[2]).json()["completed"] == 1
