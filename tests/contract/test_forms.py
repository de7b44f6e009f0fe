"""The forms in which frontends in the wild ask and send: the same tasks by other paths, names and values."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import httpx
import pytest

from api.http.aliases import PREFIXES
from core.types import UserId
from tests.stack import Stack, client

OURS = "/v2/{user_id}/chores"


@pytest.fixture(scope="module")
def strict(stack: Stack) -> str:
    """Where unknown members are refused, deletions have a body, and tasks are looked for in one more place."""
    return stack.api(UNKNOWN_MEMBERS="refuse", DELETE_ANSWER="200", TASK_PREFIXES=OURS).url


@pytest.fixture
def strict_alice(strict: str, user: UserId) -> Iterator[httpx.Client]:
    with client(strict, user) as alice:
        yield alice


def made(alice: httpx.Client, **members: object) -> Any:
    return alice.post("/api/tasks", json={"title": "Buy milk", **members}).json()


@pytest.mark.parametrize("prefix", [*PREFIXES, OURS])
def test_every_prefix_is_the_same_list(strict_alice: httpx.Client, user: UserId, prefix: str) -> None:
    """Tasks are made, read, changed and deleted there, and what was read once is a hit by every other path."""
    path = prefix.replace("{user_id}", user)
    task = strict_alice.post(path, json={"title": "Buy milk"})
    assert task.status_code == 201
    where = f"{path}/{task.json()['id']}"
    assert strict_alice.get("/api/tasks").json() == [task.json()]
    listed = strict_alice.get(path + "/")
    assert (listed.json(), listed.headers["x-cache"]) == ([task.json()], "hit")
    assert strict_alice.get(path + "/stats").json()["total"] == 1
    assert strict_alice.put(where, json={"title": "Buy oat milk"}).json()["title"] == "Buy oat milk"
    assert strict_alice.patch(where + "/complete", json={"completed": True}).json()["completed"]
    assert strict_alice.delete(where).json()["id"] == task.json()["id"]
    assert strict_alice.get(path).json() == []


@pytest.mark.parametrize("prefix", [prefix for prefix in PREFIXES if "{user_id}" in prefix])
def test_a_prefix_that_names_another_shows_nothing(alice: httpx.Client, bob: httpx.Client, prefix: str) -> None:
    """Whoever is named must be the token's user."""
    task = made(bob)
    path = prefix.replace("{user_id}", task["user_id"])
    for answer in (alice.get(path), alice.get(f"{path}/{task['id']}"), alice.delete(f"{path}/{task['id']}")):
        assert answer.status_code == 404
    assert alice.post(path, json={"title": "Mine"}).status_code == 404
    assert bob.get(path).json() == [task]


def test_prefixes_are_not_in_the_document(alice: httpx.Client) -> None:
    """OpenAPI stays one clean document."""
    paths = alice.get("/openapi.json").json()["paths"]
    assert {path for path in paths if "todo" in path or "v1" in path or path.startswith("/tasks")} == set()


@pytest.mark.parametrize("method", ["PATCH", "POST", "PUT"])
@pytest.mark.parametrize("way", ["toggle", "toggle-complete", "complete"])
def test_toggling(alice: httpx.Client, method: str, way: str) -> None:
    """By any method; with a value it sets, however often it is sent."""
    path = f"/api/tasks/{made(alice)['id']}/{way}"
    assert alice.request(method, path).json()["completed"] is True
    assert alice.request(method, path, json={}).json()["completed"] is False
    for name in ("completed", "is_completed", "isCompleted", "done"):
        for value in (True, True, False, False):
            assert alice.request(method, path, json={name: value}).json()["completed"] is value


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
def test_the_status_has_a_path(alice: httpx.Client, method: str) -> None:
    """`PATCH …/status`."""
    path = f"/api/tasks/{made(alice)['id']}/status"
    for sent, completed in (({"status": "completed"}, True), ({"status": "Pending"}, False), ({"done": True}, True)):
        assert alice.request(method, path, json=sent).json()["completed"] is completed
    assert alice.request(method, path, json={"status": "lost"}).status_code == 422


