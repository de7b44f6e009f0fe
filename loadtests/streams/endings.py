"""What happens to streams when their process is told to end, and what readers cost who take nothing."""

import asyncio
import contextlib
import json
import os
import re
import signal
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import httpx
import psutil  # type: ignore[import-untyped]  # its stubs are a package of their own

from core.types import UserId
from deploy.local.children.child import Child
from loadtests.streams.crowd import HOST, Client, Crowd, Reader, request
from tests.mirrors import Mirror
from tests.stack import ApiProcess

Say = Callable[[str, dict[str, object]], None]

PATIENCE = 60.0
WRITES_PER_SECOND = 50
HUNG = 50
LARGE = 6500
"""Tasks of 1 kB: more than fits between two ends of a connection."""

_EVENT = re.compile(rb"event: changes\ndata: (.*)\nid: ")
_RETRY = re.compile(rb"retry: (\d+)")


@dataclass(slots=True)
class Person:
    """A stream's reader as a browser is one: it comes back after `retry`, to another process, with what it has seen."""

    user: UserId
    token: str
    received: list[bytes] = field(default_factory=list)
    mirror: Mirror = field(default_factory=Mirror)
    back: float = 0.0

    async def follow(self, first: ApiProcess, second: ApiProcess, open_: asyncio.Semaphore) -> None:
        """The stream of the one until it ends, then that of the other until cancelled."""
        async with open_:
            _, reader = await self._open(first)
            await reader.began
        await reader.ended
        self._apply()
        retry = int(_RETRY.findall(b"".join(self.received))[-1]) / 1000
        await asyncio.sleep(retry)
        _, reader = await self._open(second)
        await reader.began
        self.back = time.perf_counter()
        await reader.ended

    def stands(self) -> str | None:
        self._apply()
        return self.mirror.since

    async def _open(self, api: ApiProcess) -> tuple[asyncio.BaseTransport, "_Listening"]:
        since = f"?since={self.mirror.since}" if self.mirror.since else ""
        asked = request("GET", f"/api/tasks/events{since}", self.token)
        return await asyncio.get_running_loop().create_connection(
            lambda: _Listening(asked, self.received), HOST, api.port
        )

    def _apply(self) -> None:
        for page in _EVENT.findall(b"".join(self.received)):
            self.mirror.apply(json.loads(page))


class _Listening(Reader):
    """Keeps all that it hears."""

    def __init__(self, request: bytes, received: list[bytes]) -> None:
        super().__init__(request)
        self._received = received
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def data_received(self, data: bytes) -> None:
        self._received.append(data)
        super().data_received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if not self.ended.done():
            self.ended.set_result(None)


