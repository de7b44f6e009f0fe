"""Two API processes with the same state: one that answers hits where the bytes arrive, and one that does not.

They share PostgreSQL and have a Redis each, so that what one has cached is nothing to the other: a stream that both get
finds both in the same state, and they must answer the same bytes, but for the date and an id that they make up.
"""

import asyncio
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx
import redis as redis_client

from core.cache.keys import key
from core.types import UserId
from deploy.local.servers.redis import RedisServer
from tests.stack import ApiProcess, Stack, folder, new_user
from tests.streams import draw
from tests.tokens import shared_secret_token

PEOPLE = 3
"""In a lane: their tasks and their cached answers are nobody else's, so that lanes do not meet."""

TOKEN_SECONDS = 40.0
"""Less than the minute for which a process remembers one: both must do so, or neither."""

PAUSE = 0.0005
PATIENCE = 60

SETTINGS = {
    "CORS_ORIGINS": draw.ORIGIN,
    "CACHE_TTL": "86400",
    "REDIS_TIMEOUT": "20",
    "LIMIT_READS_RATE": "0",
    "LIMIT_WRITES_RATE": "0",
    "SLOW_REQUEST": "60",
}

_DATE = re.compile(rb"^date: [^\r]*\r\n", re.MULTILINE)
_MADE_UP = re.compile(rb"^x-request-id: [0-9a-f]{12}-[0-9a-f]+\r\n", re.MULTILINE)
_LENGTH = re.compile(rb"\r\ncontent-length: (\d+)\r\n", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Difference:
    stream: draw.Stream
    direct: bytes
    plain: bytes

    def __str__(self) -> str:
        sent = "\n".join(f"  {piece!r}" for burst in self.stream.bursts for piece in burst.pieces)
        return f"seed {self.stream.seed}, sent\n{sent}\nwith the protocol\n  {self.direct!r}\nwithout\n  {self.plain!r}"


@dataclass
class Found:
    streams: int = 0
    requests: int = 0
    direct_hits: int = 0
    differences: list[Difference] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Pair:
    direct: ApiProcess
    plain: ApiProcess
    caches: tuple[RedisServer, RedisServer]

    def forget(self, users: Sequence[str]) -> None:
        """What both have cached of these."""
        for cache in self.caches:
            with redis_client.Redis.from_url(cache.url) as client:
                client.delete(*(key(UserId(user)) for user in users))

    def direct_hits(self) -> int:
        """How many there were; the other process has none."""
        counts = [_count(api) for api in (self.direct, self.plain)]
        assert counts[1] == 0
        return counts[0]


@contextmanager
def pair() -> Iterator[Pair]:
    with folder() as place, Stack(place) as stack:
        other = RedisServer(place / "other")
        stack.adopt(other)
        other.start()
        direct = _serve(stack)
        plain = _serve(stack, REDIS_URL=other.url, DIRECT_HITS="false")
        yield Pair(direct, plain, (stack.redis, other))


def _serve(stack: Stack, **settings: str) -> ApiProcess:
    return stack.api(start=True, **SETTINGS, **settings)


async def compare(on: Pair, *, seed: int, count: int, lanes: int = 4) -> Found:
    """`count` streams from this seed on, in lanes that run side by side."""
    found = Found()
    seeds = iter(range(seed, seed + count))
    await asyncio.gather(*(_lane(on, seeds, found) for _ in range(lanes)))
    found.direct_hits = on.direct_hits()
    return found


async def _lane(on: Pair, seeds: Iterator[int], found: Found) -> None:
    users = [new_user() for _ in range(PEOPLE)]
    tasks = {user: await asyncio.to_thread(_settle, on, user) for user in users}
    people: list[draw.Person] = []
    renewed = -TOKEN_SECONDS
    for number, seed in enumerate(seeds):
        if time.monotonic() - renewed > TOKEN_SECONDS:
            renewed = time.monotonic()
            people = [_person(user, *tasks[user], number=number) for user in users]
        stream = draw.stream(seed, people)
        if stream.forgotten:
            await asyncio.to_thread(on.forget, stream.forgotten)
        direct, plain = await asyncio.gather(*(_exchange(api.port, stream) for api in (on.direct, on.plain)))
        found.streams += 1
        found.requests += sum(len(burst.methods) for burst in stream.bursts)
        if _comparable(direct) != _comparable(plain):
            found.differences.append(Difference(stream, direct, plain))


def _settle(on: Pair, user: str) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """Tasks, and the tags of what is read most."""
    with on.direct.client(user) as client:
        made = [client.post("/api/tasks", json={"title": f"x {number}"}) for number in range(5)]
        ids = tuple(answer.raise_for_status().json()["id"] for answer in made)
        etags = tuple(client.get(path).headers["etag"] for path in ("/api/tasks", f"/api/tasks/{ids[0]}"))
    on.forget([user])
    return ids, etags


def _person(user: UserId, tasks: tuple[int, ...], etags: tuple[str, ...], *, number: int) -> draw.Person:
    return draw.Person(user, shared_secret_token(user, jti=str(number)), tasks, etags)


async def _exchange(port: int, stream: draw.Stream) -> bytes:
    """All that is answered. Ends when the server does, or there is nothing more to come."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answered = bytearray()
    try:
        async with asyncio.timeout(PATIENCE):
            for burst in stream.bursts:
                for piece, pause in zip(burst.pieces, burst.pauses, strict=True):
                    writer.write(piece)
                    await writer.drain()
                    if pause:
                        await asyncio.sleep(PAUSE)
                for method in burst.methods:
                    await _read_answer(reader, method, answered)
            writer.write_eof()
            answered += await reader.read()
    except (OSError, asyncio.IncompleteReadError) as error:
        answered += getattr(error, "partial", b"")
    finally:
        writer.close()
    return bytes(answered)


async def _read_answer(reader: asyncio.StreamReader, method: str, into: bytearray) -> None:
    while True:
        head = await reader.readuntil(b"\r\n\r\n")
        into += head
        status = int(head.split(b" ", 2)[1])
        if status >= 200:
            break
    if method != "HEAD" and (length := _LENGTH.search(head)):
        into += await reader.readexactly(int(length[1]))


def _comparable(answers: bytes) -> bytes:
    return _MADE_UP.sub(b"x-request-id: made up\r\n", _DATE.sub(b"", answers))


def _count(api: ApiProcess) -> int:
    metrics = httpx.get(f"{api.url}/metrics", timeout=PATIENCE).text
    [count] = re.findall(r"^tasklane_direct_hits_total (\S+)$", metrics, re.MULTILINE)
    return int(float(count))
