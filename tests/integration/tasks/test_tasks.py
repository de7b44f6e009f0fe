"""The task resource over HTTP, as a frontend uses it."""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import Any, get_type_hints

import httpx
import psycopg2
import pytest

from api.tasks.schemas.shown import Task
from core.types import UserId
from tests.stack import Stack

MEMBERS = list(get_type_hints(Task))

JSON = {"content-type": "application/json"}

FULL: Mapping[str, Any] = {
    "title": "Water the plants",
    "description": "All of them",
    "completed": True,
    "priority": "high",
    "due_date": "2026-12-24",
    "tags": ["home", "green"],
    "reminders": [30, "2026-12-23T17:00:00.000Z"],
}
CLEARED: Mapping[str, Any] = {
    "description": None,
    "completed": False,
    "priority": "medium",
    "due_date": None,
    "tags": [],
    "reminders": [],
    "parent_id": None,
}

ACCEPTED = [
    ("title", "x", "x"),
    ("title", " \t Buy milk\n", "Buy milk"),
    ("title", "\u00a0\u3000Buy milk\u2003", "Buy milk"),
    ("title", "inner  spaces\nstay", "inner  spaces\nstay"),
    ("title", " " * 300 + "x" * 200 + " " * 300, "x" * 200),
    ("title", "\U0001f95b" * 200, "\U0001f95b" * 200),
    ("title", "'; DROP TABLE tasks; -- %s %(owner)s \\ \" <b>", "'; DROP TABLE tasks; -- %s %(owner)s \\ \" <b>"),
    ("title", "e\u0301 \u202eright to left\u202c \u0001", "e\u0301 \u202eright to left\u202c \u0001"),
    ("description", "", ""),
    ("description", "  spaces stay  \n", "  spaces stay  \n"),
    ("description", "\N{SNOWMAN}" * 1000, "\N{SNOWMAN}" * 1000),
    ("description", None, None),
    ("completed", True, True),
    ("completed", False, False),
    *(("priority", priority, priority) for priority in ("low", "medium", "high", "urgent")),
    ("due_date", None, None),
    ("due_date", "2028-02-29", "2028-02-29"),
    ("due_date", "0001-01-01", "0001-01-01"),
    ("due_date", "9999-12-31", "9999-12-31"),
    ("due_date", "2026-12-24T18:30:00Z", "2026-12-24T18:30:00.000Z"),
    ("due_date", "2026-12-24T18:30:00.123Z", "2026-12-24T18:30:00.123Z"),
    ("due_date", "2026-12-24T18:30:00.123456Z", "2026-12-24T18:30:00.123456Z"),
    ("due_date", "2026-12-24T18:30:00+02:00", "2026-12-24T16:30:00.000Z"),
    ("due_date", "2026-12-24t18:30:00-11:45", "2026-12-25T06:15:00.000Z"),
    ("tags", [], []),
    ("tags", ["b", "a", "B", "c"], ["b", "a", "B", "c"]),
    ("tags", ["b", "a", "b", "b", "c", "a"], ["b", "a", "c"]),
    ("tags", ["\N{SNOWMAN}" * 50, 'comma, "quote" {brace} \\', "NULL"], None),
    ("tags", [f"tag {number}" for number in range(20)], None),
    ("reminders", [], []),
    ("reminders", [30, 0, 30.0, 527040], [30, 0, 527040]),
    ("reminders", ["2026-12-24T18:30:00.1239+02:00"], ["2026-12-24T16:30:00.123Z"]),
    ("reminders", [1, 2, 3, 4, 5], None),
    ("parent_id", None, None),
]


def make(client: httpx.Client, **members: object) -> Any:
    """A task, made over HTTP."""
    answer = client.post("/api/tasks", json={"title": "Water the plants", **members})
    assert answer.status_code == 201, answer.text
    return answer.json()


def without_times(task: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in task.items() if name not in ("updated_at", "completed_at", "etag")}


def shown(client: httpx.Client, task: Mapping[str, Any]) -> Any:
    return client.get(f"/api/tasks/{task['id']}").json()


@pytest.fixture
def titles(alice: httpx.Client) -> list[str]:
    """Four tasks, two of them completed; their titles, newest first."""
    for number in range(4):
        make(alice, title=f"task {number}", completed=number % 2 == 1)
    return ["task 3", "task 2", "task 1", "task 0"]


