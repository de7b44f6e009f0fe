"""A rolling restart under load, behind what does as a gateway does: who gets no answer here is asked there."""

import asyncio
import os
import signal
from collections import Counter
from dataclasses import dataclass, field
from http import HTTPStatus

from deploy.local.children.child import Child
from tests.consistency.checking.checker import Verdict
from tests.consistency.clients.client import NoAnswer, Response, Service
from tests.consistency.parts.cluster import cluster
from tests.consistency.runs.drive import Drive, driven

APIS = 2
PATIENCE = 30.0
IMPORT = b"POST /api/tasks/import "
IMPORT_ATTEMPTS = 30


class Gateway(Service):
    """Passes a request that was not answered at all on to the next process, as nginx does with `proxy_next_upstream`.

    That is right for writes too if a process that is told to stop begins nothing that it does not answer: what was
    sent to it too late is not made. The checker sees whether it is so, for what is made twice it finds.
    """

    def __init__(self, ports: list[int]) -> None:
        super().__init__(ports)
        self.passed_on = 0

    async def ask(self, process: int, sent: bytes) -> Response:
        answer = await self._passed_on(process, sent)
        for _ in range(IMPORT_ATTEMPTS):
            if answer.status != HTTPStatus.SERVICE_UNAVAILABLE or not sent.startswith(IMPORT):
                break
            # A process takes one import at a time. The client does as it is told, and comes again.
            await asyncio.sleep(float(answer.header(b"retry-after")))
            answer = await self._passed_on(process, sent)
        return answer

    async def _passed_on(self, process: int, sent: bytes) -> Response:
        try:
            return await super().ask(process, sent)
        except NoAnswer:
            self.passed_on += 1
            return await super().ask((process + 1) % len(self.ports), sent)


@dataclass(slots=True)
class Restarted:
    """How it went."""

    verdict: Verdict
    outcomes: Counter[str]
    passed_on: int
    exit_codes: list[int | None] = field(default_factory=list)

    @property
    def failed(self) -> int:
        """Requests that the clients saw fail."""
        return sum(count for what, count in self.outcomes.items() if what.startswith(("0 ", "5")))


async def rolling_restart(*, seed: int, rounds: int = 1, users: int = 10, sessions: int = 2) -> Restarted:
    """Each process in turn is told to stop (SIGTERM), ends, and is started again; the clients go on."""
    async with (
        cluster(apis=APIS) as parts,
        driven(parts, users=users, sessions=sessions, seed=seed, gateway=Gateway) as drive,
    ):
        stop = asyncio.Event()
        working = asyncio.create_task(drive.workload.run(until=stop))
        codes = []
        for _ in range(rounds):
            for node in parts.apis:
                await asyncio.sleep(0.25)
                codes.append(await restarted(node))
        await asyncio.sleep(0.25)
        stop.set()
        await working
        return await outcome(drive, codes)


async def outcome(drive: Drive, codes: list[int | None]) -> Restarted:
    """What has come of it, when nothing is under way any more."""
    assert isinstance(drive.service, Gateway)
    _, verdict = await drive.checked()
    outcomes = Counter(
        f"{operation.status} {operation.outcome}{operation.problem and f' ({operation.kind}: {operation.problem})'}"
        for operation in drive.workload.operations
    )
    return Restarted(verdict, outcomes, drive.service.passed_on, codes)


async def restarted(node: Child) -> int | None:
    """Tell it to stop, wait until it has, and start it again; the exit code of what has ended."""
    os.kill(node.pid, signal.SIGTERM)
    async with asyncio.timeout(PATIENCE):
        while node.running:  # noqa: ASYNC110  # another process ends
            await asyncio.sleep(0.02)
    code = node.exit_code
    await asyncio.to_thread(node.start)
    return code
