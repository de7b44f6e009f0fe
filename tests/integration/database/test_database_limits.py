"""The database layer when something takes too long or is refused: every wait ends, and nothing is left behind."""

import asyncio
from collections.abc import Iterator

import pytest
from structlog.testing import capture_logs

from core.database import driver, pool
from core.database.transaction import Transaction
from core.errors import DatabaseUnavailable
from tests.integration.wires import Cursor, database, end, rows, unwatched, write
from tests.stack import Stack
from tests.steps import outside, until

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def url(stack: Stack) -> str:
    url = stack.postgres.create_database("limits")
    with outside(url) as outsider:
        rows(outsider, "CREATE TABLE effects (note text); CREATE ROLE limited LOGIN CONNECTION LIMIT 1")
        rows(outsider, "GRANT ALL ON effects TO limited")
    return url


@pytest.fixture
def outsider(url: str) -> Iterator[Cursor]:
    """A session beside the product's, before an empty table."""
    with outside(url) as outsider:
        rows(outsider, "TRUNCATE effects")
        yield outsider


def note(transaction: Transaction) -> int:
    """Leaves a trace once; returns the session's number."""
    [(pid,)] = transaction.execute("INSERT INTO effects VALUES ('done') RETURNING pg_backend_pid()")
    transaction.commit()
    return int(pid)


def sleep(transaction: Transaction) -> None:
    transaction.execute("SELECT pg_sleep(3600)")


class Held:
    """Work that goes on until it is let go."""

    def __init__(self) -> None:
        self.began = asyncio.Event()
        self._go_on = asyncio.Event()

    def __call__(self, transaction: Transaction) -> int:
        self.began.set()
        driver.wait_for(self._go_on.wait())
        return note(transaction)

    def let_go(self) -> None:
        self._go_on.set()


async def test_a_statement_has_its_time(url: str, outsider: Cursor) -> None:
    """The server ends a statement that takes longer, and the connection stays."""
    async with database(url) as layer:
        before = await write(layer, note)
        with pytest.raises(DatabaseUnavailable, match="QueryCanceled"):
            await write(layer, sleep, statement_timeout="100")
        assert await write(layer, note) == before


async def test_a_lock_is_not_waited_for_longer(url: str, outsider: Cursor) -> None:
    """A session that forgot its transaction does not hold requests up for ever."""
    rows(outsider, "BEGIN; LOCK TABLE effects")
    async with database(url) as layer:
        with pytest.raises(DatabaseUnavailable):
            await write(layer, note, statement_timeout="100")
        rows(outsider, "ROLLBACK")
        await write(layer, note)


async def test_a_transaction_has_its_time(url: str, outsider: Cursor) -> None:
    """Past the deadline the connection is given up, and another one serves the next."""
    async with database(url, DATABASE_POOL_SIZE="1") as layer:
        before = await write(layer, note)
        with pytest.raises(DatabaseUnavailable, match="OperationalError"):
            await write(layer, sleep, timeout=0.5, statement_timeout="1500")
        assert await write(layer, note) != before


async def test_an_idle_transaction_is_ended_by_the_server(url: str, outsider: Cursor) -> None:
    """A process that stops between two statements does not keep its locks."""

    def work(transaction: Transaction) -> None:
        [(pid,)] = transaction.execute("INSERT INTO effects VALUES ('half') RETURNING pg_backend_pid()")
        while rows(outsider, "SELECT pid FROM pg_stat_activity WHERE pid = %s", pid):
            pass
        transaction.commit()

    async with database(url) as layer:
        with pytest.raises(DatabaseUnavailable):
            await write(layer, work, idle_timeout="100")
        await write(layer, note)
        assert rows(outsider, "SELECT note FROM effects") == ["done"]


async def test_a_slot_is_not_waited_for_longer(url: str, outsider: Cursor) -> None:
    """When every connection is at work, the next request is refused in its time, and the one after is served."""
    held = Held()
    async with database(url, DATABASE_POOL_SIZE="1") as layer:
        working = asyncio.create_task(write(layer, held))
        await held.began.wait()
        with pytest.raises(DatabaseUnavailable, match="no connection became free"):
            await write(layer, note, timeout=0.1)
        held.let_go()
        assert await working == await write(layer, note)


async def test_a_slot_that_comes_late_is_not_taken(url: str) -> None:
    """Work that can no longer end in its time would only burden the server, and so everybody behind it."""
    held = Held()
    async with database(url, DATABASE_POOL_SIZE="1") as layer:
        working = asyncio.create_task(write(layer, held))
        await held.began.wait()
        waiting = asyncio.create_task(write(layer, note, timeout=2))
        await asyncio.sleep(1.5)
        held.let_go()
        with pytest.raises(DatabaseUnavailable, match="no connection became free"):
            await waiting
        await working


async def test_there_are_no_more_connections_than_slots(url: str, outsider: Cursor) -> None:
    """However many ask at once, they share what there is, and each is served; none holds the others up."""
    together = asyncio.Barrier(3)

    def work(transaction: Transaction) -> int:
        driver.wait_for(together.wait())
        return note(transaction)

    async with database(url, DATABASE_POOL_SIZE="3") as layer:
        sessions = await asyncio.gather(*(write(layer, work) for _ in range(30)))
    assert len(set(sessions)) == 3
    assert len(rows(outsider, "SELECT note FROM effects")) == 30


