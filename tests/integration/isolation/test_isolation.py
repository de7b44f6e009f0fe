"""Whose tasks they are: for everyone else they do not exist, on any route, by any name."""

import json
from collections.abc import Callable, Mapping
from itertools import product

import httpx
import pytest
from fastapi.routing import iter_route_contexts

from api import main
from api.http.aliases import BY_USER, PREFIXES, TASKS
from core.types import MAX_TASK_ID
from tests.integration.isolation.victim import KEY, MARK, Victim
from tests.stack import ApiProcess, new_user
from tests.tokens import SECRET, auth_settings
from tests.watchers import begun

Body = Callable[[int], object]


def operations(task: int) -> list[dict[str, object]]:
    """All that a batch can do to a task."""
    return [
        {"op": "update", "id": task, "task": {"title": "Mine now"}},
        {"op": "complete", "id": task},
        {"op": "complete", "id": task, "completed": True},
        {"op": "move", "id": task},
        {"op": "delete", "id": task},
        {"op": "restore", "id": task},
    ]


# Per route what an intruder sends. A route that is not in here fails the first test.
ROUTES: Mapping[tuple[str, str], Body | None] = {
    ("GET", "/api/tasks"): None,
    ("POST", "/api/tasks"): lambda task: {"id": task, "title": "Mine now"},
    ("POST", "/api/tasks/batch"): lambda task: {"atomic": False, "operations": operations(task)},
    ("POST", "/api/tasks/import"): lambda task: {"tasks": [{"id": task, "user_id": "mine", "title": "Mine now"}]},
    ("GET", "/api/tasks/export"): None,
    ("GET", "/api/tasks/stats"): None,
    ("GET", "/api/tasks/changes"): None,
    ("GET", "/api/tasks/events"): None,
    ("POST", "/api/tasks/tags/rename"): lambda _: {"from": MARK, "to": "mine"},
    ("GET", "/api/tasks/trash"): None,
    ("DELETE", "/api/tasks/trash"): None,
    ("GET", "/api/tasks/{task_id}"): None,
    ("GET", "/api/tasks/{task_id}/occurrences"): None,
    ("PUT", "/api/tasks/{task_id}"): lambda _: {"title": "Mine now", "user_id": "mine"},
    ("PATCH", "/api/tasks/{task_id}"): lambda _: {"title": "Mine now", "user_id": "mine"},
    ("DELETE", "/api/tasks/{task_id}"): None,
    ("PATCH", "/api/tasks/{task_id}/complete"): lambda _: {"completed": True},
    ("PATCH", "/api/tasks/{task_id}/toggle"): lambda _: {},
    ("POST", "/api/tasks/{task_id}/move"): lambda task: {"after": task, "parent_id": task},
    ("POST", "/api/tasks/{task_id}/restore"): lambda _: {},
    ("GET", "/api/account"): None,
    ("DELETE", "/api/account"): None,
    ("GET", "/api/account/tokens"): None,
    ("POST", "/api/account/tokens"): lambda _: {"name": "Mine now", "scopes": ["tasks:read"]},
    ("DELETE", "/api/account/tokens/{token_id}"): None,
}
ALL = list(ROUTES)
OF_A_TASK = [route for route in ALL if "{task_id}" in route[1]]
OF_EVERYTHING = [route for route in ALL if "{" not in route[1]]
WITH_ALIAS = [route for route in ALL if route[1].startswith("/api/tasks")]


def alias(path: str) -> str:
    return path.replace("/api/tasks", "/api/{user_id}/tasks", 1)


def forms(path: str) -> list[str]:
    """By every path that names a task of somebody, documented or not."""
    prefixes = (TASKS, BY_USER, *PREFIXES)
    return [path.replace("/api/tasks", prefix, 1) + slash for prefix in prefixes for slash in ("", "/")]


