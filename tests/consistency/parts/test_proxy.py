"""The wires of a run: whole and in order when slow, silent one way, and cut exactly at COMMIT."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from tests.consistency.parts.proxy import COMMIT, Link, Wire
from tests.steps import PATIENCE, until

pytestmark = pytest.mark.anyio

Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Server:
    """Notes what it is sent and answers each piece with `!`."""

    def __init__(self) -> None:
        self.received = b""
        self.connections: list[asyncio.StreamWriter] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections.append(writer)
        with contextlib.suppress(ConnectionError), contextlib.closing(writer):
            while piece := await reader.read(65_536):
                self.received += piece
                writer.write(b"!")


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
async def wire(server: Server) -> AsyncIterator[Wire]:
    async with await asyncio.start_server(server.serve, "127.0.0.1", 0) as listener:
        async with Wire(listener.sockets[0].getsockname()[1]) as wire:
            yield wire
        for connection in server.connections:
            connection.close()


@contextlib.asynccontextmanager
async def connected(wire: Wire) -> AsyncIterator[Ends]:
    reader, writer = await asyncio.open_connection("127.0.0.1", wire.port)
    try:
        yield reader, writer
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


async def answered(reader: asyncio.StreamReader) -> bytes:
    async with asyncio.timeout(PATIENCE):
        return await reader.read(1)


async def test_a_slow_wire_keeps_the_order(wire: Wire, server: Server) -> None:
    """Also while it becomes slower, and quick again."""
    pieces = [b"%03d" % number for number in range(60)]
    async with connected(wire) as (_, writer):
        for number, piece in enumerate(pieces):
            wire.delay = (0.0, 0.02, 0.005)[number // 20]
            writer.write(piece)
            await asyncio.sleep(0.001)
        wire.heal()
        writer.write(b"end")
        await until(lambda: server.received.endswith(b"end"))
    assert server.received == b"".join(pieces) + b"end"


async def test_a_wire_may_be_silent_in_one_direction(wire: Wire, server: Server) -> None:
    """What was asked arrives, the answer does not; healing ends the connection, for something is missing in it."""
    async with connected(wire) as (reader, writer):
        writer.write(b"a")
        assert await answered(reader) == b"!"
        wire.silent = "to client"
        writer.write(b"b")
        await until(lambda: server.received == b"ab")
        wire.silent = "to server"
        writer.write(b"c")
        await asyncio.sleep(0.05)
        assert server.received == b"ab"
        wire.heal()
        assert await answered(reader) == b""


@pytest.mark.parametrize("passed_on", [True, False])
async def test_a_connection_is_cut_at_commit(wire: Wire, server: Server, *, passed_on: bool) -> None:
    """The server has it or has it not; the client never learns."""
    held: list[Link] = []
    wire.hold = (COMMIT, held.append)
    async with connected(wire) as (reader, writer):
        writer.write(b"begin;")
        assert await answered(reader) == b"!"
        writer.write(b"Q\0\0\0\x0b" + COMMIT)
        await until(lambda: bool(held))
        assert server.received == b"begin;"
        if passed_on:
            held[0].release_and_cut()
            await until(lambda: server.received.endswith(COMMIT))
        else:
            held[0].cut()
        with contextlib.suppress(ConnectionError):
            assert await answered(reader) == b""
        assert server.received.endswith(COMMIT) is passed_on


async def test_a_held_commit_goes_on(wire: Wire) -> None:
    """And its answer comes back."""
    held: list[Link] = []
    wire.hold = (COMMIT, held.append)
    async with connected(wire) as (reader, writer):
        writer.write(b"Q\0\0\0\x0b" + COMMIT)
        await until(lambda: bool(held))
        held[0].release()
        assert await answered(reader) == b"!"


async def test_a_switched_wire_leads_to_another_server(wire: Wire, server: Server) -> None:
    """Whoever is connected is cut off; whoever comes then is served by the other one."""
    other = Server()
    async with connected(wire) as (reader, writer), await asyncio.start_server(other.serve, "127.0.0.1", 0) as listener:
        writer.write(b"a")
        assert await answered(reader) == b"!"
        wire.switch(listener.sockets[0].getsockname()[1])
        with contextlib.suppress(ConnectionError):
            assert await answered(reader) == b""
        async with connected(wire) as (new_reader, new_writer):
            new_writer.write(b"b")
            assert await answered(new_reader) == b"!"
        wire.cut()
        await until(other.connections[0].is_closing)
    assert (server.received, other.received) == (b"a", b"b")


async def test_a_wire_that_is_cut_while_it_dials_leaves_the_server_nothing(wire: Wire, server: Server) -> None:
    """The connection that is made too late ends."""
    wire.changed = lambda links: wire.cut() if links else None
    with contextlib.suppress(ConnectionError):
        async with connected(wire) as (reader, _):
            assert await answered(reader) == b""
    await until(lambda: bool(server.connections) and all(one.is_closing() for one in server.connections))


@pytest.mark.parametrize("pieces", [[b"$9\r\nrun_id:ab\r\n"], [b"$9\r\nr", b"un_", b"id:ab\r\n"]])
async def test_what_is_hidden_keeps_its_length(wire: Wire, server: Server, pieces: list[bytes]) -> None:
    """Also when it comes in pieces; what only begins like it comes through as soon as it goes on otherwise."""
    wire.hidden = b"run_id"
    async with connected(wire) as (reader, writer):
        writer.write(b"a")
        assert await answered(reader) == b"!"
        for piece in [*pieces, b"ru", b"m\r\n"]:
            server.connections[0].write(piece)
            await asyncio.sleep(0.01)  # so that they arrive one by one
        async with asyncio.timeout(PATIENCE):
            assert await reader.readexactly(20) == b"$9\r\nxxxxxx:ab\r\nrum\r\n"


async def test_a_refused_wire_serves_nobody(wire: Wire) -> None:
    """Until it is healed."""
    wire.refused = True
    with contextlib.suppress(ConnectionError):
        async with connected(wire) as (reader, _):
            assert await answered(reader) == b""
    wire.heal()
    async with connected(wire) as (reader, writer):
        writer.write(b"a")
        assert await answered(reader) == b"!"


async def test_who_is_held_back_reaches_the_server_of_a_later_moment(wire: Wire, server: Server) -> None:
    """It has connected to nobody yet, so it is not cut off with the others when the wire leads elsewhere."""
    port = wire.server
    wire.switch(1)  # nobody listens there
    wire.held_back = asyncio.Event()
    async with connected(wire) as (reader, writer):
        writer.write(b"early")
        await until(lambda: bool(wire.links))
        wire.switch(port)
        wire.held_back.set()
        assert await answered(reader) == b"!"
        assert server.received == b"early"
