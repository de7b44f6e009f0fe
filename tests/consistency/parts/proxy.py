"""A TCP wire between two parts of a run: slow, silent in one direction, refused, reset or cut at COMMIT, as asked."""

import asyncio
import socket
import struct
from collections import deque
from collections.abc import Callable
from typing import Literal, Self, cast

Direction = Literal["to server", "to client"]
Held = Callable[["Link"], None]

COMMIT = b"COMMIT\0"
"""How a simple query that is `COMMIT` ends."""

FILL = b"HRANDFIELD"
"""What stands in the script by which a process stores an answer, and in no other of its commands."""


class Wire:
    """Passes on what comes to a port of its own, to a server that may come and go."""

    def __init__(self, port: int) -> None:
        self._server = port
        self._listener: asyncio.Server | None = None
        self.links: set[Link] = set()
        self.port = 0
        self.delay = 0.0
        """Seconds that each piece is held back, in both directions."""
        self.silent: Direction | None = None
        """Swallow what goes there, and keep the connection."""
        self.refused = False
        self.hold: tuple[bytes, Held] | None = None
        """Bytes, and who is told, once, on which link they were sent and are held with all that follows."""
        self.hidden = b""
        """What the client is shown as as many x, wherever the server says it."""
        self.held_back: asyncio.Event | None = None
        """Who connects is kept waiting, and reaches the server of that moment once this is set."""
        self.changed: Callable[[int], None] | None = None
        """Told how many links there are whenever that changes."""

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(lambda: _End(Link(self)), "127.0.0.1", self.port)
        self.port = self._listener.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._listener
        self._listener.close()
        self.cut()

    @property
    def server(self) -> int:
        return self._server

    def switch(self, port: int) -> None:
        """Lead to another server from now on; whoever is connected to the old one is cut off at once."""
        self._server = port
        for link in tuple(self.links):
            if not link.held_back:
                link.cut(reset=True)

    def cut(self, *, reset: bool = False) -> None:
        """End every connection."""
        for link in tuple(self.links):
            link.cut(reset=reset)

    def heal(self) -> None:
        """Pass everything on again. What was swallowed stays lost, so those connections end."""
        if self.silent:
            self.cut()
        self.delay, self.silent, self.refused, self.hold = 0.0, None, False, None
        for link in tuple(self.links):
            link.release()

    def tell(self) -> None:
        if self.changed:
            self.changed(len(self.links))


class Link:
    """One connection: two ends, and what is held between them."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self._loop = asyncio.get_running_loop()
        self._client: asyncio.Transport | None = None
        self._server: asyncio.Transport | None = None
        self._early = b""
        self._held = b""
        self._holding = False
        self._begun = b""
        """The end of what the server has said, if what is to be hidden may begin with it."""
        self._delayed: tuple[deque[bytes], deque[bytes]] = (deque(), deque())
        """What is on its way to the client, and to the server. In order, whatever the timers do."""
        self._dialling: asyncio.Task[None] | None = None
        self.held_back = False
        """It has not reached a server yet."""

    def client_came(self, transport: asyncio.Transport) -> None:
        self._client = transport
        if self.wire.refused:
            transport.abort()
            return
        self.wire.links.add(self)
        self.wire.tell()
        self._dialling = self._loop.create_task(self._dial())

    def server_came(self, transport: asyncio.Transport) -> None:
        if self not in self.wire.links:  # cut while it was dialling: the server must not be left with half a connection
            transport.abort()
            return
        self._server = transport
        if self._early:
            transport.write(self._early)
            self._early = b""

    def received(self, data: bytes, *, from_client: bool) -> None:
        wire = self.wire
        if wire.silent == ("to server" if from_client else "to client"):
            return
        if wire.hidden and not from_client:
            data = self._without(wire.hidden, data)
        if from_client and self._holding:
            self._held += data
        elif from_client and wire.hold and wire.hold[0] in data:
            self._held, self._holding = data, True
            (_, told), wire.hold = wire.hold, None
            told(self)
        elif wire.delay or self._delayed[from_client]:
            self._delayed[from_client].append(data)
            self._loop.call_later(wire.delay, self._pass_on_delayed, from_client)
        else:
            self._pass_on(data, from_client=from_client)

    def release(self) -> None:
        """Pass on what is held."""
        if self._holding:
            self._holding = False
            self._pass_on(self._held, from_client=True)

    def release_and_cut(self) -> None:
        """Pass it on, and end the connection before its answer comes back."""
        client, self._client = self._client, None
        if client:
            client.abort()
        self.release()
        self._loop.call_later(0.2, self.cut)

    def cut(self, *, reset: bool = False) -> None:
        for transport in (self._client, self._server):
            if transport and not transport.is_closing():
                if reset:
                    _linger(transport)
                transport.abort()
        self.ended()

    def ended(self) -> None:
        """One end has gone, so the other goes."""
        self.wire.links.discard(self)
        for transport in (self._client, self._server):
            if transport and not transport.is_closing():
                transport.close()
        self.wire.tell()

    async def _dial(self) -> None:
        if self.wire.held_back:
            self.held_back = True
            await self.wire.held_back.wait()
            self.held_back = False
        try:
            await self._loop.create_connection(lambda: _End(self, server=True), "127.0.0.1", self.wire.server)
        except OSError:
            self.cut()

    def _without(self, hidden: bytes, data: bytes) -> bytes:
        """As long as it was, so that lengths that were announced stay true. Keeps back what may be its beginning."""
        data = (self._begun + data).replace(hidden, b"x" * len(hidden))
        kept = next((size for size in range(len(hidden) - 1, 0, -1) if data.endswith(hidden[:size])), 0)
        self._begun = data[len(data) - kept :]
        return data[: len(data) - kept]

    def _pass_on_delayed(self, from_client: bool) -> None:  # noqa: FBT001  # a direction
        """The piece whose turn it is, which need not be the one whose timer this was."""
        if pieces := self._delayed[from_client]:
            self._pass_on(pieces.popleft(), from_client=from_client)

    def _pass_on(self, data: bytes, *, from_client: bool) -> None:
        target = self._server if from_client else self._client
        if target and not target.is_closing():
            target.write(data)
        elif from_client and not self._server:
            self._early += data


class _End(asyncio.Protocol):
    def __init__(self, link: Link, *, server: bool = False) -> None:
        self._link = link
        self._is_server = server

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        end = cast(asyncio.Transport, transport)
        if self._is_server:
            self._link.server_came(end)
        else:
            self._link.client_came(end)

    def data_received(self, data: bytes) -> None:
        self._link.received(data, from_client=not self._is_server)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # asyncio's signature
        self._link.ended()


def _linger(transport: asyncio.Transport) -> None:
    """So that the connection ends with RST."""
    connection: socket.socket | None = transport.get_extra_info("socket")
    if connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
