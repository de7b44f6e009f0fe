"""A lean HTTP/1.1 client for one service of many processes: a request costs a write, a read and little in between."""

import asyncio
from collections import defaultdict
from dataclasses import dataclass
from typing import cast

HOST = "127.0.0.1"
PATIENCE = 30.0
"""Seconds after which a request without an answer is given up, long after the service should have given up itself."""

_END = b"\r\n\r\n"


class NoAnswer(Exception):
    """The connection broke, or nothing came in time; whether the request was served nobody knows."""


@dataclass(slots=True)
class Response:
    """An answer; header names are looked up in lower case, as the service sends them."""

    status: int
    head: bytes
    body: bytes

    def header(self, name: bytes) -> str:
        """The value of a header, or nothing."""
        start = self.head.find(b"\r\n" + name + b": ")
        if start < 0:
            return ""
        start += len(name) + 4
        end = self.head.find(b"\r\n", start)
        return self.head[start : end if end >= 0 else None].decode("latin-1")


class Connection(asyncio.Protocol):
    """Takes one request at a time."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[Response] | None = None
        self._received = b""
        self._head = b""
        self._length = -1
        self.open = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self.open = True

    def connection_lost(self, exc: Exception | None) -> None:
        self.open = False
        if self._answer and not self._answer.done():
            self._answer.set_exception(NoAnswer(type(exc).__name__ if exc else "closed"))

    def data_received(self, data: bytes) -> None:
        self._received = self._received + data if self._received else data
        if self._length < 0:
            end = self._received.find(_END)
            if end < 0:
                return
            self._head, self._received = self._received[:end], self._received[end + 4 :]
            self._length = _length(self._head)
        if len(self._received) >= self._length:
            self._complete()

    async def ask(self, request: bytes) -> Response:
        """Send and wait; raises `NoAnswer`. A connection that was left in the middle is of no more use."""
        assert self._transport
        if not self.open:
            raise NoAnswer("closed before it was used")
        self._answer = self._loop.create_future()
        timer = self._loop.call_later(PATIENCE, self.abort)
        self._transport.write(request)
        try:
            return await self._answer
        finally:
            timer.cancel()

    def abort(self) -> None:
        if self._transport:
            self._transport.abort()

    def _complete(self) -> None:
        body, self._received = self._received[: self._length], self._received[self._length :]
        head, self._head, self._length = self._head, b"", -1
        if self._answer is None or self._answer.done() or self._received:
            self.abort()  # more than was asked for
            return
        if b"\r\nconnection: close" in head.lower():
            self.open = False
        self._answer.set_result(Response(int(head[9:12]), head, body))


class Service:
    """The addresses of all processes, and connections to them that are used again."""

    def __init__(self, ports: list[int]) -> None:
        self.ports = ports
        """By process; may change while requests are under way."""
        self._idle: defaultdict[int, list[Connection]] = defaultdict(list)
        self._all: set[Connection] = set()

    async def ask(self, process: int, sent: bytes) -> Response:
        """Ask one process; raises `NoAnswer`."""
        port = self.ports[process]
        connection = await self._connection(port)
        try:
            response = await connection.ask(sent)
        except BaseException:
            connection.abort()
            self._all.discard(connection)
            raise
        if connection.open:
            self._idle[port].append(connection)
        else:
            connection.abort()
            self._all.discard(connection)
        return response

    def close(self) -> None:
        for connection in self._all:
            connection.abort()

    async def _connection(self, port: int) -> Connection:
        idle = self._idle[port]
        while idle:
            connection = idle.pop()
            if connection.open:
                return connection
            self._all.discard(connection)
        try:
            async with asyncio.timeout(PATIENCE):
                loop = asyncio.get_running_loop()
                _, connection = await loop.create_connection(Connection, HOST, port)
        except OSError as error:  # TimeoutError is one
            raise NoAnswer(type(error).__name__) from None
        self._all.add(connection)
        return connection


def _length(head: bytes) -> int:
    """Of the body: the service announces all of them but those that have none (204, 304)."""
    lower = head.lower()
    start = lower.find(b"\r\ncontent-length: ")
    if start < 0:
        return 0
    end = lower.find(b"\r\n", start + 18)
    return int(lower[start + 18 : end if end >= 0 else None])
