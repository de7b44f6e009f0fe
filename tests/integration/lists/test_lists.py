"""A user's list in PostgreSQL: revision order is commit order, one writer at a time, and nothing half done is seen."""

import asyncio
import threading
from collections.abc import Iterator

import pytest
from psycopg2 import errors

from core.cache.fence import Fence
from core.errors import DatabaseUnavailable, NotFound, OutcomeUnknown, PreconditionFailed
from core.lists.all_lists import NEWEST, OLDEST, AllLists, Place
from core.lists.lists import Change
from core.tasks import crud, pages
from core.tasks.crud import Condition, StoredTask
from core.tasks.questions.queries import ListQuery
from core.types import Revision, Stand, TaskId, UserId
from tests.integration.wires import Cursor, blocked, database, end, rows
from tests.stack import Stack, migrate, new_user
from tests.steps import PATIENCE, Gate, at, outside, process

pytestmark = pytest.mark.anyio


@pytest.fixture
def outsider(stack: Stack) -> Iterator[Cursor]:
    """A session beside the product's, of whoever owns the tables."""
    with outside(stack.database_url) as outsider:
        yield outsider


def visible(outsider: Cursor, user: UserId) -> tuple[Revision | None, list[Revision]]:
    """What anyone can see of a list: its revision, and those of its tasks."""
    found = rows(outsider, "SELECT revision FROM task_lists WHERE user_id = %s", user)
    revisions = rows(outsider, "SELECT revision FROM tasks WHERE user_id = %s ORDER BY revision", user)
    return (found[0] if found else None), revisions


def locked(outsider: Cursor, user: UserId) -> bool:
    """Whether somebody holds the list row; one that nobody can see yet is not found."""
    try:
        rows(outsider, "SELECT FROM task_lists WHERE user_id = %s FOR UPDATE NOWAIT", user)
    except errors.LockNotAvailable:
        return True
    return False


def add(change: Change) -> StoredTask:
    return crud.insert(change, {"title": "one"})


async def test_the_fence_is_raised_under_the_lock_before_the_commit(
    stack: Stack, user: UserId, outsider: Cursor
) -> None:
    """When a revision is announced, its list is locked and nobody can see it; afterwards it is announced again."""
    steps: list[tuple[Revision | None, bool, Revision]] = []

    class Watched(Fence):
        async def raise_to(self, owner: UserId, stand: Stand, *, committed: bool = False) -> bool:
            steps.append((visible(outsider, owner)[0], locked(outsider, owner), stand.revision))
            return await super().raise_to(owner, stand, committed=committed)

    async with process(stack.settings(), Watched) as api:
        first = await api.lists.write(user, add)
        second = await api.lists.write(user, add)
    assert second.revision > first.revision
    assert steps == [
        (None, False, first.revision),
        (first.revision, False, first.revision),
        (first.revision, True, second.revision),
        (second.revision, False, second.revision),
    ]


async def test_many_writers_take_one_revision_each(stack: Stack, user: UserId, outsider: Cursor) -> None:
    """Writers of one list, in two processes, wait for one another: none is given twice, the highest is the list's."""
    async with process(stack.settings()) as one, process(stack.settings()) as other:
        before = await one.lists.write(user, add)
        made = await asyncio.gather(*((one, other)[i % 2].lists.write(user, add) for i in range(32)))
    taken = sorted(task.revision for task in made)
    assert len({before.revision, *taken}) == 33
    assert visible(outsider, user) == (taken[-1], [before.revision, *taken])


async def test_a_page_and_its_revision_are_of_one_moment(stack: Stack, user: UserId) -> None:
    """However reads and writes mix, a page holds exactly the tasks that its revision has seen."""
    async with process(stack.settings()) as api:
        first = await api.lists.write(user, add)
        writing = asyncio.gather(*(api.lists.write(user, add) for _ in range(40)))
        seen: list[pages.Page] = []
        while not writing.done() or len(seen) < 2:
            seen.append(await api.lists.read(user, lambda transaction: pages.page(transaction, ListQuery(limit=1000))))
        made = await writing
    taken = sorted({first.revision, *(task.revision for task in made)})
    assert all(page.total == page.count == taken.index(page.stand.revision) + 1 for page in seen)