@pytest.fixture
def database(stack: Stack) -> Iterator[Any]:
    """A cursor of the database's owner, whom no policy stops."""
    with closing(psycopg2.connect(stack.database_url)) as connection, connection, connection.cursor() as cursor:
        yield cursor


@pytest.mark.parametrize("due", [None, "2026-12-24", "2026-12-24T18:30:00+02:00", "2026-12-24T18:30:00.000001Z"])
def test_a_created_task_comes_back_whole(alice: httpx.Client, due: str | None) -> None:
    """What a POST makes is what a GET shows, and the list holds it: three statements that write the same JSON.

    Its `etag` is the header's.
    """
    members = {"title": " Buy milk ", "tags": ["home"], "due_date": due, "completed": True, "priority": "urgent"}
    created = alice.post("/api/tasks", json=members)
    assert created.status_code == 201
    task = created.json()
    assert task["title"] == "Buy milk"
    shown = alice.get(created.headers["location"])
    assert shown.json() == task
    assert task["etag"] == created.headers["etag"] == shown.headers["etag"]
    assert alice.get("/api/tasks").json() == [task]
    assert alice.get("/api/tasks").headers["x-cache"] == "hit"


def test_a_title_is_enough(alice: httpx.Client, user: UserId) -> None:
    """Everything else has its default, and every member of the contract is there."""
    created = alice.post("/api/tasks", json={"title": "Buy milk"})
    task = created.json()
    assert list(task) == MEMBERS
    assert type(task["id"]) is int
    assert 0 < task["id"] < 2**63
    assert task["user_id"] == user
    assert {name: task[name] for name in CLEARED} == CLEARED
    assert task["completed_at"] is None
    assert task["created_at"] == task["updated_at"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", task["created_at"])
    assert created.headers["location"] == f"/api/tasks/{task['id']}"
    assert created.headers["etag"] == alice.get(created.headers["location"]).headers["etag"]
    assert not created.headers["etag"].startswith("W/")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
@pytest.mark.parametrize(("member", "sent", "kept"), ACCEPTED)
def test_a_member_is_kept_as_the_contract_says(
    alice: httpx.Client, method: str, member: str, sent: object, kept: object
) -> None:
    """Up to its limits, with the title trimmed, tags without duplicates and instants in UTC, however it was written."""
    if method == "POST":
        answer = alice.post("/api/tasks", json={"title": "x", member: sent})
    else:
        answer = alice.request(method, f"/api/tasks/{make(alice)['id']}", json={member: sent})
    assert answer.status_code == (201 if method == "POST" else 200), answer.text
    assert answer.json()[member] == (sent if kept is None and isinstance(sent, list) else kept)
    assert shown(alice, answer.json()) == answer.json()
    assert alice.get("/api/tasks").json() == [answer.json()]


@pytest.mark.parametrize("member", CLEARED)
def test_null_in_a_new_task_is_the_default(alice: httpx.Client, member: str) -> None:
    """A page may send every member of its form."""
    assert make(alice, **{member: None})[member] == CLEARED[member]


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
@pytest.mark.parametrize("media_type", ["application/json", "application/merge-patch+json; charset=utf-8"])
@pytest.mark.parametrize("member", ["title", *CLEARED])
def test_what_is_absent_stays(alice: httpx.Client, method: str, media_type: str, member: str) -> None:
    """PUT merges as PATCH does: a body with one member changes that member."""
    task = make(alice, **FULL)
    new = {**CLEARED, "title": "New"}[member]
    body = json.dumps({member: new})
    answer = alice.request(method, f"/api/tasks/{task['id']}", content=body, headers={"content-type": media_type})
    assert answer.status_code == 200
    assert without_times(answer.json()) == {**without_times(task), member: new}
    assert answer.json()["updated_at"] >= task["updated_at"]
    assert answer.json()["created_at"] == task["created_at"]
    assert shown(alice, task) == answer.json()


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
@pytest.mark.parametrize("member", CLEARED)
def test_null_clears(alice: httpx.Client, method: str, member: str) -> None:
    """An explicit null takes the member back to its default and leaves the others."""
    task = make(alice, **FULL)
    answer = alice.request(method, f"/api/tasks/{task['id']}", json={member: None})
    assert without_times(answer.json()) == {**without_times(task), member: CLEARED[member]}


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_an_empty_patch_changes_nothing(alice: httpx.Client, method: str) -> None:
    """`{}` is a body like any other."""
    task = make(alice, **FULL)
    answer = alice.request(method, f"/api/tasks/{task['id']}", json={})
    assert answer.status_code == 200
    assert without_times(answer.json()) == without_times(task)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
def test_what_the_service_decides_is_ignored(alice: httpx.Client, user: UserId, method: str) -> None:
    """Nobody chooses an id, an owner or a time, and members that nobody knows do no harm."""
    task = make(alice)
    chosen = {"id": 1, "user_id": "someone-else", "created_at": "2001-01-01T00:00:00Z", "updated_at": 7}
    chosen |= {"completed_at": "2001-01-01T00:00:00Z", "deleted_at": "2001-01-01T00:00:00Z", "revision": 1}
    chosen |= {"etag": '"chosen"', "eTag": 1}
    chosen |= {"due_on": "2001-01-01", "__v": {"deep": [None, 1.5, "\ud800"]}, "title": "New"}
    path = "/api/tasks" if method == "POST" else f"/api/tasks/{task['id']}"
    answer = alice.request(method, path, content=json.dumps(chosen), headers=JSON).json()
    assert answer["user_id"] == user
    assert answer["title"] == "New"
    assert answer["completed_at"] is None
    assert answer["due_date"] is None
    assert answer["id"] != 1
    assert "2001" not in answer["created_at"] + answer["updated_at"]
    assert answer["etag"] not in (task["etag"], '"chosen"')


@pytest.mark.parametrize("suffix", ["complete", "toggle"])
@pytest.mark.parametrize("before", [False, True])
@pytest.mark.parametrize(
    ("request_", "after"),
    [
        ({}, None),
        ({"json": {}}, None),
        ({"json": {"completed": None}}, None),
        ({"json": {"anything": 1}}, None),
        ({"headers": JSON}, None),
        ({"json": {"completed": True}}, True),
        ({"json": {"completed": False}}, False),
        ({"params": {"completed": "true"}}, True),
        ({"params": {"completed": "false"}}, False),
        ({"params": {"completed": "true"}, "json": {}}, True),
    ],
)
def test_completing_sets_or_toggles(
    alice: httpx.Client,
    suffix: str,
    before: bool,  # noqa: FBT001
    request_: dict[str, Any],
    after: bool | None,  # noqa: FBT001
) -> None:
    """A value in the body or the query sets; none toggles; `completed_at` follows."""
    task = make(alice, completed=before)
    answer = alice.patch(f"/api/tasks/{task['id']}/{suffix}", **request_)
    assert answer.status_code == 200
    completed = not before if after is None else after
    assert answer.json()["completed"] is completed
    assert (answer.json()["completed_at"] is not None) is completed
    assert shown(alice, task) == answer.json()


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_completed_at_is_when_it_was_completed_first(alice: httpx.Client, method: str) -> None:
    """Completing a completed task again does not move it; reopening forgets it."""
    task = make(alice, completed=True)
    path = f"/api/tasks/{task['id']}"
    assert task["completed_at"] is not None
    assert alice.request(method, path, json={"completed": True}).json()["completed_at"] == task["completed_at"]
    assert alice.request(method, path, json={"completed": False}).json()["completed_at"] is None
    assert alice.request(method, path, json={"completed": True}).json()["completed_at"] >= task["completed_at"]


def test_a_deleted_task_is_gone_for_everyone_but_the_database(alice: httpx.Client, database: Any) -> None:
    """DELETE answers 204 without a body, every route then says 404, and the row stays for the trash."""
    task, other = make(alice), make(alice)
    path = f"/api/tasks/{task['id']}"
    alice.get(path)
    gone = alice.delete(path)
    assert (gone.status_code, gone.content) == (204, b"")
    assert alice.get("/api/tasks").json() == [other]
    assert alice.get("/api/tasks").headers["x-total-count"] == "1"
    for method, suffix in [("GET", ""), ("PUT", ""), ("PATCH", ""), ("PATCH", "/complete"), ("DELETE", "")]:
        answer = alice.request(method, path + suffix, json=None if method in ("GET", "DELETE") else {})
        assert answer.status_code == 404, (method, suffix)
    database.execute("SELECT title, deleted_at IS NOT NULL FROM tasks WHERE id = %s", (task["id"],))
    assert database.fetchall() == [("Water the plants", True)]


@pytest.mark.parametrize(
    ("query", "found", "total"),
    [
        ("", [0, 1, 2, 3], 4),
        ("completed=true", [0, 2], 2),
        ("completed=false", [1, 3], 2),
        ("status=all", [0, 1, 2, 3], 4),
        ("status=completed", [0, 2], 2),
        ("status=pending", [1, 3], 2),
        ("status=active", [1, 3], 2),
        ("status=active&completed=false", [1, 3], 2),
        ("status=all&completed=true", [0, 2], 2),
        ("completed=true&status=pending", [0, 2], 2),
        ("limit=1000", [0, 1, 2, 3], 4),
        ("limit=3", [0, 1, 2], 4),
        ("limit=1&completed=false", [1], 2),
        ("limit=2&completed=true", [0, 2], 2),
        ("_=1767225600000&utm_source=mail&_=twice", [0, 1, 2, 3], 4),
    ],
)
def test_a_list_is_newest_first_and_counts_all_that_match(
    alice: httpx.Client, titles: list[str], query: str, found: list[int], total: int
) -> None:
    """`X-Total-Count` does not care for the limit, and what nobody knows in a query is ignored."""
    for cache in ("miss", "hit"):
        answer = alice.get(f"/api/tasks?{query}")
        assert [task["title"] for task in answer.json()] == [titles[position] for position in found]
        assert answer.headers["x-total-count"] == str(total)
        assert answer.headers["x-cache"] == cache


def test_pages_go_on_after_any_title(alice: httpx.Client) -> None:
    """The longest in bytes that there is, too."""
    titles = [chr(0x1F600 + number) * 200 for number in range(3)]
    for title in titles:
        make(alice, title=title)
    page, found = alice.get("/api/tasks?sort=title&limit=1"), []
    while True:
        found += [task["title"] for task in page.json()]
        if "next" not in page.links:
            break
        page = alice.get(page.links["next"]["url"])
    assert found == titles


def test_an_empty_list_is_an_empty_array(alice: httpx.Client) -> None:
    """A new user has no tasks, which is no error."""
    answer = alice.get("/api/tasks")
    assert (answer.status_code, answer.json(), answer.headers["x-total-count"]) == (200, [], "0")


def test_a_list_ends_at_500_unless_asked_for_more(alice: httpx.Client, user: UserId, database: Any) -> None:
    """The default limit; the total tells that there are more."""
    database.execute("INSERT INTO tasks (user_id, title) SELECT %s, 'x' FROM generate_series(1, 501)", (user,))
    database.connection.commit()
    assert len(alice.get("/api/tasks").json()) == 500
    assert alice.get("/api/tasks").headers["x-total-count"] == "501"
    assert len(alice.get("/api/tasks?limit=501").json()) == 501


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize("prefix", ["/api", "/api/{user}"])
def test_every_spelling_of_the_paths_does_the_same(alice: httpx.Client, user: UserId, prefix: str, slash: str) -> None:
    """With and without a trailing slash, with and without the user's id: the same answers, no redirects."""
    tasks = prefix.format(user=user) + "/tasks"
    created = alice.post(tasks + slash, json={"title": "Buy milk"})
    assert created.status_code == 201
    path = f"{tasks}/{created.json()['id']}"
    assert alice.get(path + slash).json() == created.json()
    assert alice.get(created.headers["location"]).json() == created.json()
    assert alice.get(tasks + slash + "?completed=false").json() == [created.json()]
    assert alice.put(path + slash, json={"title": "New"}).json()["title"] == "New"
    assert alice.patch(path + slash, json={"priority": "low"}).json()["priority"] == "low"
    assert alice.patch(path + "/complete" + slash).json()["completed"] is True
    assert alice.patch(path + "/toggle" + slash).json()["completed"] is False
    assert alice.delete(path + slash).status_code == 204
    assert alice.get(tasks + slash).json() == []
