"""Whoever cannot be told what has changed is told so."""

import asyncio
from collections.abc import Awaitable, Callable

import httpx
import pytest
import redis

from core.cache.keys import key
from core.types import UserId
from tests import steps
from tests.integration.changes.test_changes import is_gone, kept, make
from tests.mirrors import Mirror, everything
from tests.stack import Stack, client
from worker.jobs.context import Context
from worker.jobs.erase import erase_accounts
from worker.jobs.purge import purge_trash
from worker.main import make_context


def work(stack: Stack, job: Callable[[Context], Awaitable[int]]) -> int:
    """What the worker does, now; returns how many it has done it to."""

    async def do() -> int:
        settings = stack.settings()
        async with steps.process(settings) as process:
            return await job(make_context(settings, process.redis, process.fence, process.lists._database))

    return asyncio.run(do())


class TestHorizon:
    """What is gone without a trace, and who has to begin anew for it."""

    def test_an_emptied_trash(self, alice: httpx.Client) -> None:
        """Whoever knew what was in it goes on; whoever did not begins anew."""
        early = kept(alice, "one", "two")
        late = Mirror(dict(early.tasks), early.since)
        alice.delete(f"/api/tasks/{min(early.tasks)}")
        late.follow(alice)
        make(alice, "three")
        alice.delete("/api/tasks/trash")
        assert is_gone(early.ask(alice))
        late.follow(alice)
        early.follow(alice)
        assert late.tasks == early.tasks == everything(alice)

    def test_a_purge(self, stack: Stack, alice: httpx.Client, hands: steps.Cursor) -> None:
        """As well: the worker's."""
        early = kept(alice, "one", "two")
        late = Mirror(dict(early.tasks), early.since)
        alice.delete(f"/api/tasks/{min(early.tasks)}")
        late.follow(alice)
        hands.execute("SET session_replication_role = replica")  # it has lain there for long: nothing else changes
        hands.execute("UPDATE tasks SET deleted_at = '2020-01-01' WHERE id = %s", (min(early.tasks),))
        assert work(stack, purge_trash) >= 1  # other tests may have left some
        assert is_gone(early.ask(alice))
        late.follow(alice)
        assert late.tasks == everything(alice)

    def test_an_account_that_was_erased(self, stack: Stack, alice: httpx.Client) -> None:
        """What is written afterwards is another list; also to whoever was in the middle of the one before."""
        mirror = kept(alice, "one", "two")
        between = Mirror()
        between.ask(alice, limit=1)
        alice.delete("/api/account")
        while not work(stack, erase_accounts):
            pass
        empty = Mirror(dict(mirror.tasks), mirror.since)
        assert is_gone(empty.ask(alice))
        assert empty.follow(alice) == []
        make(alice, "three")
        assert [is_gone(one.ask(alice)) for one in (mirror, between)] == [True, True]
        assert len(empty.follow(alice)) == 1
        mirror.follow(alice)
        assert mirror.tasks == empty.tasks == everything(alice)

    @pytest.mark.parametrize(
        "statement",
        [
            "DELETE FROM tasks WHERE user_id = %(user)s AND title = 'one'",
            "UPDATE tasks SET user_id = user_id || '-2' WHERE user_id = %(user)s AND title = 'one'",
            "UPDATE tasks SET id = id + 1000000 WHERE user_id = %(user)s AND title = 'one'",
            """BEGIN; UPDATE tasks SET title = 'x' WHERE user_id = %(user)s AND title = 'two';
             DELETE FROM tasks WHERE user_id = %(user)s AND title = 'one'; COMMIT""",
            """BEGIN; DELETE FROM tasks WHERE user_id = %(user)s AND title = 'one';
             INSERT INTO tasks (user_id, title) VALUES (%(user)s, 'x'); COMMIT""",
            """BEGIN; UPDATE tasks SET deleted_at = now() WHERE user_id = %(user)s AND title = 'one';
             DELETE FROM tasks WHERE user_id = %(user)s AND deleted_at IS NOT NULL; COMMIT""",
        ],
        ids=["deleted", "moved", "renumbered", "with another", "before another", "by way of the trash"],
    )
    def test_a_task_that_somebody_has_taken_away_outside(
        self, alice: httpx.Client, hands: steps.Cursor, announced: Callable[[], object], user: UserId, statement: str
    ) -> None:
        """There is nothing left that could tell of it."""
        mirror = kept(alice, "one", "two")
        hands.execute(statement, {"user": user})
        announced()
        assert is_gone(mirror.ask(alice))
        mirror.follow(alice)
        assert mirror.tasks == everything(alice)
        assert mirror.follow(alice) == []

    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE tasks SET title = 'x' WHERE user_id = %(user)s AND title = 'one'",
            "UPDATE tasks SET deleted_at = now() WHERE user_id = %(user)s AND title = 'one'",
            "INSERT INTO tasks (user_id, title) VALUES (%(user)s, 'x')",
            "INSERT INTO tasks (user_id, title, deleted_at) VALUES (%(user)s, 'x', now())",
            "DELETE FROM tasks WHERE user_id = %(user)s AND deleted_at IS NOT NULL",
        ],
        ids=["changed", "to the trash", "made", "made in the trash", "trash emptied"],
    )
    def test_what_somebody_has_done_outside_and_can_be_told(
        self, alice: httpx.Client, hands: steps.Cursor, announced: Callable[[], object], user: UserId, statement: str
    ) -> None:
        """Is told."""
        [gone] = make(alice, "gone")
        alice.delete(f"/api/tasks/{gone['id']}")
        mirror = kept(alice, "one", "two")
        hands.execute(statement, {"user": user})
        announced()
        mirror.follow(alice)
        assert mirror.tasks == everything(alice)

    def test_a_task_that_came_from_another_list(
        self, alice: httpx.Client, hands: steps.Cursor, announced: Callable[[], object], user: UserId
    ) -> None:
        """It is new here."""
        mirror = kept(alice, "one")
        hands.execute("INSERT INTO tasks (user_id, title) VALUES (%s, 'theirs')", (f"{user}-2",))
        hands.execute("UPDATE tasks SET user_id = %s WHERE user_id = %s", (user, f"{user}-2"))
        announced()
        [theirs] = mirror.follow(alice)
        assert theirs["title"] == "theirs"
        assert mirror.tasks == everything(alice)

    def test_a_truncated_table(self, own_stack: Stack, user: UserId) -> None:
        """Nobody can know what was in it."""
        with client(own_stack.api().url, user) as alice, steps.outside(own_stack.database_url) as hands:
            mirror = kept(alice, "one", "two")
            hands.execute("TRUNCATE tasks")
            with redis.Redis.from_url(own_stack.redis.url) as cache:
                cache.delete(key(user))
            assert is_gone(mirror.ask(alice))
            mirror.follow(alice)
            assert mirror.tasks == {}

    def test_who_holds_nothing_has_nothing_to_lose(self, alice: httpx.Client) -> None:
        """A new user's first synchronisation, before their first task: its token is always good."""
        mirror = Mirror()
        assert mirror.follow(alice) == []
        one, two, _ = make(alice, "one", "two", "three")
        for task in (one, two):
            alice.delete(f"/api/tasks/{task['id']}")
            alice.delete("/api/tasks/trash")
        mirror.follow(alice, limit=1)
        assert mirror.tasks == everything(alice)

    def test_but_in_the_middle_they_hold_something(self, alice: httpx.Client) -> None:
        """From the first page on it is a synchronisation like any other."""
        mirror = Mirror()
        mirror.follow(alice)
        one, *_ = make(alice, "one", "two", "three")
        mirror.ask(alice, limit=1)
        alice.delete(f"/api/tasks/{one['id']}")
        alice.delete("/api/tasks/trash")
        assert is_gone(mirror.ask(alice, limit=1))


def test_a_token_ahead_of_the_list_is_of_no_history(
    alice: httpx.Client, hands: steps.Cursor, announced: Callable[[], object], user: UserId
) -> None:
    """As after a restore of the rows alone."""
    mirror = kept(alice, "one")
    hands.execute("UPDATE task_lists SET revision = revision - 1 WHERE user_id = %s", (user,))
    announced()
    assert is_gone(mirror.ask(alice))