async def end(streams: int, reading: ApiProcess, writing: ApiProcess, say: Say) -> None:
    """SIGTERM while their users write through another process, to which they go."""
    crowd = Crowd.of(max(1, streams // 2), reading, writing)
    await crowd.begin()
    people = [Person(user, token) for user, token in crowd.tokens.items() for _ in range(2)]
    room = asyncio.Semaphore(100)
    following = [asyncio.create_task(person.follow(reading, writing, room)) for person in people]
    while not all(b"event: changes" in b"".join(person.received) for person in people):  # noqa: ASYNC110  # they read
        await asyncio.sleep(0.1)
    stop = asyncio.Event()
    writes = asyncio.create_task(_keep_writing(crowd, stop))
    await asyncio.sleep(1)
    began = time.perf_counter()
    os.kill(reading.pid, signal.SIGTERM)
    async with asyncio.timeout(PATIENCE):
        while reading.running:  # noqa: ASYNC110  # another process ends
            await asyncio.sleep(0.005)
        gone = time.perf_counter() - began
        while not all(person.back for person in people):  # noqa: ASYNC110  # they come back
            await asyncio.sleep(0.01)
    stop.set()
    count = await writes
    missed = await _missed(people, writing)
    for task in following:
        task.cancel()
    await asyncio.gather(*following, return_exceptions=True)
    say(
        "SIGTERM",
        {
            "streams": len(people),
            "process gone after s": round(gone, 2),
            "last one back after s": round(max(person.back for person in people) - began, 2),
            "writes meanwhile": count,
            "mirrors that differ": missed,
        },
    )


async def away(streams: int, seconds: float, redis: Child, servers: tuple[ApiProcess, ApiProcess], say: Say) -> None:
    """Redis is silent while everybody writes; each of them then looks how late the last change was told."""
    reading, writing = servers
    crowd = Crowd.of(streams, reading, writing)
    await crowd.begin()
    people = [Person(user, token) for user, token in crowd.tokens.items()]
    room = asyncio.Semaphore(100)
    following = [asyncio.create_task(person.follow(reading, writing, room)) for person in people]
    while not all(b"event: changes" in b"".join(person.received) for person in people):  # noqa: ASYNC110  # they read
        await asyncio.sleep(0.1)
    stop = asyncio.Event()
    await asyncio.to_thread(redis.freeze)
    writes = asyncio.create_task(_keep_writing(crowd, stop))
    await asyncio.sleep(seconds)
    stop.set()
    count, ended = await writes, time.perf_counter()
    wrong = await _missed(people, writing)
    told = time.perf_counter() - ended
    await asyncio.to_thread(redis.thaw)
    for task in following:
        task.cancel()
    await asyncio.gather(*following, return_exceptions=True)
    say(
        "Redis away",
        {
            "for s": seconds,
            "streams": len(people),
            "writes meanwhile": count,
            "mirrors that differ": wrong,
            "all true after the last write, and looked at one by one, s": round(told, 2),
        },
    )


async def _keep_writing(crowd: Crowd, stop: asyncio.Event) -> int:
    client, count = Client(crowd.writing), 0
    while not stop.is_set():
        for token in crowd.tokens.values():
            with contextlib.suppress(RuntimeError):  # 503: nobody knows whether it was made, until they look
                await client.ask("POST", "/api/tasks", token, b'{"title":"next"}')
                count += 1
            await asyncio.sleep(1 / WRITES_PER_SECOND)
            if stop.is_set():
                break
    return count


async def _missed(people: list[Person], api: ApiProcess) -> int:
    """How many do not hold what the list shows."""
    client, wrong = Client(api), 0
    for person in people:
        page = json.loads(await client.ask("GET", "/api/tasks/changes", person.token))
        async with asyncio.timeout(PATIENCE):
            while person.stands() != page["next"]:  # noqa: ASYNC110  # it hears
                await asyncio.sleep(0.02)
        wrong += person.mirror.tasks != {task["id"]: task for task in page["changes"]}
    return wrong


async def hang(reading: ApiProcess, writing: ApiProcess, say: Say) -> None:
    """They ask and take nothing, of a list of which there is more than the system buffers."""
    crowd = Crowd.of(HUNG // 10, reading, writing)
    tasks = [{"title": f"{number}", "description": "x" * 1000} for number in range(LARGE)]
    async with httpx.AsyncClient(base_url=writing.url, timeout=PATIENCE) as client:
        for token in crowd.tokens.values():
            headers = {"authorization": f"Bearer {token}"}
            (await client.post("/api/tasks/import", json={"tasks": tasks}, headers=headers)).raise_for_status()
    process = psutil.Process(reading.pid)
    await Client(reading).ask("GET", "/api/tasks?limit=1", next(iter(crowd.tokens.values())))
    before = process.memory_info().rss
    asked = [request("GET", "/api/tasks/events", token) for token in crowd.tokens.values()] * 10
    readers = [_deaf(reading, one) for one in asked]
    await asyncio.sleep(10)  # what fits has been sent
    memory, cpu = process.memory_info().rss - before, sum(process.cpu_times()[:2])
    await asyncio.sleep(5)
    share = (sum(process.cpu_times()[:2]) - cpu) / 5
    began = time.perf_counter()
    async with asyncio.timeout(PATIENCE), httpx.AsyncClient(base_url=reading.url) as client:
        while "tasklane_streams 0.0" not in (await client.get("/metrics")).text:  # noqa: ASYNC110  # another process
            await asyncio.sleep(0.2)
    say(
        "hung readers",
        {
            "streams": HUNG,
            "memory each, kB": round(memory / HUNG / 1000),
            "CPU, % of a core": round(100 * share, 2),
            "let go of after s": round(15 + time.perf_counter() - began, 1),
        },
    )
    for reader in readers:
        reader.close()


def _deaf(api: ApiProcess, asked: bytes) -> socket.socket:
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.connect((HOST, api.port))
    connection.sendall(asked)
    return connection
