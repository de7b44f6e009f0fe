"""The database layer on a PostgreSQL that works: what it commits, what it tries again, and when it gives up."""

import asyncio
import threading
from collections.abc import Iterator

import psycopg2
import pytest
from psycopg2 import errors

from core.database import driver
from core.database.pool import ATTEMPTS
from core.database.transaction import Transaction
from core.errors import DatabaseUnavailable, OutcomeUnknown
from tests.integration.wires import Cursor, blocked, database, end, rows, write
from tests.stack import Stack
from tests.steps import PATIENCE, outside

pytestmark = pytest.mark.anyio

SCHEMA = """
CREATE TABLE effects (note text);
CREATE TABLE counters (id int PRIMARY KEY, value int NOT NULL);
CREATE TABLE unique_at_commit (id int UNIQUE DEFERRABLE INITIALLY DEFERRED);
CREATE FUNCTION wait_in_commit() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN PERFORM pg_advisory_xact_lock(1); RETURN NULL; END $$;
CREATE TABLE slow_to_commit (note text);
CREATE CONSTRAINT TRIGGER wait AFTER INSERT ON slow_to_commit DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION wait_in_commit();
ALTER DATABASE layer SET deadlock_timeout = '20ms';
"""


@pytest.fixture(scope="module")
def url(stack: Stack) -> str:
    url = stack.postgres.create_database("layer")
    with outside(url) as outsider:
        rows(outsider, SCHEMA)
    return url


@pytest.fixture
def outsider(url: str) -> Iterator[Cursor]:
    """A session beside the product's, before empty tables."""
    with outside(url) as outsider:
        rows(outsider, "TRUNCATE effects, counters, unique_at_commit, slow_to_commit")
        rows(outsider, "INSERT INTO counters VALUES (1, 0), (2, 0)")
        yield outsider


def note(transaction: Transaction) -> int:
    """Leaves a trace once; returns the session's number."""
    [(pid,)] = transaction.execute("INSERT INTO effects VALUES ('done') RETURNING pg_backend_pid()")
    transaction.commit()
    return int(pid)


def effects(outsider: Cursor) -> int:
    return len(rows(outsider, "SELECT note FROM effects"))


async def test_a_committed_transaction_lasts(url: str, outsider: Cursor) -> None:
    """What `work` returns comes back, what it committed is there, and the connection serves the next one."""
    async with database(url) as layer:
        first = await write(layer, note)
        assert effects(outsider) == 1
        assert await write(layer, note) == first


@pytest.mark.parametrize("failure", ["SELECT 1 / 0", "SELECT nonsense", None])
async def test_a_failing_work_changes_nothing(url: str, outsider: Cursor, failure: str | None) -> None:
    """An error of the server's or of Python's own rolls back, is raised as it is, and costs no connection."""

    def work(transaction: Transaction) -> None:
        transaction.execute("INSERT INTO effects VALUES ('half')")
        if failure is None:
            raise KeyError("between two statements")
        transaction.execute(failure)

    async with database(url) as layer:
        before = await write(layer, note)
        with pytest.raises((KeyError, psycopg2.ProgrammingError, psycopg2.DataError)):
            await write(layer, work)
        assert effects(outsider) == 1
        assert await write(layer, note) == before


async def test_work_that_does_not_commit_changes_nothing(url: str, outsider: Cursor) -> None:
    """Without COMMIT the transaction is rolled back."""
    async with database(url) as layer:
        await write(layer, lambda transaction: transaction.execute("INSERT INTO effects VALUES ('half')"))
        assert effects(outsider) == 0


async def test_a_commit_that_rolled_back_is_no_success(url: str, outsider: Cursor) -> None:
    """COMMIT after a failed statement rolls back without an error; it is never taken for done."""

    def work(transaction: Transaction) -> None:
        transaction.execute("INSERT INTO effects VALUES ('half')")
        with pytest.raises(errors.DivisionByZero):
            transaction.execute("SELECT 1 / 0")
        transaction.commit()

    async with database(url) as layer:
        with pytest.raises(AssertionError, match="COMMIT has rolled back"):
            await write(layer, work)
        assert effects(outsider) == 0


