"""The database layer when PostgreSQL or the way to it breaks: bounded waits, exact outcomes, recovery without help."""

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import Iterator

import psycopg2
import pytest
from structlog.testing import capture_logs

from core.database import driver, streams
from core.database.transaction import Transaction
from core.errors import DatabaseUnavailable, OutcomeUnknown
from tests.integration.wires import Cursor, Wire, at, database, rows, unwatched, write
from tests.stack import Stack, folder
from tests.steps import PATIENCE, outside, until

pytestmark = pytest.mark.anyio

READY = b"Z\0\0\0\5I"
COMMIT = b"COMMIT\0"
SHORT = {"DATABASE_TIMEOUT": "0.5", "DATABASE_POOL_SIZE": "2"}


@pytest.fixture(scope="module")
def broken() -> Iterator[Stack]:
    """A server of these tests' own, that listens on TCP. Each test leaves it as it was."""
    with folder() as path, Stack(path, tcp=True) as stack:
        with outside(stack.database_url) as outsider:
            rows(outsider, "CREATE TABLE effects (note text)")
        yield stack


@pytest.fixture
def url(broken: Stack) -> str:
    return broken.database_url


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


@contextlib.contextmanager
def frozen(stack: Stack) -> Iterator[None]:
    stack.postgres.freeze()
    try:
        yield
    finally:
        stack.postgres.thaw()


async def test_a_server_that_hangs_is_given_up_in_time(broken: Stack, url: str, outsider: Cursor) -> None:
    """More requests than slots all end; when the server goes on it serves, and has done nothing behind our back."""
    async with database(url, **SHORT) as layer:
        await write(layer, note, timeout=PATIENCE)
        with frozen(broken):
            async with asyncio.timeout(PATIENCE):
                ended = await asyncio.gather(*(write(layer, note) for _ in range(6)), return_exceptions=True)
            assert {type(error) for error in ended} == {DatabaseUnavailable}
        await write(layer, note, timeout=PATIENCE)
        assert len(rows(outsider, "SELECT note FROM effects")) == 2


async def test_a_server_that_hangs_takes_no_connection_in_time(broken: Stack, url: str) -> None:
    """The kernel accepts for a server that is stopped, and nobody answers."""
    async with database(url, **SHORT) as layer:
        with frozen(broken):
            async with asyncio.timeout(PATIENCE):
                with pytest.raises(DatabaseUnavailable):
                    await write(layer, note)
        await write(layer, note, timeout=PATIENCE)


async def test_an_export_from_a_server_that_hangs_ends_in_time(broken: Stack, url: str) -> None:
    """As any other request does, though a whole export may take minutes."""
    async with database(url, **SHORT) as layer:
        await write(layer, note, timeout=PATIENCE)
        with frozen(broken):
            async with asyncio.timeout(PATIENCE):
                with pytest.raises(DatabaseUnavailable):
                    await anext(streams.stream(layer, "SELECT 1", opening="", parameters={}))
        await write(layer, note, timeout=PATIENCE)


async def test_a_server_that_hangs_does_not_read_in_time(broken: Stack, url: str) -> None:
    """Also sending more than the kernel buffers has its deadline."""

    def send(transaction: Transaction) -> None:
        transaction.execute("SELECT length(%(much)s)", much="x" * 30_000_000)

    async with database(url, **SHORT) as layer:
        await write(layer, note, timeout=PATIENCE)
        with frozen(broken):
            async with asyncio.timeout(PATIENCE):
                with pytest.raises(DatabaseUnavailable):
                    await write(layer, send)
        await write(layer, note, timeout=PATIENCE)


async def test_a_server_that_hangs_in_commit_leaves_the_outcome_unknown(broken: Stack, url: str) -> None:
    """It may still commit when it goes on."""

    def work(transaction: Transaction) -> None:
        transaction.execute("INSERT INTO effects VALUES ('late')")
        broken.postgres.freeze()
        driver.extend(0.2)
        transaction.commit()

    async with database(url) as layer:
        await write(layer, note, timeout=PATIENCE)
        try:
            with pytest.raises(OutcomeUnknown):
                await write(layer, work)
        finally:
            broken.postgres.thaw()
        await write(layer, note, timeout=PATIENCE)


async def test_a_server_that_is_stopped_is_noticed_and_found_again(broken: Stack, url: str) -> None:
    """No connection is waited for that nobody would take, and nobody has to restart us."""
    async with database(url) as layer:
        await write(layer, note)
        broken.postgres.stop()
        try:
            with pytest.raises(DatabaseUnavailable):
                await write(layer, note)
        finally:
            broken.postgres.start()
        await write(layer, note)


async def test_a_restart_while_idle_goes_unnoticed(broken: Stack, url: str) -> None:
    """Every pooled connection is gone, and nobody sees an error, nor is any work begun twice."""
    begun: list[int] = []

    def work(transaction: Transaction) -> None:
        begun.append(1)
        note(transaction)

    async with database(url, DATABASE_POOL_SIZE="4") as layer:
        await asyncio.gather(*(write(layer, note) for _ in range(20)))
        broken.postgres.stop()
        broken.postgres.start()
        await asyncio.gather(*(write(layer, work) for _ in range(20)))
    assert len(begun) == 20


async def test_a_crash_is_unavailability_until_the_server_has_recovered(broken: Stack, url: str) -> None:
    """A killed session takes all others with it; what happened, happened once, and what failed, did not."""
    async with database(url) as layer:
        pid = await write(layer, note)
        os.kill(pid, signal.SIGKILL)
        done = 0
        async with asyncio.timeout(PATIENCE):
            while done < 5:
                with contextlib.suppress(DatabaseUnavailable):
                    await write(layer, note)
                    done += 1
                await asyncio.sleep(0.01)


