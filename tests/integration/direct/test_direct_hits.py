"""Hits where the bytes arrive, step by step; `tests/streams` compares whole streams with the protocol and without."""

import asyncio
import inspect
import json
import re
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from api.auth.claims import LEEWAY
from api.hits import internals
from api.hits.protocol import HitProtocol
from core.types import UserId
from deploy.local.front import Front
from deploy.local.redis import RedisServer
from tests.here import application
from tests.stack import Stack, folder
from tests.tokens import shared_secret_token

pytestmark = pytest.mark.anyio

ORIGIN = "http://page.example"
PATIENCE = 60
KEEP_ALIVE = 1000.0
DIRECT = re.compile(r"^tasklane_direct_hits_total (\S+)$", re.MULTILINE)
HITS = re.compile(r'^tasklane_cache_reads_total\{result="hit"\} (\S+)$', re.MULTILINE)
REQUESTS = re.compile(r'^tasklane_http_requests_total\{method="GET",route="/api/tasks",status="(\d+)"\} (.+)', re.M)  # noqa: FURB167

TOO_LARGE = 70_000
"""For a body, which is refused before it comes."""

MUCH = 40
"""Tasks whose list is larger than what a connection takes at once."""


class Client:
    """A connection to the API, byte by byte, and the API's end of it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, end: HitProtocol) -> None:
        self._reader = reader
        self._writer = writer
        self.end = end

    def send(self, *requests: bytes) -> None:
        self._writer.write(b"".join(requests))

    async def read(self) -> tuple[bytes, bytes]:
        """Head and body of one answer."""
        async with asyncio.timeout(PATIENCE):
            head = await self._reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"\r\ncontent-length: (\d+)", head)
            return head, await self._reader.readexactly(int(length[1])) if length else b""

    async def ask(self, request: bytes) -> tuple[bytes, bytes]:
        self.send(request)
        return await self.read()

    async def rest(self) -> bytes:
        """What comes until the API closes the connection."""
        async with asyncio.timeout(PATIENCE):
            return await self._reader.read()

    async def until(self, holds: Callable[[], object]) -> None:
        """Let the API go on until this holds of its end."""
        async with asyncio.timeout(PATIENCE):
            while not holds():  # noqa: ASYNC110  # it is the API that goes on, in this very loop
                await asyncio.sleep(0)

    def close(self) -> None:
        self._writer.close()


class Served:
    """The API in this process, on a real socket, with a Redis of its own."""

    def __init__(self, server: uvicorn.Server, port: int, redis: RedisServer) -> None:
        self.server = server
        self.url = f"http://127.0.0.1:{port}"
        self.redis = redis
        self._port = port
        self._clients: list[Client] = []

    async def connect(self) -> Client:
        before = set(self.server.server_state.connections)
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        async with asyncio.timeout(PATIENCE):
            while not (new := set(self.server.server_state.connections) - before):  # noqa: ASYNC110  # as above
                await asyncio.sleep(0)
        [end] = new
        assert isinstance(end, HitProtocol)
        self._clients.append(client := Client(reader, writer, end))
        return client

    async def metrics(self) -> str:
        async with httpx.AsyncClient(base_url=self.url) as client:
            return (await client.get("/metrics", timeout=PATIENCE)).text

    async def direct_hits(self) -> int:
        return int(float(DIRECT.findall(await self.metrics())[0]))

    def leave(self) -> None:
        for client in self._clients:
            client.close()


@asynccontextmanager
async def served(stack: Stack, redis: RedisServer, **variables: str) -> AsyncIterator[Served]:
    app = application(stack.settings(REDIS_URL=redis.url, CORS_ORIGINS=ORIGIN, **variables))
    config = uvicorn.Config(app, http=HitProtocol, port=0, log_config=None, proxy_headers=False, server_header=False)
    config.timeout_keep_alive = KEEP_ALIVE  # type: ignore[assignment]
    config.load()
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    socket = config.bind_socket()
    await server.startup(sockets=[socket])
    ticking = asyncio.create_task(server.main_loop())
    api = Served(server, socket.getsockname()[1], redis)
    try:
        yield api
    finally:
        redis.thaw()
        api.leave()
        server.should_exit = True
        await ticking
        await server.shutdown(sockets=[socket])


@pytest.fixture(scope="module")
def redis() -> Iterator[RedisServer]:
    with folder() as place, RedisServer(place) as redis:
        yield redis


@pytest.fixture
async def api(stack: Stack, redis: RedisServer) -> AsyncIterator[Served]:
    async with served(stack, redis) as api:
        yield api


@pytest.fixture
async def alice(api: Served, user: UserId) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"authorization": f"Bearer {shared_secret_token(user)}"}
    async with httpx.AsyncClient(base_url=api.url, headers=headers, timeout=PATIENCE) as alice:
        (await alice.post("/api/tasks", json={"title": "x"})).raise_for_status()
        yield alice


def get(alice: httpx.AsyncClient, path: str = "/api/tasks", **headers: str) -> bytes:
    lines = [f"GET {path} HTTP/1.1", "Host: x", f"Authorization: {alice.headers['authorization']}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


async def known(client: Client, request: bytes) -> tuple[bytes, bytes]:
    """Ask until the API knows this request by its bytes; its answer."""
    direct = client.end._direct
    assert direct is not None
    for _ in range(3):
        answer = await client.ask(request)
        if direct._requests.find(request):
            return answer
    raise AssertionError("it is not known after three times")


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
    expiring = shared_secret_token(user, exp=int(time.time() - LEEWAY) + 3)
    request = get(alice).replace(alice.headers["authorization"].encode(), f"Bearer {expiring}".encode())
    await known(client, request)
    direct = await api.direct_hits()
    answers = [await client.ask(request)]
    async with asyncio.timeout(PATIENCE):
        while answers[-1][0].startswith(b"HTTP/1.1 200"):
            answers.append(await client.ask(request))
    assert answers[-1][0].startswith(b"HTTP/1.1 401")
    assert await api.direct_hits() >= direct
    head, _ = await client.ask(request)
    assert head.startswith(b"HTTP/1.1 401")


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


async def test_an_answer_under_way_is_finished_before_the_end(api: Served, alice: httpx.AsyncClient) -> None:
    """A server that stops says so in the answer, and closes; what is idle it closes at once."""
    client, idle, request = await api.connect(), await api.connect(), get(alice)
    await known(client, request)
    await idle.ask(request)
    api.redis.freeze()
    client.send(request)
    await client.until(lambda: client.end._question)
    for connection in list(api.server.server_state.connections):
        connection.shutdown()
    assert await idle.rest() == b""
    api.redis.thaw()
    head, body = await client.read()
    assert head.endswith(b"\r\ncontent-length: %d\r\nconnection: close\r\n\r\n" % len(body))
    assert await client.rest() == b""


async def test_an_end_waits_for_all_that_was_sent(api: Served, alice: httpx.AsyncClient) -> None:
    """As uvicorn does for requests that were sent at once: the last answer says that it is the last."""
    client, request = await api.connect(), get(alice)
    await known(client, request)
    api.redis.freeze()
    client.send(request)
    await client.until(lambda: client.end._question)
    client.send(request)
    await client.until(lambda: client.end._held)
    client.end.shutdown()
    api.redis.thaw()
    heads = [(await client.read())[0] for _ in range(2)]
    assert [b"connection: close" in head for head in heads] == [False, True]
    assert await client.rest() == b""


async def test_an_idle_connection_is_closed_in_time(api: Served, alice: httpx.AsyncClient) -> None:
    """Counted from the last answer, whoever has given it; and never within a question."""
    client, request = await api.connect(), get(alice)
    await known(client, request)
    await client.ask(request)
    end = client.end
    assert end.timeout_keep_alive_task is not None
    assert end.timeout_keep_alive_task.when() <= end.loop.time() + KEEP_ALIVE
    end.timeout_keep_alive_handler()
    assert not end.transport.is_closing()
    left = end.timeout_keep_alive_task.when() - end._idle_since
    assert left == pytest.approx(KEEP_ALIVE, abs=1e-3)
    api.redis.freeze()
    client.send(request)
    await client.until(lambda: client.end._question)
    end._idle_since -= KEEP_ALIVE
    end.timeout_keep_alive_handler()
    assert not end.transport.is_closing()
    api.redis.thaw()
    await client.read()
    end._idle_since -= KEEP_ALIVE
    end.timeout_keep_alive_handler()
    assert await client.rest() == b""


async def test_a_new_connection_that_uvicorn_has_answered_is_closed_in_time(api: Served) -> None:
    """Where no hit was answered the timer is uvicorn's own."""
    client = await api.connect()
    await client.ask(b"GET /livez HTTP/1.1\r\n\r\n")
    client.end.timeout_keep_alive_handler()
    assert await client.rest() == b""


