"""The races that the cache protocol decides, stepped on real PostgreSQL and Redis, each beside a protocol that loses.

A reader is held between its query and its fill, a writer inside its transaction or just before its COMMIT; "another
process" is a second set of the same parts. The weakened protocols show that each schedule can fail.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from core.cache.fence import Fence
from core.cache.keys import key
from core.types import Revision, Stand, UserId
from tests import steps
from tests.stack import Stack
from tests.steps import Gate, Process

pytestmark = pytest.mark.anyio


class DiesAfterCommit(Fence):
    """A writer whose process ends right after COMMIT: nothing is confirmed, nothing is acknowledged."""

    committing = False

    async def raise_to(self, owner: UserId, stand: Stand, *, committed: bool = False) -> bool:
        if self.committing:
            raise asyncio.CancelledError
        self.committing = True
        return await super().raise_to(owner, stand, committed=committed)


class RaisesAfterCommit(DiesAfterCommit):
    """The protocol that seems to do as well: it tells the cache what has happened, not what is about to."""

    async def raise_to(self, owner: UserId, stand: Stand, *, committed: bool = False) -> bool:
        if not self.committing:
            self.committing = True
            return True
        return await super().raise_to(owner, stand, committed=committed)


class HeldBeforeCommit(Fence):
    """A writer that is held after its raise; whether it raises again after COMMIT is what a test is about."""

    gate: Gate
    confirms = True
    committing = False

    async def raise_to(self, owner: UserId, stand: Stand, *, committed: bool = False) -> bool:
        if self.committing:
            return self.confirms and await super().raise_to(owner, stand, committed=committed)
        told = await super().raise_to(owner, stand, committed=committed)
        await self.gate.arrive()
        self.committing = True
        return told


class NeverConfirms(HeldBeforeCommit):
    confirms = False


@pytest.fixture
async def process(stack: Stack) -> AsyncIterator[Process]:
    async with steps.process(stack.settings(DATABASE_POOL_SIZE="4")) as process:
        yield process


@pytest.mark.parametrize(("protocol", "outcome"), [(DiesAfterCommit, "miss"), (RaisesAfterCommit, "hit")])
async def test_a_reader_cannot_store_what_a_writer_has_overtaken(
    stack: Stack, process: Process, user: UserId, protocol: type[Fence], outcome: str
) -> None:
    """The reader queries; the writer commits and dies; the reader fills. Raising after COMMIT serves it for ever."""
    await process.add_task(user, "first")
    before = await process.revision(user)
    async with steps.process(stack.settings(DATABASE_POOL_SIZE="2"), protocol) as writer:
        queried = Gate()
        reader = asyncio.create_task(process.list_tasks(user, pause=queried))
        await queried.arrival()
        with contextlib.suppress(asyncio.CancelledError):
            await writer.add_task(user, "second")
        assert await process.revision(user) > before
        queried.open()
        old, _ = await reader
    found, result = await process.list_tasks(user)
    assert result == outcome
    assert (b"second" in found.body) == (outcome == "miss")
    assert b"second" not in old.body


@pytest.mark.parametrize(("protocol", "stale"), [(DiesAfterCommit, False), (RaisesAfterCommit, True)])
async def test_what_one_reader_has_seen_the_next_one_sees(
    stack: Stack, process: Process, user: UserId, *, protocol: type[Fence], stale: bool
) -> None:
    """Once anyone can read the change in PostgreSQL, nothing older is a hit, though nothing was acknowledged yet."""
    await process.add_task(user, "first")
    await process.list_tasks(user)
    assert (await process.list_tasks(user))[1] == "hit"
    async with steps.process(stack.settings(DATABASE_POOL_SIZE="2"), protocol) as writer:
        with contextlib.suppress(asyncio.CancelledError):
            await writer.add_task(user, "second")
    seen = await process.revision(user)
    found, _ = await process.list_tasks(user)
    assert (found.revision < seen) is stale


async def test_between_raise_and_commit_readers_see_the_old_state_and_store_nothing(
    process: Process, stack: Stack, user: UserId
) -> None:
    """The write is announced and not yet made: reads go past the cache, and are right."""
    await process.add_task(user, "first")
    async with steps.process(stack.settings(DATABASE_POOL_SIZE="2"), HeldBeforeCommit) as other:
        assert isinstance(other.fence, HeldBeforeCommit)
        other.fence.gate = Gate()
        writing = asyncio.create_task(other.add_task(user, "second"))
        await other.fence.gate.arrival()
        for _ in range(2):
            found, result = await process.list_tasks(user)
            assert (b"second" in found.body, result) == (False, "miss")
        other.fence.gate.open()
        await writing
    found, result = await process.list_tasks(user)
    assert (b"second" in found.body, result) == (True, "miss")
    assert (await process.list_tasks(user))[1] == "hit"


async def test_an_aborted_write_costs_speed_only(process: Process, user: UserId) -> None:
    """Its announcement stays above every state: reads are right, and are cached again after the next write."""
    await process.add_task(user, "first")
    await process.fence.raise_to(user, (now := await process.stand(user))._replace(revision=Revision(now.revision + 1)))
    for _ in range(3):
        found, result = await process.list_tasks(user)
        assert (b"first" in found.body, result) == (True, "miss")
    await process.add_task(user, "second")
    assert (await process.list_tasks(user))[1] == "miss"
    found, result = await process.list_tasks(user)
    assert (b"second" in found.body, result) == (True, "hit")


@pytest.mark.parametrize(("protocol", "stale"), [(HeldBeforeCommit, False), (NeverConfirms, True)])
async def test_a_wipe_between_raise_and_commit_is_repaired_before_the_acknowledgement(
    stack: Stack, process: Process, user: UserId, *, protocol: type[HeldBeforeCommit], stale: bool
) -> None:
    """Redis forgets the announcement and a reader stores the old state; the raise after COMMIT drops it."""
    await process.add_task(user, "first")
    async with steps.process(stack.settings(DATABASE_POOL_SIZE="2", DATABASE_TIMEOUT="5"), protocol) as other:
        assert isinstance(other.fence, HeldBeforeCommit)
        other.fence.gate = Gate()
        writing = asyncio.create_task(other.add_task(user, "second"))
        await other.fence.gate.arrival()
        await process.redis.call("DEL", key(user))
        await process.list_tasks(user)
        assert (await process.list_tasks(user))[1] == "hit"
        other.fence.gate.open()
        await writing
    found, _ = await process.list_tasks(user)
    assert (b"second" not in found.body) is stale


async def test_a_wipe_between_open_and_fill_voids_the_fill(process: Process, user: UserId) -> None:
    """Wiped, made again by another reader, and filled late: the answer that a write has overtaken is refused."""
    await process.add_task(user, "first")
    queried = Gate()
    reader = asyncio.create_task(process.list_tasks(user, pause=queried))
    await queried.arrival()
    await process.add_task(user, "second")
    await process.redis.call("DEL", key(user))
    await process.fence.open(user)
    queried.open()
    assert b"second" not in (await reader)[0].body
    found, result = await process.list_tasks(user)
    assert (b"second" in found.body, result) == (True, "miss")


async def test_writers_of_one_list_are_announced_in_the_order_of_their_commits(
    stack: Stack, process: Process, user: UserId
) -> None:
    """The second waits for the row that the first holds, so the fence that a reader opens is never ahead of both."""
    await process.add_task(user, "first")
    before = await process.revision(user)
    inside = Gate()
    slow = asyncio.create_task(process.add_task(user, "slow", pause=inside))
    await inside.arrival()
    async with steps.process(stack.settings(DATABASE_POOL_SIZE="2")) as other:
        quick = asyncio.create_task(other.add_task(user, "quick"))
        with steps.outside(stack.database_url) as cursor:
            await steps.until(lambda: _waits_for_a_lock(cursor))
        assert (await process.fence.open(user)).fence == before
        inside.open()
        await asyncio.gather(slow, quick)
    found, _ = await process.list_tasks(user)
    assert found.revision == await process.revision(user) > before
    assert found.body.index(b"quick") < found.body.index(b"slow") < found.body.index(b"first")


def _waits_for_a_lock(cursor: steps.Cursor) -> bool:
    cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype IN ('transactionid', 'tuple')")
    return bool(cursor.fetchall()[0][0])
