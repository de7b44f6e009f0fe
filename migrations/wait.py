"""`python -m migrations.wait`: ends when the database has the schema that this code needs, or a later one.

For whatever starts the services beside the migrations and cannot order them. It reads one table and writes nothing.
With `database` as its argument it ends when the database answers, for the migrations themselves.
"""
# ruff: noqa: E402  # it can be ended before it has imported what takes a second

import os
import signal
import threading


def _end_when_asked() -> None:
    """At once, whatever the main thread is waiting for; process 1 of a container is otherwise deaf to SIGTERM."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})

    def end() -> None:
        signal.sigwait({signal.SIGTERM})
        os._exit(128 + signal.SIGTERM)

    threading.Thread(target=end, daemon=True).start()


if __name__ == "__main__":
    _end_when_asked()

import sys
import time
from collections.abc import Callable, Collection
from functools import partial
from pathlib import Path

import psycopg2
from alembic.config import Config
from alembic.script import ScriptDirectory
from psycopg2 import errors

from core.database import driver
from core.database.hosts import Hosts
from core.database.session import NotPrimary
from core.errors import ConfigurationError
from core.settings import DatabaseSettings

PATIENCE_SECONDS = 300
POLL_SECONDS = 1
CONNECT_SECONDS = 5


def main(what: str = "schema") -> int:
    """0 when the wait is over; 1, with a sentence, when that has not come to pass in five minutes."""
    try:
        hosts = Hosts(DatabaseSettings.load().database, driver.here)
    except ConfigurationError as error:
        print(error, file=sys.stderr)
        return 1
    missing = _nothing_but_an_answer if what == "database" else partial(_missing, earlier=_earlier())
    return _wait(partial(missing, hosts))


def _earlier() -> set[str]:
    """The revisions that this code has left behind."""
    script = ScriptDirectory.from_config(Config(Path(__file__).parent.parent / "alembic.ini"))
    return {revision.revision for revision in script.walk_revisions()} - set(script.get_heads())


def _wait(missing: Callable[[], str]) -> int:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while reason := missing():
        if time.monotonic() > deadline:
            print(f"given up after {PATIENCE_SECONDS} s: {reason}", file=sys.stderr)
            return 1
        print(f"waiting: {reason}", file=sys.stderr, flush=True)
        time.sleep(POLL_SECONDS)
    return 0


def _nothing_but_an_answer(hosts: Hosts) -> str:
    """Why the migrations cannot start yet; empty when they can."""
    try:
        hosts.connect(deadline=time.monotonic() + CONNECT_SECONDS).close()
    except NotPrimary:
        return "the database is a standby, or takes no writes"
    except psycopg2.OperationalError:
        return "the database cannot be reached"
    return ""


def _missing(hosts: Hosts, earlier: Collection[str]) -> str:
    """Why the services cannot start yet, without a word of libpq's, which may quote the password; empty when they can.

    A revision that this code does not know is a later one: the code was rolled back, and the schema still fits it.
    """
    try:
        connection = hosts.connect(deadline=time.monotonic() + CONNECT_SECONDS)
    except NotPrimary:
        return "the database is a standby, or takes no writes"
    except psycopg2.OperationalError:
        return "the database cannot be reached"
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT version_num FROM alembic_version")
            at = {version for (version,) in cursor.fetchall()}
    except errors.UndefinedTable:
        at = set()
    except psycopg2.OperationalError:
        return "the database does not answer"
    finally:
        connection.close()
    if at and at.isdisjoint(earlier):
        return ""
    return f"the schema is at {', '.join(sorted(at)) or 'nothing'}, and the migrations have not yet come further"


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
