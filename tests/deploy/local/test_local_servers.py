"""The servers of the embedded stack, which the tests' own fixtures use as well."""

import os
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil  # type: ignore[import-untyped]  # its stubs are a package of their own
import psycopg2
import pytest
import redis

from core.errors import ConfigurationError
from deploy.local.children.child import Child, ChildFailed, Launch
from deploy.local.plan import TOP
from deploy.local.servers import redis as local_redis
from deploy.local.servers.postgres import PostgresServer
from deploy.local.servers.redis import RedisServer
from tests.deploy.conftest import lives, wait_until_gone

DATABASE = "tasklane"
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root changes who it is")


@pytest.fixture
def postgres(place: Path) -> Iterator[PostgresServer]:
    with PostgresServer(place / "postgres", durable=False) as server:
        yield server


def query(url: str, statement: str) -> list[tuple[object, ...]]:
    connection = psycopg2.connect(url, connect_timeout=30)
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()


def family(server: Child) -> list[psutil.Process]:
    process = psutil.Process(server.pid)
    return [process, *process.children(recursive=True)]


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_postgres_finds_its_data_again(postgres: PostgresServer, end: str) -> None:
    """What was committed is there after a stop and after SIGKILL, at the same URL, and no process outlives either."""
    url = postgres.create_database(DATABASE)
    query(url, "CREATE TABLE kept AS SELECT 42 AS answer")
    processes = family(postgres)
    getattr(postgres, end)()
    wait_until_gone(processes)
    postgres.start()
    assert postgres.create_database(DATABASE) == url
    assert query(url, "SELECT answer FROM kept") == [(42,)]


def test_postgres_kill_waits_for_backends(postgres: PostgresServer) -> None:
    """`kill` returns after the last backend is gone, one that was busy included."""
    connection = psycopg2.connect(postgres.url("postgres"))
    backend = psutil.Process(connection.info.backend_pid)
    with ThreadPoolExecutor() as pool, connection.cursor() as cursor:
        busy = pool.submit(cursor.execute, "SELECT pg_sleep(600)")
        postgres.kill()
        wait_until_gone([backend])
        assert isinstance(busy.exception(timeout=30), psycopg2.OperationalError)
    connection.close()


def test_postgres_frozen_is_silent_and_thawed_goes_on(postgres: PostgresServer) -> None:
    """`freeze` leaves connections open and unanswered; `thaw` lets the answers come."""
    connection = psycopg2.connect(postgres.url("postgres"))
    postgres.freeze()
    assert {process.status() for process in family(postgres) if lives(process)} == {psutil.STATUS_STOPPED}
    with ThreadPoolExecutor() as pool, connection.cursor() as cursor:
        answer = pool.submit(cursor.execute, "SELECT 1")
        with pytest.raises(TimeoutError):
            answer.result(timeout=0.2)
        postgres.thaw()
        answer.result(timeout=30)
    connection.close()


def test_postgres_stops_when_frozen(postgres: PostgresServer) -> None:
    """`stop` is orderly even for a frozen server."""
    postgres.freeze()
    postgres.stop()
    assert "database system is shut down" in postgres.log.read_text()


def test_postgres_settings_change_between_starts(postgres: PostgresServer) -> None:
    """A changed setting holds after the next start."""
    postgres.stop()
    postgres.settings["max_connections"] = "7"
    postgres.start()
    assert query(postgres.url("postgres"), "SHOW max_connections") == [("7",)]


def test_postgres_on_tcp_keeps_its_port(place: Path) -> None:
    """`port=0` takes a free port, and the same one at the next start."""
    with PostgresServer(place / "postgres", durable=False, port=0) as server:
        url = server.url("postgres")
        server.kill()
        server.start()
        assert query(url, "SHOW listen_addresses") == [("127.0.0.1",)]


