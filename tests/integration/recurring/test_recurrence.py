"""Tasks that recur, as a frontend meets them: the rule, what a completion makes, and what a reopening takes back."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import Any

import httpx
import pytest

from core.types import UserId
from tests.integration.wires import rows
from tests.stack import Stack, client
from tests.steps import outside

Document = dict[str, Any]

DAILY = {"rule": "FREQ=DAILY"}
BERLIN = {"rule": "FREQ=DAILY", "time_zone": "Europe/Berlin"}


def make(frontend: httpx.Client, **members: object) -> Document:
    answer = frontend.post("/api/tasks", json={"title": "Water the plants", "due_date": "2026-03-01", **members})
    assert answer.status_code == 201, answer.text
    made: Document = answer.json()
    return made


def change(frontend: httpx.Client, task: Document, **members: object) -> Document:
    answer = frontend.patch(f"/api/tasks/{task['id']}", json=members)
    assert answer.status_code == 200, answer.text
    changed: Document = answer.json()
    return changed


def complete(frontend: httpx.Client, task: Document, *, completed: bool | None = True) -> Document:
    answer = frontend.patch(f"/api/tasks/{task['id']}/complete", json={"completed": completed})
    assert answer.status_code == 200, answer.text
    changed: Document = answer.json()
    return changed


def following(frontend: httpx.Client, task: Document) -> Document:
    """What its completion makes."""
    answer = frontend.get(f"/api/tasks/{complete(frontend, task)['next_id']}")
    assert answer.status_code == 200, answer.text
    found: Document = answer.json()
    return found


def listed(frontend: httpx.Client) -> list[Document]:
    tasks: list[Document] = frontend.get("/api/tasks").json()
    return tasks


def faults(answer: httpx.Response) -> list[tuple[str, str]]:
    assert answer.status_code == 422, answer.text
    return [(fault["pointer"], fault["detail"]) for fault in answer.json()["errors"]]


SHOWN = [
    ("2026-03-01", DAILY, {"rule": "FREQ=DAILY", "time_zone": None, "from": "due"}),
    ("2026-03-01", "weekly", {"rule": "FREQ=WEEKLY", "time_zone": None, "from": "due"}),
    (
        "2026-03-01",
        {"rule": "RRULE:byday=fr,mo;freq=weekly", "from": "completion", "time_zone": "Pacific/Auckland"},
        {"rule": "FREQ=WEEKLY;BYDAY=MO,FR", "time_zone": "Pacific/Auckland", "from": "completion"},
    ),
    ("2026-03-01T09:00:00Z", DAILY, {"rule": "FREQ=DAILY", "time_zone": "UTC", "from": "due"}),
    ("2026-03-01T09:00:00+01:00", BERLIN, {"rule": "FREQ=DAILY", "time_zone": "Europe/Berlin", "from": "due"}),
]


@pytest.mark.parametrize(("due", "given", "shown"), SHOWN)
def test_a_recurrence_comes_back_in_one_form(alice: httpx.Client, due: str, given: object, shown: object) -> None:
    """Everywhere the same: in the answer, the list, the changes, the export and after a cleared one is given again."""
    task = make(alice, due_date=due, recurrence=given)
    assert (task["recurrence"], task["series_id"], task["next_id"]) == (shown, task["id"], None)
    assert listed(alice) == [task] == alice.get("/api/tasks/changes").json()["changes"]
    [exported] = alice.get("/api/tasks/export").json()["tasks"]
    assert exported["recurrence"] == shown
    cleared = change(alice, task, recurrence=None)
    assert (cleared["recurrence"], cleared["series_id"]) == (None, None)
    assert change(alice, task, recurrence=given)["recurrence"] == shown


REFUSED = [
    ({"recurrence": DAILY, "due_date": None}, "#/recurrence", "needs a due_date, from which it is counted"),
    (
        {"recurrence": {"rule": "FREQ=HOURLY"}},
        "#/recurrence/rule",
        "must have a FREQ of DAILY, WEEKLY, MONTHLY or YEARLY",
    ),
    ({"recurrence": {}}, "#/recurrence/rule", "is missing"),
    ({"recurrence": 1}, "#/recurrence", "must be an object"),
    ({"recurrence": {**DAILY, "from": "then"}}, "#/recurrence/from", "must be 'due' or 'completion'"),
    (
        {"recurrence": {**DAILY, "time_zone": "Berlin"}},
        "#/recurrence/time_zone",
        "must be the name of a time zone, such as Europe/Berlin (IANA)",
    ),
    (
        {"recurrence": BERLIN},
        "#/recurrence",
        "must not have a time_zone where the due_date is a date, unless from is completion",
    ),
    (
        {"recurrence": {"rule": "FREQ=DAILY;BYHOUR=9"}},
        "#/recurrence",
        "must not have BYHOUR, BYMINUTE or BYSECOND in its rule where the due_date is a date",
    ),
    (
        {"recurrence": {**DAILY, "time_zone": "America/New_York"}, "due_date": "0001-01-01T00:00:00Z"},
        "#/recurrence",
        "must have a time_zone in which the due_date lies in the years 1 to 9999",
    ),
]


@pytest.mark.parametrize(("members", "pointer", "sentence"), REFUSED)
def test_what_cannot_recur_is_told(alice: httpx.Client, members: Document, pointer: str, sentence: str) -> None:
    """The same of a new task, of a change, of an operation in a batch and of a task in an import."""
    body = {"title": "Walk", "due_date": "2026-03-01", **members}
    assert faults(alice.post("/api/tasks", json=body)) == [(pointer, sentence)]
    assert faults(alice.post("/api/tasks/import", json={"tasks": [body]})) == [(f"#/tasks/0{pointer[1:]}", sentence)]
    task = make(alice)
    assert faults(alice.patch(f"/api/tasks/{task['id']}", json=members)) == [(pointer, sentence)]
    operations = [{"op": "update", "id": task["id"], "task": members}, {"op": "complete", "id": task["id"]}]
    answer = alice.post("/api/tasks/batch", json={"operations": operations, "atomic": False})
    refused, completed = answer.json()["results"]
    assert refused["problem"]["errors"] == [{"pointer": f"#/operations/0/task{pointer[1:]}", "detail": sentence}]
    assert completed["status"] == 200


def test_a_completion_makes_the_next_one(alice: httpx.Client) -> None:
    """With everything that a person gave, in the same revision; and that one the next."""
    given = {"title": "Pay", "description": "Rent", "priority": "high", "tags": ["home", "money"]}
    first = make(alice, **given, due_date="2026-01-31", recurrence={"rule": "FREQ=MONTHLY;COUNT=3"})
    since = alice.get("/api/tasks/changes").json()["next"]
    second = following(alice, first)
    assert {name: second[name] for name in given} == given
    assert (second["due_date"], second["completed"], second["completed_at"]) == ("2026-03-31", False, None)
    assert second["recurrence"]["rule"] == "FREQ=MONTHLY;COUNT=2"
    assert second["series_id"] == first["id"]
    completed, made = alice.get("/api/tasks/changes", params={"since": since}).json()["changes"]
    assert (completed["next_id"], made) == (second["id"], second)
    assert completed["etag"].rpartition("-")[2] == made["etag"].rpartition("-")[2]
    third = following(alice, second)
    assert (third["due_date"], third["series_id"]) == ("2026-05-31", first["id"])
    assert complete(alice, third)["next_id"] is None
    assert len(listed(alice)) == 3


WAYS = [
    ("PATCH", "", {"completed": True}),
    ("PUT", "", {"completed": True}),
    ("PATCH", "", {"status": "done"}),
    ("PATCH", "/complete", {"completed": True}),
    ("PATCH", "/complete", {}),
    ("PATCH", "/toggle", None),
]


@pytest.mark.parametrize(("method", "path", "body"), WAYS)
def test_every_way_to_complete_makes_one(alice: httpx.Client, method: str, path: str, body: object) -> None:
    """And what is completed already makes none, in whichever way it is said again."""
    task = make(alice, recurrence=DAILY)
    answer = alice.request(method, f"/api/tasks/{task['id']}{path}", json=body)
    assert answer.json()["next_id"] == listed(alice)[0]["id"]
    assert complete(alice, task)["next_id"] == answer.json()["next_id"]
    assert change(alice, task, completed=True, title="Walked")["next_id"] == answer.json()["next_id"]
    assert len(listed(alice)) == 2


def test_a_batch_completes_and_goes_on(alice: httpx.Client) -> None:
    """One revision for all; what is completed, changed and completed again in it has made one."""
    one, other = make(alice, recurrence=DAILY), make(alice, recurrence=DAILY)
    operations: list[Document] = [
        {"op": "complete", "id": one["id"], "completed": True},
        {"op": "update", "id": one["id"], "task": {"title": "Walked", "completed": True}},
        {"op": "complete", "id": other["id"]},
        {"op": "complete", "id": other["id"]},
        {"op": "complete", "id": other["id"]},
        {"op": "create", "task": {"title": "New", "due_date": "2026-01-01", "recurrence": DAILY}},
    ]
    results = alice.post("/api/tasks/batch", json={"operations": operations}).json()["results"]
    assert [result["status"] for result in results] == [200, 200, 200, 200, 200, 201]
    assert results[0]["task"]["next_id"] == results[1]["task"]["next_id"]
    assert results[3]["task"]["next_id"] is None
    assert len(listed(alice)) == 5
    [taken_back] = alice.get("/api/tasks/trash").json()
    assert taken_back["id"] == results[2]["task"]["next_id"]


def test_reopening_takes_back_what_nobody_has_touched(alice: httpx.Client) -> None:
    """It lies in the trash then, and completing makes another."""
    task = make(alice, recurrence=DAILY)
    first = complete(alice, task)["next_id"]
    change(alice, task, title="A title may change meanwhile")
    assert complete(alice, task, completed=False)["next_id"] is None
    assert [item["id"] for item in listed(alice)] == [task["id"]]
    assert [item["id"] for item in alice.get("/api/tasks/trash").json()] == [first]
    again = complete(alice, task)["next_id"]
    assert again not in (None, first)
    assert [item["id"] for item in listed(alice)] == [again, task["id"]]


def test_reopening_leaves_what_somebody_has_touched(alice: httpx.Client) -> None:
    """And completing again makes no other beside it."""
    task = make(alice, recurrence=DAILY)
    successor = following(alice, task)
    change(alice, successor, description="With the blue can")
    assert complete(alice, task, completed=None)["next_id"] == successor["id"]
    assert complete(alice, task, completed=None)["next_id"] == successor["id"]
    assert len(listed(alice)) == 2


def test_what_was_deleted_is_made_anew(alice: httpx.Client) -> None:
    """Who deletes the next one, and reopens and completes this one, gets one."""
    task = make(alice, recurrence=DAILY)
    successor = following(alice, task)
    alice.delete(f"/api/tasks/{successor['id']}")
    assert complete(alice, task, completed=False)["next_id"] is None
    assert complete(alice, task)["next_id"] not in (None, successor["id"])


def test_the_time_on_the_wall_stays_through_the_night_that_has_it_not(alice: httpx.Client) -> None:
    """02:30 in Berlin is 03:30 on the day on which the clocks are set forward, and 02:30 on the day after."""
    task = make(alice, due_date="2026-03-28T02:30:00+01:00", recurrence=BERLIN)
    moved = following(alice, task)
    assert moved["due_date"] == "2026-03-29T01:30:00.000Z"
    assert following(alice, moved)["due_date"] == "2026-03-30T00:30:00.000Z"


def test_what_is_put_off_moves_alone(alice: httpx.Client) -> None:
    """The one after it is due as if it had not been; a page that sends the whole task back changes nothing of that."""
    every_third = {"rule": "FREQ=DAILY;INTERVAL=3"}
    task = make(alice, due_date="2026-01-01", recurrence=every_third)
    change(alice, task, due_date="2026-01-02")
    assert alice.get(f"/api/tasks/{task['id']}/occurrences?limit=2").json() == {
        "occurrences": ["2026-01-04", "2026-01-07"]
    }
    second = following(alice, task)
    assert second["due_date"] == "2026-01-04"
    change(alice, second, **{**second, "due_date": "2026-01-12"})
    third = following(alice, second)
    assert third["due_date"] == "2026-01-13"
    change(alice, third, due_date="2026-02-01", recurrence={"rule": "FREQ=DAILY;INTERVAL=4"})
    assert following(alice, third)["due_date"] == "2026-02-05"


def test_a_recurring_task_keeps_its_due_date(alice: httpx.Client) -> None:
    """It can be cleared together with the recurrence only."""
    task = make(alice, recurrence=DAILY)
    answer = alice.patch(f"/api/tasks/{task['id']}", json={"due_date": None})
    assert faults(answer) == [("#/due_date", "is needed while the task recurs")]
    assert change(alice, task, due_date=None, recurrence=None)["due_date"] is None


def test_a_task_that_is_not_there_recurs_not(alice: httpx.Client) -> None:
    """404, also in a batch, and the next operation is done."""
    task, other = make(alice), make(alice)
    alice.delete(f"/api/tasks/{task['id']}")
    for body in ({"recurrence": DAILY}, {"recurrence": DAILY, "due_date": "2026-01-01"}, {"due_date": None}):
        assert alice.patch(f"/api/tasks/{task['id']}", json=body).status_code == 404
        operations = [{"op": "update", "id": task["id"], "task": body}, {"op": "complete", "id": other["id"]}]
        answer = alice.post("/api/tasks/batch", json={"operations": operations, "atomic": False})
        assert [result["status"] for result in answer.json()["results"]] == [404, 200]


def test_a_recurrence_may_come_with_the_completion(alice: httpx.Client) -> None:
    """Given in one change, it counts; taken away in one, it does not."""
    task = make(alice)
    assert change(alice, task, completed=True, recurrence=DAILY)["next_id"] is not None
    other = make(alice, recurrence=DAILY)
    assert change(alice, other, completed=True, recurrence=None)["next_id"] is None


def test_from_the_completion(alice: httpx.Client) -> None:
    """The next one is counted from the day on which this one was done, not from when it was due."""
    task = make(alice, due_date="2020-01-01", recurrence={"rule": "FREQ=DAILY;INTERVAL=2", "from": "completion"})
    completed = complete(alice, task)
    due = alice.get(f"/api/tasks/{completed['next_id']}").json()["due_date"]
    assert date.fromisoformat(due) - date.fromisoformat(completed["completed_at"][:10]) == timedelta(days=2)


def test_what_comes_is_shown(alice: httpx.Client) -> None:
    """As due dates, to the end of the series; nothing of a task that does not recur."""
    task = make(alice, due_date="2026-03-28T02:30:00+01:00", recurrence={**BERLIN, "rule": "FREQ=DAILY;COUNT=3"})
    path = f"/api/tasks/{task['id']}/occurrences"
    coming = ["2026-03-29T01:30:00.000Z", "2026-03-30T00:30:00.000Z"]
    assert alice.get(path).json() == {"occurrences": coming}
    assert alice.get(path, params={"limit": 1}).json() == {"occurrences": coming[:1]}
    assert alice.get(f"/api/tasks/{make(alice)['id']}/occurrences").json() == {"occurrences": []}
    assert len(alice.get(f"/api/tasks/{make(alice, recurrence=DAILY)['id']}/occurrences").json()["occurrences"]) == 10
    assert alice.get(path, params={"limit": 101}).status_code == 422
    alice.delete(f"/api/tasks/{task['id']}")
    assert alice.get(path).status_code == 404


def test_what_comes_is_shown_for_a_hundred_years(alice: httpx.Client) -> None:
    """Whoever asks for more of what is seldom gets no more, and keeps nobody waiting."""
    leap_monday = {"rule": "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO"}
    task = make(alice, due_date="2026-03-01", recurrence=leap_monday)
    shown = alice.get(f"/api/tasks/{task['id']}/occurrences", params={"limit": 100}).json()["occurrences"]
    assert shown == ["2044-02-29", "2072-02-29", "2112-02-29", "2140-02-29"]


def test_an_export_brings_the_series_back(alice: httpx.Client, bob: httpx.Client) -> None:
    """What was put off is, and what follows is due as it would have been; under other ids it is the same series."""
    task = make(alice, due_date="2026-03-28T02:30:00+01:00", recurrence=BERLIN)
    moved = following(alice, task)
    change(alice, moved, due_date="2026-03-29T18:00:00Z")
    assert bob.post("/api/tasks/import", json=alice.get("/api/tasks/export").json()).status_code == 201
    [copy, done] = sorted(listed(bob), key=lambda item: item["completed"])
    assert copy["recurrence"] == moved["recurrence"]
    assert (done["series_id"], copy["series_id"]) == (done["id"], done["id"])
    assert done["next_id"] == copy["id"]
    for completed in (False, True):
        assert complete(bob, done, completed=completed)["next_id"] == copy["id"]
    assert following(bob, copy)["due_date"] == "2026-03-30T00:30:00.000Z"
    assert len(listed(bob)) == 3


def test_a_rule_without_a_date_ends_the_series(alice: httpx.Client) -> None:
    """It is looked for no longer than a person would wait, and the completion stands."""
    task = make(alice, recurrence={"rule": "FREQ=DAILY;INTERVAL=7;BYDAY=MO"})
    assert complete(alice, task)["next_id"] is None
    assert alice.get(f"/api/tasks/{task['id']}/occurrences").json() == {"occurrences": []}


def test_two_devices_complete_it_once(stack: Stack, alice: httpx.Client, user: UserId) -> None:
    """Who comes second finds it done."""
    task = make(alice, recurrence=DAILY)
    with client(str(alice.base_url), user) as phone, ThreadPoolExecutor(2) as executor:
        both = [executor.submit(complete, device, task) for device in (alice, phone) for _ in range(5)]
        [made] = {done.result()["next_id"] for done in both}
    assert sorted(item["id"] for item in listed(alice)) == [task["id"], made]
    with outside(stack.database_url) as database:
        assert rows(database, "SELECT count(*) FROM tasks WHERE user_id = %s", user) == [2]


def test_a_full_list_takes_no_completion(stack: Stack, user: UserId) -> None:
    """There is no room for what would follow: nothing is changed, in a batch neither."""
    api = stack.api(LIMIT_TASKS="1")
    with client(api.url, user) as frontend:
        task = make(frontend, recurrence=DAILY)
        refused = frontend.patch(f"/api/tasks/{task['id']}/complete", json={"completed": True})
        operations = [{"op": "update", "id": task["id"], "task": {"title": "x"}}, {"op": "complete", "id": task["id"]}]
        batch = frontend.post("/api/tasks/batch", json={"operations": operations, "atomic": False})
        assert refused.status_code == batch.status_code == 422, (refused.text, batch.text)
        assert listed(frontend) == [task]
    api.stop()
