"""An upgrade under load, as the handbook has it: the schema first, then each API process in turn, then the worker."""

import asyncio
from collections.abc import Sequence
from contextlib import ExitStack

from tests.consistency.parts.cluster import Hand, Node, cluster
from tests.consistency.runs.drive import Drive, driven
from tests.consistency.runs.rolling import Gateway, Restarted, outcome, restarted
from tests.release import Release
from tests.stack import folder, migrate

APIS = 2
A_WHILE = 300
"""Operations that are done before the next step, so that each state of the upgrade has its load."""


async def upgrade(version: str, *, seed: int, users: int = 10, sessions: int = 2, between: int = A_WHILE) -> Restarted:
    """From that release to the present one; the clients go on, and both releases serve for a while."""
    with ExitStack() as resources:
        place = resources.enter_context(folder())
        release = await asyncio.to_thread(Release.checked_out, version, place)
        async with (
            cluster(apis=APIS, release=release) as parts,
            driven(parts, users=users, sessions=sessions, seed=seed, mirrors=False, gateway=Gateway) as drive,
        ):
            stop = asyncio.Event()
            working = asyncio.create_task(drive.workload.run(until=stop))
            await _more(drive, between)
            await asyncio.to_thread(migrate, parts.stack.database_url)
            await _more(drive, between)
            codes = await _replaced((*parts.apis, parts.worker), drive, between)
            stop.set()
            await working
            return await outcome(drive, codes)


async def _replaced(processes: Sequence[Node | Hand], drive: Drive, between: int) -> list[int | None]:
    codes = []
    for process in processes:
        process.release = None
        codes.append(await restarted(process))
        await _more(drive, between)
    return codes


async def _more(drive: Drive, count: int) -> None:
    goal = len(drive.workload.operations) + count
    while len(drive.workload.operations) < goal:  # noqa: ASYNC110  # clients count
        await asyncio.sleep(0.02)
