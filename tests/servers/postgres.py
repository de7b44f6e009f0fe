"""A PostgreSQL primary with a streaming standby, and base backups: what a failover or a restore loses is lost."""

import contextlib
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple, Self

import psycopg2
from psycopg2.extensions import cursor as Cursor  # noqa: N812  # a class, in spite of its name

from deploy.local.children.child import ChildFailed
from deploy.local.children.privileges import become, give, server_account
from deploy.local.servers.postgres import SUPERUSER, PostgresServer, _binaries, _environment
from deploy.local.servers.sockets import LOOPBACK
from tests.ports import steady_port
from tests.servers.address import FailoverAddress, until

STANDBY = "standby"
"""The name under which a standby reports to its primary."""

REPLICATED = {
    "wal_level": "replica",
    "max_wal_senders": "10",
    "wal_retrieve_retry_interval": "100ms",  # a standby that was cut off is back soon
}

BACKUP_OPTIONS = ("--checkpoint=fast", "--wal-method=stream", "--no-sync")


class History(NamedTuple):
    """What a server says of the history that it writes; any role may ask."""

    system: int
    timeline: str
    """Of the WAL that is written now. That of `pg_control_checkpoint()` is the last checkpoint's: after a promotion it
    can be the old one for minutes."""
    started: str


