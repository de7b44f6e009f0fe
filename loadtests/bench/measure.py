"""The rounds: every contestant in turn, again and again, so that whatever else the machine does meets all alike."""

import contextlib
import http.client
import os
import re
import resource
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import psutil  # type: ignore[import-untyped]  # its stubs are a package of their own

from deploy.local.plan import HOST
from loadtests.bench.stage import wrk
from loadtests.bench.stage.machine import cpu_seconds
from loadtests.bench.stage.stage import Server, Stage

ATTEMPTS = 3

SETTLE_SECONDS = 10.0
SETTLE_STEP = 0.1

THREADS = 40
"""In which Starlette runs plain functions."""

ENOUGH = 0.98
"""The least part of a scenario's reads that must have been what it says: hits, or misses."""


class BenchFailed(RuntimeError):
    """What was measured is not what was meant."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """Requests that one server gets, and what must be so before and during it."""

    name: str
    server: Server
    requests: Path
    before: Callable[[], None] = lambda: None
    reads: str = ""
    """What the cache must say of nearly all of them: `hit` or `miss`; empty: it is not asked."""
    may_stall: bool = False
    """It may come to a standstill, which is then its result: threads that wait for connections to the database, and
    requests that hold those and wait for threads."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One measurement; latencies in milliseconds, CPU in microseconds per request."""

    scenario: str
    connections: int
    round: int
    rate: float
    p50: float
    p99: float
    failed: float = 0.0
    """The part of the requests without an answer, or with one of 400 and more."""
    cpu: Mapping[str, float] = field(default_factory=dict)
    others: float = 0.0
    """The part of the machine's CPU that went to strangers meanwhile."""

    def as_json(self) -> dict[str, object]:
        return asdict(self)


def one_round(
    on: Stage, scenarios: Sequence[Scenario], *, connections: Sequence[int], number: int, seconds: int
) -> Iterator[Sample]:
    """Every scenario at every number of connections; every other round in the opposite order."""
    for open_ in connections:
        for scenario in scenarios if number % 2 == 0 else reversed(scenarios):
            yield measured(on, scenario, connections=open_, seconds=seconds, number=number)


def measured(on: Stage, scenario: Scenario, *, connections: int, seconds: int, number: int) -> Sample:
    """Measured again when the machine was too busy to do what the scenario is about; raises `BenchFailed` at last."""
    for _ in range(ATTEMPTS - 1):
        with contextlib.suppress(BenchFailed):
            return _measured(on, scenario, connections=connections, seconds=seconds, number=number)
    return _measured(on, scenario, connections=connections, seconds=seconds, number=number)


def _measured(on: Stage, scenario: Scenario, *, connections: int, seconds: int, number: int) -> Sample:
    scenario.before()
    server = scenario.server
    pids = {"service": server.pid, "redis": on.redis.pid, "postgresql": on.postgres.pid}
    said = _cache_reads(server) if scenario.reads else {}
    used = {name: cpu_seconds(pid) for name, pid in pids.items()}
    machine = _Machine.now()
    run = wrk.run(server.url, scenario.requests, connections=connections, seconds=seconds, cores=on.cores)
    spent = {name: cpu_seconds(pid) - used[name] for name, pid in pids.items()}
    others = machine.others(sum(spent.values()))
    _settle(server)
    if scenario.may_stall and connections > THREADS:
        on.revive(server)
    if run.requests == 0 and not scenario.may_stall:
        raise BenchFailed(f"{scenario.name}: not one answer in {seconds} s, over {connections} connections")
    if scenario.reads:
        _check_reads(scenario, said, _cache_reads(server))
    count = max(run.requests, 1)
    return Sample(
        scenario=scenario.name,
        connections=connections,
        round=number,
        rate=run.rate,
        p50=run.p50,
        p99=run.p99,
        failed=min(1.0, (run.refused + run.broken) / count) if run.requests else 1.0,
        cpu={name: value / count * 1e6 for name, value in spent.items()},
        others=others,
    )


def _settle(server: Server) -> None:
    """Wait until it has done with the requests that the load generator has left behind."""
    deadline = time.monotonic() + SETTLE_SECONDS
    before = cpu_seconds(server.pid)
    while time.monotonic() < deadline:
        time.sleep(SETTLE_STEP)
        now = cpu_seconds(server.pid)
        if now - before < SETTLE_STEP / 10:
            return
        before = now


def replay_once(server: Server, requests: Sequence[bytes]) -> list[tuple[int, dict[str, str], bytes]]:
    """Send each of these raw requests once, over one connection; status, headers in small letters, and body."""
    answers = []
    connection = http.client.HTTPConnection(HOST, server.port, timeout=30)
    connection.connect()
    try:
        for request in requests:
            connection.sock.sendall(request)
            answer = http.client.HTTPResponse(connection.sock, method=request.partition(b" ")[0].decode())
            answer.begin()
            headers = {name.lower(): value for name, value in answer.getheaders()}
            answers.append((answer.status, headers, answer.read()))
    finally:
        connection.close()
    return answers


_READS = re.compile(r'^tasklane_cache_reads_total\{result="(\w+)"\} (\S+)$', re.MULTILINE)


def _cache_reads(server: Server) -> dict[str, float]:
    connection = http.client.HTTPConnection(HOST, server.port, timeout=10)
    try:
        connection.request("GET", "/metrics")
        return {result: float(count) for result, count in _READS.findall(connection.getresponse().read().decode())}
    finally:
        connection.close()


def _check_reads(scenario: Scenario, before: Mapping[str, float], after: Mapping[str, float]) -> None:
    reads = {result: after[result] - before.get(result, 0) for result in after}
    total = sum(reads.values())
    if total == 0 or reads.get(scenario.reads, 0) < ENOUGH * total:
        raise BenchFailed(f"{scenario.name}: the cache said {reads}, where nearly all should be {scenario.reads}")


@dataclass(frozen=True, slots=True)
class _Machine:
    """CPU seconds of all cores, and of the children that have ended: the load generators."""

    busy: float
    generators: float
    own: float
    uptime: float

    @classmethod
    def now(cls) -> "_Machine":
        times = psutil.cpu_times()
        busy = sum(times) - times.idle - getattr(times, "iowait", 0.0) - getattr(times, "guest", 0.0)
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        own = os.times()
        return cls(busy, children.ru_utime + children.ru_stime, own.user + own.system, own.elapsed)

    def others(self, servers: float) -> float:
        now = self.now()
        ours = servers + now.generators - self.generators + now.own - self.own
        whole = (now.uptime - self.uptime) * (psutil.cpu_count() or 1)
        return max(0.0, (now.busy - self.busy - ours) / whole)
