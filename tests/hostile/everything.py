"""Everything at once: several users send hostile requests over every route, pipelined, cut and broken.

`python -m tests.hostile.everything`: `--count` requests in all, to a process of each shape of lists in turn, with
a worker beside it. Exits with 1 if an answer is 500, if anybody is shown what is another's or has written into it, if
something takes a second more than the machine itself, if the process's memory grows by half, or if it ends.
"""

import argparse
import asyncio
import contextlib
import io
import random
import re
import sys
import time
import zipfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import httpx

from tests.hostile.__main__ import memory
from tests.hostile.draw import Draw, Loot, Person, Request
from tests.stack import ApiProcess, Stack, folder
from tests.steps import outside

PEOPLE = 6
LANES = 10
PATIENCE = 60.0
UNSURE_SECONDS = 0.02
"""For so long an answer is waited for that may not come."""
MOST_SECONDS = 1.0
SHOWN = 15
MOST_MEMORY = 1.5
WARM_UP = 300
SETTINGS = {
    "LIMIT_READS_RATE": "0",
    "LIMIT_WRITES_RATE": "0",
    "LIMIT_TASKS": "1000",
    "CORS_ORIGINS": "http://page.example",
}
SHAPES: tuple[dict[str, str], ...] = (
    {"TASK_LIST_SHAPE": "array", "MCP": "true"},
    {"TASK_LIST_SHAPE": "object", "UNKNOWN_MEMBERS": "refuse", "DELETE_ANSWER": "200"},
)

_LENGTH = re.compile(rb"\r\ncontent-length: (\d+)\r\n", re.IGNORECASE)
_ID = re.compile(rb'"id": ?(\d+), ?"(?:user_id|deleted_at)"')
_WORDS = re.compile(rb'[?&]cursor=([\w-]+)|"next": ?"([\w-]+)"|\netag: ([^\r]+)|\nid: ([\w-]+)')


@dataclass(order=True, frozen=True, slots=True)
class Slow:
    seconds: float
    own: float
    """Of these, how long this process itself stood still."""
    livez: float
    """How long `/livez` took meanwhile."""
    route: str
    sent: bytes

    def __str__(self) -> str:
        return f"{self.seconds:.2f} s (self {self.own:.2f}, /livez {self.livez:.2f}) {self.route} {self.sent[:150]!r}"


@dataclass
class Found:
    requests: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    routes: Counter[tuple[str, int]] = field(default_factory=Counter)
    failed: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)
    """Connections that have ended without the answer to their first request."""
    slowest: list[Slow] = field(default_factory=list)
    before: float = 0
    after: float = 0
    most: float = 0
    alive: bool = False

    @property
    def slow(self) -> list[Slow]:
        """What the machine is not to blame for."""
        return [slow for slow in self.slowest if slow.seconds - slow.own > MOST_SECONDS]

    @property
    def faults(self) -> list[str]:
        faults = [*self.failed, *self.foreign, *map(str, self.slow)]
        if self.after > MOST_MEMORY * self.before:
            faults.append(f"memory: {self.before:.0f} -> {self.after:.0f} MB")
        return faults if self.alive else [*faults, "the process has ended"]

    def __str__(self) -> str:
        parts = [f"{self.requests:,} requests, {dict(sorted(self.statuses.items()))}"]
        parts.append(f"memory {self.before:.0f} -> {self.after:.0f} MB (at most {self.most:.0f})")
        parts += [f"slowest: {slow}" for slow in self.slowest] + [f"closed: {closed}" for closed in self.closed[:SHOWN]]
        return "\n".join([*parts, *(f"FAULT {fault}" for fault in self.faults)])


