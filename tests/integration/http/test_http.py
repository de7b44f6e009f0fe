"""HTTP around the resource: problems, methods, CORS, request ids, health, and what no HTTP library would send."""

import contextlib
import json
import re
import socket
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from core.types import UserId
from tests.stack import ApiProcess, Stack, client, new_user

ORIGIN = "http://localhost:3000"
ELSEWHERE = "http://evil.example"
EXPOSED = {"etag", "link", "location", "x-total-count", "x-cache", "idempotent-replayed", "x-request-id", "retry-after"}

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


@pytest.fixture(scope="module", params=["true", "false"], ids=["direct", "plain"])
def api(request: pytest.FixtureRequest, stack: Stack) -> ApiProcess:
    """With the protocol that answers hits where the bytes arrive, and without."""
    return stack.api(CORS_ORIGINS=ORIGIN, DIRECT_HITS=request.param)


@pytest.fixture
def place(alice: httpx.Client) -> Mapping[str, str]:
    """What the paths name: Alice and a task of hers."""
    task = alice.post("/api/tasks", json={"title": "x"}).json()
    return {"user": task["user_id"], "task": str(task["id"])}


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


def preflight(browser: httpx.Client, origin: str, method: str, headers: str) -> httpx.Response:
    asked = {"origin": origin, "access-control-request-method": method, "access-control-request-headers": headers}
    return browser.options("/api/tasks", headers=asked)


@pytest.fixture
def browser(api: ApiProcess) -> Iterator[httpx.Client]:
    """It sends no token with a preflight."""
    with httpx.Client(base_url=api.url, timeout=60, verify=False) as browser:
        yield browser


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize(
    "headers",
    [
        "authorization,content-type,idempotency-key,if-match",
        "Authorization, Content-Type, If-None-Match, X-Request-ID",
        "content-type",
    ],
)
def test_a_preflight_from_a_known_origin(browser: httpx.Client, method: str, headers: str) -> None:
    """Every method and every header of the contract may be sent, with credentials, and the browser may remember it."""
    allowed = preflight(browser, ORIGIN, method, headers)
    assert allowed.is_success
    assert allowed.headers["access-control-allow-origin"] == ORIGIN
    assert allowed.headers["access-control-allow-credentials"] == "true"
    assert method in re.split(", *", allowed.headers["access-control-allow-methods"])
    granted = set(re.split(", *", allowed.headers["access-control-allow-headers"].lower()))
    assert set(re.split(", *", headers.lower())) <= granted
    assert int(allowed.headers["access-control-max-age"]) > 0
    assert "origin" in allowed.headers["vary"].lower()


@pytest.mark.parametrize("origin", [ELSEWHERE, "null", f"{ORIGIN}.evil.example", "https://localhost:3000", "*"])
def test_other_origins_may_nothing(browser: httpx.Client, alice: httpx.Client, origin: str) -> None:
    """Neither by preflight nor by a plain request, and never by a star."""
    for answer in (
        preflight(browser, origin, "GET", "authorization"),
        alice.get("/api/tasks", headers={"origin": origin}),
    ):
        assert "access-control-allow-origin" not in answer.headers


def test_a_page_can_read_what_the_contract_promises(alice: httpx.Client) -> None:
    """The headers are exposed, on a miss, a hit and a 304, and a cache in between keeps origins apart."""
    etag = ""
    for status in (200, 200, 304, 304, 304):
        answer = alice.get(
            "/api/tasks", headers={"origin": ORIGIN, "if-none-match": etag} if etag else {"origin": ORIGIN}
        )
        etag = answer.headers["etag"] if answer.headers["x-cache"] == "hit" else ""
        assert answer.status_code == status
        assert answer.headers["access-control-allow-origin"] == ORIGIN
        assert answer.headers["access-control-allow-credentials"] == "true"
        assert set(re.split(", *", answer.headers["access-control-expose-headers"].lower())) >= EXPOSED
        vary = ", ".join(answer.headers.get_list("vary")).lower()
        assert {"origin", "authorization"} <= set(re.split(", *", vary))