async def test_a_commit_that_the_server_refuses_is_known_to_have_failed(url: str, outsider: Cursor) -> None:
    """A constraint that is checked at COMMIT is an error like any other: the outcome is known."""

    def work(transaction: Transaction) -> None:
        transaction.execute("INSERT INTO unique_at_commit VALUES (1), (1)")
        transaction.commit()

    async with database(url) as layer:
        before = await write(layer, note)
        with pytest.raises(errors.UniqueViolation):
            await write(layer, work)
        assert rows(outsider, "SELECT id FROM unique_at_commit") == []
        assert await write(layer, note) == before


async def test_what_fails_on_its_way_with_commit_is_known_to_have_failed(url: str, outsider: Cursor) -> None:
    """The server does not come to COMMIT, and says so; the session serves the next one."""

    def work(transaction: Transaction) -> None:
        transaction.execute("INSERT INTO effects VALUES ('half')")
        transaction.with_next("INSERT INTO effects VALUES (%(note)s); SELECT 1 / %(zero)s;", note="more", zero=0)
        transaction.commit()

    async with database(url) as layer:
        before = await write(layer, note)
        with pytest.raises(errors.DivisionByZero):
            await write(layer, work)
        assert effects(outsider) == 1
        assert await write(layer, note) == before


async def test_what_is_sent_with_commit_lasts(url: str, outsider: Cursor) -> None:
    """The last statement of a transaction needs no message of its own."""

    def work(transaction: Transaction) -> None:
        transaction.execute("INSERT INTO effects VALUES ('one')")
        transaction.with_next("INSERT INTO effects VALUES (%(note)s);", note="%two")
        transaction.commit()

    async with database(url) as layer:
        await write(layer, work)
        assert rows(outsider, "SELECT note FROM effects") == ["one", "%two"]


async def test_without_begin_there_is_one_message(url: str, outsider: Cursor) -> None:
    """A second one would run with neither role nor user, so it is refused before it is sent."""

    def work(transaction: Transaction) -> None:
        assert transaction.execute("SELECT current_setting('app.user_id')") == [("alice",)]
        transaction.execute("INSERT INTO effects VALUES ('nobody')")

    async with database(url) as layer:
        with pytest.raises(AssertionError, match="one message"):
            await layer.run(work, opening="SELECT set_config('app.user_id', 'alice', true);", parameters={})
        assert effects(outsider) == 0


async def test_each_statement_of_a_message_has_its_own_snapshot(url: str, outsider: Cursor) -> None:
    """A statement sees what was committed while an earlier one of the same message waited."""
    sql = "SELECT value FROM counters WHERE id = 1 FOR UPDATE; SELECT sum(value) FROM counters"
    rows(outsider, "BEGIN; UPDATE counters SET value = 5 WHERE id = 1")
    async with database(url) as layer:
        reading = asyncio.create_task(write(layer, lambda transaction: transaction.execute(sql)))
        await blocked(url)
        rows(outsider, "UPDATE counters SET value = 7 WHERE id = 2; COMMIT")
        assert await reading == [(12,)]


async def test_a_lost_connection_is_replaced_before_commit(url: str, outsider: Cursor) -> None:
    """A session that ends in mid-transaction has changed nothing, so the work is done again, once."""
    ended: list[int] = []

    def work(transaction: Transaction) -> int:
        [(pid,)] = transaction.execute("INSERT INTO effects VALUES ('half') RETURNING pg_backend_pid()")
        if not ended:
            ended.append(pid)
            end(outsider, pid)
        transaction.execute("SELECT 1")
        transaction.commit()
        return int(pid)

    async with database(url) as layer:
        assert await write(layer, work) not in ended
        assert effects(outsider) == 1


