"""Several PostgreSQL hosts: the one that takes writes is found in time, whatever the others do."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Iterator
from functools import partial
from urllib.parse import urlsplit

import pytest
from structlog.testing import capture_logs

from core.database import driver, hosts
from core.database.transaction import Transaction
from core.errors import DatabaseUnavailable
from deploy.local.servers.postgres import PostgresServer
from tests.integration.wires import rows, unwatched, write
from tests.ports import steady_port
from tests.stack import folder, migrate
from tests.steps import PATIENCE, outside

pytestmark = pytest.mark.anyio

TIME = {"DATABASE_TIMEOUT": "12", "DATABASE_POOL_SIZE": "2"}
SHORT = {"DATABASE_TIMEOUT": "0.6", "DATABASE_POOL_SIZE": "2"}


@pytest.fixture(scope="module")
def primary() -> Iterator[int]:
    """The port of a server that takes writes."""
    port = steady_port()
    with folder() as path, PostgresServer(path / "postgres", port=port, durable=False):
        yield port


@pytest.fixture(scope="module")
def standby() -> Iterator[int]:
    """The port of a server that is in recovery."""
    port = steady_port()
    settings = {"wal_level": "replica"}
    with folder() as path, PostgresServer(path / "postgres", settings=settings, port=port, durable=False) as server:
        server.stop()
        (server.data / "standby.signal").touch()
        server.start()
        yield port


@contextlib.contextmanager
def silent(host: str = "127.0.0.1", port: int = 0) -> Iterator[socket.socket]:
    """Takes every connection and says nothing."""
    with socket.create_server((host, port), backlog=100) as hole:
        hole.setblocking(False)
        yield hole


@contextlib.contextmanager
def black() -> Iterator[socket.socket]:
    """Answers not even the first packet."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as hole, contextlib.ExitStack() as callers:
        for _ in range(3):  # fills the queue, so that the kernel drops what comes after
            caller = callers.enter_context(socket.socket())
            caller.setblocking(False)
            caller.connect_ex(hole.getsockname())
        yield hole


def callers(hole: socket.socket) -> int:
    """How many have knocked since the last time."""
    number = 0
    with contextlib.suppress(BlockingIOError):
        while True:
            hole.accept()[0].close()
            number += 1
    return number


def port_of(hole: socket.socket) -> int:
    return int(hole.getsockname()[1])


def among(*ports: int, query: str = "") -> str:
    return f"postgresql://postgres@{','.join(f'127.0.0.1:{port}' for port in ports)}/postgres{query}"


def server_of(transaction: Transaction) -> int:
    """The port of the server behind it."""
    [(port,)] = transaction.execute("SELECT current_setting('port')::int")
    return int(port)


@pytest.mark.parametrize("hanging", [silent, black])
async def test_a_first_host_that_hangs_is_left_in_time(
    primary: int, hanging: "type[contextlib.AbstractContextManager[socket.socket]]"
) -> None:
    """Those who come first reach the second host; from then on it is asked first."""
    with hanging() as hole:
        async with unwatched(among(port_of(hole), primary), **TIME) as layer:
            assert await asyncio.gather(*(write(layer, server_of) for _ in range(6))) == [primary] * 6


async def test_where_a_session_was_made_the_next_is_tried_first(primary: int) -> None:
    """A host that hangs costs its time once, and not with each new connection."""
    with silent() as hole:
        async with unwatched(among(port_of(hole), primary), **TIME, DATABASE_RECYCLE="0.4") as layer:
            await write(layer, server_of)
            assert callers(hole) == 1
            sessions = {await write(layer, session) for _ in range(3)}
            assert len(sessions) == 3
            assert callers(hole) == 0


def session(transaction: Transaction) -> int:
    [(pid,)] = transaction.execute("SELECT pg_backend_pid()")
    return int(pid)


@pytest.mark.parametrize("query", ["", "?target_session_attrs=primary", "?target_session_attrs=any"])
async def test_a_standby_is_passed_by(primary: int, standby: int, query: str) -> None:
    """Whatever the address asks for: what a standby says was true once."""
    async with unwatched(among(standby, primary, query=query)) as layer:
        assert await write(layer, server_of) == primary


async def test_a_host_that_takes_no_writes_is_passed_by(primary: int, standby: int) -> None:
    """Only a host that stands alone, or an address that says so, may be read-only for a while."""
    read_only = among(primary, standby, query="?options=-c%20default_transaction_read_only%3Don")
    async with unwatched(read_only) as layer:
        with capture_logs() as lines, pytest.raises(DatabaseUnavailable, match="none of the hosts is a primary"):
            await write(layer, server_of)
    [line] = lines
    assert line["reason"] == (
        f"127.0.0.1 {primary}: the server takes no writes; 127.0.0.1 {standby}: the server is a standby"
    )
    async with unwatched(f"{read_only}&target_session_attrs=primary") as layer:
        assert await write(layer, server_of) == primary