@pytest.mark.parametrize(
    ("status", "asked", "request_"),
    [
        (401, "GET /api/tasks", {"headers": {"authorization": "Bearer a.b.c"}}),
        (404, "GET /api/tasks/9223372036854775807", {}),
        (404, "GET /api/someone-else/tasks", {}),
        (404, "GET /nope", {}),
        (405, "DELETE /api/tasks", {}),
        (412, "DELETE /api/tasks/{task}", {"headers": {"if-match": '"other"'}}),
        (413, "POST /api/tasks", {"content": b" " * 100_000, "headers": {"content-type": "application/json"}}),
        (415, "POST /api/tasks", {"content": b"title=x"}),
        (422, "POST /api/tasks", {"json": {"title": ""}}),
        (422, "GET /api/tasks?limit=0", {}),
    ],
)
def test_an_error_is_a_problem_that_a_page_can_read(
    alice: httpx.Client, place: Mapping[str, str], status: int, asked: str, request_: Mapping[str, Any]
) -> None:
    """CORS headers, a request id and a problem document on every error; nothing may store it."""
    method, path = asked.split(" ")
    headers = {"origin": ORIGIN, **request_.get("headers", {})}
    answer = alice.request(method, path.format(**place), **{**request_, "headers": headers})
    see_problem(answer, status)
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    assert answer.headers["access-control-allow-credentials"] == "true"
    assert set(re.split(", *", answer.headers["access-control-expose-headers"].lower())) >= EXPOSED
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-request-id"]


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
    api = own_stack.api(DATABASE_TIMEOUT="2", CORS_ORIGINS=ORIGIN)
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


