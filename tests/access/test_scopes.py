"""What a personal token is good for, on every route and under every name of it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest

from tests.access.making import BOTH, TOKENS, make, owner_of
from tests.integration.isolation.test_isolation import ROUTES, TYPE, forms
from tests.stack import ApiProcess, Stack, client, new_user
from tests.watchers import begun

WAYS = (
    ("GET", "/api/tasks/search?q=x"),
    ("GET", "/api/tasks/filter/pending"),
    ("PUT", "/api/tasks/{task_id}/status"),
    ("PATCH", "/api/tasks/{task_id}/status"),
    ("PUT", "/api/tasks/{task_id}/toggle"),
    ("POST", "/api/tasks/{task_id}/toggle"),
    ("PATCH", "/api/tasks/{task_id}/toggle-complete"),
    ("POST", "/api/tasks/{task_id}/complete"),
    ("PUT", "/api/tasks/{task_id}/complete"),
)
"""Paths that are read as others."""

OF_TASKS = [route for route in ROUTES if route[1].startswith("/api/tasks")]
OF_THE_ACCOUNT = [route for route in ROUTES if route not in OF_TASKS]
LACKS = {scope: f'Bearer error="insufficient_scope", scope="{scope}"' for scope in BOTH}


@dataclass(frozen=True, slots=True)
class Programs:
    """One user's, by what their token is good for."""

    user: str
    session: httpx.Client
    by_scope: dict[str, httpx.Client]
    both: httpx.Client

    def task(self) -> int:
        number: int = self.session.post("/api/tasks", json={"title": "A task"}).json()["id"]
        return number


@pytest.fixture(scope="module")
def api(stack: Stack) -> ApiProcess:
    return stack.api(LIMIT_WRITES_RATE="0", LIMIT_READS_RATE="0")


@pytest.fixture(scope="module")
def programs(api: ApiProcess) -> Iterator[Programs]:
    with client(api.url, new_user()) as session:
        by_scope = {scope: make(session, [scope]).client(api.url) for scope in BOTH}
        both = make(session).client(api.url)
        yield Programs(owner_of(session), session, by_scope, both)
        for program in (*by_scope.values(), both):
            program.close()


def send(program: httpx.Client, method: str, path: str, body: object = None) -> httpx.Response:
    if path.rstrip("/").endswith("/events") and method == "GET":
        return begun(program, path)
    return program.request(method, path, content=None if body is None else json.dumps(body), headers=TYPE)


@pytest.mark.parametrize("route", [*OF_TASKS, *WAYS], ids=" ".join)
def test_a_token_is_good_for_what_its_scopes_say(programs: Programs, route: tuple[str, str]) -> None:
    """`tasks:read` for GET and HEAD alone, `tasks:write` for all else alone, by every path."""
    method, template = route
    needed, other = BOTH if method == "GET" else reversed(BOTH)
    make_body = ROUTES.get(route)
    for form in [form for form in forms(template) if not form.endswith("/")]:
        task = programs.task()
        path = form.format(user_id=programs.user, task_id=task)
        body = make_body(task) if make_body else None
        for sent in ("GET", "HEAD") if method == "GET" else (method,):
            refused = send(programs.by_scope[other], sent, path, body)
            assert refused.status_code == 403, (sent, path)
            assert refused.headers["www-authenticate"] == LACKS[needed], path
            if sent != "HEAD":
                assert refused.json()["type"] == "urn:tasklane:problem:insufficient-scope"
            for program in (programs.by_scope[needed], programs.both, programs.session):
                answer = send(program, sent, path, body)
                assert answer.status_code not in (401, 403, 405), (sent, path)


@pytest.mark.parametrize("route", [*OF_THE_ACCOUNT, ("HEAD", "/api/account"), ("HEAD", TOKENS)], ids=" ".join)
def test_no_token_is_good_for_the_account(programs: Programs, route: tuple[str, str]) -> None:
    """They make, show and revoke no tokens, and erase nothing, whatever their scopes; a body is not even read."""
    method, path = route
    for program in (*programs.by_scope.values(), programs.both):
        for slash in ("", "/"):
            answer = program.request(method, path.format(token_id=1) + slash, content=b"{", headers=TYPE)
            assert answer.status_code == 403, path
            assert answer.headers["www-authenticate"] == 'Bearer error="insufficient_scope"'
    assert programs.session.get("/api/account").json()["status"] == "active"


def test_a_hit_is_none_for_whom_it_is_not_meant(programs: Programs) -> None:
    """What is answered from the cache at once to all others is refused to a token that may only write."""
    programs.task()
    for _ in range(5):
        assert programs.both.get("/api/tasks").is_success
        refused = programs.by_scope["tasks:write"].get("/api/tasks")
        assert (refused.status_code, refused.headers["www-authenticate"]) == (403, LACKS["tasks:read"])


def test_someone_elses_path_is_nothing_whatever_the_scope(programs: Programs) -> None:
    """Nobody learns from a refusal whose path it is."""
    for program in programs.by_scope.values():
        for method in ("GET", "POST"):
            assert send(program, method, f"/api/{new_user()}/tasks", {}).status_code == 404


@pytest.mark.parametrize("route", [*ROUTES, *WAYS, ("POST", "/mcp")], ids=" ".join)
def test_no_other_route_takes_a_password(api: ApiProcess, programs: Programs, route: tuple[str, str]) -> None:
    """Calendars do: elsewhere HTTP Basic with a good token is refused, by every path, and not asked for."""
    method, template = route
    token = programs.both.headers["authorization"].removeprefix("Bearer ")
    with httpx.Client(base_url=api.url, auth=("anybody", token), headers=TYPE, timeout=60) as program:
        for form in forms(template) if template.startswith("/api/tasks") else [template]:
            path = form.format(user_id=programs.user, task_id=1, token_id=1)
            for sent in ("GET", "HEAD") if method == "GET" else (method,):
                refused = program.request(sent, path, content=None if sent == "GET" else b"{}")
                assert refused.status_code in ((401, 404) if path == "/mcp" else (401,)), (sent, path)
                assert "Basic" not in refused.headers.get("www-authenticate", ""), path
        assert program.request("PROPFIND", "/dav/", headers={"depth": "0"}).status_code == 207
