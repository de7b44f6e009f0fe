"""`python -m migrations.wait`, which holds pods back until the schema is theirs: it ends when it may, and only then."""

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager

import psycopg2
import pytest

from core.addresses.postgres import PostgresAddress
from core.database import driver
from core.database.hosts import Hosts
from migrations import wait
from tests.ports import steady_port
from tests.stack import TOP, Stack, environment, migrate

PATIENCE = 60


@pytest.fixture
def empty(stack: Stack) -> Iterator[str]:
    """A database without a schema."""
    yield stack.postgres.create_database("waiting")
    stack.postgres.drop_database("waiting")


@contextmanager
def waiting(url: str, *what: str) -> Iterator["subprocess.Popen[str]"]:
    """The command, as a pod runs it, in a folder without a developer's `.env`."""
    process = subprocess.Popen(
        [sys.executable, "-m", "migrations.wait", *what],
        cwd=TOP / "tests",
        env=environment(url, ""),
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def says(process: "subprocess.Popen[str]") -> str:
    assert process.stderr
    return process.stderr.readline()


def test_it_waits_for_the_migrations(empty: str) -> None:
    with waiting(empty) as process:
        assert "the schema is at nothing" in says(process)
        assert "the schema is at nothing" in says(process)
        migrate(empty)
        assert process.wait(PATIENCE) == 0
    with waiting(empty) as process:
        assert process.wait(PATIENCE) == 0, "and then never again"


def test_it_waits_for_a_schema_that_is_behind(empty: str) -> None:
    """Were 0001 not the newest revision, it would not be enough."""
    migrate(empty, "0001")
    hosts = Hosts(PostgresAddress.parse(empty), driver.here)
    assert wait._missing(hosts, {"0001"}).startswith("the schema is at 0001")
    assert wait._missing(hosts, set()) == ""


def test_it_takes_a_schema_that_is_ahead(empty: str) -> None:
    """After a rollback the older code finds a revision that it does not know."""
    migrate(empty)
    execute(empty, "UPDATE alembic_version SET version_num = '9999'")
    with waiting(empty) as process:
        assert process.wait(PATIENCE) == 0


def test_it_waits_for_the_database_and_keeps_the_password_to_itself() -> None:
    with waiting(f"postgresql://tasklane:hush@127.0.0.1:{steady_port()}/tasklane") as process:
        assert says(process) == "waiting: the database cannot be reached\n"


def test_the_migrations_wait_for_the_database_alone(empty: str) -> None:
    with waiting(f"postgresql://tasklane:hush@127.0.0.1:{steady_port()}/tasklane", "database") as process:
        assert says(process) == "waiting: the database cannot be reached\n"
    with waiting(empty, "database") as process:
        assert process.wait(PATIENCE) == 0


def test_it_ends_when_it_is_asked_to() -> None:
    """By a way of its own, because process 1 of a container has no other; and in the middle of an attempt."""
    with socket.create_server(("127.0.0.1", 0)) as mute:
        url = f"postgresql://tasklane:hush@127.0.0.1:{mute.getsockname()[1]}/tasklane"
        with waiting(url) as process, mute.accept()[0]:
            process.send_signal(signal.SIGTERM)
            assert process.wait(PATIENCE) == 128 + signal.SIGTERM


def test_without_a_database_to_wait_for_it_says_so() -> None:
    with waiting("") as process:
        assert process.wait(PATIENCE) == 1
        assert says(process).startswith("NEON_DB_URL (or DATABASE_URL): is not set")


def execute(url: str, sql: str) -> None:
    with closing(psycopg2.connect(url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(sql)
