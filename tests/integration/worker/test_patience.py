"""The worker waits neither for who holds a list, nor for a Redis that is away: the database's work goes on."""

import asyncio
from collections.abc import Iterator

import pytest
from structlog.testing import capture_logs

from core.lists.announcements import Announcements
from core.types import UserId
from tests import steps
from tests.stack import Stack, new_user
from tests.steps import PATIENCE, Cursor, Process
from worker.jobs import erase, purge
from worker.jobs.context import Context
from worker.jobs.erase import erase_accounts
from worker.jobs.purge import purge_trash

pytestmark = pytest.mark.anyio


@pytest.fixture
def cursor(cursor: Cursor) -> Cursor:
    """With nothing in the tables that another test has left."""
    cursor.execute("DELETE FROM account_erasures")
    cursor.execute("DELETE FROM tasks")
    return cursor


@pytest.fixture
def holder(workshop: Stack) -> Iterator[Cursor]:
    """Somebody else, who holds what they lock until the end of the test."""
    with steps.outside(workshop.database_url) as holder:
        holder.execute("BEGIN")
        yield holder
        holder.execute("ROLLBACK")


def seed(cursor: Cursor, owner: UserId, *, tasks: int = 1, leaves: bool = False) -> None:
    """Tasks that lie in the trash for long."""
    cursor.execute("INSERT INTO task_lists (user_id, revision) VALUES (%s, 1)", (owner,))
    cursor.execute(
        "INSERT INTO tasks (user_id, title, revision, deleted_at)"
        " SELECT %s, 'x', 1, now() - interval '40 days' FROM generate_series(1, %s)",
        (owner, tasks),
    )
    if leaves:
        cursor.execute("INSERT INTO account_erasures (user_id) VALUES (%s)", (owner,))


def hold(holder: Cursor, owner: UserId) -> None:
    holder.execute("SELECT FROM task_lists WHERE user_id = %s FOR UPDATE", (owner,))


def left(cursor: Cursor, table: str = "tasks") -> set[str]:
    cursor.execute(f"SELECT DISTINCT user_id FROM {table}")
    return {row[0] for row in cursor.fetchall()}


async def test_a_purge_passes_by_whoever_holds_their_list(
    ctx: Context, cursor: Cursor, holder: Cursor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However much of theirs is due first; the next run comes back for it."""
    monkeypatch.setattr(purge, "BATCH", 5)
    held, others = new_user(), [new_user() for _ in range(3)]
    seed(cursor, held, tasks=12)
    for other in others:
        seed(cursor, other)
    hold(holder, held)
    with capture_logs() as logs:
        assert await purge_trash(ctx) == 3
    assert left(cursor) == {held}
    assert [line["event"] for line in logs if line["event"] == "purge_put_off"] == ["purge_put_off"]
    holder.execute("ROLLBACK")
    assert await purge_trash(ctx) == 12


async def test_an_erasure_passes_by_whoever_holds_their_list(
    ctx: Context, cursor: Cursor, holder: Cursor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More of them than are looked at at once, and all asked before: the others are erased to the end."""
    monkeypatch.setattr(erase, "ACCOUNTS", 2)
    held, others = [new_user() for _ in range(3)], [new_user() for _ in range(3)]
    for owner in (*held, *others):
        seed(cursor, owner, leaves=True)
    for owner in held:
        hold(holder, owner)
    assert await erase_accounts(ctx) == 3
    assert left(cursor) == left(cursor, "account_erasures") == set(held)
    holder.execute("ROLLBACK")
    assert await erase_accounts(ctx) == 3


async def test_a_list_that_is_held_at_the_very_end_is_passed_by_as_well(
    ctx: Context, cursor: Cursor, holder: Cursor
) -> None:
    """When only the list's row is left."""
    held, other = new_user(), new_user()
    for owner in (held, other):
        seed(cursor, owner, leaves=True)
    cursor.execute("DELETE FROM tasks WHERE user_id = %s", (held,))
    hold(holder, held)
    assert await erase_accounts(ctx) == 1
    assert left(cursor, "account_erasures") == {held}


async def test_whoever_writes_without_end_keeps_no_account_from_being_erased(
    workshop: Stack, ctx: Context, cursor: Cursor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They asked for erasure themselves, before the other, and write again whenever theirs is done."""
    monkeypatch.setattr(erase, "BUDGET_SECONDS", 2)
    monkeypatch.setattr(erase, "BATCH", 1)  # more comes than goes
    busy, other = new_user(), new_user()
    seed(cursor, busy, tasks=1000, leaves=True)
    seed(cursor, other, leaves=True)
    written = asyncio.Event()

    async def write() -> None:
        async with steps.process(workshop.settings(DATABASE_POOL_SIZE="4")) as api:
            while True:
                await api.add_task(busy, "again")
                written.set()

    writing = asyncio.create_task(write())
    await written.wait()
    assert await erase_accounts(ctx) >= 1
    assert other not in left(cursor, "account_erasures")
    writing.cancel()
    await asyncio.gather(writing, return_exceptions=True)


@pytest.mark.parametrize("lost", ["away", "refusing"])
async def test_nothing_waits_for_redis(
    ctx: Context, process: Process, cursor: Cursor, monkeypatch: pytest.MonkeyPatch, lost: str
) -> None:
    """Nobody is acknowledged what the worker changes; that Redis was not told is left for the next publication."""
    owners = [new_user() for _ in range(5)]
    for owner in owners:
        seed(cursor, owner, leaves=True)

    async def waited(*_: object, **__: object) -> None:
        raise AssertionError("the worker waits for itself")

    monkeypatch.setattr(Announcements, "_wait", waited)
    if lost == "away":
        monkeypatch.setattr(process.redis, "_wire", None)
    else:
        monkeypatch.setattr("core.cache.scripts.RAISE", "return redis.error_reply('OOM command not allowed')")
    async with asyncio.timeout(PATIENCE):
        assert await purge_trash(ctx) + await erase_accounts(ctx) >= 5
    assert not left(cursor)
    assert set(owners) <= left(cursor, "unpublished_lists")


async def test_what_redis_refuses_is_told_once(process: Process, user: UserId, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not per request, with how often it was since the last line."""
    monkeypatch.setattr("core.cache.scripts.RAISE", "return redis.error_reply('OOM command not allowed')")
    with capture_logs() as logs:
        for _ in range(5):
            assert not await process.fence.raise_to(user, await process.stand(user))
    told = [line for line in logs if line["event"] == "redis_gave_up"]
    assert [(line["reason"], line["times"], line["log_level"]) for line in told] == [("OOM", 1, "warning")]
