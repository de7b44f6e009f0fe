"""The jobs, and when they are due. A run ends in time, is alone in its process, and its outcome is told who asks.

arq begins the runs, one replica each, as long as its queue works. When it does not, every process begins them itself:
what is the database's work must not stop with Redis.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import structlog

from core import logs
from core.errors import TasklaneError
from worker.jobs.audit import audit_cache
from worker.jobs.context import Context
from worker.jobs.count import count_lists
from worker.jobs.erase import erase_accounts
from worker.jobs.publish import publish_revisions
from worker.jobs.purge import purge_idempotency_keys, purge_trash
from worker.jobs.spread import spread_lists

log = structlog.get_logger()

JOB_TIMEOUT_SECONDS = 60
TICK_SECONDS = 0.25
PATIENT_PERIODS = 3
"""A job that fails shows in `/readyz` once it has not succeeded for this many of its periods."""


@dataclass(slots=True)
class Job:
    """One that is run again and again; `period` is in seconds."""

    run: Callable[[Context], Awaitable[int]]
    period: int
    needs_redis: bool = False
    """Then it is not begun while all of Redis is away: it could only fail."""
    task: asyncio.Task[int] | None = None
    begun: float = field(default_factory=time.monotonic)
    succeeded: float = field(default_factory=time.monotonic)
    """When it last succeeded in this process, or else was made, by the monotonic clock."""
    failed: bool = False
    """Whether its last run has."""

    @property
    def name(self) -> str:
        return self.run.__name__

    @property
    def running(self) -> bool:
        return self.task is not None and not self.task.done()


class Schedule:
    """All jobs of this process."""

    def __init__(self, context: Context) -> None:
        settings = context.settings
        self._context = context
        self.jobs = [
            Job(publish_revisions, settings.worker_publish_period, needs_redis=True),
            Job(purge_trash, settings.worker_purge_period),
            Job(purge_idempotency_keys, settings.worker_purge_period),
            Job(erase_accounts, settings.worker_erase_period),
            Job(count_lists, settings.worker_purge_period),
            Job(spread_lists, settings.worker_erase_period),
            Job(audit_cache, settings.worker_audit_period, needs_redis=True),
        ]
        for job in self.jobs:  # or one that never succeeds would never be late
            context.metrics.last_success.labels(job.name).set_to_current_time()
        self._wanted: dict[str, asyncio.Task[int]] = {}
        """Runs that look at the database though it rests."""

    @property
    def failing(self) -> list[str]:
        """The jobs that have failed of late instead of succeeding."""
        now = time.monotonic()
        return [job.name for job in self.jobs if job.failed and now - job.succeeded > PATIENT_PERIODS * job.period]

    async def run(self, job: Job) -> int:
        """Run it now, if it can begin; returns its count, 0 when it failed. Goes on if the caller is cancelled."""
        if self._cannot_begin(job):
            return 0
        return await asyncio.shield(self._begin(job))

    async def keep(self, queue_works: Callable[[], bool]) -> None:
        """For ever: begin what is due whenever the queue does not work."""
        while True:
            await asyncio.sleep(TICK_SECONDS)
            if not queue_works():
                for job in self.jobs:
                    if self._is_due(job):
                        self._begin(job)

    async def close(self, seconds: float) -> None:
        """Wait for the runs that are under way, and end what is not done by then."""
        tasks = [job.task for job in self.jobs if job.task]
        if tasks:
            await asyncio.wait(tasks, timeout=seconds)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _cannot_begin(self, job: Job) -> bool:
        return job.running or (job.needs_redis and not self._context.fence.partly_connected)

    def _is_due(self, job: Job) -> bool:
        return not self._cannot_begin(job) and time.monotonic() - job.begun >= job.period

    def _begin(self, job: Job) -> asyncio.Task[int]:
        job.begun = time.monotonic()
        job.task = asyncio.create_task(self._run(job))
        return job.task

    async def _run(self, job: Job) -> int:
        try:
            async with asyncio.timeout(JOB_TIMEOUT_SECONDS):
                count = 0 if await self._rests(job) else await job.run(self._context)
        except asyncio.CancelledError:
            self._note_failure(job, error="CancelledError", reason="the worker stops")
            raise
        except TimeoutError as error:
            reason = f"it took longer than {JOB_TIMEOUT_SECONDS} s"
            self._note_failure(job, error="TimeoutError", reason=reason, frames=logs.frames(error))
            return 0
        except Exception as error:  # noqa: BLE001  # whatever it is ends this run only
            # Our own errors say nothing of a row; others may quote one.
            reason = str(error) if isinstance(error, TasklaneError) else ""
            self._note_failure(job, error=type(error).__name__, reason=reason, frames=logs.frames(error))
            return 0
        job.failed, job.succeeded = False, time.monotonic()
        self._context.metrics.runs.labels(job.name, "succeeded").inc()
        self._context.metrics.last_success.labels(job.name).set_to_current_time()
        if count:
            log.debug("job_done", job=job.name, count=count)
        return count

    async def _rests(self, job: Job) -> bool:
        """Whether the database is to be left alone. When it has been for long, all that is to be done is done now."""
        quiet = self._context.quiet
        if await quiet.may_go_on():
            return job.task is not self._wanted.pop(job.name, None)
        if quiet.is_over:
            quiet.begin()
            for other in self.jobs:
                if other is not job and not other.running:
                    self._wanted[other.name] = self._begin(other)
        return False

    def _note_failure(self, job: Job, **why: object) -> None:
        job.failed = True
        self._context.metrics.runs.labels(job.name, "failed").inc()
        log.warning("job_failed", job=job.name, **why)
