"""Real parts for tests: PostgreSQL, Redis, API and worker processes on free ports, in a folder of their own."""

import contextlib
import itertools
import os
import secrets
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Self

import httpx
from alembic import command
from alembic.config import Config

from core.settings import Settings
from core.types import UserId
from deploy.local.children.child import Child, Launch
from deploy.local.programs import SERVE, WORK
from deploy.local.servers.postgres import PostgresServer
from deploy.local.servers.redis import RedisServer
from tests.ports import steady_port
from tests.tokens import SECRET, shared_secret_token

TOP = Path(__file__).parent.parent
PATIENT_REDIS_TIMEOUT = "5"
"""Where a test is not about the time-out, a machine that is busy must not look like a Redis that hangs."""

_users = itertools.count(1)


def new_user() -> UserId:
    """A user that no other test knows, so that tests can share one database."""
    return UserId(f"user-{next(_users)}-{secrets.token_hex(6)}")


@contextlib.contextmanager
def folder() -> Iterator[Path]:
    """A short path that PostgreSQL's own user can reach, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="tasklane-", ignore_cleanup_errors=True) as path:
        Path(path).chmod(0o711)
        yield Path(path)


def environment(database_url: str, redis_url: str, **overrides: str) -> dict[str, str]:
    """What the product's processes get; nothing of the machine's own settings leaks in."""
    own = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "SSL_CERT_FILE") if name in os.environ}
    return {
        **own,
        "PYTHONPATH": str(TOP),
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "BETTER_AUTH_SECRET": SECRET,
        "REDIS_TIMEOUT": PATIENT_REDIS_TIMEOUT,
        "DATABASE_TIMEOUT": "20",
        "DATABASE_STATEMENT_TIMEOUT": "15",
        "DATABASE_IDLE_IN_TRANSACTION_TIMEOUT": "14",
        "WORKER_QUIET_PERIOD": "0",
        **overrides,
    }


def settings(values: Mapping[str, str]) -> Settings:
    """The settings that a process with this environment would read."""
    with environ(values), contextlib.chdir("/"):  # where no developer's .env lies
        return Settings.load()


@contextlib.contextmanager
def environ(values: Mapping[str, str]) -> Iterator[None]:
    """This process's environment, for a moment, is `values`."""
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(values)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def migrate(database_url: str, revision: str = "head", *, back: bool = False) -> None:
    """Run the real migrations, or take them `back`."""
    with environ({**os.environ, "DATABASE_URL": database_url, "NEON_DB_URL": ""}):
        config = Config(TOP / "alembic.ini")
        if back or revision == "base":
            command.downgrade(config, revision)
        else:
            command.upgrade(config, revision)


class ApiProcess(Child):
    """One uvicorn process, as deployed."""

    def __init__(self, folder: Path, variables: Mapping[str, str], *, port: int | None = None) -> None:
        self.port = port or steady_port()
        super().__init__("the API", log=folder / f"api-{self.port}.log")
        self.variables = dict(variables)
        self.url = f"http://127.0.0.1:{self.port}"

    def prepare(self) -> Launch:
        return Launch((*SERVE, "--port", str(self.port)), cwd=self.log.parent, environment=self.variables)

    def ready(self) -> bool:
        with contextlib.suppress(httpx.HTTPError):
            return httpx.get(f"{self.url}/livez", timeout=5).is_success
        return False

    def client(self, user: str | None = None) -> httpx.Client:
        """A client with a token of `user`, or of nobody that another test knows."""
        return client(self.url, user or new_user())


class WorkerProcess(Child):
    """One worker process, as deployed."""

    def __init__(self, folder: Path, variables: Mapping[str, str]) -> None:
        super().__init__("the worker", log=folder / f"worker-{secrets.token_hex(4)}.log")
        self.variables = dict(variables)

    def prepare(self) -> Launch:
        return Launch(WORK, cwd=self.log.parent, environment=self.variables)

    def ready(self) -> bool:
        return b"worker_started" in self.log.read_bytes() if self.log.exists() else False

    def get(self, path: str) -> httpx.Response:
        """Its answer, if it was given a port for metrics and probes."""
        return httpx.get(f"http://127.0.0.1:{self.variables['WORKER_METRICS_PORT']}{path}", timeout=60)


class Stack:
    """PostgreSQL with the schema, and Redis; API and worker processes on request. Everything ends with it."""

    def __init__(
        self,
        path: Path,
        *,
        redis_options: tuple[str, ...] = (),
        tcp: bool = False,
        migrate: Callable[[str], None] = migrate,
        postgres: PostgresServer | None = None,
        redis: RedisServer | None = None,
    ) -> None:
        port = steady_port() if tcp else None
        self._migrate = migrate
        self.folder = path
        self.postgres = postgres or PostgresServer(path / "postgres", durable=False, port=port)
        self.redis = redis or RedisServer(path / "redis", options=redis_options, port=steady_port() if tcp else None)
        self._children: list[Child] = [self.postgres, self.redis]

    def __enter__(self) -> Self:
        self.postgres.start()
        self.redis.start()
        self.database_url = self.postgres.create_database("tasklane")
        self._migrate(self.database_url)
        return self

    def __exit__(self, *_: object) -> None:
        for child in reversed(self._children):
            with contextlib.suppress(ProcessLookupError):
                child.thaw()
            child.stop()

    def environment(self, **overrides: str) -> dict[str, str]:
        return environment(self.database_url, self.redis.url, **overrides)

    def settings(self, **overrides: str) -> Settings:
        return settings(self.environment(**overrides))

    def api(self, *, start: bool = True, **overrides: str) -> ApiProcess:
        """An API process with these settings; its port is its own."""
        api = ApiProcess(self.folder, self.environment(**overrides))
        self._children.append(api)
        if start:
            api.start()
        return api

    def adopt(self, *children: Child) -> None:
        """Processes that end with the stack, the last one first."""
        self._children += children

    def worker(self, *, start: bool = True, **overrides: str) -> WorkerProcess:
        worker = WorkerProcess(self.folder, self.environment(**overrides))
        self._children.append(worker)
        if start:
            worker.start()
        return worker


def client(url: str, user: str) -> httpx.Client:
    """A frontend of one user. Generous with time: a test fails by what is answered, not by when."""
    headers = {"authorization": f"Bearer {shared_secret_token(user)}"}
    return httpx.Client(base_url=url, headers=headers, timeout=60, verify=False)