def test_lists_by_other_paths(alice: httpx.Client) -> None:
    """A search and a filter as a path."""
    milk, bread = made(alice), made(alice, title="Buy bread", completed=True)
    assert alice.get("/api/tasks/search?q=milk").json() == [milk]
    assert alice.get("/api/tasks/filter/pending").json() == [milk]
    assert alice.get("/api/tasks/filter/completed?limit=5").json() == [bread]
    assert alice.get("/api/tasks/filter/lost").status_code == 422


@pytest.mark.parametrize("path", ["/health", "/api/health", "/api/health/"])
def test_health(alice: httpx.Client, path: str) -> None:
    """Where pages look whether anybody is there."""
    assert alice.get(path).json() == alice.get("/livez").json()


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ({"dueDate": "2026-12-24"}, {"due_date": "2026-12-24"}),
        ({"due": "2026-12-24", "dueDate": "2026-12-24"}, {"due_date": "2026-12-24"}),
        ({"due_date": ""}, {"due_date": None}),
        ({"is_completed": True}, {"completed": True}),
        ({"isCompleted": True, "completed": True}, {"completed": True}),
        ({"done": True}, {"completed": True}),
        ({"status": "completed"}, {"completed": True}),
        ({"status": "in_progress"}, {"completed": False}),
        ({"status": "DONE", "completed": True}, {"completed": True}),
        ({"tags": "home, garden ,"}, {"tags": ["home", "garden"]}),
        ({"tags": ""}, {"tags": []}),
        ({"priority": "HIGH"}, {"priority": "high"}),
        ({"priority": "Critical"}, {"priority": "urgent"}),
        ({"priority": "normal"}, {"priority": "medium"}),
        ({"priority": "none"}, {"priority": "low"}),
        ({"priority": ""}, {"priority": "medium"}),
    ],
)
@pytest.mark.parametrize("way", ["POST", "PATCH", "batch"])
def test_names_and_values(alice: httpx.Client, sent: Mapping[str, Any], kept: Mapping[str, Any], way: str) -> None:
    """Read as what is meant, in a new task, in an edit and in a batch."""
    if way == "POST":
        answer = alice.post("/api/tasks", json={"title": "Buy milk", **sent})
    elif way == "PATCH":
        answer = alice.patch(f"/api/tasks/{made(alice)['id']}", json=sent)
    else:
        answer = alice.post(
            "/api/tasks/batch", json={"operations": [{"op": "create", "task": {"title": "Buy milk", **sent}}]}
        )
    assert answer.is_success
    assert "tasklane-ignored" not in answer.headers
    task = answer.json()["results"][0]["task"] if way == "batch" else answer.json()
    assert {name: task[name] for name in kept} == kept


@pytest.mark.parametrize("name", ["content", "name"])
def test_a_title_by_another_name(alice: httpx.Client, name: str) -> None:
    """Where there is no title, and no second candidate."""
    assert alice.post("/api/tasks", json={name: "Buy milk"}).json()["title"] == "Buy milk"
    told = alice.post("/api/tasks", json={"title": "Buy milk", name: "2 l"})
    assert (told.json()["title"], told.headers["tasklane-ignored"]) == ("Buy milk", name)
    assert alice.post("/api/tasks", json={"content": "Buy milk", "name": "Milk"}).status_code == 422


@pytest.mark.parametrize(
    "sent",
    [
        {"due_date": "2026-12-24", "dueDate": "2026-12-25"},
        {"due": "2026-12-24", "dueDate": "2026-12-25"},
        {"completed": False, "status": "completed"},
        {"isCompleted": True, "done": False},
        {"status": "lost"},
        {"priority": "soon"},
        {"tags": 7},
    ],
)
def test_what_cannot_be_meant(alice: httpx.Client, sent: Mapping[str, Any]) -> None:
    """Two names that say different things, and values that nobody has: refused, and nothing is changed."""
    task = made(alice)
    answer = alice.patch(f"/api/tasks/{task['id']}", json=sent)
    assert answer.status_code == 422
    assert alice.get(f"/api/tasks/{task['id']}").json() == task


def test_nothing_is_lost_in_silence(alice: httpx.Client) -> None:
    """A member that nobody reads is told, by its name where a header can hold it; what is empty is not missed."""
    sent: dict[str, object] = {
        "title": "Buy milk",
        "project": "Home",
        "assignee": None,
        "labels": [],
        "a\r\nb": 1,
        "userId": "x",
    }
    answer = alice.post("/api/tasks", json=sent)
    assert (answer.status_code, answer.headers["tasklane-ignored"]) == (201, "project, ?")
    answer = alice.patch(f"/api/tasks/{answer.json()['id']}", json={f"x{number}": 1 for number in range(50)})
    assert len(answer.headers["tasklane-ignored"].split(", ")) == 21
    assert "tasklane-ignored" not in alice.post("/api/tasks", json={"title": "Buy milk"}).headers


