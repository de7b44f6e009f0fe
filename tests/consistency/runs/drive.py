"""A cluster under load: faults go in, what recovers is waited for, and at the end everything is read once more."""

import asyncio
import contextlib
import random
import secrets
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from math import inf

import psycopg2

from tests.consistency.checking.checker import Verdict, check
from tests.consistency.checking.effects import Violation
from tests.consistency.checking.history import History, Logged
from tests.consistency.clients.client import Service
from tests.consistency.clients.followers import STAYS
from tests.consistency.clients.hands import Hands
from tests.consistency.clients.workload import User, Workload
from tests.consistency.parts import log
from tests.consistency.parts.cluster import Cluster
from tests.consistency.parts.deck import Fault
from tests.consistency.parts.faults import wire
from tests.consistency.runs.audit import Audit
from tests.steps import outside

Say = Callable[[str], None]

RECOVERY_PATIENCE = 30.0
"""Seconds after which something that should have recovered has not."""

TOLD_PATIENCE = 20.0
"""Seconds after which nobody is told any more, unless by the look that a process takes now and then for no reason."""

AUDIT_PATIENCE = 30.0
QUIET_SECONDS, LONG_SECONDS = 1.5, 5.0
"""For so long after the recovery, and after the fault, some go on to write nothing: what is shown is seen."""

CUT_OFF_SLACK = 0.3
"""Seconds by which a process takes Redis for lost before the wire is gone, and is slow to use it when it is back."""

NEVER = float("inf")


@dataclass(slots=True)
class Injection:
    """A fault as it happened. What recovered: writes and hits through every process, and the worker."""

    fault: Fault
    target: str
    began: float
    ended: float = 0.0
    recovered: dict[str, float] = field(default_factory=dict)
    """Seconds from the end of the fault; `NEVER` if it did not come in time."""

    def __str__(self) -> str:
        return f"{self.fault.name} ({self.target})"


@dataclass(slots=True)
class Outage:
    """An API process without a connection to Redis."""

    process: int
    began: float
    ended: float = NEVER


@dataclass(slots=True)
class Drive:
    """What is needed to run a workload and break things meanwhile."""

    parts: Cluster
    service: Service
    workload: Workload
    audit: Audit
    injections: list[Injection] = field(default_factory=list)
    outages: list[Outage] = field(default_factory=list)

    async def report_progress(self, say: Say, goal: int) -> None:
        """A line every ten seconds, until cancelled."""
        began = time.monotonic()
        while True:
            await asyncio.sleep(10)
            done = len(self.workload.operations)
            say(f"{done:,} of {goal:,} operations, {done / (time.monotonic() - began):,.0f} per second")

    def watch_redis(self) -> None:
        """Note when an API process has no connection to Redis."""

        def watch(process: int) -> Callable[[int], None]:
            now: list[Outage] = []

            def changed(links: int) -> None:
                if links and now:
                    now.pop().ended = time.monotonic() + CUT_OFF_SLACK
                elif not links and not now:
                    now.append(Outage(process, time.monotonic() - CUT_OFF_SLACK))
                    self.outages.append(now[0])

            return changed

        for process in range(len(self.parts.apis)):
            self.parts.wires[process].redis.changed = watch(process)

    async def inject(self, fault: Fault, target: str, seconds: float, say: Say, *, quiet: bool | None = None) -> None:
        """One fault, and wait until everything works again; `quiet` as `Fault.repaired_by_writes`."""
        quiet = fault.repaired_by_writes if quiet is None else quiet
        injection = Injection(fault, target, time.monotonic())
        self.injections.append(injection)
        done = len(self.workload.operations)
        with self._clients_behind(target):
            if quiet:  # so that much is cached when it begins
                self.workload.hush()
            async with fault.inject(self.parts, target):
                self.workload.hush(until=0)
                await asyncio.sleep(seconds / 3)
                if quiet:
                    self.workload.hush()
                await asyncio.sleep(seconds * 2 / 3)
        injection.ended = time.monotonic()
        await self._recovery(injection)
        if quiet:
            await asyncio.sleep(max(QUIET_SECONDS, injection.ended + LONG_SECONDS - time.monotonic()))
            self.workload.hush(until=0)
        done = len(self.workload.operations) - done
        recovered = ", ".join(f"{what} after {after:.1f} s" for what, after in injection.recovered.items())
        say(f"{injection!s:42} {injection.ended - injection.began:4.1f} s, {done:5,} operations; {recovered}")

    async def finish(self) -> tuple[History, Verdict]:
        """Read everything once more, let the audit have its say, and check."""
        await self.workload.read_everything()
        await self._audited()
        return await self.checked()

    async def checked(self) -> tuple[History, Verdict]:
        """What has happened so far; nothing may be under way but what is told."""
        untold = await self._untold()
        await asyncio.gather(*self.parts.autopsies)
        url = self.parts.stack.database_url
        history = History(self.workload.operations, await asyncio.to_thread(log.read, url), self.parts.losses)
        verdict = check(history)
        verdict.violations += untold
        verdict.violations += _compared(history, await asyncio.to_thread(log.tasks, url))
        return history, verdict

    @contextlib.contextmanager
    def _clients_behind(self, target: str) -> Iterator[None]:
        """Clients go through the wire before a process only while it is broken: it costs them something."""
        if not target.startswith("clients"):
            yield
            return
        front = wire(self.parts, target)
        process = self.parts.fronts.index(front)
        self.service.ports[process] = front.port
        try:
            yield
        finally:
            self.service.ports[process] = self.parts.apis[process].port
            front.cut()

    async def _recovery(self, injection: Injection) -> None:
        """When everybody has written, and been served from the cache, through every process; and when the worker is
        back: as long as it says that Redis is away, another process that loses Redis would be a second fault.
        """
        waiting = {"writes": self.workload.wrote, "hits": self.workload.hit, "worker": [0.0], "told": [0.0]}
        stands: dict[str, int] = {}
        while waiting:
            if "writes" not in waiting and "told" in waiting:
                stands = stands or await self._stands_or_none()
                if stands and all(
                    one.mirror.revision >= stands.get(one.user.name, 0) for one in self.workload.followers
                ):
                    waiting["told"] = [inf]
            if "worker" in waiting and waiting.keys() <= {"worker", "told"} and await self._worker_is_back():
                waiting["worker"] = [inf]
            now = time.monotonic()
            for what, times in tuple(waiting.items()):
                if min(times) > injection.ended:
                    injection.recovered[what] = now - injection.ended
                    del waiting[what]
            patience = TOLD_PATIENCE if list(waiting) == ["told"] else RECOVERY_PATIENCE
            if now - injection.ended > patience:
                injection.recovered |= dict.fromkeys(waiting, NEVER)
                return
            await asyncio.sleep(0.01)

    async def _stands_or_none(self) -> dict[str, int]:
        with contextlib.suppress(psycopg2.OperationalError):
            return (await asyncio.to_thread(_stands, self.parts.stack.database_url))[1]
        return {}

    async def _worker_is_back(self) -> bool:
        if not await self.audit.reaches_servers():
            return False
        with contextlib.suppress(psycopg2.OperationalError):
            return await asyncio.to_thread(_noted, self.parts.stack.database_url) == "reached"
        return False

    async def _untold(self) -> list[Violation]:
        """Wait until nothing is being erased, and every stream has told where its list stands."""
        until = time.monotonic() + TOLD_PATIENCE
        while True:
            erasing, stands = await asyncio.to_thread(_stands, self.parts.stack.database_url)
            missing = [one for one in self.workload.followers if not one.stands_at(stands.get(one.user.name, 0))]
            if not (erasing or missing):
                return []
            if time.monotonic() > until:
                promise = "a stream tells of everything"
                text = "{0.user.name} stands at {0.mirror.revision} through process {0.process}, and the list at {1}"
                return [Violation(promise, text.format(one, stands.get(one.user.name, 0))) for one in missing]
            await asyncio.sleep(0.05)

    async def _audited(self) -> None:
        """Wait until an audit has begun and ended after the last write."""
        before = self.audit.runs
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(AUDIT_PATIENCE):
                while self.audit.runs < before + 2:  # noqa: ASYNC110  # another process counts
                    await asyncio.sleep(0.1)


