"""The audit finds what a cache has wrong, and nothing else."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from core.cache.answer import Answer
from core.cache.keys import field, key
from core.cache.sample import sample
from core.tasks import answers, crud
from core.tasks.questions.queries import ListQuery, TaskQuery
from core.types import History, Revision, TaskId, UserId
from tests import steps
from tests.stack import new_user
from tests.steps import ALL_TASKS, Process
from worker.jobs.audit import audit_cache
from worker.jobs.context import Context
from worker.jobs.publish import publish_revisions

pytestmark = pytest.mark.anyio


class TestAudit:
    async def test_a_healthy_cache_has_no_differences(self, ctx: Context, process: Process) -> None:
        """Nothing differs, neither under concurrent reads and writes nor afterwards."""

        async def live(owner: UserId) -> None:
            for _ in range(25):
                await process.add_task(owner, "x")
                for _ in range(3):
                    await process.list_tasks(owner)

        living = asyncio.gather(*(live(new_user()) for _ in range(8)))
        while not living.done():
            await audit_cache(ctx)
        await living
        assert await audit_cache(ctx) == 8
        assert _count(ctx, "audit_differences") == 0

    async def test_a_search_is_made_for_its_owner(self, ctx: Context, process: Process, user: UserId) -> None:
        """The worker finds what the user found, whose rights it does not have."""
        await process.add_task(user, "first")
        asked = ListQuery(search="first")
        opened = await process.fence.open(user)
        found = await process.lists.read(user, lambda tx: answers.make(tx, user, asked, shape="array"))
        assert b"first" in found.body
        assert await process.fence.fill(opened, answers.variant(asked, shape="array"), found)
        assert await audit_cache(ctx) == 1
        assert _count(ctx, "audit_differences") == 0

    @pytest.mark.parametrize(
        "tamper",
        [
            lambda answer: replace(answer, body=answer.body.replace(b"first", b"other")),
            lambda answer: replace(answer, etag='"other"'),
            lambda answer: replace(answer, headers=(("x-total-count", "7"),)),
        ],
    )
    async def test_a_tampered_value_is_found(
        self, ctx: Context, process: Process, user: UserId, tamper: Callable[[Answer], Answer]
    ) -> None:
        """The audit can fail: every part of an answer counts."""
        await _store(process, tamper(await _cached(process, user)))
        assert await audit_cache(ctx) == 1
        assert _count(ctx, "audit_differences") == 1

    async def test_a_stale_hit_is_found(self, ctx: Context, process: Process, user: UserId) -> None:
        """An older state that is a hit though the cache was told of a newer one."""
        cached = await _cached(process, user)
        await process.add_task(user, "second")
        await publish_revisions(ctx)
        await steps.wipe(process.redis)
        await _store(process, cached)
        assert await audit_cache(ctx) == 1
        assert _count(ctx, "audit_differences") == 1

    async def test_a_change_that_is_to_be_published_is_none(
        self, ctx: Context, process: Process, cursor: steps.Cursor, user: UserId
    ) -> None:
        """Within the worker's period the cache may not know yet what was changed outside the API."""
        await _cached(process, user)
        cursor.execute("UPDATE tasks SET title = 'other' WHERE user_id = %s", (user,))
        assert (await process.list_tasks(user))[1] == "hit"
        await audit_cache(ctx)
        await publish_revisions(ctx)
        await audit_cache(ctx)
        assert _count(ctx, "audit_differences") == 0

    @pytest.mark.parametrize(
        "variant", ["0a/api/tasks", "9a/api/tasks", "1a/api/nothing", "1a/api/tasks?new=1", "x", "1a/api/tasks/0"]
    )
    async def test_what_another_release_cached_is_left_alone(
        self, ctx: Context, process: Process, user: UserId, variant: str
    ) -> None:
        """An answer in another representation, or to a question unknown here, is compared with nothing."""
        opened = await process.fence.open(user)
        await process.fence.fill(opened, variant, Answer(user, Revision(1), '"e"', (), b"other"))
        assert await audit_cache(ctx) == 0
        assert _count(ctx, "audit_differences") == 0

    async def test_what_a_failover_has_lost_is_none(self, ctx: Context, process: Process, user: UserId) -> None:
        """It is a hit until the new history is met, at the latest by the audit; then it is none any more."""
        cached = await _cached(process, user)
        await publish_revisions(ctx)
        assert cached.history
        await process.fence.meet(History(cached.history - 1))
        lost = replace(cached, revision=Revision(cached.revision + 1), body=b"lost")
        await _store(process, lost)
        assert await process.fence.read(user, ALL_TASKS) == lost
        await audit_cache(ctx)
        assert _count(ctx, "audit_differences") == 0
        assert await process.fence.read(user, ALL_TASKS) is None

    async def test_a_deleted_task_is_no_difference_unless_it_is_still_a_hit(
        self, ctx: Context, process: Process, user: UserId, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A task that is gone when its cached answer is looked at again: gone from the cache too, or a fault."""
        task = await process.lists.write(user, lambda change: crud.insert(change, {"title": "first"}))
        query = TaskQuery(TaskId(task.id))
        name = answers.variant(query, shape="array")
        cached = await process.lists.read(user, lambda tx: answers.make(tx, user, query, shape="array"))
        await process.fence.fill(await process.fence.open(user), name, cached)
        sampled = await sample(ctx.redis, ctx.fence, 1)
        assert sampled == [(name, cached)]

        async def drawn_before(*_: object) -> list[tuple[str, Answer]]:
            return sampled

        monkeypatch.setattr("worker.jobs.audit.sample", drawn_before)
        await process.lists.write(user, lambda change: crud.delete(change, task.id))
        await publish_revisions(ctx)
        assert await audit_cache(ctx) == 0
        await process.redis.call("HSET", key(user), "fence", cached.revision, field(name), cached.encode())
        assert await audit_cache(ctx) == 1
        assert _count(ctx, "audit_differences") == 1


async def _cached(process: Process, owner: UserId) -> Answer:
    await process.add_task(owner, "first")
    cached, _ = await process.list_tasks(owner)
    assert (await process.list_tasks(owner))[1] == "hit"
    return cached


async def _store(process: Process, answer: Answer) -> None:
    opened = await process.fence.open(answer.owner)
    values = ("lease", opened.lease, "fence", answer.revision, field(ALL_TASKS), answer.encode())
    await process.redis.call("HSET", key(answer.owner), *values)


def _count(ctx: Context, name: str) -> float:
    return ctx.metrics.registry.get_sample_value(f"tasklane_worker_{name}_total") or 0