@pytest.mark.parametrize("cancellations", [1, 2, 5])
async def test_a_cancelled_caller_waits_for_the_end(url: str, outsider: Cursor, cancellations: int) -> None:
    """What may still commit is neither abandoned nor is its slot given away, however often it is cancelled."""
    held = Held()
    async with database(url, DATABASE_POOL_SIZE="1") as layer:
        working = asyncio.create_task(write(layer, held))
        await held.began.wait()
        for _ in range(cancellations):
            working.cancel()
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        with pytest.raises(DatabaseUnavailable, match="no connection became free"):
            await write(layer, note, timeout=0.1)
        assert not working.done()
        held.let_go()
        with pytest.raises(asyncio.CancelledError):
            await working
        assert rows(outsider, "SELECT note FROM effects") == ["done"]
        await write(layer, note)


async def test_a_cancelled_caller_without_a_slot_is_gone_at_once(url: str, outsider: Cursor) -> None:
    """Who waits for a connection leaves no work and takes no slot."""
    held = Held()
    async with database(url, DATABASE_POOL_SIZE="1") as layer:
        working = asyncio.create_task(write(layer, held))
        await held.began.wait()
        waiting = asyncio.create_task(write(layer, note))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        held.let_go()
        await working
        await write(layer, note)
        assert len(rows(outsider, "SELECT note FROM effects")) == 2


async def test_an_idle_connection_that_was_closed_is_not_used(url: str, outsider: Cursor) -> None:
    """Nobody notices that the server closed the pooled connections: no work is done twice, let alone refused."""
    begun: list[int] = []
    together = asyncio.Barrier(2)

    def work(transaction: Transaction) -> int:
        driver.wait_for(together.wait())
        begun.append(1)
        return note(transaction)

    async with database(url) as layer:
        before = await asyncio.gather(write(layer, work), write(layer, work))
        for pid in before:
            end(outsider, pid)
        after = await asyncio.gather(write(layer, work), write(layer, work))
    assert len({*before, *after}) == len(begun) == 4


async def test_a_connection_is_replaced_when_it_is_old(url: str, outsider: Cursor) -> None:
    """Also a connection that works is not kept for ever."""
    async with database(url, DATABASE_RECYCLE="0.4") as layer:  # rounded: at every use
        before = await write(layer, note)
        assert await write(layer, note) != before


async def test_a_first_connection_is_waited_for(url: str, outsider: Cursor) -> None:
    """While the server has no room the request waits for its time; as soon as there is some, it is served."""
    limited = url.replace("postgres@", "limited@", 1)
    async with unwatched(limited) as layer:
        with outside(limited):
            with pytest.raises(DatabaseUnavailable):
                await write(layer, note, timeout=0.5)
            waiting = asyncio.gather(*(write(layer, note) for _ in range(12)))
            await asyncio.wait({waiting}, timeout=0.5)
            assert not waiting.done()
        assert len(set(await waiting)) == 1


async def test_whoever_is_refused_a_connection_waits_for_one_of_ours(url: str, outsider: Cursor) -> None:
    """A pool that is larger than the server's room makes do with the connections that it has."""
    rows(outsider, "ALTER ROLE limited CONNECTION LIMIT 2")
    together = asyncio.Barrier(2)

    def work(transaction: Transaction) -> int:
        driver.wait_for(together.wait())
        return note(transaction)

    try:
        async with unwatched(url.replace("postgres@", "limited@", 1), DATABASE_POOL_SIZE="5") as layer:
            sessions = await asyncio.gather(*(write(layer, work) for _ in range(30)))
            assert len(set(sessions)) == 2
            assert 2 <= layer.slots < 5
    finally:
        rows(outsider, "ALTER ROLE limited CONNECTION LIMIT 1")
    assert len(rows(outsider, "SELECT note FROM effects")) == 30


async def test_a_pool_grows_again(url: str, outsider: Cursor, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a while it asks for the connections that it was refused."""
    monkeypatch.setattr(pool, "REST_SECONDS", 0.2)
    together = asyncio.Barrier(3)

    def work(transaction: Transaction) -> int:
        driver.wait_for(together.wait())
        return note(transaction)

    async with unwatched(url.replace("postgres@", "limited@", 1), DATABASE_POOL_SIZE="3") as layer:
        assert len(set(await asyncio.gather(*(write(layer, note) for _ in range(6))))) == 1
        rows(outsider, "ALTER ROLE limited CONNECTION LIMIT 3")
        try:
            await until(lambda: layer.slots == 3)
            assert len(set(await asyncio.gather(*(write(layer, work) for _ in range(3))))) == 3
        finally:
            rows(outsider, "ALTER ROLE limited CONNECTION LIMIT 1")


async def test_a_server_that_takes_no_writes_is_a_passing_trouble(url: str, outsider: Cursor) -> None:
    """A standby, or a primary that has just been replaced, refuses the write as unavailable."""
    async with database(f"{url}&options=-c%20default_transaction_read_only%3Don") as layer:
        with pytest.raises(DatabaseUnavailable, match="ReadOnlySqlTransaction"):
            await write(layer, note)
        assert await write(layer, lambda transaction: transaction.execute("SELECT 1")) == [(1,)]


@pytest.mark.parametrize("host", ["no-such-folder", "h" * 64 + ".example"])
async def test_an_address_that_leads_nowhere_is_said_once(url: str, outsider: Cursor, host: str) -> None:
    """An operator reads why nobody can connect, in one line per reason; the error itself says nothing of the inside."""
    nowhere = f"postgresql://someone:s3cr3t@/limits?host={host if '.' in host else '%2F' + host}"
    async with unwatched(nowhere) as layer:
        with capture_logs() as lines:
            for _ in range(3):
                with pytest.raises(DatabaseUnavailable) as failed:
                    await write(layer, note)
                assert str(failed.value) == "OperationalError"
    [line] = lines
    assert line["event"] == "database_refused"
    assert host in line["reason"]
    assert "s3cr3t" not in repr(line)
