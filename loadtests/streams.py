"""`python -m loadtests.streams`: what many open event streams cost one API process, and how late an event comes.

Prints the memory of a stream, the process's share of a core while nothing but heartbeats happens, and how long after
its acknowledgement a write reaches the streams of its user. Writes go to another process.
"""

import argparse
import asyncio
import itertools
import json
import random
import resource
import time
from collections import deque
from dataclasses import dataclass, field

import psutil  # type: ignore[import-untyped]  # its stubs are a package of their own

from core.types import UserId
from tests.stack import ApiProcess, Stack, folder, new_user
from tests.tokens import shared_secret_token

HOST = "127.0.0.1"
CONNECTING_AT_ONCE = 100
WRITERS = 16
SETTLING_SECONDS = 3
QUIET = {"LIMIT_READS_RATE": "0", "LIMIT_WRITES_RATE": "0"}


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

    async def write(self, rate: float, seconds: float) -> float:
        """Spread over all users; returns the seconds that it took."""
        for reader in self.everyone:
            reader.events = 0
            reader.heard.clear()
        free: asyncio.Queue[Client] = asyncio.Queue()
        for _ in range(WRITERS):
            free.put_nowait(Client(self.writing))

        async def one(user: UserId) -> None:
            client = await free.get()
            answer = json.loads(await client.ask("POST", "/api/tasks", self.tokens[user], b'{"title":"next"}'))
            self.written.setdefault(user, []).append((time.perf_counter(), b'"id":%d,' % answer["id"]))
            free.put_nowait(client)

        began = time.perf_counter()
        order = random.sample(list(self.tokens), len(self.tokens))
        writing = []
        for number, user in enumerate(itertools.islice(itertools.cycle(order), round(rate * seconds))):
            await asyncio.sleep(max(0, began + number / rate - time.perf_counter()))
            writing.append(asyncio.create_task(one(user)))
        await asyncio.gather(*writing)
        return time.perf_counter() - began

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


async def run(options: argparse.Namespace, reading: ApiProcess, writing: ApiProcess) -> dict[str, object]:
    expires = int(time.time()) + 7200
    users = [new_user() for _ in range(options.users)]
    crowd = Crowd(reading, writing, {user: shared_secret_token(user, exp=expires) for user in users})
    process = psutil.Process(reading.pid)
    await crowd.begin()
    before, began = process.memory_info().rss, time.perf_counter()
    await crowd.connect(options.streams)
    connected = time.perf_counter() - began
    memory = (process.memory_info().rss - before) / options.streams
    await asyncio.sleep(SETTLING_SECONDS)
    cpu = _seconds(process)
    await asyncio.sleep(options.rest)
    resting = (_seconds(process) - cpu) / options.rest
    cpu = _seconds(process)
    took = await crowd.write(options.rate, options.seconds)
    busy = (_seconds(process) - cpu) / took
    await asyncio.sleep(SETTLING_SECONDS)
    lags, everyone = crowd.lags(), crowd.everyone
    parts = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "max": 1}
    return {
        "streams": len(everyone),
        "lost": sum(reader.lost for reader in everyone),
        "users": len(users),
        "connected in s": round(connected, 1),
        "memory each, kB": round(memory / 1000, 1),
        "CPU at rest, % of a core": round(100 * resting, 2),
        "writes per s": round(sum(map(len, crowd.written.values())) / took),
        "CPU meanwhile, % of a core": round(100 * busy, 1),
        "events expected": sum(len(written) * len(crowd.readers[user]) for user, written in crowd.written.items()),
        "events": sum(reader.events for reader in everyone),
        "lag, ms": {
            name: round(1000 * lags[min(len(lags) - 1, int(part * len(lags)))], 1) for name, part in parts.items()
        },
    }


def _seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m loadtests.streams", description=__doc__)
    parser.add_argument("--streams", type=int, default=10_000)
    parser.add_argument("--users", type=int, default=2000)
    parser.add_argument("--rate", type=float, default=200, help="writes per second")
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--rest", type=float, default=30, help="seconds without a write")
    options = parser.parse_args()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 65_536), most))
    with folder() as path, Stack(path) as stack:
        reading, writing = (ApiProcess(path, stack.environment(**QUIET)) for _ in range(2))
        stack.adopt(reading, writing)
        reading.start()
        writing.start()
        stack.worker()
        print(json.dumps(asyncio.run(run(options, reading, writing)), indent=1))


if __name__ == "__main__":
    main()