async def test_users_do_not_wait_for_one_another(stack: Stack, user: UserId) -> None:
    """A long change of one list holds up neither reads of it nor changes of another."""
    gate = Gate()
    async with process(stack.settings()) as api:
        before = await api.lists.write(user, add)
        writing = asyncio.create_task(api.add_task(user, "slow", pause=gate))
        await gate.arrival()
        await api.lists.write(new_user(), add)
        assert await api.revision(user) == before.revision
        gate.open()
        await writing
        assert await api.revision(user) > before.revision


async def test_a_failed_change_takes_no_revision(stack: Stack, user: UserId, outsider: Cursor) -> None:
    """What is rolled back leaves the list as it was, its revision included."""

    def half(change: Change) -> None:
        crud.insert(change, {"title": "half"})
        raise KeyError("in the middle")

    async with process(stack.settings()) as api:
        first = await api.lists.write(user, add)
        with pytest.raises(KeyError):
            await api.lists.write(user, half)
        with pytest.raises(NotFound):
            await api.lists.write(user, lambda change: crud.delete(change, TaskId(2**62)))
        with pytest.raises(PreconditionFailed):
            await api.lists.write(
                user,
                lambda change: crud.delete(
                    change, first.id, condition=Condition(frozenset({Revision(first.revision - 1)}))
                ),
            )
        assert visible(outsider, user) == (first.revision, [first.revision])
        assert (await api.lists.write(user, add)).revision > first.revision


async def test_a_change_that_changes_nothing_takes_no_revision(stack: Stack, user: UserId, outsider: Cursor) -> None:
    """Looking around in a write leaves everything as it was."""
    async with process(stack.settings()) as api:
        first = await api.lists.write(user, add)
        assert await api.lists.write(user, lambda change: change.look("SELECT 1")) == [(1,)]
    assert visible(outsider, user) == (first.revision, [first.revision])


async def test_a_deadlock_with_a_writer_outside_is_resolved(stack: Stack, user: UserId, outsider: Cursor) -> None:
    """Somebody in psql who locks a task first and its list second makes us begin anew; both changes happen."""
    begun = threading.Event()

    async with process(stack.settings()) as api:
        task = await api.lists.write(user, add)
        rows(outsider, "SET deadlock_timeout = '1h'; BEGIN")
        rows(outsider, "SELECT id FROM tasks WHERE user_id = %s AND id = %s FOR UPDATE", user, task.id)

        def change(change: Change) -> StoredTask:
            begun.set()
            return crud.update(change, task.id, {"title": "ours"})

        writing = asyncio.create_task(api.lists.write(user, change))
        assert await asyncio.to_thread(begun.wait, PATIENCE)
        await blocked(stack.database_url)
        sql = "UPDATE tasks SET description = 'theirs' WHERE user_id = %s AND id = %s; COMMIT"
        await asyncio.to_thread(rows, outsider, sql, user, task.id)
        ours = await writing
    assert ours.revision > task.revision
    assert rows(outsider, "SELECT title, description FROM tasks WHERE id = %s", task.id) == [("ours", "theirs")]


async def test_a_cancelled_writer_waits_until_it_is_settled(stack: Stack, user: UserId, outsider: Cursor) -> None:
    """A client that goes away in mid-write leaves a whole change, announced as any other."""
    gate = Gate()
    async with process(stack.settings()) as api:
        first = await api.lists.write(user, add)
        writing = asyncio.create_task(api.add_task(user, "abandoned", pause=gate))
        await gate.arrival()
        writing.cancel()
        await asyncio.sleep(0)
        writing.cancel()
        await asyncio.sleep(0)
        assert not writing.done()
        gate.open()
        with pytest.raises(asyncio.CancelledError):
            await writing
        abandoned = visible(outsider, user)[0]
        assert abandoned is not None
        assert abandoned > first.revision
        assert (await api.fence.open(user)).fence == abandoned


