"""What the world sees of the service, and what it does not."""

import gzip
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import httpx
import pytest

from tests.deploy.containers.project import Project, until
from tests.stack import new_user

pytestmark = pytest.mark.containers

COMPRESSED = {"accept-encoding": "gzip"}
PROBLEM = "application/problem+json"


@pytest.fixture
def alice(project: Project) -> Iterator[httpx.Client]:
    with project.client("alice") as alice:
        yield alice


@pytest.fixture
def anyone(project: Project) -> Iterator[httpx.Client]:
    """Without a token."""
    with httpx.Client(base_url=project.url, timeout=60) as anyone:
        yield anyone


@pytest.mark.parametrize("path", ["/api/tasks", "/docs", "/openapi.json", "/livez"])
def test_what_is_public(alice: httpx.Client, path: str) -> None:
    """The routes, their documentation, and whether the process lives."""
    assert alice.get(path).status_code == 200


def test_assistants_are_passed_on(alice: httpx.Client) -> None:
    """To the API, which says in its own words that they are not served unless that is switched on."""
    answer = alice.post("/mcp", json={})
    assert (answer.status_code, answer.json()["detail"]) == (404, "There is no such thing here.")


def test_calendars_are_passed_on(project: Project, alice: httpx.Client, anyone: httpx.Client) -> None:
    """With their methods, whatever a resource is called; no password is taken that came in the clear."""
    for path in ("/.well-known/caldav", "/.well-known/caldav/"):
        assert anyone.request("PROPFIND", path).headers["location"] == "/dav/"
    for path in ("/dav", "/dav/"):
        assert alice.request("PROPFIND", path, headers={"depth": "0"}).status_code == 207
        refused = anyone.request("PROPFIND", path, headers={"depth": "0"})
        assert refused.headers["www-authenticate"].startswith("Basic ")
    for name in (".hidden.ics", "tasks", "events"):
        assert alice.request("REPORT", f"/dav/calendars/alice/tasks/{name}", content="<x/>").status_code == 403
    assert alice.put("/dav/calendars/alice/tasks/.env", content="x" * 200_000).status_code == 403
    elsewhere = {"host": "tasks.test", "depth": "0"}
    assert anyone.request("PROPFIND", "/dav/", headers=elsewhere).status_code == 403
    moved = raw(project, "GET /dav/../metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    assert moved.startswith(b"HTTP/1.1 404 ")


@pytest.mark.parametrize(
    "path",
    ["/api/v1/tasks", "/api/v1/alice/tasks/stats", "/api/users/alice/tasks", "/api/todos", "/todos/trash", "/tasks/"],
)
def test_where_else_pages_look_for_tasks(alice: httpx.Client, anyone: httpx.Client, path: str) -> None:
    """The API answers there, too; the page has nothing of such a name."""
    assert alice.get(path).status_code == 200
    assert anyone.get(path).status_code == 401
    assert anyone.get("/health").status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        *("/metrics", "/metrics/", "//metrics", "/readyz", "/readyz?x", "/READYZ", "/redoc"),
        *(
            "/api/../metrics",
            "/api/%2e%2e/metrics",
            "/api/..%2fmetrics",
            "/api/tasks/..%2f..%2fmetrics",
        ),
        *("/.env", "/.git/config", "/.problem/502", "/.well-known/../.env", "/api/.env", "/nginx.conf", "/conf.d/"),
    ],
)
def test_what_is_not(project: Project, path: str) -> None:
    """Metrics and readiness are for inside, however the path is written; hidden files are for nobody."""
    answer = raw(project, f"GET {path} HTTP/1.1\r\nHost: tasks.test\r\nConnection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 404 "), answer[:200]
    assert b"tasklane_" not in answer
    assert PROBLEM.encode() in answer


def test_an_absolute_target_is_no_way_around(project: Project) -> None:
    """A request line with a whole URL in it is read like any other."""
    answer = raw(project, "GET http://api:8000/metrics HTTP/1.1\r\nHost: api:8000\r\nConnection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 404 ")


def test_who_a_client_says_it_is_counts_for_nothing(project: Project, alice: httpx.Client) -> None:
    """The log, and with it the limits, name the address that the connection came from."""
    spoofed = {"x-forwarded-for": "203.0.113.7", "x-real-ip": "203.0.113.7", "forwarded": "for=203.0.113.7"}
    honest = alice.get("/api/tasks").headers["x-request-id"]
    lied = alice.get("/api/tasks", headers=spoofed).headers["x-request-id"]
    assert project.access_log(lied)["client"] == project.access_log(honest)["client"] != "203.0.113.7"
    assert "203.0.113.7" not in project.container("gateway").logs()


