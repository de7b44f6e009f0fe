"""What the event loop hears of the sessions: one reader each, as long as it lives, and nobody else's news."""

import asyncio
import contextlib
import gc
import socket
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from typing import Any

import psutil  # type: ignore[import-untyped]  # its stubs are a package of their own
import psycopg2
import pytest
import uvloop

from core.database import driver
from core.database.ear import Ear, Session
from core.database.transaction import Transaction
from core.errors import DatabaseUnavailable, OutcomeUnknown
from tests.integration.wires import Cursor, blocked, database, end, rows, write
from tests.stack import Stack
from tests.steps import PATIENCE, outside

pytestmark = pytest.mark.anyio

PID = "SELECT pg_backend_pid()"


class Heard:
    """How often the loop was asked to listen, and had something to tell."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.ears = self.readers = 0
        self.news = asyncio.Event()
        self.told = 0
        loop = asyncio.get_running_loop()
        make, add, tell = Ear.__init__, loop.add_reader, Ear._heard

        def made(ear: Ear, *arguments: object) -> None:
            self.ears += 1
            make(ear, *arguments)  # type: ignore[arg-type]  # handed on as they come

        def added(*arguments: object) -> object:
            self.readers += 1
            return add(*arguments)  # type: ignore[arg-type]  # the same

        def heard(ear: Ear) -> None:
            self.told += 1
            tell(ear)
            self.news.set()

        patch.setattr(Ear, "__init__", made)
        patch.setattr(loop, "add_reader", added)
        patch.setattr(Ear, "_heard", heard)


@pytest.fixture(params=[False, True], ids=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    """The loop of the API is uvloop, the worker's and the tests' is not."""
    return "asyncio", {"use_uvloop": request.param}


@pytest.fixture(scope="module")
def url(stack: Stack) -> str:
    url = stack.postgres.create_database("ears")
    with outside(url) as outsider:
        rows(outsider, "CREATE TABLE effects (note text)")
    return url


@pytest.fixture
def outsider(url: str) -> Iterator[Cursor]:
    """A session beside the product's, before an empty table."""
    with outside(url) as outsider:
        rows(outsider, "TRUNCATE effects")
        yield outsider


@pytest.fixture
async def heard(monkeypatch: pytest.MonkeyPatch) -> Heard:
    return Heard(monkeypatch)


def note(transaction: Transaction) -> int:
    """Leaves a trace once; returns the session's number."""
    [(pid,)] = transaction.execute("INSERT INTO effects VALUES ('done') RETURNING pg_backend_pid()")
    transaction.commit()
    return int(pid)


async def turns(count: int = 50) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


@contextlib.asynccontextmanager
async def neighbours(count: int) -> AsyncIterator[None]:
    """Connections of the loop's own that take the lowest free numbers; each must hear what is for it."""
    pairs = [socket.socketpair() for _ in range(count)]
    streams = [await asyncio.open_connection(sock=own) for own, _ in pairs]
    try:
        yield
        async with asyncio.timeout(PATIENCE):
            for number, ((reader, _), (_, other)) in enumerate(zip(streams, pairs, strict=True)):
                other.sendall(b"%d\n" % number)
                assert await reader.readline() == b"%d\n" % number
    finally:
        for (_, writer), (_, other) in zip(streams, pairs, strict=True):
            writer.close()
            await writer.wait_closed()
            other.close()


async def test_a_session_is_listened_to_once(url: str, outsider: Cursor, heard: Heard) -> None:
    """However many waits there are: a reader is neither added nor taken away for one."""
    async with database(url, DATABASE_POOL_SIZE="3") as layer:
        sessions = set(await asyncio.gather(*(write(layer, note) for _ in range(60))))
    assert len(rows(outsider, "SELECT note FROM effects")) == 60
    assert heard.readers == heard.ears == len(sessions) <= 3
    assert heard.told >= 60


async def test_news_that_nobody_waits_for_do_not_keep_the_loop_busy(url: str, outsider: Cursor, heard: Heard) -> None:
    """A server that hangs up on an idle session is heard of twice at most, and nobody's work begins on it."""
    begun: list[int] = []

    def work(transaction: Transaction) -> int:
        begun.append(1)
        return note(transaction)

    async with database(url) as layer:
        first = await write(layer, note)
        heard.news.clear()
        before = heard.told
        end(outsider, first)
        async with asyncio.timeout(PATIENCE):
            await heard.news.wait()
        await turns()
        assert heard.told <= before + 2
        assert await write(layer, work) != first
    assert begun == [1]


async def test_news_that_came_between_two_statements_are_not_missed(url: str, outsider: Cursor, heard: Heard) -> None:
    """A session that ends while its transaction waits for something else is found broken by the next statement."""
    ended: list[int] = []

    def work(transaction: Transaction) -> int:
        [(pid,)] = transaction.execute("INSERT INTO effects VALUES ('half') RETURNING pg_backend_pid()")
        if not ended:
            ended.append(pid)
            heard.news.clear()
            end(outsider, pid)
            driver.wait_for(asyncio.wait_for(heard.news.wait(), PATIENCE))
            driver.wait_for(turns())
        transaction.execute("SELECT")
        transaction.commit()
        return int(pid)

    async with database(url) as layer:
        assert await write(layer, work) not in ended
        assert len(rows(outsider, "SELECT note FROM effects")) == 1


