"""One run by seed: fine weather or fault after fault, and whether what happened is what was promised."""

import asyncio
import gc
import random
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from tests.consistency.checking.checker import Verdict
from tests.consistency.checking.effects import Violation
from tests.consistency.checking.history import History
from tests.consistency.parts.cluster import Alteration, Caches, Cluster, cluster
from tests.consistency.parts.deck import FAULTS, Fault
from tests.consistency.runs.drive import NEVER, Drive, Injection, Outage, Say, driven

WORKER_PERIOD = 1.0
LATEST = WORKER_PERIOD + 1.0
"""Seconds: where a late read is excused at all, nothing may be known for longer without being shown."""

LOST_FOR = WORKER_PERIOD + 2.0
"""Seconds for which what a failover has lost may be shown after it."""

WARM_UP = 2.0
MIRROR_SESSIONS, MIRROR_STREAMS = 2, 2
"""Of each user, a mirror each."""
HOUR = 3600.0


@dataclass(slots=True)
class Result:
    """Everything about a run that a report can ask for."""

    title: str
    began: float
    ended: float
    history: History
    verdict: Verdict
    injections: list[Injection] = field(default_factory=list)
    outages: list[Outage] = field(default_factory=list)
    audits: int = 0
    audited: int = 0
    differences: int = 0
    notes: list[str] = field(default_factory=list)
    logs: dict[str, bytes] = field(default_factory=dict)

    @property
    def excused(self) -> list[Violation]:
        """Late reads of the two cases that the design names, none of them later than it says."""
        return [stale for stale in self.verdict.stale if self._excuse(stale)]

    @property
    def faults(self) -> list[str]:
        """What must not be, in words."""
        excused = {id(stale) for stale in self.excused}
        found = [str(violation) for violation in self.verdict.all if id(violation) not in excused]
        if not self.audits or not self.audited:
            found.append("the audit did not run")
        if self.differences:
            found.append(f"the audit counted {self.differences} differences")
        found += [
            f"{injection}: {what} did not recover"
            for injection in self.injections
            for what, seconds in injection.recovered.items()
            if seconds == NEVER
        ]
        return found

    def _excuse(self, stale: Violation) -> bool:
        """It shows what was lost a moment ago; or two things were broken at once: the worker was away, and a process
        could not tell Redis.
        """
        if in_time(stale):
            return True
        read = stale.operations[-1]
        since = read.start - LATEST
        cut_off = any(outage.began <= read.end and outage.ended >= since for outage in self.outages)
        alone = any(
            injection.fault.worker_away and injection.began <= read.end and injection.ended >= since
            for injection in self.injections
        )
        return cut_off and alone and not stale.lost and (stale.late or 0.0) <= LATEST


def in_time(stale: Violation) -> bool:
    """Whether it shows what a failover has lost, and no longer than it may."""
    return stale.lost and (stale.late or 0.0) <= LOST_FOR


async def calm_run(
    operations: int, *, seed: int, say: Say, apis: int = 4, users: int = 50, sessions: int = 3
) -> Result:
    """No fault: that many operations over all processes."""
    async with cluster(apis=apis) as parts, driven(parts, users=users, sessions=sessions, seed=seed) as drive:
        return await _calm(drive, "no fault", operations, say)


async def mirror_run(operations: int, *, mirrors: int, seed: int, say: Say, apis: int = 4) -> Result:
    """No fault, but changes by hand, purges, emptied trash and erasure: half of the mirrors ask, half have a stream."""
    users = max(1, mirrors // (MIRROR_SESSIONS + MIRROR_STREAMS))
    async with (
        cluster(apis=apis, settings={"WORKER_ERASE_PERIOD": "1"}) as parts,
        driven(parts, users=users, sessions=MIRROR_SESSIONS, seed=seed, followers=MIRROR_STREAMS, hands=True) as drive,
    ):
        return await _calm(drive, "mirrors", operations, say)


async def fault_run(
    seconds: float,
    *,
    seed: int,
    say: Say,
    apis: int = 4,
    users: int = 50,
    sessions: int = 2,
    only: Sequence[str] = (),
    caches: Caches = "one",
    settings: Mapping[str, str] = MappingProxyType({}),
) -> Result:
    """Faults by seed, one after another, each after everything has recovered from the one before.

    The clock of one process is an hour off all the while.
    """
    chance = random.Random(seed)
    wrong, hours = chance.choice([-1, *range(apis)]), chance.choice([-1, 1])
    alterations = {wrong: Alteration(clock=hours * HOUR)}
    async with (
        cluster(
            apis=apis,
            wired=True,
            alterations=alterations,
            small_disk=not only and caches == "one",
            caches=caches,
            settings=settings,
        ) as parts,
        driven(parts, users=users, sessions=sessions, seed=seed) as drive,
    ):
        began = time.monotonic()
        if caches == "one":
            drive.watch_redis()
        stop = asyncio.Event()
        working = asyncio.create_task(drive.workload.run(until=stop))
        await asyncio.sleep(min(WARM_UP, seconds / 4))
        deck = _deck(parts, chance, apis, [fault for fault in FAULTS if fault.caches == caches], only)
        while time.monotonic() - began < seconds:
            fault, target = next(deck)
            await drive.inject(fault, target, chance.uniform(*fault.seconds), say)
            await asyncio.sleep(chance.uniform(0, 0.5))
        stop.set()
        await working
        result = await _result(drive, f"seed {seed}" + (f", {caches}" if caches != "one" else ""), began)
        who = "the worker" if wrong < 0 else f"API process {wrong}"
        result.notes.append(f"the clock of {who} was {hours:+} h off")
        if parts.disk and not parts.disk.is_small:
            result.notes.append(f"no full disk: {parts.disk.reason}")
        return result


async def _calm(drive: Drive, title: str, operations: int, say: Say) -> Result:
    began = time.monotonic()
    gc.disable()  # a million records, none of them garbage
    progress = asyncio.create_task(drive.report_progress(say, operations))
    try:
        await drive.workload.run(operations=operations)
        return await _result(drive, title, began)
    finally:
        progress.cancel()
        gc.enable()


async def _result(drive: Drive, title: str, began: float) -> Result:
    ended = time.monotonic()
    history, verdict = await drive.finish()
    audit = drive.audit
    return Result(
        title,
        began,
        ended,
        history,
        verdict,
        drive.injections,
        drive.outages,
        audit.runs,
        audit["audited_values"],
        audit["audit_differences"],
        logs={file.name: file.read_bytes() for file in drive.parts.stack.folder.glob("*.log")},
    )


def _deck(
    parts: Cluster, chance: random.Random, apis: int, all_: Sequence[Fault], only: Sequence[str]
) -> Iterator[tuple[Fault, str]]:
    """Every fault once in random order, then again; each at a target drawn from those that there are."""
    while True:
        faults = [fault for fault in all_ if not only or fault.name in only]
        if parts.disk is None or not parts.disk.is_small:
            faults = [fault for fault in faults if fault.name != "disk full"]
        chance.shuffle(faults)
        for fault in faults:
            yield fault, chance.choice([target for target in fault.targets if _exists(target, apis)])


def _exists(target: str, apis: int) -> bool:
    return all(int(word) < apis for word in target.split() if word.isdecimal())
