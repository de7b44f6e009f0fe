"""What people and devices do to a series, late, twice, at once, undone, deleted and restored: nothing comes twice."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from core.types import UserId
from tests.integration.recurring.test_recurring_trees import complete, get, listed, make, recurring, titles, trash
from tests.stack import Stack, client

Document = dict[str, Any]


def test_an_overdue_one_is_followed_by_the_next_date_of_the_rule(alice: httpx.Client) -> None:
    """Also where that has passed: nothing is left out but by who puts it off, to today say."""
    task = recurring(alice, due_date="2020-01-06", recurrence={"rule": "FREQ=WEEKLY;COUNT=4"})
    second = get(alice, complete(alice, task)["next_id"])
    assert second["due_date"] == "2020-01-13"
    alice.patch(f"/api/tasks/{second['id']}", json={"due_date": "2020-01-22"}).raise_for_status()
    last = get(alice, complete(alice, second)["next_id"])
    assert (last["due_date"], last["recurrence"]["rule"]) == ("2020-01-27", "FREQ=WEEKLY;COUNT=1")
    assert complete(alice, last)["next_id"] is None


def test_a_repeated_request_makes_one(alice: httpx.Client) -> None:
    """The same key, the same answer; also of a toggle, which would reopen it, and of a batch."""
    task = recurring(alice)
    for path, body in (
        (f"/api/tasks/{task['id']}/toggle", {}),
        ("/api/tasks/batch", {"operations": [{"op": "complete", "id": recurring(alice, "Other")["id"]}]}),
    ):
        method = "POST" if path.endswith("batch") else "PATCH"
        answers = [
            alice.request(method, path, json=body, headers={"idempotency-key": f"key of {path}"}) for _ in range(3)
        ]
        assert answers[0].is_success, answers[0].text
        assert {answer.text for answer in answers} == {answers[0].text}
    assert sorted(titles(listed(alice))) == ["Clean", "Clean", "Other", "Other"]


def test_who_has_not_seen_the_last_change_makes_none(alice: httpx.Client) -> None:
    """412, and nothing follows; what follows on the completed one can be changed on condition at once."""
    task = recurring(alice)
    alice.patch(f"/api/tasks/{task['id']}", json={"priority": "high"}).raise_for_status()
    path = f"/api/tasks/{task['id']}/complete"
    assert alice.patch(path, json={}, headers={"if-match": task["etag"]}).status_code == 412
    assert len(listed(alice)) == 1
    present = get(alice, task["id"])["etag"]
    completed = alice.patch(path, json={}, headers={"if-match": present})
    assert completed.headers["etag"] == completed.json()["etag"] != present
    following = get(alice, completed.json()["next_id"])
    edited = alice.patch(f"/api/tasks/{following['id']}", json={"title": "x"}, headers={"if-match": following["etag"]})
    assert edited.is_success
    again = alice.patch(path, json={"completed": False}, headers={"if-match": completed.json()["etag"]})
    assert again.json()["next_id"] == following["id"]


@pytest.mark.parametrize("touch", ["edit", "move", "nest", "complete", "reopen", "put off"])
def test_a_touched_one_stays_when_the_one_before_is_reopened(alice: httpx.Client, touch: str) -> None:
    """Whatever was done to it; and completing again makes no other."""
    task, other = recurring(alice), make(alice, "Other")
    following = get(alice, complete(alice, task)["next_id"])
    path = f"/api/tasks/{following['id']}"
    match touch:
        case "edit":
            alice.patch(path, json={"title": "Sweep"}).raise_for_status()
        case "put off":
            alice.patch(path, json={"due_date": "2026-03-10"}).raise_for_status()
        case "move":
            alice.post(f"{path}/move", json={"after": other["id"]}).raise_for_status()
        case "nest":
            alice.patch(path, json={"parent_id": other["id"]}).raise_for_status()
        case _:
            complete(alice, following)
            if touch == "reopen":
                complete(alice, following, completed=False)
    before = len(listed(alice))
    assert complete(alice, task, completed=False)["next_id"] == following["id"]
    assert complete(alice, task)["next_id"] == following["id"]
    assert len(listed(alice)) == before
    assert get(alice, following["id"])["id"] == following["id"]


def test_what_was_deleted_in_the_end_is_made_anew(alice: httpx.Client) -> None:
    """Also if it had stayed before, because somebody had touched it: no series ends in silence."""
    task = recurring(alice)
    following = get(alice, complete(alice, task)["next_id"])
    alice.patch(f"/api/tasks/{following['id']}", json={"title": "Sweep"}).raise_for_status()
    for _ in range(2):
        assert complete(alice, task, completed=False)["next_id"] == following["id"]
        assert complete(alice, task)["next_id"] == following["id"]
    alice.delete(f"/api/tasks/{following['id']}").raise_for_status()
    assert complete(alice, task, completed=False)["next_id"] is None
    assert complete(alice, task)["next_id"] not in (None, following["id"])


def test_the_middle_of_a_series_goes_into_the_trash_and_comes_back(alice: httpx.Client) -> None:
    """The others stay as they are; it still is what the one before made, and what made the one behind."""
    first = recurring(alice)
    second = get(alice, complete(alice, first)["next_id"])
    third = get(alice, complete(alice, second)["next_id"])
    alice.delete(f"/api/tasks/{second['id']}").raise_for_status()
    assert [task["id"] for task in listed(alice)] == [first["id"], third["id"]]
    restored = alice.post(f"/api/tasks/{second['id']}/restore").json()
    assert (restored["next_id"], restored["completed"]) == (third["id"], True)
    assert get(alice, first["id"])["next_id"] == second["id"]
    assert complete(alice, second, completed=False)["next_id"] is None
    assert trash(alice) == {third["id"]}
    assert {task["series_id"] for task in listed(alice)} == {first["id"]}


def test_a_taken_back_one_may_be_brought_back(alice: httpx.Client) -> None:
    """Out of the trash it is a task like any other; the reopened one makes its own."""
    task = recurring(alice)
    following = complete(alice, task)["next_id"]
    complete(alice, task, completed=False)
    alice.post(f"/api/tasks/{following}/restore").raise_for_status()
    another = complete(alice, task)["next_id"]
    assert another not in (None, following)
    assert len(listed(alice)) == 3


def test_a_batch_of_a_hundred_completes_a_hundred(alice: httpx.Client) -> None:
    """In one revision, each with one that follows; and another batch reopens them all."""
    creations = [
        {"op": "create", "task": {"title": f"{n}", "due_date": "2026-03-02", "recurrence": {"rule": "FREQ=DAILY"}}}
        for n in range(100)
    ]
    made = alice.post("/api/tasks/batch", json={"operations": creations}, timeout=60).json()["results"]
    ids = [result["task"]["id"] for result in made]
    completions = [{"op": "complete", "id": id_, "completed": True} for id_ in ids]
    done = alice.post("/api/tasks/batch", json={"operations": completions}, timeout=60).json()["results"]
    assert len({result["task"]["next_id"] for result in done}) == 100
    pending = listed(alice, status="pending")
    assert titles(pending) == [str(n) for n in reversed(range(100))]
    assert len({task["etag"].rpartition("-")[2] for task in listed(alice)}) == 1
    back = [{**operation, "completed": False} for operation in completions]
    alice.post("/api/tasks/batch", json={"operations": back}, timeout=60).raise_for_status()
    assert sorted(task["id"] for task in listed(alice)) == ids
    assert len(trash(alice)) == 100


def test_two_devices_work_on_a_series_for_a_day(stack: Stack, alice: httpx.Client, user: UserId) -> None:
    """Both complete whatever is open, at once and again and again: the dates of the rule, each once, in both lists."""
    task = recurring(alice, due_date="2026-03-01", recurrence={"rule": "FREQ=DAILY;COUNT=12"})
    make(alice, "Step", parent_id=task["id"])

    def work(device: httpx.Client) -> None:
        while tasks := listed(device, status="pending", parent_id="none"):
            for item in tasks:
                complete(device, item)

    with client(str(alice.base_url), user) as phone, ThreadPoolExecutor(2) as executor:
        list(executor.map(work, (alice, phone)))
        ours, theirs = listed(alice), listed(phone)
    assert ours == theirs
    days = [item["due_date"] for item in ours if item["title"] == "Clean"]
    assert days == [f"2026-03-{day:02d}" for day in range(1, 13)]
    steps = [item for item in ours if item["title"] == "Step"]
    assert len({item["parent_id"] for item in steps}) == len(steps) == 12
    assert all(item["completed"] for item in ours)
    assert len({item["series_id"] for item in ours if item["series_id"]}) == 1
