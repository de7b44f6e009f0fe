"""HTTP around the resource: problems, methods, request ids, health, and the forms of its paths."""

import json
import re
from collections.abc import Mapping
from urllib.parse import quote

import httpx
import pytest

from tests.integration.http.conftest import ORIGIN
from tests.stack import ApiProcess, Stack, client, new_user

LIST = {"GET", "HEAD", "POST"}
ONE = {"GET", "HEAD", "PUT", "PATCH", "DELETE"}
READ = {"GET", "HEAD"}
PATHS: Mapping[str, set[str]] = {
    "/api/tasks": LIST,
    "/api/tasks/": LIST,
    "/api/{user}/tasks": LIST,
    "/api/tasks/{task}": ONE,
    "/api/{user}/tasks/{task}/": ONE,
    "/api/tasks/{task}/complete": {"PATCH"},
    "/api/{user}/tasks/{task}/toggle": {"PATCH"},
    "/livez": READ,
    "/readyz": READ,
    "/metrics": READ,
    "/docs": READ,
    "/openapi.json": READ,
}
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")


def see_problem(answer: httpx.Response, status: int) -> None:
    """RFC 9457, with a sentence in `detail` that a page can print."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == status
    assert {type(problem[member]) for member in ("type", "title", "detail")} == {str}


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/api",
        "/api/",
        "/nope",
        "/api/nope",
        "/api/tasks/1/nope",
        "/api/tasks/1/complete/x",
        "/task",
        "/a//b",
    ],
)
@pytest.mark.parametrize("method", METHODS)
def test_where_nothing_is_there_is_a_problem(alice: httpx.Client, path: str, method: str) -> None:
    """404 for every method, without a redirect and without naming the path."""
    answer = alice.request(method, httpx.URL(path=path))
    if method == "HEAD":
        assert (answer.status_code, answer.content) == (404, b"")
    else:
        see_problem(answer, 404)
        assert "nope" not in answer.text


@pytest.mark.parametrize("path", PATHS)
def test_a_method_that_a_path_does_not_take(alice: httpx.Client, place: Mapping[str, str], path: str) -> None:
    """405 names every method that the path does take, whichever route of it is asked first."""
    others = {"POST", "PUT"} if path.endswith(("/complete", "/toggle")) else set()  # read as PATCH: test_forms.py
    for method in set(METHODS) - PATHS[path] - others | {"TRACE"}:
        answer = alice.request(method, path.format(**place))
        if method != "HEAD":
            see_problem(answer, 405)
        assert answer.status_code == 405
        assert set(re.split(", *", answer.headers["allow"])) - {"OPTIONS"} == PATHS[path], method


@pytest.mark.parametrize("path", PATHS)
def test_options_without_cors_tells_the_methods(alice: httpx.Client, place: Mapping[str, str], path: str) -> None:
    """Whether it is answered or refused, the answer names them."""
    answer = alice.options(path.format(**place))
    assert answer.status_code in (200, 204, 405)
    assert set(re.split(", *", answer.headers["allow"])) - {"OPTIONS"} == PATHS[path]


@pytest.mark.parametrize("path", [path for path, methods in PATHS.items() if "HEAD" in methods])
def test_head_is_get_without_the_body(alice: httpx.Client, place: Mapping[str, str], path: str) -> None:
    """Same status and headers, from the cache and past it."""
    for _ in range(2):
        head, get = (alice.request(method, path.format(**place)) for method in ("HEAD", "GET"))
        assert (head.status_code, head.content) == (get.status_code, b"")
        assert get.status_code == 200
        ignored = {"date", "x-request-id", "x-cache", "ratelimit", "ratelimit-policy"}
        ignored |= {"content-length"} if path == "/metrics" else set()
        assert {name: value for name, value in head.headers.items() if name not in ignored} == {
            name: value for name, value in get.headers.items() if name not in ignored
        }


@pytest.mark.parametrize("sent", ["a", "0b9e2c1e-9d6f-4a52-8a64-5f0f2a4b7c11", "Root_1.2-3", "x" * 64])
def test_a_request_id_comes_back(alice: httpx.Client, browser: httpx.Client, sent: str) -> None:
    """On every kind of answer, so that a page can say which request it means."""
    headers = {"x-request-id": sent}
    answers = [
        *[alice.get("/api/tasks", headers=headers) for _ in range(4)],
        alice.get("/api/tasks", headers={**headers, "if-none-match": "*"}),
        alice.head("/api/tasks", headers=headers),
        alice.get("/nope", headers=headers),
        alice.delete("/api/tasks", headers=headers),
        alice.post("/api/tasks", headers=headers),
        browser.get("/api/tasks", headers=headers),
        browser.get("/livez", headers=headers),
        browser.options("/api/tasks", headers={**headers, "origin": ORIGIN, "access-control-request-method": "GET"}),
    ]
    assert [answer.headers.get_list("x-request-id") for answer in answers] == [[sent]] * len(answers)


@pytest.mark.parametrize("sent", ["", "x" * 65, "two words", "<script>", 'a"b', "a\tb", "a,b", "a=b;c"])
def test_a_request_id_that_could_do_harm_is_replaced(alice: httpx.Client, sent: str) -> None:
    """What comes back is safe in a log and a header, and different every time."""
    ids = [alice.get("/api/tasks", headers={"x-request-id": sent}).headers["x-request-id"] for _ in range(3)]
    assert len(set(ids)) == 3
    assert all(re.fullmatch(r"[\w.-]{8,64}", id_) for id_ in ids)


def test_health_and_metrics_need_no_token(browser: httpx.Client, alice: httpx.Client, place: Mapping[str, str]) -> None:
    """Metrics are by route template: neither a user nor a task is in them."""
    alice.get(f"/api/tasks/{place['task']}")
    alice.get(f"/api/{place['user']}/tasks/{place['task']}/")
    alice.get("/nope/secret-path")
    alice.request("BREW", "/api/tasks")
    assert browser.get("/livez").json()["status"] == "ok"
    assert browser.get("/readyz").json() == {"status": "ok", "database": "ok", "redis": "ok"}
    metrics = browser.get("/metrics")
    assert metrics.headers["content-type"].startswith("text/plain; version=")
    routes = set(re.findall(r'tasklane_http_requests_total\{.*route="([^"]*)"', metrics.text))
    assert {"unknown", "/api/tasks"} <= routes
    assert all(place["user"] not in line and "secret-path" not in line for line in metrics.text.splitlines())
    assert not [route for route in routes if re.search(r"\d", route)]
    methods = set(re.findall(r'tasklane_http_requests_total\{method="([^"]*)"', metrics.text))
    assert methods <= {*METHODS, "OPTIONS", "other"}


def test_the_api_without_postgresql(own_stack: Stack) -> None:
    """What needs the database is 503 and says when to try again; the process lives, and serves when it is back."""
    api = own_stack.api(CORS_ORIGINS=ORIGIN)
    with client(api.url, new_user()) as alice:
        task = alice.post("/api/tasks", json={"title": "x"}).json()
        alice.get("/api/tasks")
        own_stack.postgres.stop()
        for method, path, body in [
            ("GET", "/api/tasks?limit=7", None),
            ("GET", f"/api/tasks/{task['id']}", None),
            ("POST", "/api/tasks", {"title": "y"}),
            ("PATCH", f"/api/tasks/{task['id']}", {"title": "y"}),
            ("PATCH", f"/api/tasks/{task['id']}/complete", {}),
            ("DELETE", f"/api/tasks/{task['id']}", None),
            ("GET", "/readyz", None),
        ]:
            answer = alice.request(method, path, json=body, headers={"origin": ORIGIN})
            see_problem(answer, 503)
            assert re.fullmatch(r"[1-9]\d*", answer.headers["retry-after"]), path
            assert answer.headers["access-control-allow-origin"] == ORIGIN
            assert "postgres" not in answer.text.lower()
        assert alice.get("/livez").status_code == 200
        assert alice.get("/metrics").status_code == 200
        assert alice.get("/api/tasks").headers["x-cache"] == "hit"
        assert alice.get("/api/tasks", headers={"authorization": "Bearer a.b.c"}).status_code == 401
        see_problem(alice.post("/api/tasks", json={"title": ""}), 422)
        own_stack.postgres.start()
        assert alice.get("/readyz").status_code == 200
        assert alice.get("/api/tasks?limit=7").json() == [task]


def test_the_api_without_redis(own_stack: Stack) -> None:
    """It says so and serves everything, from the database."""
    api = own_stack.api(REDIS_TIMEOUT="0.1", DATABASE_TIMEOUT="5")  # how long a write waits for the worker
    with client(api.url, new_user()) as alice:
        own_stack.redis.stop()
        task = alice.post("/api/tasks", json={"title": "x"}).json()
        answer = alice.get("/api/tasks")
        assert (answer.json(), answer.headers["x-cache"]) == ([task], "bypass")
        assert alice.get("/readyz").json() == {"status": "ok", "database": "ok", "redis": "away"}


@pytest.mark.parametrize("path", ["/api/tasks%0A", "/livez%0a", "/api/tasks/1/complete%0A", "/api/account%0A/", "/%0A"])
def test_the_end_of_a_line_is_part_of_a_path(alice: httpx.Client, path: str) -> None:
    """So there is nothing there."""
    answer = alice.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


@pytest.mark.parametrize("path", ["/api/tasks%2F", "/api/tasks%2f", "/api%2Ftasks", "/api/tasks%2Fstats"])
def test_a_slash_within_a_step_is_none_between_two(alice: httpx.Client, path: str) -> None:
    """Whether the answer would be a hit or not."""
    for warm in ("/api/tasks", "/api/tasks/stats"):
        alice.get(warm)
        assert alice.get(warm).headers["x-cache"] == "hit"
    assert alice.get(path).status_code == 404


@pytest.mark.parametrize("user", ["a/b", "/", "a%2Fb", "tasks", "account", "a//b/tasks", "stats", "a b\u00e4"])
def test_every_user_has_a_path_of_their_own(api: ApiProcess, user: str) -> None:
    """Whatever the id is, percent-encoded as one step; and by nobody else's path."""
    named = user if user in ("tasks", "account", "stats") else f"{user}-{new_user()}"
    step = quote(named, safe="")
    with client(api.url, named) as mine:
        made = mine.post(f"/api/{step}/tasks", json={"title": "Walk"})
        assert made.status_code == 201
        id_ = made.json()["id"]
        assert mine.get(f"/api/{step}/tasks/{id_}/").json()["user_id"] == named
        assert mine.patch(f"/api/{step}/tasks/{id_}/toggle").json()["completed"]
        assert id_ in [task["id"] for task in mine.get(f"/api/{step}/tasks").json()]
        assert mine.get(f"/api/{step}x/tasks").status_code == 404
        assert mine.delete(f"/api/{step}/tasks/{id_}").status_code == 204