async def test_a_transaction_is_tried_so_often_and_no_more(url: str, outsider: Cursor) -> None:
    """When every connection is lost, the work gives up; the next one is served."""
    tried: list[int] = []

    def work(transaction: Transaction) -> None:
        [(pid,)] = transaction.execute("INSERT INTO effects VALUES ('half') RETURNING pg_backend_pid()")
        tried.append(pid)
        end(outsider, pid)
        transaction.execute("SELECT 1")

    async with database(url) as layer:
        with pytest.raises(DatabaseUnavailable) as failed:
            await write(layer, work)
        assert type(failed.value) is DatabaseUnavailable
        assert len(set(tried)) == ATTEMPTS
        assert effects(outsider) == 0
        await write(layer, note)


async def test_a_session_that_ends_in_commit_leaves_the_outcome_unknown(url: str, outsider: Cursor) -> None:
    """Its good-bye does not tell whether the commit came before, so nothing is tried again."""
    tried: list[int] = []

    def work(transaction: Transaction) -> None:
        [(pid,)] = transaction.execute("INSERT INTO slow_to_commit VALUES ('half') RETURNING pg_backend_pid()")
        tried.append(pid)
        transaction.commit()

    rows(outsider, "SELECT pg_advisory_lock(1)")
    async with database(url) as layer:
        writing = asyncio.create_task(write(layer, work))
        await blocked(url)
        end(outsider, tried[0])
        with pytest.raises(OutcomeUnknown):
            await writing
        rows(outsider, "SELECT pg_advisory_unlock(1)")
        assert len(tried) == 1
        await write(layer, note)


async def test_a_commit_that_takes_too_long_leaves_the_outcome_unknown(url: str, outsider: Cursor) -> None:
    """The server may finish it after we have turned away."""

    def work(transaction: Transaction) -> None:
        transaction.execute("INSERT INTO slow_to_commit VALUES ('late')")
        driver.extend(0.2)
        transaction.commit()

    rows(outsider, "SELECT pg_advisory_lock(1)")
    async with database(url) as layer:
        with pytest.raises(OutcomeUnknown):
            await write(layer, work)
        rows(outsider, "SELECT pg_advisory_unlock(1)")
        await write(layer, note)


async def test_a_serialization_failure_is_tried_again(url: str, outsider: Cursor) -> None:
    """The server chose this transaction to fail, so it is done again on what the other one left."""
    tried: list[int] = []

    def work(transaction: Transaction) -> None:
        [(value,)] = transaction.execute("SELECT value FROM counters WHERE id = 1")
        tried.append(value)
        if len(tried) == 1:
            rows(outsider, "UPDATE counters SET value = 10 WHERE id = 1")
        transaction.execute("UPDATE counters SET value = value + 1 WHERE id = 1")
        transaction.commit()

    async with database(url) as layer:
        await write(layer, work, begin="BEGIN ISOLATION LEVEL REPEATABLE READ;")
    assert tried == [0, 10]
    assert rows(outsider, "SELECT value FROM counters WHERE id = 1") == [11]


async def test_the_victim_of_a_deadlock_is_tried_again(url: str, outsider: Cursor) -> None:
    """Two transactions that take two rows crosswise both happen, each once."""
    crossed = threading.Event()

    def work(transaction: Transaction) -> None:
        transaction.execute("UPDATE counters SET value = value + 1 WHERE id = 1")
        crossed.set()
        transaction.execute("UPDATE counters SET value = value + 1 WHERE id = 2")
        transaction.commit()

    rows(outsider, "SET deadlock_timeout = '1h'; BEGIN; UPDATE counters SET value = value + 10 WHERE id = 2")
    async with database(url) as layer:
        writing = asyncio.create_task(write(layer, work))
        assert await asyncio.to_thread(crossed.wait, PATIENCE)
        await asyncio.to_thread(rows, outsider, "UPDATE counters SET value = value + 10 WHERE id = 1; COMMIT")
        await writing
    assert rows(outsider, "SELECT value FROM counters") == [11, 11]
