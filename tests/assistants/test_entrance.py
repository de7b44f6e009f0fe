"""Who gets in at `/mcp`, from where, how often and how much; the rest is refused as on every route."""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import Any

import httpx
import pytest

from api import main
from api.auth import Authenticator
from api.auth.claims import LEEWAY
from api.auth.jwks import PAUSE
from core.settings import Settings
from tests.assistants.asking import ask, request
from tests.stack import ApiProcess, Stack, client, new_user
from tests.tokens import Clock, JwksServer, key_pair, shared_secret_token

STATS = request("task_stats")
JSON = {"accept": "application/json"}


@pytest.fixture
def bob(api: ApiProcess) -> Iterator[httpx.Client]:
    with client(api.url, new_user()) as bob:
        bob.headers.update(JSON)
        yield bob


@asynccontextmanager
async def served(settings: Settings, clock: Clock) -> AsyncIterator[httpx.AsyncClient]:
    """The API in this process, by a clock of the test's."""
    services = main._services(settings)
    services = replace(services, authenticator=Authenticator.from_settings(settings, clock=clock))
    app = main._routes(services)
    transport = httpx.ASGITransport(main._stack(app, services))
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://localhost", headers=JSON) as frontend,
    ):
        yield frontend


async def status(frontend: httpx.AsyncClient, token: str) -> int:
    answer = await frontend.post("/mcp", json=STATS, headers={"authorization": f"Bearer {token}"})
    return answer.status_code


def test_it_is_not_there_unless_it_is_switched_on(stack: Stack) -> None:
    """By default nothing answers, as on every path that is not there."""
    with stack.api().client() as frontend:
        assert frontend.post("/mcp", json=STATS, headers=JSON).status_code == 404


@pytest.mark.parametrize("authorization", [None, "Bearer", "Bearer a.b.c", "Basic YTpi"])
def test_without_a_token_nothing_is_there(api: ApiProcess, authorization: str | None) -> None:
    """Strangers learn neither which tools there are nor what is wrong with what they sent."""
    headers = JSON if authorization is None else {**JSON, "authorization": authorization}
    for method in ("initialize", "server/discover", "tools/list", "tools/call", "made/up"):
        answer = httpx.post(
            f"{api.url}/mcp", json={"jsonrpc": "2.0", "id": 1, "method": method}, headers=headers, timeout=60
        )
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'
        assert answer.json()["status"] == answer.status_code
    assert httpx.post(f"{api.url}/mcp", content=b"{", headers=headers, timeout=60).status_code == 401


@pytest.mark.anyio
async def test_a_token_that_has_expired_is_refused(stack: Stack) -> None:
    """From the second on in which the leeway is over, though it was good a moment before."""
    clock = Clock()
    async with served(stack.settings(MCP="true"), clock) as frontend:
        token = shared_secret_token(new_user(), iat=int(clock.now), exp=int(clock.now) + 60)
        assert await status(frontend, token) == 200
        clock.advance(60 + LEEWAY - 1)
        assert await status(frontend, token) == 200
        clock.advance(1)
        assert await status(frontend, token) == 401


@pytest.mark.anyio
async def test_a_token_whose_key_was_taken_back_is_refused(stack: Stack) -> None:
    """With the first request after the API has heard of it, though it remembers the token."""
    clock = Clock()
    claims: dict[str, Any] = {"iat": int(clock.now), "exp": int(clock.now) + 900}
    old, new = key_pair(key_id="old"), key_pair("ES256", key_id="new")
    with JwksServer(old) as server:
        settings = stack.settings(MCP="true", AUTH_JWKS_URL=server.url, BETTER_AUTH_SECRET="")
        async with served(settings, clock) as frontend:
            assert await status(frontend, old.token(new_user(), **claims)) == 200
            token = old.token("mallory", **claims)
            assert await status(frontend, token) == 200
            server.keys = [new.jwk]
            clock.advance(PAUSE)
            assert await status(frontend, new.token(new_user(), **claims)) == 200
            assert await status(frontend, token) == 401


@pytest.mark.parametrize(
    ("header", "value", "expected"),
    [
        ("origin", "http://localhost:3000", 200),
        ("origin", "https://app.example.com", 200),
        ("origin", "http://localhost:6274", 200),
        ("origin", "http://127.0.0.1:5173", 200),
        ("origin", "https://tasks.example.com", 200),
        ("origin", "https://evil.example", 403),
        ("origin", "https://app.example.com.evil.example", 403),
        ("origin", "null", 403),
        ("host", "localhost:8080", 200),
        ("host", "[::1]:8000", 200),
        ("host", "app.example.com", 200),
        ("host", "tasks.example.com:8443", 200),
        ("host", "evil.example", 421),
        ("host", "localhost.evil.example", 421),
    ],
)
def test_a_page_that_is_not_ours_is_refused(bob: httpx.Client, header: str, value: str, expected: int) -> None:
    """By its origin, and by the name under which it asks, which a page can make point here (DNS rebinding)."""
    answer = bob.post("/mcp", json=STATS, headers={header: value})
    assert answer.status_code == expected
    if expected != 200:
        assert answer.json()["status"] == answer.status_code


