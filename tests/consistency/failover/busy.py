"""No fault at all, but a busy machine, and a Redis that pauses now and then: nothing is stale, and what that costs.

A process that hears nothing of Redis for a moment must neither give it up nor let others show less than it has said.
"""

import asyncio
import contextlib
import os
import random
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field

from tests.consistency.checking.effects import Violation
from tests.consistency.checking.history import Operation
from tests.consistency.parts.cluster import PRODUCTION, Cluster, cluster
from tests.consistency.runs.drive import Drive, Say, driven

APIS = 2
USERS = 12
SESSIONS = 3
LOOPS_PER_CORE = 3
PAUSES = 40
PAUSE_SECONDS = (0.03, 0.9)
QUIET_PART = 0.1
"""Of the answers, for comparison, with nothing going on."""

_LOOP = "import os; parent = os.getppid()\nwhile os.getppid() == parent: sum(range(10_000))"
"""Wants all that a core has, for as long as whoever started it lives."""

Trouble = Callable[[Cluster, random.Random, "Progress"], AbstractAsyncContextManager[None]]


@dataclass(slots=True)
class Progress:
    """How far a phase has come, from 0 to 1."""

    drive: Drive
    answers: int

    @property
    def part(self) -> float:
        return len(self.drive.workload.operations) / self.answers


@dataclass(slots=True)
class Phase:
    """Answers in one state of the machine."""

    name: str
    seconds: float
    operations: Sequence[Operation]
    violations: list[Violation]
    reads: list[float] = field(default_factory=list)
    """Seconds, sorted."""
    writes: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        answered = [operation for operation in self.operations if operation.outcome == "ok"]
        self.reads = sorted(item.end - item.start for item in answered if not item.changes)
        self.writes = sorted(item.end - item.start for item in answered if item.changes)


async def busy(answers: int, *, seed: int, say: Say) -> list[Phase]:
    """So many answers on a quiet machine (a part of them), on a busy one, and while Redis pauses."""
    troubles: list[tuple[str, Trouble, int]] = [
        ("nothing", _nothing, round(answers * QUIET_PART)),
        (f"{LOOPS_PER_CORE} busy loops per core", _loops, answers),
        (f"{PAUSES} pauses of Redis", _pauses, answers),
    ]
    return [await _phase(name, trouble, count, seed=seed, say=say) for name, trouble, count in troubles]


def quantile(latencies: Sequence[float], part: float) -> float:
    """Of sorted ones; 0 of none."""
    return latencies[min(int(part * len(latencies)), len(latencies) - 1)] if latencies else 0.0


async def _phase(name: str, trouble: Trouble, answers: int, *, seed: int, say: Say) -> Phase:
    async with (
        cluster(apis=APIS, settings=PRODUCTION) as parts,
        driven(parts, users=USERS, sessions=SESSIONS, seed=seed) as drive,
    ):
        reporting = asyncio.create_task(drive.report_progress(say, answers))
        began = time.monotonic()
        try:
            async with trouble(parts, random.Random(seed), Progress(drive, answers)):
                await drive.workload.run(operations=answers)
            seconds = time.monotonic() - began
            _, verdict = await drive.checked()
        finally:
            reporting.cancel()
        phase = Phase(name, seconds, list(drive.workload.operations), verdict.all)
        say(
            f"{name}: {len(phase.operations):,} answers in {seconds:.0f} s, {len(phase.violations)} violations;"
            f" writes {quantile(phase.writes, 0.5) * 1000:.1f} ms, p99 {quantile(phase.writes, 0.99) * 1000:.1f} ms"
        )
        return phase


@contextlib.asynccontextmanager
async def _nothing(_parts: Cluster, _chance: random.Random, _progress: Progress) -> AsyncIterator[None]:
    yield


@contextlib.asynccontextmanager
async def _loops(_parts: Cluster, _chance: random.Random, _progress: Progress) -> AsyncIterator[None]:
    count = LOOPS_PER_CORE * (os.cpu_count() or 1)
    loops = [await asyncio.create_subprocess_exec(sys.executable, "-c", _LOOP) for _ in range(count)]
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
            await loop.wait()


@contextlib.asynccontextmanager
async def _pauses(parts: Cluster, chance: random.Random, progress: Progress) -> AsyncIterator[None]:
    """Spread over the answers: Redis stands still, alive and connected."""
    pausing = asyncio.create_task(_keep_pausing(parts, chance, progress))
    try:
        yield
    finally:
        pausing.cancel()
        await asyncio.gather(pausing, return_exceptions=True)
        await asyncio.to_thread(parts.stack.redis.thaw)


async def _keep_pausing(parts: Cluster, chance: random.Random, progress: Progress) -> None:
    for number in range(1, PAUSES + 1):
        while progress.part < number / (PAUSES + 1):  # noqa: ASYNC110  # others ask
            await asyncio.sleep(0.01)
        await asyncio.to_thread(parts.stack.redis.freeze)
        await asyncio.sleep(chance.uniform(*PAUSE_SECONDS))
        await asyncio.to_thread(parts.stack.redis.thaw)
