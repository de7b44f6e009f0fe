"""Users with their streams at one process, who write through another; and what came when, as its clients see it."""

import asyncio
import itertools
import json
import random
import time
from collections import deque
from dataclasses import dataclass, field

from core.types import UserId
from tests.stack import ApiProcess, new_user
from tests.tokens import shared_secret_token

HOST = "127.0.0.1"
CONNECTING_AT_ONCE = 100
WRITERS = 16


class Reader(asyncio.Protocol):
    """One open stream: notes what came when. Its own cost must stay small, so it looks no closer."""

    def __init__(self, request: bytes) -> None:
        self._request = request
        self.began: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.events = 0
        self.heard: deque[tuple[float, bytes]] = deque(maxlen=8)
        self.lost = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.write(self._request)  # type: ignore[attr-defined]  # it is one that writes

    def data_received(self, data: bytes) -> None:
        if not self.began.done() and b"retry:" in data:
            self.began.set_result(None)
        if count := data.count(b"event: changes"):
            self.events += count
            self.heard.append((time.perf_counter(), data))

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # asyncio's signature
        self.lost = True
        if not self.began.done():
            self.began.set_exception(ConnectionError("refused"))


class Client:
    """One connection for requests, one at a time."""

    def __init__(self, api: ApiProcess) -> None:
        self._port = api.port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, method: str, path: str, token: str, body: bytes = b"") -> bytes:
        """The answer's body; raises for anything but 2xx."""
        if self._streams is None:
            self._streams = await asyncio.open_connection(HOST, self._port)
        reader, writer = self._streams
        writer.write(request(method, path, token, body))
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        answer = await reader.readexactly(length)
        if head[9:10] != b"2":
            raise RuntimeError(head.decode() + answer.decode())
        return answer


def request(method: str, path: str, token: str, body: bytes = b"") -> bytes:
    """As sent."""
    head = f"{method} {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n"
    if body:
        head += f"content-type: application/json\r\ncontent-length: {len(body)}\r\n"
    return head.encode() + b"\r\n" + body


@dataclass(slots=True)
class Crowd:
    """Users with their streams, and what was acknowledged to each, and when."""

    reading: ApiProcess
    writing: ApiProcess
    tokens: dict[UserId, str]
    readers: dict[UserId, list[Reader]] = field(default_factory=dict)
    written: dict[UserId, list[tuple[float, bytes]]] = field(default_factory=dict)
    asked: list[float] = field(default_factory=list)
    """How long each plain GET took."""

    @classmethod
    def of(cls, users: int, reading: ApiProcess, writing: ApiProcess) -> "Crowd":
        """So many users, with tokens for two hours."""
        expires = int(time.time()) + 7200
        names = [new_user() for _ in range(users)]
        return cls(reading, writing, {user: shared_secret_token(user, exp=expires) for user in names})

    @property
    def everyone(self) -> list[Reader]:
        return [reader for readers in self.readers.values() for reader in readers]

    async def begin(self) -> None:
        """A task for each."""
        clients = itertools.cycle([Client(self.writing) for _ in range(WRITERS)])
        for user, client in zip(self.tokens, clients, strict=False):
            await client.ask("POST", "/api/tasks", self.tokens[user], b'{"title":"first"}')
        await Client(self.reading).ask("GET", "/api/tasks", next(iter(self.tokens.values())))

    async def connect(self, count: int) -> None:
        """So many streams, the same number for each."""
        room = asyncio.Semaphore(CONNECTING_AT_ONCE)

        async def one(user: UserId) -> None:
            asked = request("GET", "/api/tasks/events", self.tokens[user])
            async with room:
                loop = asyncio.get_running_loop()
                _, reader = await loop.create_connection(lambda: Reader(asked), HOST, self.reading.port)
                await reader.began
            self.readers.setdefault(user, []).append(reader)

        users = itertools.islice(itertools.cycle(self.tokens), count)
        await asyncio.gather(*(one(user) for user in users))

    async def write(self, rate: float, seconds: float, *, ask: bool = False) -> float:
        """Spread over all users; returns the seconds that it took.

        `ask`: once a write is acknowledged, somebody without a stream asks for that list, where the streams are.
        """
        for reader in self.everyone:
            reader.events = 0
            reader.heard.clear()
        self.written.clear()
        self.asked.clear()
        free: asyncio.Queue[tuple[Client, Client]] = asyncio.Queue()
        for _ in range(WRITERS):
            free.put_nowait((Client(self.writing), Client(self.reading)))

        async def one(user: UserId) -> None:
            writer, asker = await free.get()
            answer = json.loads(await writer.ask("POST", "/api/tasks", self.tokens[user], b'{"title":"next"}'))
            acknowledged, mark = time.perf_counter(), b'"id":%d,' % answer["id"]
            self.written.setdefault(user, []).append((acknowledged, mark))
            if ask:
                if mark not in await asker.ask("GET", "/api/tasks", self.tokens[user]):
                    raise RuntimeError("a list does not show what was acknowledged")
                self.asked.append(time.perf_counter() - acknowledged)
            free.put_nowait((writer, asker))

        began = time.perf_counter()
        order = random.sample(list(self.tokens), len(self.tokens))
        writing = []
        for number, user in enumerate(itertools.islice(itertools.cycle(order), round(rate * seconds))):
            await asyncio.sleep(max(0, began + number / rate - time.perf_counter()))
            writing.append(asyncio.create_task(one(user)))
        await asyncio.gather(*writing)
        return time.perf_counter() - began

    @property
    def expected(self) -> int:
        """Events, if each write is one to each stream of its user."""
        return sum(len(written) * len(self.readers[user]) for user, written in self.written.items())

    def lags(self) -> list[float]:
        """From each acknowledgement to each event of it, in order; below 0 where the event was quicker."""
        found = [
            heard - at
            for user, written in self.written.items()
            for at, mark in written
            for reader in self.readers[user]
            for heard, data in reader.heard
            if mark in data
        ]
        return sorted(found)


def quantiles(seconds: list[float]) -> dict[str, float]:
    """In milliseconds."""
    ordered = sorted(seconds)
    parts = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "max": 1.0}
    return {
        name: round(1000 * ordered[min(len(ordered) - 1, int(part * len(ordered)))], 1) for name, part in parts.items()
    }