def attack(attacker: httpx.Client, route: tuple[str, str], path: str, task: int, **headers: str) -> httpx.Response:
    body = ROUTES[route]
    if route[1].endswith("/events"):
        return begun(attacker, path, **headers)
    return attacker.request(
        route[0], path, content=None if body is None else json.dumps(body(task)), headers={**TYPE, **headers}
    )


TYPE = {"content-type": "application/json"}


def owner_of(frontend: httpx.Client) -> str:
    """The user id of a client, as the API tells it."""
    user: str = frontend.get("/api/account").json()["user_id"]
    return user


def test_every_route_is_attacked_here() -> None:
    """A route that is new, or that one of the two forms of the path lacks, is not forgotten."""
    app = main._routes(main._services(auth_settings(secret=SECRET)))
    served = {
        (method, route.path_format)
        for route in iter_route_contexts(app.routes)
        for method in route.methods or ()
        if route.path_format and route.path_format.startswith("/api")
    }
    of_tasks = {(method, alias(path)) for method, path in ROUTES if path.startswith("/api/tasks")}
    assert served == set(ROUTES) | of_tasks


@pytest.mark.parametrize("route", OF_A_TASK, ids=" ".join)
def test_someone_elses_task_looks_like_none(bob: httpx.Client, victim: Victim, route: tuple[str, str]) -> None:
    """By every path that names it, with every condition, the answer is that of an id that never was."""
    before = victim.rows
    bobs = owner_of(bob)
    names = ("if-match", "if-none-match")
    conditions: list[dict[str, str]] = [{}, *({name: tag} for name in names for tag in (victim.etag, "*"))]
    for form in forms(route[1]):
        missing = attack(bob, route, form.format(user_id=bobs, task_id=MAX_TASK_ID), MAX_TASK_ID)
        assert missing.status_code == 404
        for task in (victim.live, victim.deleted):
            for user in {bobs, victim.user} if "{user_id}" in form else {bobs}:
                for condition in conditions:
                    answer = attack(bob, route, form.format(user_id=user, task_id=task), task, **condition)
                    assert (answer.status_code, answer.json()) == (404, missing.json()), (form, user, condition)
    assert victim.rows == before


@pytest.mark.parametrize("route", WITH_ALIAS, ids=" ".join)
def test_someone_elses_user_id_looks_like_none(bob: httpx.Client, victim: Victim, route: tuple[str, str]) -> None:
    """Under a path that names another user there is nothing, cached or not, in the same words as under no user."""
    before = victim.rows
    for form in [form for form in forms(route[1]) if "{user_id}" in form]:
        missing = attack(bob, route, form.format(user_id=new_user(), task_id=victim.live), victim.live)
        answer = attack(bob, route, form.format(user_id=victim.user, task_id=victim.live), victim.live)
        assert (answer.status_code, answer.json()) == (404, missing.json()), form
    assert victim.rows == before


@pytest.mark.parametrize("route", OF_EVERYTHING, ids=" ".join)
def test_a_users_own_routes_neither_show_nor_touch_others(
    bob: httpx.Client, victim: Victim, route: tuple[str, str]
) -> None:
    """Whatever someone asks for on their own path, with another's ids in the body, the other is not concerned."""
    before = victim.rows
    answer = attack(bob, route, route[1], victim.live)
    assert answer.is_success, answer.text
    assert MARK not in answer.text + str(answer.headers)
    assert victim.user not in answer.text
    assert victim.rows == before


@pytest.mark.parametrize("route", ALL, ids=" ".join)
def test_without_a_token_nothing_is_there(api: ApiProcess, victim: Victim, route: tuple[str, str]) -> None:
    """Every route asks first who it is, and tells strangers neither what exists nor what is wrong with their input."""
    before = victim.rows
    with httpx.Client(base_url=api.url, headers=TYPE, timeout=60, verify=False) as stranger:
        for form, task, authorization in product(
            set(forms(route[1])), (str(victim.live), "no-number"), (None, "Bearer", "Bearer a.b.c", "Basic YTpi")
        ):
            path = form.format(user_id=victim.user, task_id=task, token_id=task)
            headers = {} if authorization is None else {"authorization": authorization}
            body = None if route[0] in ("GET", "DELETE") else b"{"
            answer = stranger.request(route[0], path, content=body, headers=headers)
            assert answer.status_code == 401, (path, authorization)
            assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'
            assert MARK not in answer.text
    assert victim.rows == before


