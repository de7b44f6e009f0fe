"""Hits where the bytes arrive, step by step; `tests/streams` compares whole streams with the protocol and without."""

import inspect
import json
import re
import time
from typing import Any

import httpx
import pytest
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from api.auth.claims import LEEWAY
from api.hits import internals
from core.types import UserId
from deploy.local.front import Front
from tests.integration.direct.client import ORIGIN, Served, get, known
from tests.tokens import shared_secret_token

pytestmark = pytest.mark.anyio
HITS = re.compile(r'^tasklane_cache_reads_total\{result="hit"\} (\S+)$', re.MULTILINE)
REQUESTS = re.compile(r'(?m)^tasklane_http_requests_total\{method="GET",route="/api/tasks",status="(\d+)"\} (.+)')


def without_names(head: bytes) -> bytes:
    return re.sub(rb"\r\n(date|x-request-id): [^\r]*", b"", head)


@pytest.mark.parametrize("headers", [{}, {"Origin": ORIGIN}, {"Origin": "http://else.example"}, {"If_None_Match": "*"}])
async def test_it_answers_what_the_hot_path_answers(
    api: Served, alice: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    """The same bytes but for date and id, in the same order, and the metrics count it as any other hit."""
    client, request = await api.connect(), get(alice, **headers)
    head, body = await known(client, request)
    direct, hits = await api.direct_hits(), HITS.findall(await api.metrics())
    again, same = await client.ask(request)
    assert (without_names(again), same) == (without_names(head), body)
    assert await api.direct_hits() == direct + 1
    assert float(HITS.findall(await api.metrics())[0]) == float(hits[0]) + 1
    status = again.split(b" ", 2)[1].decode()
    assert float(dict(REQUESTS.findall(await api.metrics()))[status]) >= 2


async def test_the_id_is_the_clients_or_a_new_one(api: Served, alice: httpx.AsyncClient) -> None:
    """However each request is named, its bytes are known; an id that could do harm is replaced."""
    client = await api.connect()
    await known(client, get(alice))
    direct = await api.direct_hits()
    ids = [re.search(rb"x-request-id: ([^\r]*)", (await client.ask(get(alice, **named)))[0]) for named in (
        {"X_Request_ID": "a.b-1"}, {"x_request_id": "2"}, {}, {"X_Request_ID": "<x>"}
    )]  # fmt: skip
    found = [match[1] for match in ids if match]
    assert found[:2] == [b"a.b-1", b"2"]
    assert len({*found}) == 4
    assert all(re.fullmatch(rb"[0-9a-f]{12}-[0-9a-f]+", made_up) for made_up in found[2:])
    assert await api.direct_hits() == direct + 3


async def test_a_change_is_seen_at_once(api: Served, alice: httpx.AsyncClient) -> None:
    """No answer is older than what was acknowledged before it was asked for."""
    client, request = await api.connect(), get(alice)
    await known(client, request)
    for number in range(3):
        await alice.post("/api/tasks", json={"title": f"y {number}"})
        answers = [await client.ask(request) for _ in range(3)]
        assert [len(json.loads(body)) for _, body in answers] == [number + 2] * 3
        assert [b"x-cache: hit" in head for head, _ in answers] == [False, True, True]


async def test_a_token_ends_when_it_ends(api: Served, alice: httpx.AsyncClient, user: UserId) -> None:
    """Its bytes being known is no proof: from the second on in which it expires the answer is 401."""
    client = await api.connect()
    expires_at = int(time.time()) + 900
    expiring = shared_secret_token(user, exp=expires_at)
    request = get(alice).replace(alice.headers["authorization"].encode(), f"Bearer {expiring}".encode())
    await known(client, request)
    direct = await api.direct_hits()
    app: Any = api.server.config.loaded_app
    statuses = []
    for now in (expires_at + LEEWAY - 1, expires_at + LEEWAY - 1, expires_at + LEEWAY, expires_at + 3600):
        app._authenticator._clock = lambda now=now: now
        statuses.append((await client.ask(request))[0].split(b" ", 2)[1])
    assert statuses == [b"200", b"200", b"401", b"401"]
    assert await api.direct_hits() == direct + 1


async def test_keys_that_change_end_what_they_have_proved(api: Served, alice: httpx.AsyncClient) -> None:
    """A principal that is forgotten is proved anew before the known request is answered directly again."""
    client, request = await api.connect(), get(alice)
    await known(client, request)
    direct = await api.direct_hits()
    app: Any = api.server.config.loaded_app
    app._authenticator._memo.forget_all()
    head, _ = await client.ask(request)
    assert head.startswith(b"HTTP/1.1 200")
    assert await api.direct_hits() == direct
    await client.ask(request)
    assert await api.direct_hits() == direct + 1


async def test_what_comes_while_redis_is_asked_is_answered_after_it(api: Served, alice: httpx.AsyncClient) -> None:
    """In the order in which it came, and nothing is read meanwhile but what had arrived."""
    client, request = await api.connect(), get(alice)
    await known(client, request)
    api.redis.freeze()
    client.send(request)
    await client.until(lambda: client.end._question)
    client.send(get(alice, X_Request_ID="second"), get(alice, "/nope", X_Request_ID="third")[:50])
    await client.until(lambda: client.end._held)
    assert client.end.flow.read_paused
    client.send(get(alice, "/nope", X_Request_ID="third")[50:], b"GET /livez HTTP/1.1\r\nX-Request-ID: fourth\r\n\r\n")
    api.redis.thaw()
    heads = [(await client.read())[0] for _ in range(4)]
    assert [head.split(b" ", 2)[1] for head in heads] == [b"200", b"200", b"404", b"200"]
    assert [re.findall(rb"x-request-id: (\w+)\r", head) for head in heads[1:]] == [[b"second"], [b"third"], [b"fourth"]]


async def test_a_redis_that_goes_away_makes_it_a_miss(api: Served, alice: httpx.AsyncClient) -> None:
    """A question that is not answered goes the usual way, with what has come since."""
    client, request = await api.connect(), get(alice)
    await known(client, request)
    api.redis.freeze()
    client.send(request)
    await client.until(lambda: client.end._question)
    client.send(b"GET /livez HTTP/1.1\r\nX-Request-ID: next\r\n\r\n")
    await client.until(lambda: client.end._held)
    api.redis.kill()
    try:
        head, body = await client.read()
        assert head.startswith(b"HTTP/1.1 200")
        assert b"x-cache: bypass" in head
        assert len(json.loads(body)) == 1
        assert b"x-request-id: next" in (await client.read())[0]
    finally:
        api.redis.start()


async def test_the_front_of_the_embedded_stack_does_not_hide_it(api: Served) -> None:
    """What stands around the API there hands it out."""
    app: Any = api.server.config.loaded_app
    assert app.direct is not None
    assert Front(app, page={}, auth="http://127.0.0.1:1").direct is app.direct


def test_uvicorn_is_as_it_was_read() -> None:
    """Whoever takes another reads it, `api/hits/protocol.py` beside it, and then changes `api/hits/internals.py`."""
    assert internals.differences() == ()
    for name in ("cycle", "flow", "headers", "parser", "scope", "server_state", "timeout_keep_alive_task", "transport"):
        assert f"self.{name}" in inspect.getsource(HttpToolsProtocol), name