async def test_a_host_that_is_gone_is_passed_by(primary: int) -> None:
    """Also one whose name nobody knows."""
    gone = f"postgresql://postgres@no-such-host.invalid:1,127.0.0.1:{steady_port()},127.0.0.1:{primary}/postgres"
    async with unwatched(gone) as layer:
        assert await write(layer, server_of) == primary


async def test_when_all_hosts_hang_the_wait_ends_in_time() -> None:
    """The time is one for all of them; every request ends, and none is left over."""
    with silent() as one, black() as two:
        async with unwatched(among(port_of(one), port_of(two)), **SHORT) as layer:
            async with asyncio.timeout(PATIENCE):
                ended = await asyncio.gather(*(write(layer, server_of) for _ in range(6)), return_exceptions=True)
    assert {type(error) for error in ended} == {DatabaseUnavailable}


async def test_a_name_of_several_addresses_is_tried_at_each(primary: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """As with hosts: the first address may hang, and the one that worked is remembered."""
    monkeypatch.setattr(hosts, "_look_up", lambda _name: ["127.0.0.2", "127.0.0.1"])
    url = f"postgresql://postgres@db.example:{primary}/postgres"
    with silent("127.0.0.2", primary) as hole:
        async with unwatched(url, **TIME, DATABASE_RECYCLE="0.4") as layer:
            for _ in range(3):
                assert await write(layer, server_of) == primary
        assert callers(hole) == 1


async def test_a_name_server_that_hangs_is_left_in_time(primary: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system's resolver asks nobody to wait; the host whose name it looks up loses its turn."""
    answered = threading.Event()

    def look_up(name: str) -> list[str]:
        answered.wait(PATIENCE)
        return []

    monkeypatch.setattr(hosts, "_look_up", look_up)
    try:
        async with unwatched(f"postgresql://postgres@db.example,127.0.0.1:{primary}/postgres", **TIME) as layer:
            assert await asyncio.gather(*(write(layer, server_of) for _ in range(6))) == [primary] * 6
    finally:
        answered.set()


async def test_the_migrations_find_the_primary(primary: int, standby: int) -> None:
    """They read the same address as the services."""
    migrate(f"postgresql://postgres@127.0.0.1:{steady_port()},127.0.0.1:{standby},127.0.0.1:{primary}/postgres")
    with outside(among(primary)) as outsider:
        assert rows(outsider, "SELECT count(*) FROM alembic_version") == [1]


async def test_an_ipv6_address_stands_in_brackets() -> None:
    """Beside others, with its port."""
    if not socket.has_dualstack_ipv6():
        pytest.skip("there is no IPv6 here")
    port = steady_port()
    settings = {"listen_addresses": "::1"}
    with folder() as path, PostgresServer(path / "postgres", settings=settings, port=port, durable=False):
        async with unwatched(f"postgresql://postgres@127.0.0.1:{port},[::1]:{port}/postgres") as layer:
            assert await write(layer, server_of) == port


@pytest.fixture
def former() -> Iterator[PostgresServer]:
    """The server that was the primary."""
    with folder() as path, PostgresServer(path / "postgres", port=steady_port(), durable=False) as server:
        yield server
        server.thaw()


async def test_a_primary_that_falls_silent_is_left_with_all_its_sessions(former: PostgresServer, primary: int) -> None:
    """Those who wait for it are not served; whoever comes later is, though the pool is full of its sessions."""
    old = urlsplit(former.url()).port or 0
    together = asyncio.Barrier(4)

    def work(transaction: Transaction) -> int:
        driver.wait_for(together.wait())
        return server_of(transaction)

    async with unwatched(among(old, primary), DATABASE_TIMEOUT="12", DATABASE_POOL_SIZE="4") as layer:
        assert await asyncio.gather(*(write(layer, work) for _ in range(4))) == [old] * 4
        former.freeze()
        with pytest.raises(DatabaseUnavailable):
            await write(layer, server_of, timeout=0.5)
        assert await asyncio.gather(*(write(layer, work) for _ in range(4))) == [primary] * 4


async def test_sessions_with_a_former_primary_are_not_used(former: PostgresServer, primary: int) -> None:
    """Once the primary was found elsewhere, what the other one would still answer may be old."""
    old = urlsplit(former.url()).port or 0
    with outside(among(primary)) as outsider:
        rows(outsider, "CREATE DATABASE moved")
    former.create_database("moved")
    together = [asyncio.Barrier(number) for number in (2, 3)]

    def work(transaction: Transaction, step: int) -> int:
        driver.wait_for(together[step].wait())
        return server_of(transaction)

    url = f"{among(old, primary).removesuffix('/postgres')}/moved"
    async with unwatched(url, DATABASE_POOL_SIZE="3") as layer:
        assert await asyncio.gather(*(write(layer, partial(work, step=0)) for _ in range(2))) == [old] * 2
        with outside(former.url("postgres")) as outsider:
            rows(outsider, "ALTER DATABASE moved ALLOW_CONNECTIONS false")
        assert sorted(await asyncio.gather(*(write(layer, partial(work, step=1)) for _ in range(3)))) == sorted(
            [old, old, primary]
        )
        assert await asyncio.gather(*(write(layer, partial(work, step=1)) for _ in range(3))) == [primary] * 3