def test_postgres_is_durable_by_default(place: Path) -> None:
    """Unless a test says otherwise, fsync and synchronous_commit are on."""
    with PostgresServer(place / "postgres") as server:
        rows = query(
            server.url("postgres"), "SELECT setting FROM pg_settings WHERE name ~ '^(fsync|synchronous_commit)$'"
        )
    assert rows == [("on",), ("on",)]


@pytest.mark.parametrize("name", ["long" * 40, "with blanks & 'quotes'"])
def test_paths_that_no_socket_can_have(place: Path, name: str) -> None:
    """A long or odd path works: its sockets are in a short folder, which goes with the server."""
    with (
        PostgresServer(place / name / "postgres", durable=False) as server,
        RedisServer(place / name / "redis") as cache,
    ):
        assert query(server.create_database(DATABASE), "SELECT 1") == [(1,)]
        with redis.Redis.from_url(cache.url) as client:
            assert client.ping()
            folders = [Path(str(client.config_get("unixsocket")["unixsocket"])).parent]
        folders += [Path(str(row[0])) for row in query(server.url("postgres"), "SHOW unix_socket_directories")]
        assert all(folder.is_dir() and not folder.is_relative_to(place) for folder in folders)
    assert not any(folder.exists() for folder in folders)


def test_postgres_that_cannot_start_says_why(place: Path) -> None:
    """The error ends with what the server logged at this start."""
    server = PostgresServer(place / "postgres", durable=False, settings={"shared_buffers": "plenty"})
    with pytest.raises(ChildFailed, match=r"(?s)exit code 1.*shared_buffers.*plenty"):
        server.start()


def test_postgres_first_start_that_was_cut_off(place: Path) -> None:
    """What an interrupted first start left is no obstacle to the next."""
    (place / "postgres" / "data.unfinished").mkdir(parents=True)
    (place / "postgres" / "data.unfinished" / "PG_VERSION").touch()
    with PostgresServer(place / "postgres", durable=False) as server:
        assert query(server.url("postgres"), "SELECT 1") == [(1,)]


def test_postgres_refuses_data_of_another_version(postgres: PostgresServer) -> None:
    """Data of another major version is named, not touched."""
    postgres.stop()
    (postgres.data / "PG_VERSION").write_text("17\n")
    with pytest.raises(ConfigurationError, match="made by PostgreSQL 17 and this is 18"):
        postgres.start()


def test_postgres_refuses_data_in_use(postgres: PostgresServer, place: Path) -> None:
    """Data on which another server is at work is left alone, and that server's number is given."""
    with pytest.raises(ConfigurationError, match=rf"another PostgreSQL \(pid {postgres.pid}\)"):
        PostgresServer(place / "postgres", durable=False).start()
    assert query(postgres.url("postgres"), "SELECT 1") == [(1,)]


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere PostgreSQL itself decides")
def test_postgres_stale_lock_of_a_number_in_use(postgres: PostgresServer) -> None:
    """A lock file whose process number is by now another program's does not stop the start."""
    lock = postgres.data / "postmaster.pid"
    content = lock.read_text()
    postgres.kill()
    owner = postgres.data.stat().st_uid  # PostgreSQL heeds the programs of its own user
    with subprocess.Popen(["sleep", "600"], user=owner if os.geteuid() == 0 else None) as other:
        lock.write_text(content.replace(content.split()[0], str(other.pid), 1))
        postgres.start()
        other.kill()
    assert query(postgres.url("postgres"), "SELECT 1") == [(1,)]


@as_root
def test_postgres_as_root_opens_the_way_and_no_more(place: Path) -> None:
    """Root's closed folders are made passable, not readable, and the server tells which."""
    closed = place / "closed"
    closed.mkdir(mode=0o700)
    with PostgresServer(closed / "postgres", durable=False) as server:
        assert closed.resolve() in server.opened
        assert psutil.Process(server.pid).uids().real != 0
        assert server.data.stat().st_mode & 0o077 == 0
    assert stat.S_IMODE(closed.stat().st_mode) == 0o701