def test_a_body_of_10_mb_is_refused(alice: httpx.Client) -> None:
    """By the gateway, before it is all there, and in the words of the API's own errors."""
    answer = alice.post("/api/tasks", content=b"x" * 10_000_000, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.headers["content-type"]) == (413, PROBLEM)
    assert answer.json()["status"] == 413


def test_an_import_may_be_large(alice: httpx.Client) -> None:
    """Ten thousand tasks, more than any other body may hold, come in by the route that is made for it."""
    body = {"tasks": [{"title": f"Task {number}", "description": "x" * 300} for number in range(10_000)]}
    answer = alice.post("/api/tasks/import", json=body)
    assert answer.status_code == 201, answer.text
    alice.delete("/api/account")


def test_slow_imports_are_in_nobodys_way(project: Project, alice: httpx.Client) -> None:
    """Without a token they are refused before their body comes; of one address so many may be under way."""
    slow = "POST /api/tasks/import HTTP/1.1\r\nHost: a\r\nContent-Length: 8000000\r\nConnection: close\r\n"
    short = {"tasks": [{"title": "Short"}]}
    assert raw(project, slow + "\r\n").startswith(b"HTTP/1.1 401 ")
    with ExitStack() as connections:

        def full() -> bool:
            # Whoever is slow is sent away after 5 s, so as many come each time; those without a place are told at once.
            for _ in range(8):
                connection = socket.create_connection(("127.0.0.1", project.port), timeout=60)
                token = f"Authorization: Bearer {project.token(new_user())}\r\nContent-Type: application/json\r\n\r\n["
                connections.enter_context(connection).sendall((slow + token).encode())
            return alice.post("/api/tasks/import", json=short).status_code == 429

        until(full, "another is refused")
        assert alice.get("/api/tasks").status_code == 200
    until(lambda: alice.post("/api/tasks/import", json=short).status_code == 201, "imports go on")
    alice.delete("/api/account")


def test_a_header_of_64_kb_is_refused(anyone: httpx.Client) -> None:
    """With the status that says so (RFC 6585)."""
    answer = anyone.get("/api/tasks", headers={"authorization": "Bearer " + "x" * 65_536})
    assert (answer.status_code, answer.headers["content-type"]) == (431, PROBLEM)