def test_pages_that_count_get_their_page(alice: httpx.Client) -> None:
    """`skip` is `offset`; `page` counts from 1 and minds `limit`, wherever it stands."""
    for number in range(5):
        alice.post("/api/tasks", json={"title": str(number)})

    def titles(query: str) -> list[str]:
        return [task["title"] for task in alice.get(f"/api/tasks?{query}").json()]

    assert titles("skip=2&limit=2") == titles("page=2&limit=2") == titles("limit=2&page=2") == ["2", "1"]
    assert titles("page=2&limit=2&offset=2") == ["2", "1"]
    for query in ("page=0", "page=-1", "skip=x", "page=9999&limit=1000"):
        assert alice.get(f"/api/tasks?{query}").status_code == 422


def test_a_batch_of_full_descriptions_fits(alice: httpx.Client) -> None:
    """A hundred of them, in a script of four bytes a character; a megabyte more does not."""
    task = {"op": "create", "task": {"title": "Walk", "description": "\U0001f600" * 1000}}
    body = json.dumps({"operations": [task] * 100}, ensure_ascii=False).encode()
    headers = {"content-type": "application/json"}
    answer = alice.post("/api/tasks/batch", content=body, headers=headers)
    assert [result["status"] for result in answer.json()["results"]] == [201] * 100
    assert alice.post("/api/tasks/batch", content=b" " * 1024 * 1024 + body, headers=headers).status_code == 413


