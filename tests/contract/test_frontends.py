"""What frontends in the wild send and expect, each habit as a test."""

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from core.types import UserId
from tests.stack import ApiProcess, Stack, client, new_user

ORIGIN = "http://localhost:3000"
LARGEST_NUMBER = 2**53 - 1
"""In JavaScript, the largest integer that is exact."""


@pytest.fixture
def task(alice: httpx.Client) -> Any:
    """As the POST has returned it."""
    return alice.post(
        "/api/tasks",
        json={
            "title": "Buy milk",
            "description": "2 l",
            "priority": "high",
            "due_date": "2026-12-24",
            "tags": ["home"],
        },
    ).json()


def unchanged(task: Mapping[str, Any], *but: str) -> dict[str, Any]:
    return {name: value for name, value in task.items() if name not in ("updated_at", "etag", *but)}


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("title", "Buy oat milk"),
        ("description", "3 l"),
        ("description", None),
        ("description", ""),
        ("completed", True),
        ("priority", "low"),
        ("due_date", "2027-01-01"),
        ("due_date", None),
        ("tags", []),
    ],
)
def test_put_with_one_member(alice: httpx.Client, task: Any, member: str, value: object) -> None:
    """An edit form sends what was edited, with PUT, and loses nothing else."""
    answer = alice.put(f"/api/tasks/{task['id']}", json={member: value})
    assert answer.status_code == 200
    assert answer.json()[member] == value
    assert unchanged(answer.json(), member, "completed_at") == unchanged(task, member, "completed_at")


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_the_whole_object_comes_back(alice: httpx.Client, task: Any, method: str) -> None:
    """`{...task, title}`, with id, owner, timestamps and the page's own members in it, is an edit of the title."""
    sent = {**task, "title": "Buy oat milk", "isEditing": True, "createdAt": task["created_at"], "_id": str(task["id"])}
    answer = alice.request(method, f"/api/tasks/{task['id']}", json=sent)
    assert answer.status_code == 200
    assert unchanged(answer.json()) == unchanged({**task, "title": "Buy oat milk"})


def test_a_new_task_with_a_whole_form(alice: httpx.Client, user: UserId) -> None:
    """A form without values for what is optional, with a temporary id and the user's, makes a task."""
    form = {"id": 1767225600000, "user_id": user, "title": "Buy milk", "description": "", "completed": False}
    form |= {"due_date": None, "priority": "medium", "tags": [], "created_at": "2026-01-01T00:00:00.000Z"}
    answer = alice.post("/api/tasks", json=form)
    assert answer.status_code == 201
    assert answer.json()["id"] != form["id"]
    assert answer.json()["created_at"] != form["created_at"]


@pytest.mark.parametrize(
    "sent",
    [
        "2026-12-24",  # <input type="date">
        "2026-12-24T08:30:00.000Z",  # new Date(…).toISOString()
        "2026-12-24T08:30:59.999Z",
    ],
)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
def test_a_due_date_comes_back_in_its_form(alice: httpx.Client, task: Any, method: str, sent: str) -> None:
    """To the letter, so that a page which compares strings sees no change."""
    path = "/api/tasks" if method == "POST" else f"/api/tasks/{task['id']}"
    answer = alice.request(method, path, json={"title": "x", "due_date": sent})
    assert answer.json()["due_date"] == sent
    assert alice.get(f"/api/tasks/{answer.json()['id']}").json()["due_date"] == sent


@pytest.mark.parametrize("suffix", ["complete", "toggle", "complete/", "toggle/"])
@pytest.mark.parametrize(
    ("request_", "states"),
    [
        ({}, [True, False, True]),
        ({"headers": {"content-type": "application/json"}}, [True, False, True]),
        ({"json": {}}, [True, False, True]),
        ({"json": {"completed": True}}, [True, True, True]),
        ({"json": {"completed": False}}, [False, False, False]),
    ],
)
def test_the_checkbox(
    alice: httpx.Client, task: Any, suffix: str, request_: Mapping[str, Any], states: list[bool]
) -> None:
    """Some pages toggle with no body or `{}`, some say which state they mean; all get the task back."""
    seen = [alice.patch(f"/api/tasks/{task['id']}/{suffix}", **request_).json() for _ in states]
    assert [task["completed"] for task in seen] == states
    others = unchanged(task, "completed", "completed_at")
    assert all(unchanged(task, "completed", "completed_at") == others for task in seen)