@pytest.mark.parametrize("method", ["GET", "DELETE", "PUT"])
def test_there_are_no_streams_and_no_sessions(bob: httpx.Client, method: str) -> None:
    """A client that asks for one is told to do without."""
    answer = bob.request(method, "/mcp", headers={"accept": "text/event-stream"})
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize(
    ("body", "expected"),
    [(b"{", 400), (b"[]", 400), (b"\xff", 400), (b"[" * 60_000, 400), (b'{"jsonrpc":"2.0","id":1,"method":"no"}', 200)],
)
def test_what_is_no_request_is_answered_as_the_protocol_has_it(bob: httpx.Client, body: bytes, expected: int) -> None:
    """With an error of JSON-RPC, and never with one of ours."""
    answer = bob.post("/mcp", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == expected
    assert answer.json()["error"]["code"] < 0


def test_a_body_has_a_bound(api: ApiProcess, bob: httpx.Client) -> None:
    """As everywhere, whether its length is announced or not."""
    for content in (b"x" * 70_000, (b"x" * 7_000 for _ in range(10))):
        answer = bob.post("/mcp", content=content, headers={"content-type": "application/json"})
        assert answer.status_code == 413
    assert api.log.read_text().count("Traceback") == 0


def test_calls_count_against_the_users_limits(stack: Stack) -> None:
    """A call is a read, refused at the door with 429; a change is a write, too, and the model is told."""
    api = stack.api(
        MCP="true", LIMIT_READS_RATE="0.001", LIMIT_READS_BURST="3", LIMIT_WRITES_RATE="0.001", LIMIT_WRITES_BURST="1"
    )
    with client(api.url, new_user()) as carol:
        post = partial(carol.post, "/mcp", headers=JSON)
        first = post(json=request("add_task", title="One"))
        assert first.json()["result"]["isError"] is False
        assert first.headers["ratelimit"].startswith('"reads";r=2')
        result = post(json=request("add_task", title="Two")).json()["result"]
        assert result["isError"] is True
        assert result["content"][0]["text"].startswith("Too many requests at once.")
        assert post(json=STATS).json()["result"]["structuredContent"]["total"] == 1
        refused = post(json=STATS)
        assert refused.status_code == 429
        assert int(refused.headers["retry-after"]) > 0


def test_any_process_serves_any_request(stack: Stack, api: ApiProcess) -> None:
    """What one has begun another goes on with: the next page, and a list that has changed since it was cached."""
    user = new_user()
    with client(api.url, user) as here, client(stack.api(MCP="true").url, user) as there:
        tasks = [ask(here, "add_task", title=str(number)) for number in range(2)]
        page = ask(there, "list_tasks", limit=1)
        ask(here, "complete_task", id=tasks[1]["id"])
        rest = ask(here, "list_tasks", limit=1, cursor=page["next_cursor"])
        assert [page["tasks"][0]["id"], rest["tasks"][0]["id"]] == [tasks[1]["id"], tasks[0]["id"]]
        assert ask(there, "list_tasks", limit=1)["tasks"][0]["completed"] is True


def test_it_shares_the_cache_with_the_routes(bob: httpx.Client) -> None:
    """The same question is the same answer in the cache, whoever asks."""
    ask(bob, "add_task", title="One")
    ask(bob, "list_tasks")
    assert bob.get("/api/tasks?limit=50").headers["x-cache"] == "hit"


def test_an_operator_sees_what_is_asked(api: ApiProcess, bob: httpx.Client) -> None:
    """Calls by tool and outcome, requests by route, and the request's id; names that somebody made up are no label."""
    ask(bob, "task_stats")
    assert bob.post("/mcp", json=request("complete_task", id=1)).json()["result"]["isError"]
    answer = bob.post("/mcp", json=request("made-up-tool"), headers={"x-request-id": "abc"})
    assert answer.json()["error"]["message"] == "There is no such tool."
    assert answer.headers["x-request-id"] == "abc"
    metrics = bob.get("/metrics").text
    assert 'tasklane_tool_calls_total{outcome="ok",tool="task_stats"}' in metrics
    assert 'tasklane_tool_calls_total{outcome="failed",tool="complete_task"}' in metrics
    assert 'tasklane_http_requests_total{method="POST",route="/mcp",status="200"}' in metrics
    assert "made-up" not in metrics


def test_a_failure_is_in_the_log_and_not_in_the_answer(own_stack: Stack) -> None:
    """Without the database a tool says that it cannot answer now, in the words of the routes."""
    api = own_stack.api(MCP="true")
    with api.client() as carol:
        own_stack.postgres.stop()
        result = carol.post("/mcp", json=request("add_task", title="One"), headers=JSON).json()["result"]
        assert result["isError"] is True
        assert result["content"][0]["text"] == carol.post("/api/tasks", json={"title": "One"}).json()["detail"]
    lines = [json.loads(line) for line in api.log.read_text().splitlines() if line.startswith("{")]
    assert not [line for line in lines if "One" in json.dumps(line)]


def test_a_page_may_ask_from_a_browser(bob: httpx.Client) -> None:
    """Its preflight allows the headers that a client of the protocol sends."""
    asked = "authorization,content-type,mcp-protocol-version,mcp-method,mcp-name,mcp-session-id"
    headers = {
        "origin": "http://localhost:3000",
        "access-control-request-method": "POST",
        "access-control-request-headers": asked,
    }
    answer = bob.options("/mcp", headers=headers)
    assert answer.status_code == 200
    allowed = answer.headers["access-control-allow-headers"].lower().replace(" ", "").split(",")
    assert set(asked.split(",")) <= set(allowed)
