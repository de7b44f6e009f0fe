"""Sends the workload after a service that was made wrong on purpose: the checker has to find out, and soon."""

import asyncio
import time
from dataclasses import dataclass

from tests.consistency.altered.mutants import Mutant
from tests.consistency.checking.effects import Violation
from tests.consistency.clients.followers import STAYS
from tests.consistency.parts.cluster import Alteration, Cluster, cluster
from tests.consistency.parts.deck import BY_NAME
from tests.consistency.runs.drive import Drive, driven
from tests.consistency.runs.run import in_time
from tests.stack import PATIENT_REDIS_TIMEOUT

APIS = 2
USERS = 4
SESSIONS = 6
WRITES = 0.25
FEW_WRITES = 0.05
"""Whoever waits for a held COMMIT announces the next revision soon after, and repairs what is looked for."""
FOLLOWERS, SHORT_STAYS = 3, 0.7
BATCH = 600
"""Operations between two looks."""

MOST_ROUNDS = 40
CONTROL_ROUNDS, FEW_CONTROL_ROUNDS = 8, 3
"""The few are of long faults."""
SHORT_REDIS_TIMEOUT = "1"
FAULT_SECONDS, LONG_FAULT_SECONDS = 0.3, 2.4


@dataclass(frozen=True, slots=True)
class Catch:
    """How a mutant was found out; `violation` is None if it was not, as it must be when nothing is wrong."""

    mutant: Mutant
    violation: Violation | None
    operations: int
    seconds: float


async def hunt(mutant: Mutant, *, seed: int = 1) -> Catch:
    """Until the checker finds something, in a bounded number of rounds.

    Redis has all the time it wants, so that a busy machine does not look like a fault; but not where it is lost, for
    whoever connects again settles for as long as the others may wait for it.
    """
    wrong = Alteration(mutant=mutant.name)
    worker = {-1: wrong} if mutant.worker else {}
    writes = FEW_WRITES if "commit held" in mutant.needs else WRITES
    patient = {"REDIS_TIMEOUT": SHORT_REDIS_TIMEOUT if mutant.loses_redis else PATIENT_REDIS_TIMEOUT}
    async with (
        cluster(apis=APIS, wired=bool(mutant.needs), everyone=wrong, alterations=worker, settings=patient) as parts,
        driven(
            parts,
            users=USERS,
            sessions=SESSIONS,
            seed=seed,
            writes=writes,
            followers=FOLLOWERS if mutant.streams else 1,
            stays=SHORT_STAYS if mutant.streams else STAYS,
            hands=mutant.streams,
        ) as drive,
    ):
        began = time.monotonic()
        found: list[Violation] = []
        long = bool(mutant.needs) and (mutant.streams or BY_NAME[mutant.needs].repaired_by_writes)
        control = FEW_CONTROL_ROUNDS if long else CONTROL_ROUNDS
        for number in range(MOST_ROUNDS if mutant.name else control):
            if mutant.needs:
                await _faulty_round(drive, mutant.needs, number, quiet=long)
            else:
                await drive.workload.run(operations=BATCH)
            _, verdict = await drive.checked()
            found = verdict.violations + [stale for stale in verdict.stale if not in_time(stale)]
            if found:
                break
        seconds = time.monotonic() - began
        return Catch(mutant, next(iter(found), None), len(drive.workload.operations), seconds)


async def _faulty_round(drive: Drive, needed: str, number: int, *, quiet: bool) -> None:
    """`quiet`: some write nothing after a part of it, for what was not told, the next write tells."""
    fault = BY_NAME[needed]
    stop = asyncio.Event()
    working = asyncio.create_task(drive.workload.run(until=stop))
    await asyncio.sleep(0.2)
    seconds = LONG_FAULT_SECONDS if quiet else FAULT_SECONDS
    await drive.inject(fault, _target(drive.parts, fault.targets, number), seconds, lambda _: None, quiet=quiet)
    stop.set()
    await working


def _target(parts: Cluster, targets: tuple[str, ...], number: int) -> str:
    return targets[number % min(len(targets), len(parts.apis))]