@pytest.mark.parametrize("path", ["/api/tasks/", "/api/{user}/tasks/"])
def test_trailing_slashes_are_no_redirects(alice: httpx.Client, user: UserId, path: str) -> None:
    """A redirect would lose the token or the body on its way."""
    tasks = path.format(user=user)
    made = alice.post(tasks, json={"title": "x"})
    assert made.status_code == 201
    one = f"{tasks}{made.json()['id']}/"
    assert [alice.get(tasks).status_code, alice.get(one).status_code] == [200, 200]
    assert alice.put(one, json={"title": "y"}).status_code == 200
    assert alice.patch(f"{one}complete/").status_code == 200
    assert alice.delete(one).status_code == 204


def test_the_path_names_the_user(api: ApiProcess) -> None:
    """Better Auth's ids are 32 letters and digits, not UUIDs, and their case counts."""
    user = "nW3kT0bqf8XyZaLr5VdJmC1hQeUoGs9P"
    assert len(user) == 32
    with client(api.url, user) as alice:
        made = alice.post(f"/api/{user}/tasks", json={"title": "x"})
        assert made.status_code == 201
        assert made.json()["user_id"] == user
        one = f"/api/{user}/tasks/{made.json()['id']}"
        assert alice.get(f"/api/{user}/tasks").json() == [made.json()]
        assert alice.get(one).json() == made.json()
        assert alice.put(one, json={"title": "y"}).json()["title"] == "y"
        assert alice.patch(f"{one}/complete").json()["completed"] is True
        assert alice.get(f"/api/{user.lower()}/tasks").status_code == 404
        assert alice.delete(one).status_code == 204


@pytest.mark.parametrize("user", ["auth0|64f1c2", "user@example.com", "50% of me", "Zoë \N{SNOWMAN}"])
def test_the_path_names_a_user_with_other_characters(api: ApiProcess, user: str) -> None:
    """Any opaque id that fits one segment works, percent-encoded as browsers do it."""
    user = f"{user} {new_user()}"
    path = f"/api/{quote(user, safe='')}/tasks"
    with client(api.url, user) as alice:
        made = alice.post(path, json={"title": "x"})
        assert made.status_code == 201
        assert alice.get(path).json() == [made.json()]


def test_credentials_are_included(alice: httpx.Client, task: Any) -> None:
    """`credentials: "include"` needs the page's own origin by name on every answer; cookies do no harm."""
    headers = {"origin": ORIGIN, "cookie": "better-auth.session_token=abc.def"}
    for answer in (
        alice.get("/api/tasks", headers=headers),
        alice.post("/api/tasks", json={"title": ""}, headers=headers),
        alice.delete(f"/api/tasks/{task['id']}", headers=headers),
    ):
        assert answer.headers["access-control-allow-origin"] == ORIGIN
        assert answer.headers["access-control-allow-credentials"] == "true"
        assert "set-cookie" not in answer.headers


@pytest.fixture(scope="module")
def browser(api: ApiProcess) -> Iterator[httpx.Client]:
    """It sends no token with a preflight."""
    with httpx.Client(base_url=api.url, timeout=60, verify=False) as browser:
        yield browser


@pytest.mark.parametrize("path", ["/api/tasks", "/api/tasks/1/", "/api/{user}/tasks", "/api/{user}/tasks/1/complete"])
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_the_preflight(browser: httpx.Client, user: UserId, path: str, method: str) -> None:
    """It carries no token, asks for every header of the contract, and must be a 2xx."""
    asked = {
        "origin": ORIGIN,
        "access-control-request-method": method,
        "access-control-request-headers": "authorization,content-type,idempotency-key,if-match",
    }
    answer = browser.options(path.format(user=user), headers=asked)
    assert answer.is_success
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    assert answer.headers["access-control-allow-credentials"] == "true"
    assert method in re.split(", *", answer.headers["access-control-allow-methods"])
    allowed = set(re.split(", *", answer.headers["access-control-allow-headers"].lower()))
    assert {"authorization", "content-type", "idempotency-key", "if-match"} <= allowed