@as_root
def test_postgres_as_root_keeps_the_owner_of_the_data(place: Path) -> None:
    """Data that an ordinary user made stays that user's when root starts the server."""
    with PostgresServer(place / "postgres", durable=False) as server:
        data = server.data
    for path in (data, *data.rglob("*"), data.with_name("socket")):
        os.chown(path, 12_345, 12_345, follow_symlinks=False)
    with PostgresServer(place / "postgres", durable=False) as server:
        assert psutil.Process(server.pid).uids().real == 12_345
        assert query(server.url("postgres"), "SELECT 1") == [(1,)]


@pytest.mark.parametrize("port", [None, 0])
@pytest.mark.parametrize("end", ["stop", "kill"])
def test_redis_comes_back_empty(place: Path, end: str, port: int | None) -> None:
    """Redis keeps nothing over a restart, has the same URL again, and leaves no process."""
    with RedisServer(place / "redis", port=port) as server, redis.Redis.from_url(server.url) as client:
        url = server.url
        client.set("key", "value")
        processes = family(server)
        getattr(server, end)()
        wait_until_gone(processes)
        server.start()
        assert server.url == url
        assert client.get("key") is None


def test_redis_options_win(place: Path) -> None:
    """Given options override the defaults, which bound the memory."""
    server = RedisServer(place / "redis", options=("--maxmemory", "5mb"))
    with server, redis.Redis.from_url(server.url) as client:
        settings = client.config_get("maxmemory*")
    assert settings["maxmemory"] == str(5 * 1024 * 1024)
    assert settings["maxmemory-policy"] == "allkeys-lru"


def test_redis_missing_is_a_plain_sentence(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any Redis the error says what to install."""
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    monkeypatch.setattr(local_redis, "find_spec", lambda _name: None)
    with pytest.raises(ConfigurationError, match="install redis-server"):
        RedisServer(place / "redis").start()


def test_child_may_be_started_by_a_thread_that_ends(place: Path) -> None:
    """A server outlives the thread that started it."""
    server = RedisServer(place / "redis")
    with ThreadPoolExecutor() as pool:
        pool.submit(server.start).result(timeout=60)
    with redis.Redis.from_url(server.url) as client:
        assert client.ping()
    server.stop()


class Stubborn(Child):
    """Ignores every polite signal, and has a child that does as well."""

    stop_signals = (signal.SIGTERM, signal.SIGINT)
    patience = 60

    def prepare(self) -> Launch:
        script = "trap '' TERM INT; (trap '' TERM INT; sleep 3600; :) & echo ready; wait; sleep 3600; :"
        return Launch(["sh", "-c", script], cwd=self.log.parent)

    def ready(self) -> bool:
        return self.log.read_text() == "ready\n"


def test_hurry_ends_what_will_not_end(place: Path) -> None:
    """A stop in a hurry waits for nothing, and takes children along."""
    child = Stubborn("a mule", log=place / "log")
    child.start()
    processes = family(child)
    child.stop(hurry=lambda: True)
    wait_until_gone(processes)


SUPERVISOR = """
import sys
from pathlib import Path
from deploy.local.servers.postgres import PostgresServer
from deploy.local.servers.redis import RedisServer

place = Path(sys.argv[1])
with PostgresServer(place / "postgres", durable=False) as postgres, RedisServer(place / "redis") as redis:
    redis.freeze()
    print(postgres.pid, redis.pid, flush=True)
    input()
"""


def test_children_of_a_killed_supervisor_are_stopped(place: Path) -> None:
    """SIGKILL for the supervisor, which can then do nothing, ends PostgreSQL in order and even a frozen Redis."""
    command = [sys.executable, "-c", SUPERVISOR, str(place)]
    with subprocess.Popen(command, cwd=TOP, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as supervisor:
        assert supervisor.stdout
        children = [psutil.Process(int(pid)) for pid in supervisor.stdout.readline().split()]
        supervisor.send_signal(signal.SIGKILL)
    assert len(children) == 2
    wait_until_gone(children)
    assert "database system is shut down" in (place / "postgres" / "postgres.log").read_text()