async def test_a_setting_that_is_reported_between_two_statements_disturbs_nobody(
    url: str, outsider: Cursor, heard: Heard
) -> None:
    """The server may speak unasked without hanging up: what it says is read with the next answer."""

    def work(transaction: Transaction) -> int:
        heard.news.clear()
        [(pid,)] = transaction.execute("LISTEN news; SELECT pg_backend_pid()")
        transaction.commit()
        rows(outsider, "NOTIFY news")
        driver.wait_for(asyncio.wait_for(heard.news.wait(), PATIENCE))
        driver.wait_for(turns())
        transaction.execute("BEGIN; INSERT INTO effects VALUES ('done')")
        transaction.commit()
        transaction.execute("UNLISTEN news")
        return int(pid)

    async with database(url) as layer:
        with pytest.raises(AssertionError, match="without BEGIN"):
            await write(layer, work)
        await write(layer, note)


@pytest.mark.parametrize("when", ["idle", "in a statement", "in commit"])
async def test_a_number_that_is_used_again_belongs_to_its_new_owner(
    url: str, outsider: Cursor, when: str, heard: Heard
) -> None:
    """Once libpq has closed a broken session, others get its descriptor's number, and hear what is for them."""
    sessions: list[int] = []

    def work(transaction: Transaction) -> None:
        [(pid,)] = transaction.execute(PID)
        if not sessions:
            sessions.append(pid)
            if when == "in a statement":
                transaction.execute("SELECT pg_advisory_xact_lock(1)")
            if when == "in commit":
                end(outsider, pid)
        transaction.commit()

    rows(outsider, "SELECT pg_advisory_lock(1)")
    async with database(url, DATABASE_POOL_SIZE="1") as layer:
        working = asyncio.create_task(write(layer, work))
        if when == "in a statement":
            await blocked(url)
            end(outsider, sessions[0])
        if when == "in commit":
            with pytest.raises(OutcomeUnknown):
                await working
        else:
            await working
        if when == "idle":
            end(outsider, sessions[0])
        async with neighbours(20):
            await turns()
            for _ in range(3):
                await write(layer, note)
    rows(outsider, "SELECT pg_advisory_unlock(1)")


async def test_broken_sessions_leave_no_descriptor_behind(url: str, outsider: Cursor) -> None:
    """However they end: neither libpq's nor the loop's."""

    def descriptors() -> int:
        gc.collect()  # what an error's traceback still names
        return int(psutil.Process().num_fds())

    def ends(transaction: Transaction) -> None:
        [(pid,)] = transaction.execute(PID)
        end(outsider, pid)
        transaction.commit()

    def late(transaction: Transaction) -> None:
        transaction.execute("SELECT pg_advisory_xact_lock(1)")

    rows(outsider, "SELECT pg_advisory_lock(1)")
    async with database(url, DATABASE_POOL_SIZE="2") as layer:
        await asyncio.gather(*(write(layer, note) for _ in range(4)))
        before = descriptors()
        for _ in range(5):
            with pytest.raises(OutcomeUnknown):
                await write(layer, ends)
            await write(layer, note)
            with pytest.raises(DatabaseUnavailable):
                await write(layer, late, timeout=0.1)
        assert descriptors() <= before
    rows(outsider, "SELECT pg_advisory_unlock(1)")


async def test_a_deadline_that_was_moved_is_the_one_that_counts(url: str, outsider: Cursor) -> None:
    """The alarm that was set for an earlier one rings while the server is waited for, and ends nothing."""
    rang = asyncio.Event()

    def work(transaction: Transaction) -> None:
        transaction.execute("SELECT")
        asyncio.get_running_loop().call_later(driver.deadline() - asyncio.get_running_loop().time() + 0.05, rang.set)
        driver.extend(PATIENCE)
        transaction.execute("SELECT pg_advisory_xact_lock(1)")
        transaction.commit()

    rows(outsider, "SELECT pg_advisory_lock(1)")
    async with database(url) as layer:
        await write(layer, note)
        working = asyncio.create_task(write(layer, work, timeout=0.5))
        await blocked(url)
        async with asyncio.timeout(PATIENCE):
            await rang.wait()
        assert not working.done()
        rows(outsider, "SELECT pg_advisory_unlock(1)")
        await working


@pytest.mark.parametrize("run", [asyncio.run, uvloop.run])
async def test_a_session_outlives_its_loop(url: str, run: Callable[[Coroutine[Any, Any, Session]], Session]) -> None:
    """Closing it afterwards, as the end of a process may, raises nothing."""

    async def listens() -> Session:
        session = psycopg2.connect(url, connection_factory=Session)
        session.listen().wake(asyncio.get_running_loop().create_future())
        return session

    session = await asyncio.to_thread(run, listens())
    session.close()
    session.close()
