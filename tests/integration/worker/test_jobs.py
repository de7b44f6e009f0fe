"""What the worker's jobs do, each run in the test's own process on real PostgreSQL and Redis."""

import asyncio
import json
from collections.abc import Iterator
from functools import partial

import pytest

from core.errors import RedisUnavailable
from core.tasks import answers, crud
from core.tasks.questions.queries import ListQuery
from core.tasks.tree import moves
from core.tasks.tree.keys import CROWDED, of_number
from core.tasks.tree.moves import Move
from core.types import Stand, UserId
from tests import steps
from tests.integration.worker.conftest import context
from tests.stack import Stack, new_user
from tests.steps import Process
from worker.jobs.context import Context
from worker.jobs.erase import erase_accounts
from worker.jobs.publish import publish_revisions
from worker.jobs.purge import purge_idempotency_keys, purge_trash
from worker.jobs.spread import spread_lists

pytestmark = pytest.mark.anyio


class TestPublish:
    async def test_thousands_of_lists_are_published_once(
        self, ctx: Context, cursor: steps.Cursor, user: UserId
    ) -> None:
        """All that changed, in batches; the next round has nothing to do. A list that nobody has read takes no room."""
        await publish_revisions(ctx)
        cursor.execute(
            "INSERT INTO task_lists (user_id, revision) SELECT %s || n, n FROM generate_series(1, 5000) n", (user,)
        )
        owners = [UserId(f"{user}{number}") for number in (1, 777, 5000)]
        assert [(await ctx.fence.open(owner)).fence for owner in owners] == [0, 0, 0]
        assert await publish_revisions(ctx) == 5000
        assert await publish_revisions(ctx) == 0
        assert [(await ctx.fence.open(owner)).fence for owner in owners] == [1, 777, 5000]
        [node] = ctx.redis.nodes
        assert await node.call("DBSIZE") == len((*owners, "the generation"))
        cursor.execute("SELECT count(*) FROM task_lists WHERE revision <> published_revision")
        assert cursor.fetchall() == [(0,)]

    async def test_two_workers_at_once_come_to_the_same(
        self, workshop: Stack, ctx: Context, cursor: steps.Cursor, user: UserId
    ) -> None:
        """Each may publish what the other does, in whatever order."""
        cursor.execute(
            "INSERT INTO task_lists (user_id, revision) SELECT %s || n, 2 FROM generate_series(1, 2000) n", (user,)
        )
        await ctx.fence.open(UserId(f"{user}1234"))
        async with steps.process(workshop.settings(DATABASE_POOL_SIZE="4")) as other:
            await asyncio.gather(*(publish_revisions(each) for each in (ctx, context(workshop, other)) * 2))
        await publish_revisions(ctx)
        cursor.execute("SELECT count(*) FROM task_lists WHERE revision <> published_revision")
        assert cursor.fetchall() == [(0,)]
        assert (await ctx.fence.open(UserId(f"{user}1234"))).fence == 2

    async def test_nothing_is_recorded_that_was_not_published(
        self, ctx: Context, process: Process, cursor: steps.Cursor, user: UserId, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Redis away: the round fails, and the next one does it all."""
        await publish_revisions(ctx)
        await process.add_task(user, "first")
        with monkeypatch.context() as patch:
            patch.setattr(process.redis, "_wire", None)
            with pytest.raises(RedisUnavailable):
                await publish_revisions(ctx)
        cursor.execute("SELECT published_revision FROM task_lists WHERE user_id = %s", (user,))
        assert cursor.fetchall() == [(0,)]
        assert await publish_revisions(ctx) == 1

    async def test_a_list_that_a_writer_holds_is_published_and_recorded_later(
        self, ctx: Context, process: Process, cursor: steps.Cursor, user: UserId
    ) -> None:
        """Nobody waits for a writer: the cache is told what is committed, and what comes next the next time."""
        await process.add_task(user, "first")
        inside = steps.Gate()
        writing = asyncio.create_task(process.add_task(user, "second", pause=inside))
        await inside.arrival()
        assert await publish_revisions(ctx) >= 1
        cursor.execute("SELECT published_revision FROM task_lists WHERE user_id = %s", (user,))
        assert cursor.fetchall() == [(0,)]
        inside.open()
        await writing
        await publish_revisions(ctx)
        cursor.execute("SELECT revision = published_revision FROM task_lists WHERE user_id = %s", (user,))
        assert cursor.fetchall() == [(True,)]

    async def test_the_latest_change_comes_first_and_each_list_once(
        self, ctx: Context, process: Process, cursor: steps.Cursor, user: UserId, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A change made meanwhile waits for one more batch, not for the backlog; several runs tell nothing twice."""
        monkeypatch.setattr("worker.publisher.SLICE_SECONDS", 0)
        monkeypatch.setattr("worker.publisher.BATCH", 100)
        cursor.execute(
            "INSERT INTO task_lists (user_id, revision) SELECT 'a' || %s || n, n FROM generate_series(1, 3000) n",
            (user,),
        )
        told: list[UserId] = []
        raise_all, late = process.fence.raise_all, UserId(f"z{user}")

        async def listen(lists: list[tuple[UserId, Stand]]) -> list[tuple[UserId, Stand]]:
            if len(told) == 500:
                cursor.execute("INSERT INTO tasks (user_id, title) VALUES (%s, 'by hand')", (late,))
            done = await raise_all(lists)
            told.extend(owner for owner, _ in done)
            return done

        monkeypatch.setattr(process.fence, "raise_all", listen)
        await asyncio.gather(*(publish_revisions(ctx) for _ in range(3)))
        assert told.index(late) <= 700
        assert len(told) == len(set(told)) == 3001


class TestPurge:
    async def test_a_hundred_thousand_deleted_tasks_go_while_requests_go_on(
        self, ctx: Context, workshop: Stack, cursor: steps.Cursor, user: UserId
    ) -> None:
        """Each batch is a transaction of its own, so readers and writers of the same list and of others get in."""
        cursor.execute("INSERT INTO task_lists (user_id, revision) VALUES (%s, 1)", (user,))
        cursor.execute(
            "INSERT INTO tasks (user_id, title, revision, deleted_at)"
            " SELECT %s, 'x', 1, now() - interval '31 days' FROM generate_series(1, 100000)",
            (user,),
        )
        cursor.execute(
            "INSERT INTO tasks (user_id, title, revision, deleted_at) VALUES (%s, 'x', 1, now() - interval '29 days')",
            (user,),
        )
        async with steps.process(workshop.settings(DATABASE_POOL_SIZE="4")) as api:
            purging = asyncio.create_task(purge_trash(ctx))
            other, served = new_user(), 0
            while not purging.done():
                await asyncio.gather(api.add_task(user, "new"), api.add_task(other, "new"), api.list_tasks(user))
                await api.list_tasks(user)
                served += not purging.done()
        assert await purging == 100_000
        assert served >= 3  # rounds: nobody waited for the whole
        cursor.execute("SELECT count(*) FROM tasks WHERE user_id = %s AND deleted_at IS NOT NULL", (user,))
        assert cursor.fetchall() == [(1,)]

    async def test_old_idempotency_keys_go(self, ctx: Context, cursor: steps.Cursor, user: UserId) -> None:
        """Those past the retention, in batches; the others stay."""
        cursor.execute(
            "INSERT INTO idempotency_keys (user_id, key, fingerprint, status, headers, body, created_at)"
            " SELECT %s, n, '', 201, '{}', '', now() - n * interval '1 hour' FROM generate_series(1, 2500) n",
            (user,),
        )
        assert await purge_idempotency_keys(ctx) == 2477
        cursor.execute("SELECT count(*) FROM idempotency_keys WHERE user_id = %s", (user,))
        assert cursor.fetchall() == [(23,)]


class TestErase:
    @pytest.fixture
    async def leaving(self, process: Process, cursor: steps.Cursor, user: UserId) -> UserId:
        """Has a task and a kept answer, and asked for erasure."""
        await process.add_task(user, "first")
        cursor.execute("INSERT INTO account_erasures (user_id) VALUES (%s)", (user,))
        cursor.execute(
            "INSERT INTO idempotency_keys (user_id, key, fingerprint, status, headers, body)"
            " VALUES (%s, 'k', '', 201, '{}', '')",
            (user,),
        )
        return user

    @pytest.fixture
    def away(self, process: Process, cursor: steps.Cursor) -> Iterator[None]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(process.redis, "_wire", None)
            cursor.execute("UPDATE cache_state SET state = 'away'")
            yield
            cursor.execute("UPDATE cache_state SET state = 'reached'")

    @pytest.mark.usefixtures("away")
    async def test_what_a_user_wrote_goes_without_redis_and_the_list_when_redis_knows(
        self, ctx: Context, leaving: UserId, cursor: steps.Cursor
    ) -> None:
        """Once its row is gone nobody can publish it any more: a Redis that is away puts the end off."""
        assert await erase_accounts(ctx) == 0
        assert _left(cursor, leaving) == {"task_lists": 1, "account_erasures": 1, "tasks": 0, "idempotency_keys": 0}

    async def test_redis_that_is_back_ends_it(
        self, ctx: Context, process: Process, leaving: UserId, cursor: steps.Cursor
    ) -> None:
        """Redis knows the list's last revision when the list is gone."""
        await process.list_tasks(leaving)
        assert await erase_accounts(ctx)
        assert set(_left(cursor, leaving).values()) == {0}
        assert (await process.list_tasks(leaving))[0].body == b"[]"

    @pytest.mark.usefixtures("away")
    async def test_without_redis_a_list_goes_when_redis_has_forgotten_it(
        self, ctx: Context, leaving: UserId, cursor: steps.Cursor
    ) -> None:
        """A user who has long been empty cannot be in a cache whose entries live for minutes."""
        assert await erase_accounts(ctx) == 0
        cursor.execute("UPDATE task_lists SET updated_at = now() - interval '650 s' WHERE user_id = %s", (leaving,))
        assert await erase_accounts(ctx) == 0
        cursor.execute("UPDATE task_lists SET updated_at = now() - interval '661 s' WHERE user_id = %s", (leaving,))
        assert await erase_accounts(ctx) == 1
        assert set(_left(cursor, leaving).values()) == {0}


def _left(cursor: steps.Cursor, owner: UserId) -> dict[str, int]:
    """How many rows of theirs each table has."""
    found = {}
    for table in ("task_lists", "account_erasures", "tasks", "idempotency_keys"):
        cursor.execute(f"SELECT count(*) FROM {table} WHERE user_id = %s", (owner,))
        found[table] = cursor.fetchall()[0][0]
    return found


class TestSpread:
    async def test_long_keys_are_spread_before_they_are_in_the_way(
        self, ctx: Context, process: Process, cursor: steps.Cursor, user: UserId
    ) -> None:
        """In the order that they have; the list is told to no worker again, and what nobody moved is not touched."""
        made = [(await process.lists.write(user, partial(crud.insert, columns={"title": "x"}))).id for _ in range(300)]
        key = of_number(made[50])
        for number, digits in enumerate(("00000001", "00000002", "0" * 24 + "1", "0" * 31 + "1"), start=51):
            cursor.execute("UPDATE tasks SET position = %s WHERE id = %s", (key + digits, made[number]))

        async def order() -> list[tuple[int, str]]:
            answer = await process.lists.read(
                user, lambda tx: answers.make(tx, user, ListQuery(sort="position", descending=False), shape="array")
            )
            return [(task["id"], task["position"]) for task in json.loads(answer.body)]

        before = await order()
        await process.lists.write(user, lambda change: moves.move(change, made[60], Move(made[53])))
        cursor.execute("SELECT user_id FROM crowded_lists")
        assert cursor.fetchall() == [(user,)]
        moved = await order()
        assert await spread_lists(ctx) > 0
        spread = await order()
        assert [id_ for id_, _ in spread] == [id_ for id_, _ in moved] != [id_ for id_, _ in before]
        assert max(len(position) for _, position in spread) <= CROWDED
        assert [place for place in spread[:100] if place in before] == spread[:100]
        assert await spread_lists(ctx) == 0
        cursor.execute("SELECT user_id FROM crowded_lists")
        assert cursor.fetchall() == []