POST = b"POST /api/tasks HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n{auth}"
GET = b"GET /api/tasks HTTP/1.1\r\nHost: x\r\n{auth}"
CHUNK = b"8000\r\n" + b" " * 0x8000 + b"\r\n"
RAW: Mapping[str, tuple[bytes, set[int]]] = {
    "too large, in chunks": (POST + b"Transfer-Encoding: chunked\r\n\r\n" + CHUNK * 3 + b"0\r\n\r\n", {413}),
    "too large, in chunks that never end": (POST + b"Transfer-Encoding: chunked\r\n\r\n" + CHUNK * 3, {413}),
    "too large, announced and not sent": (POST + b"Content-Length: 10000000\r\n\r\n", {413}),
    "too large, asking first": (POST + b"Content-Length: 10000000\r\nExpect: 100-continue\r\n\r\n", {413}),
    "length of 5000 digits": (POST + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n", {400, 413}),
    "length beyond 64 bits": (POST + b"Content-Length: 18446744073709551616\r\n\r\n", {400, 413}),
    "length of letters": (POST + b"Content-Length: abc\r\n\r\n", {400}),
    "negative length": (POST + b"Content-Length: -1\r\n\r\n", {400}),
    "two lengths": (POST + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}x", {400}),
    "length and chunks": (POST + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", {400}),
    "chunk of letters": (POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", {400}),
    "chunk beyond 64 bits": (POST + b"Transfer-Encoding: chunked\r\n\r\n" + b"F" * 17 + b"\r\n", {400}),
    "NUL in a header": (GET + b"X-A: a\0b\r\n\r\n", {400}),
    "NUL in a header's name": (GET + b"X\0A: ab\r\n\r\n", {400}),
    "newline in a header": (GET + b"X-A: a\nb\r\n\r\n", {400}),
    "header without a colon": (GET + b"nonsense\r\n\r\n", {400}),
    "space before the colon": (GET + b"X-A : b\r\n\r\n", {400}),
    "token of 100,000 characters": (
        GET.replace(b"{auth}", b"Authorization: Bearer " + b"a" * 100_000 + b"\r\n\r\n"),
        {401, 431},
    ),
    "tag of 100,000 characters": (GET + b"If-None-Match: " + b'"' * 100_000 + b"\r\n\r\n", {200, 431}),
    "two keys": (
        POST + b"Idempotency-Key: a\r\nIdempotency-Key: b\r\nContent-Length: 13\r\n\r\n" + b'{"title":"x"}',
        {422},
    ),
    "path of 60,000 characters": (GET.replace(b"tasks", b"tasks/" + b"1" * 60_000) + b"\r\n", {414, 422}),
    "query of 60,000 characters": (GET.replace(b"tasks", b"tasks?limit=" + b"1" * 60_000) + b"\r\n", {414, 422}),
    "query of 20,000 fields": (GET.replace(b"tasks", b"tasks?" + b"a&" * 20_000) + b"\r\n", {414, 422}),
    "raw bytes in the path": (GET.replace(b"tasks", b"tasks/\xff\xfe") + b"\r\n", {400, 422}),
    "raw bytes in the query": (GET.replace(b"tasks", b"tasks?search=\xff") + b"\r\n", {400, 422}),
    "NUL in the path": (GET.replace(b"tasks", b"tasks/\0") + b"\r\n", {400}),
    "method that nobody knows": (GET.replace(b"GET", b"BREW") + b"\r\n", {400, 405}),
    "method in lower case": (GET.replace(b"GET", b"get") + b"\r\n", {400, 405}),
    "no version": (b"GET /api/tasks\r\n\r\n", {400, 401}),
    "unknown version": (GET.replace(b"1.1", b"9.9") + b"\r\n", {400, 505}),
    "HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", {400, 505}),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 500, {400}),
    "nothing but newlines": (b"\r\n" * 100 + b"x\r\n\r\n", {400}),
    "the server as a whole": (b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", {400, 404, 405}),
}


@pytest.mark.parametrize("name", RAW)
def test_what_no_library_would_send(api: ApiProcess, alice: httpx.Client, user: UserId, name: str) -> None:
    """A clear answer as soon as there can be one, and the process goes on."""
    request, statuses = RAW[name]
    authorization = alice.headers["authorization"].encode()
    answer = exchange(api, request.replace(b"{auth}", b"Authorization: " + authorization + b"\r\n"))
    assert int(answer.split(b" ", 2)[1]) in statuses, answer
    assert alice.get("/livez").status_code == 200
    assert alice.get("/api/tasks").json() == []


def test_a_body_that_ends_early_makes_no_task(api: ApiProcess, alice: httpx.Client) -> None:
    """Half a request is none, and whoever leaves in the middle of it does no harm."""
    request = POST.replace(b"{auth}", b"Authorization: " + alice.headers["authorization"].encode() + b"\r\n")
    for end in (
        b'Content-Length: 1000\r\n\r\n{"title": "x"}',
        b'Transfer-Encoding: chunked\r\n\r\nd\r\n{"title":"x"}\r\n',
    ):
        with socket.create_connection(("127.0.0.1", api.port), timeout=30) as connection:
            connection.sendall(request + end)
    assert alice.get("/livez").status_code == 200
    assert alice.get("/api/tasks").json() == []


def exchange(api: ApiProcess, request: bytes) -> bytes:
    """Send bytes, and read up to the end of the answer's header."""
    answer = b""
    with socket.create_connection(("127.0.0.1", api.port), timeout=30) as connection:
        with contextlib.suppress(ConnectionError):  # the server may have heard enough
            connection.sendall(request)
        while b"\r\n\r\n" not in answer and (received := connection.recv(65_536)):
            answer += received
    return answer


def test_a_refused_preflight_is_a_problem(browser: httpx.Client) -> None:
    """With the header that tells caches what it depends on."""
    refused = preflight(browser, "http://elsewhere.example", "GET", "authorization")
    assert (refused.status_code, refused.headers["content-type"]) == (400, "application/problem+json")
    assert refused.json()["detail"] == "Disallowed CORS origin."
    assert "origin" in refused.headers["vary"].lower()


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