def test_nothing_unknown_is_taken(strict_alice: httpx.Client) -> None:
    """Where the service is set to it, an unknown member with a value is refused by its name."""
    answer = strict_alice.post("/api/tasks", json={"title": "Buy milk", "project": "Home", "id": 3, "note": None})
    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"pointer": "#/project", "detail": "is not known here"}]
    assert strict_alice.get("/api/tasks").json() == []


def test_what_the_service_says_of_a_task_is_known(strict_alice: httpx.Client) -> None:
    """There, too, a whole task comes back, in either spelling, and so does an export."""
    task = strict_alice.post("/api/tasks", json={"title": "Buy milk"}).json()
    for sent in (task, {re.sub("_(.)", lambda match: match[1].upper(), name): task[name] for name in task}):
        answer = strict_alice.put(f"/api/tasks/{task['id']}", json=sent)
        assert (answer.status_code, answer.headers.get("tasklane-ignored")) == (200, None)
    export = strict_alice.get("/api/tasks/export").json()
    assert strict_alice.post("/api/tasks/import", json=export).status_code == 201


@pytest.mark.parametrize(
    ("accept", "type_"),
    [
        ("*/*", "application/problem+json"),
        ("application/json", "application/json"),
        ("application/json, text/plain, */*", "application/json"),
        ("application/problem+json, application/json", "application/problem+json"),
        ("text/html", "application/problem+json"),
    ],
)
def test_errors_as_pages_read_them(alice: httpx.Client, accept: str, type_: str) -> None:
    """`message` beside `detail`, and plain JSON for a client that asks for that and not for a problem."""
    answer = alice.get("/api/tasks/1", headers={"accept": accept})
    assert (answer.status_code, answer.headers["content-type"]) == (404, type_)
    assert answer.json()["message"] == answer.json()["detail"]


@pytest.mark.parametrize(
    ("asked", "plain"),
    [
        ("q=milk", "search=milk"),
        ("tags=home,garden", "tag=home&tag=garden"),
        ("tags=home&tag=garden", "tag=home&tag=garden"),
        ("page=2&limit=1", "offset=1&limit=1"),
        ("page=2&per_page=1", "offset=1&limit=1"),
        ("page=1&page_size=2", "limit=2"),
        ("skip=1&limit=1", "offset=1&limit=1"),
        ("filter=done", "status=completed"),
        ("status_filter=todo", "status=pending"),
        ("status=ALL", "status=all"),
        ("filter=all&status=", ""),
        ("priority=all", ""),
        ("priority=HIGH", "priority=high"),
        ("sort=date", "sort=created"),
        ("sort=-dueDate", "sort=-due_date"),
        ("sortBy=dueDate&sortOrder=desc", "sort_by=due_date&sort_order=desc"),
        ("search=&priority=&tag=&sort=&limit=&cursor=", ""),
        ("search=milk&q=milk", "search=milk"),
        ("_=1767225600&t=1", ""),
    ],
)
def test_questions(alice: httpx.Client, asked: str, plain: str) -> None:
    """A list that is asked for in another way is the same list, and the same answer in the cache."""
    made(alice, tags=["home", "garden"], priority="high", due_date="2026-12-24")
    made(alice, title="Buy bread", completed=True, tags=["home"])
    expected = alice.get(f"/api/tasks?{plain}")
    answer = alice.get(f"/api/tasks?{asked}")
    assert (answer.json(), answer.headers["etag"]) == (expected.json(), expected.headers["etag"])
    assert answer.headers["x-cache"] == "hit"


@pytest.mark.parametrize(
    "asked", ["colour=red", "q=a&search=b", "filter=soon", "page=0", "page=2&offset=3", "page=1000000", "sort=colour"]
)
def test_a_question_that_is_not_understood(alice: httpx.Client, asked: str) -> None:
    """Is refused: all tasks would look like the answer."""
    assert alice.get(f"/api/tasks?{asked}").status_code == 422