@contextlib.asynccontextmanager
async def driven(
    parts: Cluster,
    *,
    users: int,
    sessions: int,
    seed: int,
    writes: float | None = None,
    mirrors: bool = True,
    followers: int = 1,
    stays: float = STAYS,
    hands: bool = False,
    gateway: type[Service] = Service,
) -> AsyncIterator[Drive]:
    """Clients of that many users for a cluster; nothing is asked yet."""
    tag = secrets.token_hex(3)
    people = [User.named(f"user-{number}-{tag}") for number in range(users)]
    service = gateway(list(parts.ports))
    audit = Audit(parts.metrics_port)
    following = asyncio.create_task(audit.follow())
    with contextlib.ExitStack() as resources:
        cursor = resources.enter_context(outside(parts.stack.database_url)) if hands else None
        workload = Workload(
            service,
            people,
            sessions=sessions,
            seed=seed,
            writes=writes,
            mirrors=mirrors,
            followers=followers,
            stays=stays,
            hands=Hands(cursor, random.Random(seed)) if cursor else None,
        )
        parts.hit, parts.users = workload.hit, [user.name for user in people]
        try:
            yield Drive(parts, service, workload, audit)
        finally:
            await workload.close()
            following.cancel()
            service.close()


def _noted(database_url: str) -> str:
    """What the worker says of Redis."""
    with outside(database_url) as cursor:
        cursor.execute("SELECT state FROM cache_state")
        [(state,)] = cursor.fetchall()
        return str(state)


def _stands(database_url: str) -> tuple[bool, dict[str, int]]:
    """Whether anything is being erased, and the revision of each list."""
    with outside(database_url) as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM account_erasures)")
        [(erasing,)] = cursor.fetchall()
        cursor.execute("SELECT user_id, revision FROM task_lists")
        return erasing, dict(cursor.fetchall())


def _compared(history: History, tasks: dict[str, list[Logged]]) -> Iterator[Violation]:
    """The log's last word on every task is what the database has."""
    for user, log_ in history.log.items():
        last = {logged.item.id: None if logged.erased else (logged.item, logged.deleted) for logged in log_}
        now = {logged.item.id: (logged.item, logged.deleted) for logged in tasks.get(user, [])}
        for task in last.keys() | now.keys():
            if last.get(task) != now.get(task):
                yield Violation("an acknowledged write is not lost", f"task {task} of {user} is not as it was made")