@pytest.mark.parametrize(
    "query",
    [
        "",
        f"search={MARK}",
        f"tag={MARK}",
        "limit=1000&sort=title",
        "status=pending",
        "offset=1",
        "user_id={user}",
        "owner={user}&userId={user}",
    ],
)
def test_no_query_reaches_into_another_list(bob: httpx.Client, victim: Victim, query: str) -> None:
    """Filters choose among one's own tasks; what is no filter is refused."""
    mine = bob.post("/api/tasks", json={"title": "Mine", "tags": ["mine"]}).json()
    for path in ("/api/tasks", "/api/tasks/trash"):
        answer = bob.get(f"{path}?{query.format(user=victim.user)}")
        assert answer.status_code in (200, 422)
        assert victim.user not in answer.text
        assert answer.status_code == 422 or answer.json() in ([], [mine])
        assert answer.headers.get("x-total-count", "0") in ("0", "1")


def test_someone_elses_cursor_continues_ones_own_list(bob: httpx.Client, victim: Victim) -> None:
    """A cursor holds a place in an order and no right to anything."""
    before = victim.rows
    bob.post("/api/tasks", json={"title": "Mine"})
    answer = bob.get("/api/tasks", params={"cursor": victim.cursor, "limit": "1"})
    assert answer.status_code == 200
    assert answer.json() == []  # bob's only task is newer than the place
    assert answer.headers["x-total-count"] == "1"
    assert victim.rows == before


def test_someone_elses_token_tells_nothing(bob: httpx.Client, victim: Victim) -> None:
    """Not even whether their list has changed: its bearer is told to begin anew."""
    bob.post("/api/tasks", json={"title": "Mine"})
    for _ in range(2):  # through the routes, and where hits are made
        answer = bob.get("/api/tasks/changes", params={"since": victim.since})
        assert answer.status_code == 410
        assert MARK not in answer.text
    [mine] = bob.get("/api/tasks/changes").json()["changes"]
    assert mine["title"] == "Mine"


@pytest.mark.parametrize("body", [{"title": f"{MARK} 0", "description": MARK, "tags": [MARK]}, {"title": "Mine"}])
def test_a_key_is_ones_own(bob: httpx.Client, victim: Victim, body: dict[str, object]) -> None:
    """The key that another has used gives no replay, no conflict, and another task."""
    before = victim.rows
    answer = bob.post("/api/tasks", json=body, headers={"idempotency-key": KEY})
    assert answer.status_code == 201
    assert "idempotent-replayed" not in answer.headers
    assert answer.json()["user_id"] != victim.user
    assert answer.json()["id"] != victim.live
    assert victim.rows == before


@pytest.mark.parametrize("atomic", [True, False])
@pytest.mark.parametrize("operation", range(len(operations(0))))
def test_a_batch_does_not_find_someone_elses_task(
    bob: httpx.Client,
    victim: Victim,
    atomic: bool,  # noqa: FBT001
    operation: int,
) -> None:
    """Each operation on it fails as on an id that never was, with and without `if_match`."""
    before = victim.rows
    for condition in ({}, {"if_match": victim.etag}):
        found = [
            bob.post(
                "/api/tasks/batch",
                json={"atomic": atomic, "operations": [operations(task)[operation] | condition]},
            )
            for task in (victim.live, victim.deleted, MAX_TASK_ID)
        ]
        assert len({answer.status_code for answer in found}) == 1
        assert found[0].is_success is not atomic
        assert found[0].json() == found[1].json() == found[2].json()
        assert [result["status"] for result in found[0].json()["results"]] == [404]
    assert victim.rows == before