async def test_whoever_reads_slowly_is_waited_for(api: Served, alice: httpx.AsyncClient) -> None:
    """What is not read is not answered any further: a connection takes a bounded part of the memory."""
    for number in range(MUCH):
        (await alice.post("/api/tasks", json={"title": f"{number}", "description": "z" * 1000})).raise_for_status()
    client, request = await api.connect(), get(alice)
    _, body = await known(client, request)
    flow, state = client.end.flow, api.server.server_state
    sent = 0
    while not flow.write_paused:  # the kernel's buffers are finite
        answered = state.total_requests
        client.send(request)
        sent += 1
        await client.until(lambda answered=answered: state.total_requests > answered or flow.write_paused)  # type: ignore[misc]
    answered = state.total_requests
    client.send(request)
    await client.until(lambda: vars(client.end)["cycle"] or state.total_requests > answered)
    assert state.total_requests == answered
    client.send(request * 19)
    await client.until(lambda: flow.read_paused)
    assert client.end.transport.get_write_buffer_size() < 3 * len(body)
    answers = [await client.read() for _ in range(sent + 20)]
    assert {body for _, body in answers} == {body}


async def test_a_body_that_looks_like_a_known_request_is_a_body(api: Served, alice: httpx.AsyncClient) -> None:
    """Even if it comes after the answer, and is read for itself."""
    client, request = await api.connect(), get(alice)
    await known(client, request)
    direct = await api.direct_hits()
    length = b"Content-Length: %d\r\nContent-Type: application/json\r\n\r\n" % TOO_LARGE
    assert (await client.ask(request.replace(b"GET", b"POST")[:-2] + length))[0].startswith(b"HTTP/1.1 413")
    client.send(request)
    await (await api.connect()).ask(b"GET /livez HTTP/1.1\r\n\r\n")  # it has read that meanwhile
    client.send(b" " * (TOO_LARGE - len(request)), b"GET /livez HTTP/1.1\r\nX-Request-ID: next\r\n\r\n")
    assert b"x-request-id: next" in (await client.read())[0]
    assert await api.direct_hits() == direct