@pytest.mark.parametrize(
    ("status", "asked", "request_"),
    [
        (401, "GET /api/tasks", {"headers": {"authorization": "Bearer undefined"}}),
        (401, "GET /api/tasks", {"headers": {"authorization": "Bearer null"}}),
        (404, "GET /api/tasks/9007199254740991", {}),
        (404, "GET /api/undefined/tasks", {}),
        (404, "GET /nope", {}),
        (405, "PUT /api/tasks", {"json": {}}),
        (412, "PATCH /api/tasks/{task}", {"json": {}, "headers": {"if-match": '"old"'}}),
        (413, "POST /api/tasks", {"json": {"title": "x" * 100_000}}),
        (415, "POST /api/tasks", {"data": {"title": "x"}}),
        (422, "POST /api/tasks", {"json": {}}),
        (422, "POST /api/tasks", {"json": {"title": "", "priority": "x"}}),
        (422, "GET /api/tasks/undefined", {}),
        (422, "GET /api/tasks?completed=undefined", {}),
        (422, "PATCH /api/tasks/{task}/complete", {"json": {"completed": "true"}}),
    ],
)
def test_detail_is_a_sentence(
    alice: httpx.Client, task: Any, status: int, asked: str, request_: Mapping[str, Any]
) -> None:
    """`throw new Error((await response.json()).detail)` shows no [object Object]."""
    method, path = asked.split(" ")
    answer = alice.request(method, path.replace("{task}", str(task["id"])), **request_)
    assert answer.status_code == status
    assert answer.headers["content-type"].partition(";")[0].endswith("json")
    assert isinstance(answer.json()["detail"], str)
    assert answer.json()["detail"].strip()


def test_a_list_is_an_array(alice: httpx.Client, task: Any) -> None:
    """`Array.isArray(list)` and `list.map(…)` hold, for none, one and a filtered list."""
    assert alice.get("/api/tasks").json() == [task]
    for query in ("?completed=true", "?search=nothing", "?limit=1", "?tag=home"):
        assert isinstance(alice.get(f"/api/tasks{query}").json(), list)


def test_a_deleted_task_has_no_body(alice: httpx.Client, task: Any) -> None:
    """204 and not a byte: pages that call `response.json()` only for other statuses work."""
    answer = alice.delete(f"/api/tasks/{task['id']}")
    assert (answer.status_code, answer.content) == (204, b"")
    assert "content-type" not in answer.headers
    assert answer.headers.get("content-length", "0") == "0"


def test_an_id_is_a_number(alice: httpx.Client, task: Any) -> None:
    """`tasks.find(task => task.id === id)` compares numbers, exact ones."""
    for found in (task, *alice.get("/api/tasks").json(), alice.get(f"/api/tasks/{task['id']}").json()):
        assert type(found["id"]) is int
        assert 0 < found["id"] <= LARGEST_NUMBER


@pytest.fixture(scope="module")
def object_api(stack: Stack) -> ApiProcess:
    return stack.api(TASK_LIST_SHAPE="object")


@pytest.fixture
def object_alice(object_api: ApiProcess, user: UserId) -> Iterator[httpx.Client]:
    """The same Alice at an API with the other list shape."""
    with client(object_api.url, user) as alice:
        yield alice


def test_a_list_can_be_an_object(object_alice: httpx.Client, user: UserId) -> None:
    """`TASK_LIST_SHAPE=object` serves tasks, total and count, on both paths, and leaves the rest as it is."""
    made = [object_alice.post("/api/tasks", json={"title": title}).json() for title in ("a", "b", "c")][::-1]
    for path in ("/api/tasks", f"/api/{user}/tasks/"):
        for _ in range(2):
            answer = object_alice.get(path)
            assert answer.json() == {"tasks": made, "total": 3, "count": 3}
            assert answer.headers["x-total-count"] == "3"
        assert object_alice.get(f"{path}?limit=2").json() == {"tasks": made[:2], "total": 3, "count": 2}
        assert object_alice.get(f"{path}?completed=true").json() == {"tasks": [], "total": 0, "count": 0}
    assert object_alice.get(f"/api/tasks/{made[0]['id']}").json() == made[0]
    assert object_alice.get("/api/tasks?limit=0").status_code == 422


def test_the_two_shapes_never_meet_in_the_cache(alice: httpx.Client, object_alice: httpx.Client, task: Any) -> None:
    """Two processes with one Redis, one user and different shapes each get their own, with tags of their own."""
    for _ in range(2):
        assert alice.get("/api/tasks").json() == [task]
        assert object_alice.get("/api/tasks").json() == {"tasks": [task], "total": 1, "count": 1}
    array_tag = alice.get("/api/tasks").headers["etag"]
    assert object_alice.get("/api/tasks", headers={"if-none-match": array_tag}).status_code == 200