async def test_a_server_that_starts_is_unavailable_until_it_is_ready(broken: Stack, url: str) -> None:
    """After a crash it answers that it is starting up, and then it serves."""
    async with database(url) as layer:
        await write(layer, note)
        broken.postgres.kill()
        broken.postgres.launch()
        async with asyncio.timeout(PATIENCE):
            while True:
                with contextlib.suppress(DatabaseUnavailable):
                    await write(layer, note)
                    break
                await asyncio.sleep(0.01)
        await until(broken.postgres.ready)


@pytest.mark.parametrize("backlog", [0, 100])
async def test_a_black_hole_is_given_up_in_time(url: str, backlog: int) -> None:
    """Nobody answers the first packet, or somebody takes the connection and says nothing."""
    with socket.create_server(("127.0.0.1", 0), backlog=backlog) as hole, contextlib.ExitStack() as callers:
        address = hole.getsockname()
        for _ in range(3 if backlog == 0 else 0):  # fills the queue, so that the kernel drops what comes after
            caller = callers.enter_context(socket.socket())
            caller.setblocking(False)
            caller.connect_ex(address)
        async with unwatched(at(url, address[1]), **SHORT) as layer:
            async with asyncio.timeout(PATIENCE):
                ended = await asyncio.gather(*(write(layer, note) for _ in range(4)), return_exceptions=True)
    assert {type(error) for error in ended} == {DatabaseUnavailable}


async def test_a_server_without_tls_is_refused_where_tls_is_required(url: str) -> None:
    """What the URL demands is not given up silently."""
    async with unwatched(f"{url}?sslmode=require") as layer:
        with capture_logs() as lines, pytest.raises(DatabaseUnavailable):
            await write(layer, note)
    assert "SSL" in lines[0]["reason"]


async def test_a_wrong_password_is_said_without_the_password(broken: Stack, url: str, outsider: Cursor) -> None:
    """An operator reads the reason in the log; whoever asked reads nothing of it."""
    access = broken.postgres.data / "pg_hba.conf"
    before = access.read_text()
    rows(outsider, "CREATE ROLE guarded LOGIN PASSWORD 'right'")
    access.write_text("host all guarded all scram-sha-256\n" + before)
    rows(outsider, "SELECT pg_reload_conf()")
    guarded = url.replace("postgres@", "guarded:s3cr3t@", 1)

    def refused() -> bool:
        try:
            psycopg2.connect(guarded).close()
        except psycopg2.OperationalError:
            return True
        return False

    try:
        await until(refused)
        async with unwatched(guarded) as layer:
            with capture_logs() as lines, pytest.raises(DatabaseUnavailable) as failed:
                await write(layer, note)
    finally:
        access.write_text(before)
        rows(outsider, "SELECT pg_reload_conf()")
    assert str(failed.value) == "OperationalError"
    assert 'password authentication failed for user "guarded"' in lines[0]["reason"]
    assert "s3cr3t" not in repr(lines)


@pytest.mark.parametrize(("passes", "effects"), [(False, 0), (True, 1)])
async def test_a_wire_cut_in_commit_leaves_the_outcome_unknown(
    url: str,
    outsider: Cursor,
    passes: bool,  # noqa: FBT001
    effects: int,
) -> None:
    """Whether the server has read COMMIT or not, we cannot know, so nothing is tried again."""
    committing: list[bytes] = []

    def cut(from_client: bool, chunk: bytes) -> int | None:  # noqa: FBT001
        if from_client and COMMIT in chunk:
            committing.append(chunk)
            return None if passes else 0
        return 0 if committing else None

    with Wire(url, cut) as wire:
        async with database(wire.url) as layer:
            with pytest.raises(OutcomeUnknown):
                await write(layer, note)
            assert len(committing) == 1
            assert len(rows(outsider, "SELECT note FROM effects")) == effects
            wire.cut = None
            await write(layer, note)


async def test_a_wire_cut_anywhere_has_an_exact_outcome(url: str, outsider: Cursor) -> None:
    """Cut behind every so many bytes of the answers: it happened once, or not at all, unless we say we do not know."""
    outcomes = set()
    for length in range(0, 900, 9):
        rows(outsider, "TRUNCATE effects")
        left = [length]

        def cut(from_client: bool, chunk: bytes, left: list[int] = left) -> int | None:  # noqa: FBT001
            if from_client or left[0] < 0:
                return None
            if left[0] < len(chunk):
                passing, left[0] = left[0], -1  # the connections after this one are whole
                return passing
            left[0] -= len(chunk)
            return None

        with Wire(url, cut) as wire:
            async with unwatched(wire.url) as layer:
                try:
                    await write(layer, note)
                except OutcomeUnknown:
                    outcomes.add("unknown")
                    continue
        outcomes.add("done at once" if left[0] >= 0 else "done again")
        assert rows(outsider, "SELECT note FROM effects") == ["done"]
    assert outcomes == {"unknown", "done at once", "done again"}


async def test_a_server_that_hangs_up_on_everyone_is_unavailable(url: str) -> None:
    """Connections that end as soon as they are made are an outage like any other."""

    def cut(from_client: bool, chunk: bytes) -> int | None:  # noqa: FBT001
        return len(chunk) if not from_client and READY in chunk else None

    with Wire(url, cut) as wire:
        async with database(wire.url) as layer:
            for _ in range(20):
                with pytest.raises(DatabaseUnavailable):
                    await write(layer, note)
            wire.cut = None
            await write(layer, note)