async def test_an_upgrade_that_is_ignored_changes_nothing(api: Served, alice: httpx.AsyncClient) -> None:
    """The connection goes on in its protocol, and so do its hits."""
    client, request = await api.connect(), get(alice)
    await known(client, request)
    await client.ask(get(alice, Connection="Upgrade", Upgrade="h2c"))
    direct = await api.direct_hits()
    await client.ask(request)
    assert await api.direct_hits() == direct + 1


@pytest.mark.parametrize("cut", [0, 1, 40, -20, -3])
async def test_a_body_behind_an_ignored_upgrade_arrives(api: Served, alice: httpx.AsyncClient, cut: int) -> None:
    """RFC 9110, section 7.8: whoever does not know the other protocol takes the request as it is, however it comes."""
    client, body = await api.connect(), b'{"title":"Walk"}'
    upgrade = {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c", "HTTP2-Settings": "AAMAAABkAAQAAP__"}
    plain = {"Content-Type": "application/json", "Content-Length": str(len(body))}
    request = get(alice, **upgrade, **plain).replace(b"GET", b"POST", 1) + body
    client.send(request[:cut])
    await asyncio.sleep(0)
    client.send(request[cut:])
    head, answer = await client.read()
    assert head.startswith(b"HTTP/1.1 201")
    assert json.loads(answer)["title"] == "Walk"
    client.send(get(alice))
    assert (await client.read())[0].startswith(b"HTTP/1.1 200")


async def test_thousands_of_ignored_upgrades_in_one_piece(api: Served) -> None:
    """Are as many plain requests, each answered, and not one within the other."""
    client = await api.connect()
    client.send(b"GET /livez HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n" * 2000)
    for _ in range(2000):
        assert (await client.read())[0].startswith(b"HTTP/1.1 200")


async def test_what_cannot_be_parsed_gets_a_problem(api: Served) -> None:
    """As every other error does, and the connection ends."""
    client = await api.connect()
    client.send(b"GET /api/tasks nonsense\r\n\r\n")
    head, answer = await client.read()
    assert head.startswith(b"HTTP/1.1 400")
    assert b"content-type: application/problem+json" in head
    assert json.loads(answer)["status"] == 400


async def test_a_client_that_leaves_does_no_harm(api: Served, alice: httpx.AsyncClient) -> None:
    """Redis's answer finds nobody, and others who wait behind it get theirs."""
    leaving, staying, request = await api.connect(), await api.connect(), get(alice)
    await known(leaving, request)
    await known(staying, request)
    api.redis.freeze()
    for client in (leaving, staying):
        client.send(request)
        await client.until(lambda client=client: client.end._question)  # type: ignore[misc]
    leaving.close()
    await leaving.until(leaving.end.transport.is_closing)
    api.redis.thaw()
    assert (await staying.read())[0].startswith(b"HTTP/1.1 200")


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
