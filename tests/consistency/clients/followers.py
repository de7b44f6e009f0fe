"""Clients that hold a list by its event stream: they come, stay for a while, leave, are sent away, and come back."""

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Protocol

from tests.consistency.checking.answers import refused
from tests.consistency.checking.history import LIST, Operation
from tests.consistency.checking.mirrors import TOLD, Mirror
from tests.consistency.clients.client import HOST, PATIENCE, NoAnswer, Response

EVENTS = f"{LIST}/events"
STAYS = 0.98
"""How likely it is that a client stays after an event, if nothing else was said."""

SOONEST, LATEST = 0.02, 0.3
"""Seconds until a client comes back. It is told to take longer, but the process that told it so may be there again."""

SILENCE = 40.0
"""Seconds without even a heartbeat after which a client comes back: a wire that was cut may say nothing of it."""

NOW = time.monotonic


class User(Protocol):
    """Who follows."""

    name: str
    authorization: bytes


@dataclass(frozen=True, slots=True)
class Event:
    """As `EventSource` would hand it over."""

    name: str
    data: bytes


@dataclass(slots=True)
class Follower:
    """One client; what it was told is recorded."""

    session: int
    user: User
    ports: Sequence[int]
    operations: list[Operation]
    random: random.Random
    stays: float
    mirror: Mirror = field(default_factory=Mirror)
    process: int = 0
    opened: float = 0.0
    """When the present stream began; 0 while there is none."""

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            self.process = self.random.randrange(len(self.ports))
            with contextlib.suppress(NoAnswer):
                await self._follow()
            self.opened = 0.0
            await asyncio.sleep(self.random.uniform(SOONEST, LATEST))

    def stands_at(self, revision: int) -> bool:
        """Whether this mirror is whole and the list's, if that is its revision."""
        return self.mirror.shown is not None and self.mirror.revision == revision

    async def _follow(self) -> None:
        async with contextlib.aclosing(_stream(self.ports[self.process], self._request(), self._begun)) as events:
            async for event in events:
                if not self._take(event) or self.random.random() > self.stays:
                    return

    def _request(self) -> bytes:
        """It resumes by either of the two ways."""
        since = self.mirror.since
        by_header = self.random.random() < 0.5
        path = f"{EVENTS}?since={since}" if since and not by_header else EVENTS
        header = f"last-event-id: {since}\r\n" if since and by_header else ""
        return f"GET {path} HTTP/1.1\r\nhost: tasklane\r\n{header}".encode() + self.user.authorization + b"\r\n"

    def _begun(self, response: Response) -> bool:
        if response.status == HTTPStatus.OK:
            self.opened = NOW()
            return True
        operation = self._operation()
        operation.status = response.status
        if response.status == HTTPStatus.GONE:
            self.mirror.begin_anew(operation)
        else:
            operation.outcome = refused(operation, response)
        self.operations.append(operation)
        return False

    def _take(self, event: Event) -> bool:
        """Whether the stream goes on."""
        operation = self._operation()
        operation.status = HTTPStatus.OK
        match event.name:
            case "changes":
                self.mirror.hear(operation, event.data)
            case "resynchronise":
                self.mirror.begin_anew(operation)
            case "reconnect":
                return False
            case _:
                operation.fault = f"an event {event.name!r}"
        self.operations.append(operation)
        return event.name == "changes" and not operation.fault

    def _operation(self) -> Operation:
        now = NOW()
        return Operation(self.user.name, self.session, self.process, TOLD, now, now, question=LIST)


async def _stream(port: int, request: bytes, begun: Callable[[Response], bool]) -> AsyncGenerator[Event]:
    """The events of one answer, if it is one that `begun` goes on with; raises `NoAnswer` when it breaks off."""
    try:
        async with asyncio.timeout(PATIENCE):
            reader, writer = await asyncio.open_connection(HOST, port, limit=2**22)
        try:
            writer.write(request)
            async with asyncio.timeout(PATIENCE):
                head = await reader.readuntil(b"\r\n\r\n")
                response = Response(int(head[9:12]), head, b"")
                if length := response.header(b"content-length"):
                    response.body = await reader.readexactly(int(length))
            if begun(response):
                async for event in _events(reader):
                    yield event
        finally:
            writer.transport.abort()
    except (OSError, EOFError, ValueError) as error:  # TimeoutError is the first, IncompleteReadError the second
        raise NoAnswer(type(error).__name__) from None


async def _events(reader: asyncio.StreamReader) -> AsyncGenerator[Event]:
    waiting = b""
    while True:
        async with asyncio.timeout(SILENCE):
            size = int(await reader.readuntil(b"\r\n"), 16)
            waiting += (await reader.readexactly(size + 2))[:size]
        if not size:
            return
        while (end := waiting.find(b"\n\n")) >= 0:
            lines, waiting = waiting[:end].split(b"\n"), waiting[end + 2 :]
            fields = {name: value.removeprefix(b" ") for name, _, value in (line.partition(b":") for line in lines)}
            if name := fields.get(b"event"):
                yield Event(name.decode(), fields.get(b"data", b""))