async def test_a_write_with_an_unknown_outcome_is_not_repeated(stack: Stack, user: UserId, outsider: Cursor) -> None:
    """The session ends between the announcement and COMMIT: one attempt, and the fence stands above the list."""
    announced: list[Revision] = []

    class Cut(Fence):
        async def raise_to(self, owner: UserId, stand: Stand, *, committed: bool = False) -> bool:
            announced.append(stand.revision)
            if len(announced) == 1:
                end(outsider, sessions[-1])
            return await super().raise_to(owner, stand, committed=committed)

    sessions: list[int] = []

    def change(change: Change) -> None:
        add(change)
        sessions.append(change.look("SELECT pg_backend_pid()")[0][0])

    async with process(stack.settings(), Cut) as api:
        with pytest.raises(OutcomeUnknown):
            await api.lists.write(user, change)
        assert announced == [announced[0]] * 2
        assert (await api.fence.open(user)).fence == announced[0]
    assert visible(outsider, user) == (None, [])


async def test_a_write_waits_for_its_list_no_longer_than_its_time(stack: Stack, user: UserId, outsider: Cursor) -> None:
    """A list that somebody else keeps locked is unavailable, and others are not."""
    async with process(stack.settings()) as api:
        first = await api.lists.write(user, add)
        rows(outsider, "BEGIN; SELECT FROM task_lists WHERE user_id = %s FOR UPDATE", user)
        with pytest.raises(DatabaseUnavailable):
            await api.lists.write(user, add, timeout=0.2)
        rows(outsider, "ROLLBACK")
        assert (await api.lists.write(user, add)).revision > first.revision


async def test_what_was_published_is_recorded_but_for_lists_in_use(stack: Stack, user: UserId) -> None:
    """The worker never waits for a writer: the list that is being written is left for its next round."""
    busy, idle = user, new_user()
    url = stack.postgres.create_database("published")  # no worker of another test's is at work there
    migrate(url)
    async with process(stack.settings(DATABASE_URL=url)) as api, database(url) as layer:
        with outside(url) as outsider:
            every = AllLists(layer)
            written = [(owner, at((await api.lists.write(owner, add)).revision)) for owner in (busy, idle)]
            rows(outsider, "BEGIN; SELECT FROM task_lists WHERE user_id = %s FOR UPDATE", busy)
            await every.mark_published(written)
            rows(outsider, "ROLLBACK")
            assert await unpublished(every, busy, idle) == [(busy, written[0][1].revision)]
            await every.mark_published(written)
            await every.mark_published([(owner, at(stand.revision - 1)) for owner, stand in written])
            assert await unpublished(every, busy, idle) == []
            again = await api.lists.write(idle, add)
            assert await unpublished(every, busy, idle) == [(idle, again.revision)]


async def unpublished(every: AllLists, *owners: UserId) -> list[tuple[UserId, Revision]]:
    """Of these users; page by page, as the worker does it."""
    found: list[tuple[UserId, Revision]] = []
    while page := await every.oldest(after=Place(found[-1][1], found[-1][0]) if found else OLDEST, limit=1):
        found += [(owner, stand.revision) for owner, stand in page]
    newest = await every.newest(before=NEWEST, above=OLDEST.revision, limit=len(found) + 1)
    assert [(owner, stand.revision) for owner, stand in reversed(newest)] == found
    return [item for item in found if item[0] in owners]


@pytest.mark.parametrize(("configured", "used"), [("off", "on"), ("local", "local"), ("on", "on")])
async def test_what_is_acknowledged_is_on_disk(stack: Stack, user: UserId, configured: str, used: str) -> None:
    """Whatever the database's default: a commit that a crash may lose is no commit; a stronger or weaker `on` stays."""
    url = stack.postgres.create_database("durable")
    try:
        migrate(url)
        with outside(url) as outsider:
            rows(outsider, f"ALTER DATABASE durable SET synchronous_commit = {configured}")
        found: list[str] = []

        def change(change: Change) -> None:
            add(change)
            found.append(change.look("SHOW synchronous_commit")[0][0])

        async with process(stack.settings(DATABASE_URL=url)) as api:
            await api.lists.write(user, change)
        assert found == [used]
    finally:
        stack.postgres.drop_database("durable")