class PostgresPair:
    """`primary` streams to `standby`, through a link that can be held; clients use `url`, whoever serves.

    `synchronous`: a commit on the primary waits for the standby. It does not wait once the standby was promoted.
    """

    def __init__(
        self, folder: Path, *, synchronous: bool = False, settings: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        self._folder = folder
        self._settings = {**REPLICATED, **settings}
        self._synchronous = synchronous
        self._generation = 0
        self.primary = self._server()
        self.standby = self._server()
        self._resources = contextlib.ExitStack()

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as resources:
            resources.callback(self._stop)
            self.address = resources.enter_context(FailoverAddress(self.primary.port))
            self.link = resources.enter_context(FailoverAddress(self.primary.port))
            if self._synchronous:
                self.primary.settings["synchronous_standby_names"] = STANDBY
            self.primary.start()
            self.standby.follow(self.primary, through=self.link.port)
            self._resources = resources.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._resources.close()

    def url(self, database: str = "tasklane") -> str:
        """A libpq URL of the address that follows every failover."""
        return self.primary.url(database).replace(f":{self.primary.port}/", f":{self.address.port}/")

    def hold_replication(self) -> None:
        """What is committed from now on reaches no standby. A synchronous commit waits from now on."""
        self.link.hold()

    def resume_replication(self) -> None:
        """The standby comes back, and fetches what it missed."""
        self.link.heal()

    def catch_up(self) -> None:
        """Return when the standby has replayed everything that the primary has written by now."""
        self.standby.catch_up_with(self.primary)

    def promote(self) -> None:
        """Make the standby a primary, whether or not the other one lives; returns when it takes writes.

        The address still leads where it led: `switch` is the moment at which clients see it.
        """
        self.standby.promote()

    def switch(self) -> None:
        """Lead the address to the standby."""
        self.address.switch(self.standby.port)

    def fail_over(self) -> None:
        """The primary dies, the standby takes over, and the address follows."""
        self.primary.kill()
        self.promote()
        self.switch()

    def renew(self) -> None:
        """After a failover: the promoted standby is the primary now, and gets a new standby, made from it."""
        self.primary.end()
        self.primary, self.standby = self.standby, self._server()
        self.link.heal()
        self.link.switch(self.primary.port)
        self.standby.follow(self.primary, through=self.link.port)
        if self._synchronous:
            self.primary.wait_for_standby()

    def _server(self) -> "Server":
        self._generation += 1
        return Server(self._folder / f"postgres-{self._generation}", settings=self._settings)

    def _stop(self) -> None:
        for server in (self.standby, self.primary):
            server.end()


class Server(PostgresServer):
    """On a TCP port of its own, and able to have standbys."""

    def __init__(self, folder: Path, *, settings: Mapping[str, str] = MappingProxyType(REPLICATED)) -> None:
        self.port = steady_port()
        super().__init__(folder, settings=settings, port=self.port, durable=False)

    def end(self) -> None:
        """For good, and at once: nobody will ask for its data again."""
        self.kill()
        self.stop()

    def follow(self, primary: "Server", *, through: int) -> None:
        """Be made from a primary that runs, as its standby by way of that port; returns when the changes stream."""
        base_backup(primary, self.data)
        (self.data / "standby.signal").touch()
        self.settings["primary_conninfo"] = (
            f"host={LOOPBACK} port={through} user={SUPERUSER} application_name={STANDBY}"
        )
        self.start()
        with connected(primary) as cursor:
            streaming = "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'"
            until(lambda: value(cursor, streaming), "the standby streams")

    def catch_up_with(self, primary: "Server") -> None:
        """Return when this standby has replayed everything that the primary has written by now."""
        with connected(primary) as cursor:
            written = value(cursor, "SELECT pg_current_wal_flush_lsn()")
        with connected(self) as cursor:
            replayed = "SELECT pg_last_wal_replay_lsn() >= %s::pg_lsn"
            until(lambda: value(cursor, replayed, written), "the standby has caught up")

    def promote(self) -> None:
        """Stop following, and take writes from now on."""
        with connected(self) as cursor:
            if not value(cursor, "SELECT pg_promote(true, 60)"):
                raise ChildFailed(f"the standby was not promoted.{self.log_tail()}")
        for setting in ("primary_conninfo", "synchronous_standby_names"):
            self.settings.pop(setting, None)

    def wait_for_standby(self) -> None:
        """Commit nothing from now on before the standby has it; returns when it is so."""
        with connected(self) as cursor:
            cursor.execute(f"ALTER SYSTEM SET synchronous_standby_names = '{STANDBY}'")
            cursor.execute("SELECT pg_reload_conf()")
            synchronous = "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'"
            until(lambda: value(cursor, synchronous), "the standby is synchronous")

    def restore(self, backup: Path, *, new_timeline: bool = False, aside: Path | None = None) -> None:
        """Die, and serve again at the same port from an older base backup: what came after it never was.

        `new_timeline`: as a point-in-time recovery does, else as a disk that was set back. What it has had is moved
        `aside`, or gone.
        """
        self.kill()
        if aside:
            aside.parent.mkdir(parents=True)
            self.data.rename(aside)
        else:
            shutil.rmtree(self.data)
        subprocess.run(["cp", "--archive", backup, self.data], check=True)  # owners and modes too
        if new_timeline:
            (self.data / "recovery.signal").touch()
            self.settings["restore_command"] = "false"  # there is no more WAL than the backup brings along
        self.start()
        self.settings.pop("restore_command", None)
        with connected(self) as cursor:
            until(lambda: not value(cursor, "SELECT pg_is_in_recovery()"), "the recovery has ended")


def base_backup(server: Server, target: Path) -> Path:
    """A copy of a running server, with the WAL that it needs, at `target`, which it returns."""
    binaries = _binaries()
    account = server_account(server.data)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.mkdir()
    give(target, account)
    done = subprocess.run(
        [binaries / "pg_basebackup", *BACKUP_OPTIONS, "--pgdata", target, "--dbname", server.url("postgres")],
        cwd=target,
        env=_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        **become(account),
    )
    if done.returncode:
        raise ChildFailed(f"there is no base backup of {server.data}: {done.stderr}")
    return target


def history(url: str) -> History:
    """Raises `psycopg2.errors.ObjectNotInPrerequisiteState` on a standby, which writes no history of its own."""
    with connected(url) as cursor:
        cursor.execute(
            "SELECT system_identifier, left(pg_walfile_name(pg_current_wal_insert_lsn()), 8),"
            " pg_postmaster_start_time()::text FROM pg_control_system()"
        )
        [row] = cursor.fetchall()
    return History(*row)


@contextlib.contextmanager
def connected(server: Server | str) -> Iterator[Cursor]:
    """A superuser's session, or that of a URL; each statement is a transaction."""
    connection = psycopg2.connect(server if isinstance(server, str) else server.url("postgres"), connect_timeout=10)
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            yield cursor
    finally:
        connection.close()


def value(cursor: Cursor, sql: str, *parameters: object) -> Any:
    """The only column of the only row."""
    cursor.execute(sql, parameters or None)
    [[found]] = cursor.fetchall()
    return found