class Attack:
    """On one process."""

    def __init__(self, api: ApiProcess, seed: int, count: int) -> None:
        self._api = api
        self._seed = seed
        self._left = count
        self._people = [Person.new(number) for number in range(PEOPLE)]
        self._loot = Loot()
        self._owners: dict[int, str] = {}
        self._clock: list[tuple[float, float, float]] = []
        """When it was, how long this process stood still, and how long `/livez` took."""
        self._sleeps = time.perf_counter()
        self._asks: float | None = None
        self._marks = {person.user: self._foreign_to(person) for person in self._people}
        self.found = Found()

    def _foreign_to(self, person: Person) -> re.Pattern[bytes]:
        return re.compile(b"|".join(other.mark.encode() for other in self._people if other is not person))

    async def run(self) -> Found:
        assert self._api.pid
        watching = asyncio.create_task(self._watch())
        await asyncio.gather(*(self._lane(number) for number in range(LANES)))
        watching.cancel()
        async with httpx.AsyncClient(base_url=self._api.url, timeout=PATIENCE) as somebody:
            self.found.alive = (await somebody.get("/livez")).is_success
        self.found.after, self.found.most = (memory(self._api.pid, name) for name in ("VmRSS", "VmHWM"))
        return self.found

    def audit(self, database_url: str) -> None:
        """What was written, as the database's owner sees it: with everybody's own marks, and the ids that they saw."""
        with outside(database_url) as rows:
            rows.execute("SELECT id, user_id, tasks::text FROM tasks")
            for number, user, text in rows.fetchall():
                if user in self._marks and self._marks[user].search(text.encode()):
                    self.found.foreign.append(f"written into {user}: {text}")
                if self._owners.get(number, user) != user and user in self._marks:
                    self.found.foreign.append(f"task {number} of {user} was shown to {self._owners[number]}")

    async def _watch(self) -> None:
        async with httpx.AsyncClient(base_url=self._api.url, timeout=PATIENCE) as somebody:
            while True:
                self._sleeps, self._asks = time.perf_counter() + 0.02, None
                await asyncio.sleep(0.02)
                self._asks = time.perf_counter()
                with contextlib.suppress(httpx.HTTPError):
                    await somebody.get("/livez")
                self._clock.append(self._now())
                del self._clock[:-5000]

    def _now(self) -> tuple[float, float, float]:
        """As far as what is being watched has come."""
        now = time.perf_counter()
        return self._sleeps, (self._asks or now) - self._sleeps, now - (self._asks or now)

    async def _lane(self, number: int) -> None:
        draw = Draw(self._seed * LANES + number, self._people, self._loot)
        while self._left > 0:
            me = draw.one(self._people)
            requests, pieces = draw.burst(me)
            self._left -= len(requests)
            self.found.requests += len(requests)
            try:
                async with asyncio.timeout(PATIENCE):
                    await self._exchange(me, requests, pieces, pause=draw.chance() < 0.3)
            except TimeoutError:
                self.found.failed.append(f"no answer: {requests[-1].route} {requests[-1].sent[:300]!r}")
            if not self.found.before and self.found.requests > WARM_UP:
                assert self._api.pid
                self.found.before = memory(self._api.pid, "VmRSS")

    async def _exchange(self, me: Person, requests: Sequence[Request], pieces: Sequence[bytes], *, pause: bool) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._api.port, limit=1 << 26)
        request = requests[0]
        try:
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(0.001 * pause)
            for request in requests:
                began = time.perf_counter()
                async with asyncio.timeout(None if request.whole else UNSURE_SECONDS):
                    head, body = await _answer(reader, request)
                self._judge(me, request, head, body, began=began)
                if b"\nconnection: close" in head:
                    break
        except (OSError, asyncio.IncompleteReadError):
            self.found.statuses[0] += 1
            if request.whole and request is requests[0]:
                self.found.closed.append(f"{request.route} {request.sent[:300]!r}")
        except TimeoutError:
            if request.whole:
                raise
        finally:
            writer.close()

    def _judge(self, me: Person, request: Request, head: bytes, body: bytes, *, began: float) -> None:
        status, seconds = int(head.split(b" ", 2)[1]), time.perf_counter() - began
        self.found.statuses[status] += 1
        self.found.routes[request.route, status] += 1
        if status == httpx.codes.INTERNAL_SERVER_ERROR or status > httpx.codes.SERVICE_UNAVAILABLE:
            self.found.failed.append(f"{status} {request.route} {request.sent[:1000]!r}")
        text = _unpacked(body) if b"application/zip" in head else body
        if shown := self._marks[me.user].search(head + text):
            self.found.foreign.append(f"{me.user} is shown {shown[0]!r} by {request.sent[:1000]!r}")
        if status < httpx.codes.BAD_REQUEST and b"/json" in head and not text.startswith(b'{"openapi"'):  # examples
            for number in map(int, _ID.findall(text)):
                if self._owners.setdefault(number, me.user) != me.user:
                    self.found.foreign.append(f"{me.user} is shown {number} by {request.sent[:1000]!r}")
                elif len(self._loot.ids) < 100_000 and random.random() < 0.3:
                    self._loot.ids.append(number)
                    self._loot.own[me.user].append(number)
        if len(self._loot.words) < 20_000:
            self._loot.words += [next(filter(None, found)).decode() for found in _WORDS.findall(head + text[:9999])]
        if len(self.found.slowest) < SHOWN or seconds > self.found.slowest[-1].seconds:
            meanwhile = [
                (stood, livez)
                for at, stood, livez in (*self._clock, self._now())
                if at > began - 0.1 or at == self._sleeps
            ]
            own, livez = (max(column) for column in zip(*meanwhile, strict=True))
            slowest = [*self.found.slowest, Slow(seconds, own, livez, request.route, request.sent[:200])]
            self.found.slowest = sorted(slowest, reverse=True)[:SHOWN]


