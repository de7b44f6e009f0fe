"""A process that ends loses nothing that is on its way to it: connections that wait to be let in, and idle ones."""

import asyncio
import os
import signal
import socket

import httpx
import pytest

from api.http.farewell import close_listeners
from tests.integration.direct.client import PATIENCE, Client, Served, get, known
from tests.servers.address import until
from tests.stack import Stack
from tests.tokens import shared_secret_token

pytestmark = pytest.mark.anyio

WAITING, MANY_WAITING = 20, 600
"""Of the second, the server has not let in all when it looks whether it is to end: uvloop takes one at a time."""


def post(alice: httpx.AsyncClient, title: str) -> bytes:
    body = b'{"title":"%s"}' % title.encode()
    head = f"Authorization: {alice.headers['authorization']}\r\nContent-Type: application/json"
    return f"POST /api/tasks HTTP/1.1\r\nHost: x\r\n{head}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


async def ends_with(client: Client, request: bytes, status: bytes) -> None:
    """The answer to this is the last one, and says so."""
    head, _ = await client.ask(request)
    assert head.startswith(b"HTTP/1.1 " + status)
    assert b"\r\nconnection: close\r\n" in head
    assert await client.rest() == b""


@pytest.fixture(params=["new", "used by uvicorn", "used for hits", "within a head"])
async def client(request: pytest.FixtureRequest, api: Served, alice: httpx.AsyncClient) -> Client:
    """A connection on which nothing is asked."""
    client = await api.connect()
    match request.param:
        case "used by uvicorn":
            await client.ask(post(alice, "before"))
        case "used for hits":
            await known(client, get(alice))
            await client.ask(get(alice))
        case "within a head":
            client.send(b"GET /livez HTTP/1.1\r\nHost: x\r\n")
            await client.until(lambda: client.end._unheard)
    return client


async def test_what_is_asked_of_a_server_that_ends_is_answered(client: Client, alice: httpx.AsyncClient) -> None:
    """On a connection that was idle when it was told to end, be it by the very next bytes or a moment later."""
    within = client.end._unheard
    client.end.shutdown()
    if within:
        await ends_with(client, b"\r\n", b"200")
    else:
        await ends_with(client, post(alice, "after"), b"201")


async def test_a_hit_is_answered_as_well(api: Served, alice: httpx.AsyncClient) -> None:
    client, request = await api.connect(), get(alice)
    await known(client, request)
    client.end.shutdown()
    await ends_with(client, request, b"200")


async def test_all_that_is_sent_at_once_is_answered(api: Served, alice: httpx.AsyncClient) -> None:
    """The last answer says that it is the last."""
    client = await api.connect()
    client.end.shutdown()
    client.send(*(post(alice, f"{number}") for number in range(3)))
    heads = [(await client.read())[0] for _ in range(3)]
    assert [b"connection: close" in head for head in heads] == [False, False, True]
    assert await client.rest() == b""


async def test_who_waits_to_be_let_in_is(api: Served, alice: httpx.AsyncClient) -> None:
    """And nobody after them."""
    waiting = [socket.create_connection(api.address) for _ in range(WAITING)]
    for number, one in enumerate(waiting):
        one.sendall(post(alice, f"{number}"))
    await close_listeners(api.server.servers)
    for one in waiting:
        reader, writer = await asyncio.open_connection(sock=one)
        async with asyncio.timeout(PATIENCE):
            assert (await reader.readline()).startswith(b"HTTP/1.1 201")
        writer.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(api.address)


def test_a_process_that_is_told_to_end_answers_who_waited(stack: Stack) -> None:
    """They came while it stood still; then it goes."""
    api, token = stack.api(), shared_secret_token("somebody")
    request = f"GET /api/tasks HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
    api.freeze()
    waiting = [socket.create_connection(("127.0.0.1", api.port)) for _ in range(MANY_WAITING)]
    for one in waiting:
        one.sendall(request)
    os.kill(api.pid, signal.SIGTERM)
    api.thaw()
    for one in waiting:
        with one, one.makefile("rb") as answer:
            assert answer.read().startswith(b"HTTP/1.1 200")
    until(lambda: not api.running)
    assert api.exit_code == -signal.SIGTERM