def test_what_is_not_http_is_refused(project: Project) -> None:
    """With a problem document."""
    answer = raw(project, "GET /api/tasks HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert PROBLEM.encode() in answer


def test_a_compressed_list_is_still_known_by_its_tag(alice: httpx.Client) -> None:
    """The tag of a compressed list is weak; sent back, it gives 304."""
    alice.post("/api/tasks", json={"title": "Long", "description": "x" * 900})
    listed = alice.get("/api/tasks", headers=COMPRESSED)
    assert listed.headers["content-encoding"] == "gzip"
    assert listed.headers["etag"].startswith('W/"')
    assert "accept-encoding" in listed.headers["vary"].lower()
    for tag in (listed.headers["etag"], listed.headers["etag"].removeprefix("W/")):
        again = alice.get("/api/tasks", headers={**COMPRESSED, "if-none-match": tag})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["vary"] == listed.headers["vary"]  # RFC 9110, 15.4.5
    alice.post("/api/tasks", json={"title": "Another"})
    assert alice.get("/api/tasks", headers={**COMPRESSED, "if-none-match": listed.headers["etag"]}).status_code == 200


def test_the_tag_of_a_task_stays_strong(alice: httpx.Client) -> None:
    """A task is never compressed, whoever asks and however long it is: its tag must be good for If-Match."""
    made = alice.post("/api/tasks", json={"title": "Long", "description": "x" * 900}, headers=COMPRESSED)
    path = made.headers["location"]
    read = alice.get(path, headers=COMPRESSED)
    assert "content-encoding" not in {*made.headers, *read.headers}
    assert made.headers["etag"] == read.headers["etag"]
    precondition = {**COMPRESSED, "if-match": read.headers["etag"]}
    changed = alice.patch(path, json={"priority": "high"}, headers=precondition)
    assert (changed.status_code, changed.headers["etag"][0]) == (200, '"')
    late = alice.patch(path, json={"priority": "low"}, headers=precondition)
    assert (late.status_code, late.headers["etag"]) == (412, changed.headers["etag"])


def test_what_is_large_is_compressed(anyone: httpx.Client) -> None:
    """The document of the service, to a tenth."""
    plain = anyone.get("/openapi.json", headers={"accept-encoding": "identity"}).content
    with anyone.stream("GET", "/openapi.json", headers=COMPRESSED) as answer:
        sent = b"".join(answer.iter_raw())
    assert gzip.decompress(sent) == plain
    assert len(sent) < len(plain) / 5


def test_one_id_from_the_client_to_the_logs(project: Project, alice: httpx.Client) -> None:
    """The client's own where it is harmless, else a new one; in the answer once, and in the log."""
    given = alice.get("/api/tasks", headers={"x-request-id": "from-the-page.7"})
    assert given.headers.get_list("x-request-id") == ["from-the-page.7"]
    assert project.access_log("from-the-page.7")["status"] == 200
    [made] = alice.get("/api/tasks", headers={"x-request-id": "<script>"}).headers.get_list("x-request-id")
    assert made != "<script>"
    assert len(made) == 32


def test_the_log_tells_no_secret(project: Project, alice: httpx.Client) -> None:
    """Of a request: who, what, when, how it went. Not its token, not its query, not where it came from."""
    token = alice.headers["authorization"].removeprefix("Bearer ")
    answer = alice.get("/api/tasks?search=xyzzy&utm_source=plugh", headers={"referer": "https://a.test/?token=foobar"})
    line = project.access_log(answer.headers["x-request-id"])
    assert (line["method"], line["path"], line["status"]) == ("GET", "/api/tasks", 200)
    refused = alice.post("/api/tasks?search=xyzzy", content=b"x" * 2_000_000)
    line = project.access_log(refused.headers["x-request-id"])
    assert (line["method"], line["path"], line["status"]) == ("POST", "/api/tasks", 413)
    logs = project.container("gateway").logs()
    assert not any(word in logs for word in (token, "xyzzy", "plugh", "foobar"))


@pytest.mark.parametrize("path", ["/", "/api/tasks", "/api/auth/ok", "/metrics", "/livez"])
def test_every_answer_has_the_security_headers(alice: httpx.Client, path: str) -> None:
    """The gateway's own errors too; none is there twice."""
    headers = alice.get(path).headers
    assert headers.get_list("x-content-type-options") == ["nosniff"]
    assert headers.get_list("x-frame-options") == ["DENY"]
    assert headers.get_list("referrer-policy") == ["no-referrer"]
    [policy] = headers.get_list("content-security-policy")
    assert policy.startswith("default-src '")
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "strict-transport-security" not in headers


def test_the_apis_own_word_on_when_to_come_back_stays(alice: httpx.Client, anyone: httpx.Client) -> None:
    """What the API answers goes through as it is."""
    refused = anyone.get("/api/tasks")
    assert (refused.status_code, refused.headers["content-type"]) == (401, PROBLEM)
    assert refused.headers["www-authenticate"].startswith("Bearer")
    assert alice.get("/api/tasks/1234567").status_code == 404


def test_one_address_cannot_take_it_all(project: Project, alice: httpx.Client) -> None:
    """Beyond the burst it is told to wait a second, with a problem document; then it may go on."""
    request = b"GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n" * 400 + b"GET /nowhere HTTP/1.0\r\n\r\n"

    def flood(_number: int) -> bytes:
        with socket.create_connection(("127.0.0.1", project.port), timeout=60) as connection:
            connection.sendall(request)
            return b"".join(iter(lambda: connection.recv(65_536), b""))

    with ThreadPoolExecutor(8) as pool:
        for _ in range(10):  # a slow machine asks no faster than it may
            answers = b"".join(pool.map(flood, range(8)))
            assert answers.count(b"HTTP/1.1 404 ") >= 1000
            refused = answers.count(b"HTTP/1.1 429 ")
            if refused:
                break
    assert refused > 0
    assert answers.count(b"Retry-After: 1\r\n") == refused
    until(lambda: alice.get("/api/tasks").status_code == 200, "it may go on")


def raw(project: Project, request: str) -> bytes:
    """The answer to these very bytes: a client library would put the path in order."""
    with socket.create_connection(("127.0.0.1", project.port), timeout=60) as connection:
        connection.sendall(request.encode())
        return b"".join(iter(lambda: connection.recv(65_536), b""))