async def _answer(reader: asyncio.StreamReader, request: Request) -> tuple[bytes, bytes]:
    """Its head and its body; of a stream what comes first."""
    head = b"HTTP/1.1 100 Continue"
    while head.startswith(b"HTTP/1.1 1"):
        head = await reader.readuntil(b"\r\n\r\n")
    if request.method == "HEAD" or head.split(b" ", 2)[1] in {b"204", b"304"}:
        return head, b""
    if length := _LENGTH.search(head):
        return head, await reader.readexactly(int(length[1]))
    if b"text/event-stream" in head:
        return head, await reader.read(65536)
    body = bytearray()
    while size := int(await reader.readuntil(b"\r\n"), 16):
        body += await reader.readexactly(size)
        await reader.readexactly(2)
    await reader.readexactly(2)
    return head, bytes(body)


def _unpacked(body: bytes) -> bytes:
    with contextlib.suppress(zipfile.BadZipFile), zipfile.ZipFile(io.BytesIO(body)) as archive:
        return b"".join(archive.read(name) for name in archive.namelist())
    return body


def attack(stack: Stack, shape: Mapping[str, str], *, seed: int, count: int) -> Found:
    """`count` requests to a process of its own."""
    api = stack.api(start=True, **SETTINGS, **shape)
    found_by = Attack(api, seed, count)
    found = asyncio.run(found_by.run())
    found_by.audit(stack.database_url)
    api.stop()
    return found


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.hostile.everything", description=__doc__)
    parser.add_argument("--count", type=int, default=100_000, help="how many requests in all (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of what is drawn (%(default)s)")
    asked = parser.parse_args()
    faults = 0
    with folder() as path, Stack(path) as stack:
        worker = stack.worker(WORKER_ERASE_PERIOD="1", WORKER_PURGE_PERIOD="5")
        for number, shape in enumerate(SHAPES):
            began = time.monotonic()
            found = attack(stack, shape, seed=asked.seed + number, count=asked.count // len(SHAPES))
            faults += len(found.faults)
            sys.stdout.write(f"{shape} in {time.monotonic() - began:.0f} s: {found}\n")
            for (route, status), times in sorted(found.routes.items()):
                if status in {500, 503}:
                    sys.stdout.write(f"  {times} x {status} {route}\n")
            sys.stdout.flush()
        assert worker.pid
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