@pytest.mark.parametrize("path", ["/docs", "/docs/start.js", "/docs/swagger-ui.css", "/docs/swagger-ui-bundle.js"])
def test_the_page_of_the_api_comes_from_here(browser: httpx.Client, path: str) -> None:
    """Nothing of it from elsewhere or within the page, and the policy allows nothing else; ReDoc is not served."""
    answer = browser.get(path)
    assert answer.status_code == 200
    policy = answer.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "https:" not in policy
    if path == "/docs":
        assert re.findall(r'(?:src|href)="([^"]*)"', answer.text) == [
            *("data:,", "/docs/swagger-ui.css", "/docs/swagger-ui-bundle.js", "/docs/start.js")
        ]
        assert not re.search(r"<script>|<style|style=", answer.text)
    assert browser.get("/redoc").status_code == 404


@pytest.mark.parametrize("path", ["/api/tasks", "/api/tasks/0", "/nothing", "/livez", "/docs", "/metrics"])
def test_every_answer_says_what_browsers_must_not_do(alice: httpx.Client, path: str) -> None:
    """Whatever it is, and wherever it comes from: no other type, and in nobody's frame."""
    for _ in range(3):
        headers = alice.get(path).headers
        assert headers.get_list("x-content-type-options") == ["nosniff"]
        assert headers.get_list("x-frame-options") == ["DENY"]
