"""What clients see while PostgreSQL or Redis is away or hung, and how soon that is over: measured, one by one."""

import asyncio
import itertools
import statistics
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from http import HTTPStatus

from deploy.local.children.child import Child
from tests.consistency.checking.history import LIST
from tests.consistency.clients.client import NoAnswer, Response, Service
from tests.consistency.clients.workload import User, request
from tests.consistency.parts.cluster import PRODUCTION, cluster
from tests.consistency.runs.drive import Say

APIS = 2
CLIENTS = 4
SAMPLES = 400
AWAY = 4.0
PATIENCE = 30.0
TASKS = 20


@dataclass(slots=True)
class Phase:
    """Requests of one kind in one state of affairs."""

    name: str
    latencies: list[float] = field(default_factory=list)
    statuses: dict[str, int] = field(default_factory=dict)

    def quantile(self, part: float) -> float:
        return sorted(self.latencies)[min(int(part * len(self.latencies)), len(self.latencies) - 1)]

    @property
    def median(self) -> float:
        return statistics.median(self.latencies)

    @property
    def slowest(self) -> float:
        return max(self.latencies)


@dataclass(slots=True)
class Recovery:
    """All figures, in seconds."""

    phases: dict[str, Phase] = field(default_factory=dict)
    back: dict[str, float] = field(default_factory=dict)
    """From the moment at which the server serves again to the moment at which every process uses it."""

    def ratio(self, phase: str) -> float:
        """Its p99 by that of the healthy misses."""
        return self.phases[phase].quantile(0.99) / self.phases["a miss"].quantile(0.99)


async def measure(say: Say) -> Recovery:
    """With the settings of production, on Unix sockets."""
    async with cluster(apis=APIS, settings=PRODUCTION) as parts:
        service = Service(parts.ports)
        probe = _Probe(service, Recovery(), say)
        await probe.prepare()
        for _ in range(2):  # the first requests of a process are slow
            await probe.run("a miss", probe.miss)
            await probe.run("a hit", probe.hit)
        redis, postgres = parts.stack.redis, parts.stack.postgres
        for name, fall, rise in (("away", _kill, _start), ("hung", _freeze, _thaw)):
            await asyncio.to_thread(fall, redis)
            await probe.run(f"a read, Redis {name}", probe.hit, seconds=AWAY)
            await asyncio.to_thread(rise, redis)
            await probe.returns(f"hits after Redis was {name}", probe.is_hit)
        for name, fall, rise in (("away", _kill, _start), ("hung", _freeze, _thaw)):
            await asyncio.gather(*(probe.hit(number) for number in range(2 * CLIENTS)))
            await asyncio.to_thread(fall, postgres)
            await asyncio.gather(
                probe.run(f"a hit, PostgreSQL {name}", probe.hit, seconds=AWAY),
                probe.run(f"a miss, PostgreSQL {name}", probe.miss, seconds=AWAY),
                probe.run(f"a write, PostgreSQL {name}", probe.write, seconds=AWAY),
            )
            await asyncio.to_thread(rise, postgres)
            await probe.returns(f"ready after PostgreSQL was {name}", probe.is_ready)
            await probe.returns(f"writes after PostgreSQL was {name}", probe.is_written)
        service.close()
        return probe.found


class _Probe:
    def __init__(self, service: Service, found: Recovery, say: Say) -> None:
        self.found = found
        self._service = service
        self._say = say
        self._user = User.named("probe")
        self._reader = User.named("reader")
        self._numbers = itertools.count(21)

    async def prepare(self) -> None:
        for user in (self._user, self._reader):
            for number in range(TASKS):
                body = b'{"title": "%d"}' % number
                await self._service.ask(0, request("POST", LIST, user, body=body))

    async def hit(self, number: int) -> Response:
        return await self._service.ask(number % APIS, request("GET", LIST, self._reader))

    async def miss(self, number: int) -> Response:
        """A question that nobody has asked before."""
        path = f"{LIST}?offset={next(self._numbers) % 10_000}&limit=50"
        return await self._service.ask(number % APIS, request("GET", path, self._user))

    async def write(self, number: int) -> Response:
        return await self._service.ask(number % APIS, request("POST", LIST, self._user, body=b'{"title": "x"}'))

    async def is_hit(self, process: int) -> bool:
        return (await self.hit(process)).header(b"x-cache") == "hit"

    async def is_ready(self, process: int) -> bool:
        response = await self._service.ask(process, request("GET", "/readyz", self._user))
        return response.status == HTTPStatus.OK

    async def is_written(self, process: int) -> bool:
        return (await self.write(process)).status == HTTPStatus.CREATED

    async def run(self, name: str, ask: Callable[[int], Awaitable[Response]], *, seconds: float = 0.0) -> None:
        """A few clients, one request after another, for so long or so many."""
        phase = self.found.phases[name] = Phase(name)
        end = time.monotonic() + (seconds or PATIENCE)
        numbers = iter(range(10**9 if seconds else SAMPLES))

        async def client() -> None:
            for number in numbers:
                began = time.monotonic()
                if began > end:
                    return
                what = await _described(ask, number)
                phase.latencies.append(time.monotonic() - began)
                phase.statuses[what] = phase.statuses.get(what, 0) + 1

        await asyncio.gather(*(client() for _ in range(CLIENTS)))
        self._say(
            f"{name:28} p50 {phase.median * 1000:6.1f} ms, p99 {phase.quantile(0.99) * 1000:7.1f} ms, "
            f"slowest {phase.slowest * 1000:7.1f} ms; {phase.statuses}"
        )

    async def returns(self, name: str, test: Callable[[int], Awaitable[bool]]) -> None:
        """Ask every process until the test is true of it."""
        began = time.monotonic()
        for process in range(APIS):
            while not await test(process) and time.monotonic() < began + PATIENCE:  # noqa: ASYNC110  # asks
                await asyncio.sleep(0.02)
        self.found.back[name] = time.monotonic() - began
        self._say(f"{name:28} {self.found.back[name]:.2f} s")


async def _described(ask: Callable[[int], Awaitable[Response]], number: int) -> str:
    try:
        response = await ask(number)
    except NoAnswer:
        return "no answer"
    retry = (
        " with Retry-After"
        if response.status == HTTPStatus.SERVICE_UNAVAILABLE and response.header(b"retry-after")
        else ""
    )
    return f"{response.status}{retry}"


def _kill(child: Child) -> None:
    child.kill()


def _start(child: Child) -> None:
    child.start()


def _freeze(child: Child) -> None:
    child.freeze()


def _thaw(child: Child) -> None:
    child.thaw()
