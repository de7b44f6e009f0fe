"""The log says which requests failed or were slow, for whom and where, and never what anyone wrote or proved."""

import json
import re
import secrets
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from typing import Any

import httpx
import psycopg2
import pytest

from core.logs import user_hash
from core.types import UserId
from tests.stack import ApiProcess, Stack, client, migrate
from tests.tokens import SECRET, shared_secret_token

MARK = "text-7f3a"
PASSWORD = "password-91c2"
PATIENCE = 60.0

Line = Mapping[str, Any]


@pytest.fixture(scope="module")
def broken_url(stack: Stack) -> str:
    """A database that fails on some rows, and quotes them in what it says."""
    url = stack.postgres.create_database("logs")
    migrate(url)
    with closing(psycopg2.connect(url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(
            """
            ALTER TABLE tasks ADD CONSTRAINT nothing_broken CHECK (description <> 'broken' OR description IS NULL);
            CREATE FUNCTION complain() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN RAISE EXCEPTION 'this will not do: %', NEW USING DETAIL = NEW.title; END $$;
            CREATE TRIGGER complain BEFORE INSERT OR UPDATE ON tasks
                FOR EACH ROW WHEN (NEW.description = 'complained of') EXECUTE FUNCTION complain();
            """
        )
    return url.replace("postgres@", f"postgres:{PASSWORD}@")


@pytest.fixture(scope="module")
def quiet(stack: Stack, broken_url: str) -> ApiProcess:
    """No request is slow here."""
    return stack.api(LOG_FORMAT="json", SLOW_REQUEST="600", DATABASE_URL=broken_url)


@pytest.fixture(scope="module")
def talkative(stack: Stack, broken_url: str) -> ApiProcess:
    """Every request is slow here, and everything is logged that can be."""
    return stack.api(LOG_FORMAT="json", LOG_LEVEL="debug", SLOW_REQUEST="0.000001", DATABASE_URL=broken_url)


@pytest.fixture(scope="module")
def cut_off(stack: Stack) -> ApiProcess:
    """There is no database here."""
    url = f"postgresql://nobody:{PASSWORD}@127.0.0.1:1/nowhere"
    return stack.api(LOG_FORMAT="json", SLOW_REQUEST="600", DATABASE_URL=url, DATABASE_TIMEOUT="2")


@pytest.fixture
def connect(user: UserId) -> Iterator[Callable[[ApiProcess], httpx.Client]]:
    """A frontend of the same user at any of the processes."""
    frontends: list[httpx.Client] = []

    def connected(api: ApiProcess) -> httpx.Client:
        frontends.append(client(api.url, user))
        return frontends[-1]

    yield connected
    for frontend in frontends:
        frontend.close()


def lines_of(api: ApiProcess, *, until: str) -> list[Line]:
    """All lines so far, as soon as there is one of the request `until`: a line follows the answer."""
    deadline = time.monotonic() + PATIENCE
    while True:
        lines = [json.loads(line) for line in api.log.read_text().splitlines()]
        if any(line.get("request_id") == until for line in lines):
            return lines
        assert time.monotonic() < deadline, f"no line for {until}: {lines}"
        time.sleep(0.01)


def lines_for(api: ApiProcess, request: str) -> list[Line]:
    return [line for line in lines_of(api, until=request) if line.get("request_id") == request]


HALF_SENT = {
    "whose length is announced": "content-length: 100\r\n\r\n{",
    "in chunks": "transfer-encoding: chunked\r\n\r\n1\r\n{",
}


@pytest.mark.parametrize("body", HALF_SENT.values(), ids=list(HALF_SENT))
def test_who_leaves_within_the_body_is_no_fault_of_ours(talkative: ApiProcess, user: UserId, body: str) -> None:
    """Its line says so, and nothing calls for an operator."""
    identity = secrets.token_hex(8)
    head = f"POST /api/tasks HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {shared_secret_token(user)}\r\n"
    head += f"content-type: application/json\r\nx-request-id: {identity}\r\n"
    with socket.create_connection(("127.0.0.1", talkative.port)) as connection:
        connection.sendall((head + body).encode())
    [line] = lines_for(talkative, identity)
    assert (line["event"], line["status"]) == ("request_slow", 499), line


def see(line: Line, expected: tuple[str, str, str, int], user: UserId | None) -> None:
    """What every line of a request says."""
    assert (line["event"], line["route"], line["method"], line["status"]) == expected
    assert line["user"] == (None if user is None else user_hash(user))
    assert 0 <= line["milliseconds"] < 1000 * PATIENCE
    assert line["level"] in ("warning", "error")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", line["timestamp"])


ONE_OF_EACH: list[tuple[str, str, object, str, int]] = [
    ("POST", "/api/tasks", {"title": MARK}, "/api/tasks", 201),
    ("GET", "/api/tasks?search=x", None, "/api/tasks", 200),
    ("GET", "/api/tasks?search=x", None, "/api/tasks", 200),
    ("GET", "/api/{user}/tasks/", None, "/api/{user_id}/tasks", 200),
    ("PATCH", "/api/tasks/{task}", {"title": MARK}, "/api/tasks/{task_id}", 200),
    ("PATCH", "/api/{user}/tasks/{task}/complete", {}, "/api/{user_id}/tasks/{task_id}/complete", 200),
    ("GET", "/api/tasks/{task}", None, "/api/tasks/{task_id}", 200),
    ("HEAD", "/api/tasks/{task}", None, "/api/tasks/{task_id}", 200),
    ("DELETE", "/api/tasks/{task}", None, "/api/tasks/{task_id}", 204),
    ("GET", "/api/tasks/{task}", None, "/api/tasks/{task_id}", 404),
    ("POST", "/api/tasks", {"title": ""}, "/api/tasks", 422),
    ("DELETE", "/api/tasks", None, "unknown", 405),
    ("GET", f"/{MARK}", None, "unknown", 404),
    ("GET", "/livez", None, "/livez", 200),
    ("GET", "/metrics", None, "/metrics", 200),
]


def ask_one_of_each(frontend: httpx.Client, user: UserId) -> list[str]:
    """Send them all; returns the ids of the requests."""
    task = frontend.post("/api/tasks", json={"title": "x"}).json()["id"]
    requests = [secrets.token_hex(8) for _ in ONE_OF_EACH]
    for request, (method, path, body, _, status) in zip(requests, ONE_OF_EACH, strict=True):
        place = path.replace("{user}", user).replace("{task}", str(task))
        answer = frontend.request(method, place, json=body, headers={"x-request-id": request})
        assert answer.status_code == status, place
    return requests


def test_a_healthy_request_leaves_no_line(
    quiet: ApiProcess, connect: Callable[[ApiProcess], httpx.Client], user: UserId
) -> None:
    """Nor does one that the client got wrong: what failed here is told, and why a token was refused, once a minute."""
    frontend = connect(quiet)
    before = len(quiet.log.read_text().splitlines())
    ask_one_of_each(frontend, user)
    frontend.get("/api/tasks", headers={"authorization": "Bearer a.b.c"})
    frontend.post(
        "/api/tasks", json={"title": "x", "description": "broken"}, headers={"x-request-id": "the-failed-one"}
    )
    lines = lines_of(quiet, until="the-failed-one")[before:]
    refusals = [line for line in lines if line["event"] == "tokens_refused"]
    assert [line["reason"] for line in refusals] == ["header_unreadable"]
    assert {line["request_id"] for line in lines if line not in refusals} == {"the-failed-one"}


def test_a_slow_request_leaves_one_line(
    talkative: ApiProcess, connect: Callable[[ApiProcess], httpx.Client], user: UserId
) -> None:
    """With the route's template, the status, the time and a hash of the user, whichever layer has answered."""
    requests = ask_one_of_each(connect(talkative), user)
    lines_of(talkative, until=requests[-1])
    for request, (method, _, _, route, status) in zip(requests, ONE_OF_EACH, strict=True):
        [line] = lines_for(talkative, request)
        see(line, ("request_slow", route, method, status), user if "/tasks" in route else None)


@pytest.mark.parametrize("description", ["broken", "complained of"])
@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_a_crash_leaves_one_line(
    quiet: ApiProcess, connect: Callable[[ApiProcess], httpx.Client], user: UserId, method: str, description: str
) -> None:
    """It says what was raised and where; the client learns nothing, and nobody learns the row that the error quotes."""
    frontend = connect(quiet)
    task = frontend.post("/api/tasks", json={"title": "x"}).json()["id"]
    path, route = ("/api/tasks", "/api/tasks") if method == "POST" else (f"/api/tasks/{task}", "/api/tasks/{task_id}")
    request = secrets.token_hex(8)
    body = {"title": MARK, "description": description, "tags": [MARK]}
    answer = frontend.request(method, path, json=body, headers={"x-request-id": request})
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"] == "Something went wrong on our side."
    [line] = lines_for(quiet, request)
    see(line, ("request_failed", route, method, 500), user)
    assert line["error"] in ("CheckViolation", "RaiseException")
    assert any("transaction.py" in frame for frame in line["frames"])
    assert MARK not in json.dumps(line) + answer.text


def test_an_outage_leaves_one_line_per_request(
    cut_off: ApiProcess, connect: Callable[[ApiProcess], httpx.Client], user: UserId
) -> None:
    """Whatever is tried inside, and without the address or the password of the database."""
    frontend = connect(cut_off)
    for method, route in [("GET", "/api/tasks"), ("POST", "/api/tasks"), ("GET", "/readyz")]:
        request = secrets.token_hex(8)
        body = {"title": MARK} if method == "POST" else None
        answer = frontend.request(method, route, json=body, headers={"x-request-id": request})
        assert answer.status_code == 503
        [line] = lines_for(cut_off, request)
        see(line, ("request_failed", route, method, 503), user if "/tasks" in route else None)
    assert not any(word in cut_off.log.read_text() for word in (PASSWORD, MARK, user_token(frontend)))


def user_token(frontend: httpx.Client) -> str:
    return frontend.headers["authorization"].removeprefix("Bearer ")


def test_no_line_tells_a_secret(
    talkative: ApiProcess, connect: Callable[[ApiProcess], httpx.Client], user: UserId
) -> None:
    """Neither tokens, good or bad, nor keys, texts, search words, ids of users or passwords, at the lowest level."""
    frontend = connect(talkative)
    forged = shared_secret_token(user, "another-secret-that-is-long-enough-too")
    stale = shared_secret_token(user, exp=1)
    strange = [{"authorization": value} for value in (f"Bearer {forged}", f"Bearer {stale}", f"Bearer {MARK}", MARK)]
    for headers in ({}, *strange):
        for body in (
            b"{",
            MARK.encode(),
            json.dumps({"title": f"{MARK}\0", MARK: MARK}).encode(),
            b'"%s' % MARK.encode(),
        ):
            sent = {"content-type": "application/json", **headers}
            frontend.post("/api/tasks", content=body, headers=sent)
    full = {"title": MARK, "description": MARK, "tags": [MARK]}
    task = frontend.post("/api/tasks", json=full, headers={"idempotency-key": MARK}).json()["id"]
    frontend.post("/api/tasks", json={"title": "x"}, headers={"idempotency-key": MARK})
    for path in (f"/api/tasks?search={MARK}&tag={MARK}", f"/api/tasks?cursor={MARK}", f"/api/tasks/{MARK}", f"/{MARK}"):
        frontend.get(path, headers={"if-none-match": MARK})
    for description in ("broken", "complained of"):
        frontend.post("/api/tasks", json=full | {"description": description})
        frontend.patch(f"/api/tasks/{task}", json={"title": MARK, "description": description})
    frontend.get("/livez", headers={"x-request-id": f"<{MARK}>"})
    frontend.get("/livez", headers={"x-request-id": "the-last-one"})
    lines_of(talkative, until="the-last-one")
    log = talkative.log.read_text()
    pieces = [piece for token in (user_token(frontend), forged, stale) for piece in token.split(".")[1:]]
    for secret in (*pieces, SECRET, PASSWORD, MARK, user, "broken", "complained of", "another-secret"):
        assert secret not in log
