"""Everything that runs: the data servers, Tasklane as it is deployed, its peers; each on its core, gone at the end."""

import contextlib
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import psycopg2
import redis

from deploy.local.children.child import Child, Launch
from deploy.local.plan import HOST, TOP
from deploy.local.programs import MIGRATE, OPTIONS, PLAIN_HTTP, SERVE, WORK
from deploy.local.servers.postgres import PostgresServer
from deploy.local.servers.redis import RedisServer
from deploy.local.servers.sockets import free_port
from loadtests.bench.stage import traffic
from loadtests.bench.stage.machine import Cores, first_line, pinned

FASTIFY = Path(__file__).parents[1] / "fastify"
UVICORN = (*OPTIONS, *PLAIN_HTTP)
"""The options with which Tasklane is served: the Python peers get the same, but for the protocol of hits."""

NEVER_REFUSED = "1000000"
"""For the rates of the limiter, which does its work all the same: a thousand users do not reach them here."""

REDIS_OPTIONS = ("--maxmemory", "1gb")
"""Room for 32 answers to each of a thousand users; nothing else is changed."""


class Server(Child):
    """A process that serves HTTP on a port of its own."""

    def __init__(self, name: str, command: Sequence[str], environment: Mapping[str, str], folder: Path) -> None:
        self.port = free_port()
        super().__init__(name, log=folder / f"{name.replace(' ', '-')}.log")
        self._command = [*command, "--port", str(self.port)] if command[0] == sys.executable else list(command)
        self._environment = {**environment, "PORT": str(self.port)}
        self.url = f"http://{HOST}:{self.port}"

    def prepare(self) -> Launch:
        return Launch(self._command, cwd=self.log.parent, environment=self._environment)

    def ready(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection((HOST, self.port), timeout=1):
            return True
        return False


class Worker(Child):
    """Tasklane's worker."""

    def __init__(self, environment: Mapping[str, str], folder: Path) -> None:
        super().__init__("worker", log=folder / "worker.log")
        self._environment = environment

    def prepare(self) -> Launch:
        return Launch(WORK, cwd=self.log.parent, environment=self._environment)

    def ready(self) -> bool:
        return self.log.exists() and b"worker_started" in self.log.read_bytes()


@dataclass
class Stage:
    """PostgreSQL and Redis over TCP, as in production, beside the load generator; API processes on the other core."""

    folder: Path
    cores: Cores
    secret: str = field(default_factory=lambda: secrets.token_urlsafe(32))

    def __post_init__(self) -> None:
        self._cleanup = contextlib.ExitStack()
        self.postgres = PostgresServer(self.folder / "postgres", port=0)
        self.redis = RedisServer(self.folder / "redis", port=0, options=REDIS_OPTIONS)

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as started:
            for server in (self.postgres, self.redis):
                started.callback(server.stop)
                with pinned(self.cores.rest):
                    server.start()
            self.database_url = self.postgres.create_database("tasklane")
            self._run(MIGRATE)
            self._run((sys.executable, "-m", "loadtests.bench.peers.orm"))
            self._cleanup = started.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._cleanup.close()

    @property
    def environment(self) -> dict[str, str]:
        """What every process gets. Neither the machine's own settings nor those of `.env` leak in."""
        own = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        return {
            **own,
            "PYTHONPATH": str(TOP),
            "NEON_DB_URL": self.database_url,
            "DATABASE_URL": self.database_url,
            "REDIS_URL": self.redis.url,
            "BETTER_AUTH_SECRET": self.secret,
            "CORS_ORIGINS": traffic.ORIGIN,
            "LIMIT_READS_RATE": NEVER_REFUSED,
            "LIMIT_READS_BURST": NEVER_REFUSED,
            "LIMIT_WRITES_RATE": NEVER_REFUSED,
            "LIMIT_WRITES_BURST": NEVER_REFUSED,
        }

    @property
    def peers_redis_url(self) -> str:
        return self.redis.url.removesuffix("/0") + "/1"

    def tasklane(self, name: str = "tasklane", **overrides: str) -> Server:
        """An API process as it is deployed."""
        return self._serve(name, SERVE, {**self.environment, **overrides})

    def former(self, tree: Path) -> Server:
        """An API process of another checkout, with the packages of this one, on the same servers."""
        command = (sys.executable, "-m", "uvicorn", "--factory", "api.main:create_app", *UVICORN)
        return self._serve("former", command, {**self.environment, "PYTHONPATH": str(tree)})

    def python_peer(self, name: str, module: str, **overrides: str) -> Server:
        command = (sys.executable, "-m", "uvicorn", f"loadtests.bench.peers.{module}:app", *UVICORN)
        environment = {**self.environment, "REDIS_URL": self.peers_redis_url, **overrides}
        return self._serve(name, command, environment)

    def fastify(self) -> Server | str:
        """The server, or a sentence that says why there is none."""
        if not (node := shutil.which("node")) or not (npm := shutil.which("npm")):
            return "Fastify is left out: there is no Node here (node and npm in the PATH)."
        place = self.folder / "fastify"
        shutil.copytree(FASTIFY, place, ignore=shutil.ignore_patterns("node_modules"))
        command = [npm, "ci", "--omit=dev", "--no-audit", "--no-fund", "--loglevel=error"]
        try:
            result = subprocess.run(command, cwd=place, capture_output=True, text=True, timeout=300, check=False)
        except subprocess.TimeoutExpired:
            return "Fastify is left out: npm could not install it within five minutes."
        if result.returncode:
            return f"Fastify is left out: npm could not install it ({(result.stderr.splitlines() or ['?'])[-1]})."
        environment = {**self.environment, "REDIS_URL": self.peers_redis_url, "NODE_ENV": "production"}
        return self._serve("fastify", (node, str(place / "server.js")), environment)

    def revive(self, server: Server) -> None:
        """The same again, as after a crash."""
        server.kill()
        with pinned(self.cores.service):
            server.start()

    def worker(self) -> Worker:
        worker = Worker(self.environment, self.folder)
        self._start(worker, self.cores.rest)
        return worker

    def sql(self, statement: str, **parameters: object) -> list[tuple[object, ...]]:
        """Run it as the superuser, past the policies."""
        connection = psycopg2.connect(self.database_url)
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(statement, parameters)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()

    def flush_cache(self) -> None:
        """As if Redis had been wiped; the peers' values stay."""
        with redis.Redis.from_url(self.redis.url) as client:
            client.flushdb()

    def fill_peers(self, values: Mapping[str, bytes]) -> None:
        """What the peers that only read find in Redis."""
        with redis.Redis.from_url(self.peers_redis_url) as client:
            client.mset(values)

    def _serve(self, name: str, command: Sequence[str], environment: Mapping[str, str]) -> Server:
        server = Server(name, command, environment, self.folder)
        self._start(server, self.cores.service)
        return server

    def _start(self, child: Child, core: int | None) -> None:
        self._cleanup.callback(child.stop)
        with pinned(core):
            child.start()

    def _run(self, command: Sequence[str]) -> None:
        subprocess.run(command, cwd=TOP, env=self.environment, check=True, capture_output=True, timeout=120)


@contextlib.contextmanager
def stage(cores: Cores) -> Iterator[Stage]:
    """In a folder that PostgreSQL's own account can reach, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="tasklane-", ignore_cleanup_errors=True) as path:
        folder = Path(path)
        folder.chmod(0o711)
        with Stage(folder, cores) as running:
            yield running


_COPY = """
INSERT INTO {table} (user_id, title, description, priority, tags, created_at, updated_at, {columns})
SELECT owner, title, description, priority, ARRAY(SELECT jsonb_array_elements_text(tags)),
    now() + number * interval '1 second', now() + number * interval '1 second', {values}
FROM unnest(%(users)s::text[]) owner, jsonb_to_recordset(%(rows)s::jsonb) AS row (
    number int, title text, description text, priority text, due_date date, tags jsonb)
WHERE number < %(count)s
"""


def seed(on: Stage) -> None:
    """20 tasks for each reader, one for each writer; the same in the table of the ORM's peer."""
    tasks = [traffic.new_task(number) for number in range(traffic.TASKS)]
    rows = json.dumps([{**task, "number": number} for number, task in enumerate(tasks)])
    for users, count in ((traffic.readers(), traffic.TASKS), (traffic.writers(), 1)):
        for table, columns, values in (
            ("tasks", "due_on", "due_date"),
            ("orm_tasks", "completed, due_date", "false, due_date"),
        ):
            statement = _COPY.format(table=table, columns=columns, values=values)
            on.sql(statement, users=users, rows=rows, count=count)
    on.sql("ANALYZE")


def server_versions(on: Stage) -> dict[str, str]:
    [(postgres,)] = on.sql("SHOW server_version")
    with redis.Redis.from_url(on.redis.url) as client:
        information = client.info("server")
    found = {
        "postgresql": str(postgres),
        "redis-server": str(information["redis_version"]),
        "wrk": first_line("wrk", "--version").partition("/")[2].partition(" ")[0] or first_line("wrk", "--version"),
        "node": first_line("node", "--version").removeprefix("v"),
    }
    return {name: text for name, text in found.items() if text}
