"""When jobs run, and what is said of one that fails."""

import asyncio
import time
from datetime import UTC, datetime, timedelta

import pytest
from structlog.testing import capture_logs

from tests import steps
from worker.jobs.context import Context
from worker.jobs.publish import publish_revisions
from worker.queue import periodic
from worker.schedule import Job, Schedule

pytestmark = pytest.mark.anyio


class TestSchedule:
    @pytest.mark.parametrize(
        ("seconds", "gaps"),
        [(1, {1}), (7, {7, 4}), (30, {30}), (59, {59, 1}), (60, {60}), (90, {60}), (300, {300}), (86_400, {3600})],
    )
    async def test_periods(self, ctx: Context, seconds: int, gaps: set[int]) -> None:
        """Never less often than asked, up to an hour; from a minute on in whole minutes."""
        job = periodic(Job(publish_revisions, seconds), Schedule(ctx))
        at, found = datetime(2026, 1, 1, tzinfo=UTC), set()
        for _ in range(65):
            job.calculate_next(at)
            assert job.next_run
            found.add((job.next_run.replace(microsecond=0) - at.replace(microsecond=0)) // timedelta(seconds=1))
            at = job.next_run
        assert found == gaps

    async def test_a_failed_run_is_counted_and_the_next_one_comes(self, ctx: Context) -> None:
        """Whatever a job raises ends its run, not the worker."""

        async def broken(_: Context) -> int:
            raise ValueError("a row's text")

        assert await Schedule(ctx).run(Job(broken, 1)) == 0
        assert ctx.metrics.runs.labels("broken", "failed")._value.get() == 1

    async def test_what_needs_redis_is_not_begun_without_it(self, ctx: Context) -> None:
        """Whoever would begin it: it could only fail."""
        schedule = Schedule(ctx)
        [publishing] = (job for job in schedule.jobs if job.run is publish_revisions)
        for node in ctx.redis.nodes:
            await node.close()
        await schedule.run(publishing)
        assert publishing.task is None
        assert ctx.metrics.runs.labels(publishing.name, "failed")._value.get() == 0

    async def test_a_run_that_takes_too_long_is_a_failed_one(
        self, ctx: Context, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It is ended, and said so."""
        monkeypatch.setattr("worker.schedule.JOB_TIMEOUT_SECONDS", 0.01)

        async def endless(_: Context) -> int:
            await asyncio.Event().wait()
            return 1

        with capture_logs() as lines:
            assert await Schedule(ctx).run(Job(endless, 1)) == 0
        assert ctx.metrics.runs.labels("endless", "failed")._value.get() == 1
        assert [line["reason"] for line in lines] == ["it took longer than 0.01 s"]

    async def test_a_run_outlives_whoever_has_begun_it_and_is_alone(self, ctx: Context) -> None:
        """The queue's own end ends no job; a job that is due again meanwhile is not begun twice."""
        gate, runs = steps.Gate(), 0

        async def slow(_: Context) -> int:
            nonlocal runs
            runs += 1
            await gate.arrive()
            return 1

        schedule, job = Schedule(ctx), Job(slow, 1)
        begun = asyncio.create_task(schedule.run(job))
        await gate.arrival()
        begun.cancel()
        await asyncio.gather(begun, return_exceptions=True)
        assert await schedule.run(job) == 0
        gate.open()
        assert job.task
        assert (await job.task, runs) == (1, 1)

    async def test_a_job_that_goes_on_failing_shows(self, ctx: Context) -> None:
        """Not a single failure, and not one that another success has followed."""
        schedule = Schedule(ctx)
        job = schedule.jobs[-1]
        job.failed = True
        assert schedule.failing == []
        job.succeeded -= 3 * job.period
        assert schedule.failing == [job.name]
        job.failed = False
        assert schedule.failing == []

    async def test_a_job_that_never_succeeds_is_late_one_day(self, ctx: Context) -> None:
        """How long ago each one last succeeded can be asked from the worker's start on, which counts as a success."""
        before = time.time()
        jobs = Schedule(ctx).jobs
        [last_success] = ctx.metrics.last_success.collect()
        succeeded = {sample.labels["job"]: sample.value for sample in last_success.samples}
        assert set(succeeded) == {job.name for job in jobs}
        assert all(before - 60 < value <= time.time() for value in succeeded.values())
