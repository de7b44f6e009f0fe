"""Connections on which hits are answered: how they end, who is waited for, and what is no request."""

import asyncio
import json

import httpx
import pytest

from tests.integration.direct.client import KEEP_ALIVE, Served, get, known

pytestmark = pytest.mark.anyio

TOO_LARGE = 70_000
"""For a body, which is refused before it comes."""

MUCH = 40
"""Tasks whose list is larger than what a connection takes at once."""


async def test_an_answer_under_way_is_finished_before_the_end(api: Served, alice: httpx.AsyncClient) -> None:
    """A server that stops says so in the answer, and closes; what is idle it closes in a moment."""
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
        await client.until(lambda answered=answered: state.total_requests > answered or flow.write_paused)  # type: ignore[misc]  # a default binds it
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
        await client.until(lambda client=client: client.end._question)  # type: ignore[misc]  # a default binds it
    leaving.close()
    await leaving.until(leaving.end.transport.is_closing)
    api.redis.thaw()
    assert (await staying.read())[0].startswith(b"HTTP/1.1 200")
