"""The supervisor of `make up`: starts everything in order, watches it, stops it in reverse, leaves nothing."""

import contextlib
import os
import time
from pathlib import Path
from typing import TypeVar

from core.errors import ConfigurationError
from deploy.local.child import POLL, START_TIMEOUT, Child, ChildFailed
from deploy.local.folder import Running
from deploy.local.guardian import Guardian
from deploy.local.interruption import Interrupted, Interruption
from deploy.local.plan import Plan
from deploy.local.postgres import PostgresServer
from deploy.local.programs import MIGRATE, WORK, Api, Program
from deploy.local.redis import RedisServer
from deploy.local.screen import TRY_IT, WELCOME, Progress, without_password
from deploy.local.sockets import free_port, port_is_free
from deploy.local.tokens import fingerprint, issue

DATABASE = "tasklane"
FIRST_USER = "alice"
WATCH_PERIOD = 0.2
NEARBY = 20

ChildT = TypeVar("ChildT", bound=Child)


def up(plan: Plan) -> None:
    """Run the stack until a signal ends it; raises `ChildFailed` when a part of it ends by itself."""
    progress = Progress()
    with (
        Interruption() as interruption,
        contextlib.suppress(Interrupted),
        plan.folder.locked(wait=interruption.sleep) as lock,
    ):
        _check_port(plan.port)
        stack = Stack(plan, guardian=Guardian(keep=(lock,)), interruption=interruption, progress=progress)
        try:
            stack.run()
        finally:
            stack.stop()


class Stack:
    """One run: `run` until it is interrupted or fails, then, in any case, `stop`."""

    def __init__(self, plan: Plan, *, guardian: Guardian, interruption: Interruption, progress: Progress) -> None:
        self._plan = plan
        self._guardian = guardian
        self._interruption = interruption
        self._progress = progress
        self._children: list[Child] = []

    def run(self) -> None:
        """Start, show the screen, watch; raises `Interrupted` or `ChildFailed`."""
        database_url, redis_url = self._servers()
        environment = self._plan.environment(database_url=database_url, redis_url=redis_url)
        self._migrate(environment)
        self._serve(environment)
        with self._plan.folder.announced(self._running()):
            self._progress.say("Tasklane is up")
            self._progress.show(self._welcome(database_url, redis_url))
            while True:
                self._check()
                self._interruption.sleep(WATCH_PERIOD)

    def stop(self) -> None:
        """Latest first, so that nobody loses what they still use; a second Ctrl-C hastens it."""
        for child in reversed(self._children):
            if child.running:
                self._progress.say(f"stopping {child.name}")
            try:
                child.stop(hurry=lambda: self._interruption.hurried)
            except ChildFailed as error:
                self._progress.say(str(error))
        self._guardian.close()
        self._progress.say("stopped")

    def _servers(self) -> tuple[str, str]:
        """Both start at the same time; returns the URLs of the database and of Redis."""
        folder = self._plan.folder
        postgres = PostgresServer(folder.postgres, log=folder.log("postgres"), guardian=self._guardian)
        redis = RedisServer(folder.redis, log=folder.log("redis"), guardian=self._guardian)
        if not self._plan.database_url:
            self._launch(postgres, "starting PostgreSQL" if postgres.data.exists() else "making the database")
            for opened in postgres.opened:
                self._progress.say(f"{opened} may now be passed through (chmod o+x): PostgreSQL does not run as root")
        if not self._plan.redis_url:
            self._launch(redis, "starting Redis")
        for server in tuple(self._children):
            self._await(server)
        database_url = self._plan.database_url or postgres.create_database(DATABASE)
        return database_url, self._plan.redis_url or redis.url

    def _migrate(self, environment: dict[str, str]) -> None:
        migration = self._launch(self._program("the migrations", MIGRATE, "migrations", environment), "migrating")
        while migration.running:
            self._interruption.sleep(POLL)
        if migration.exit_code:
            migration.check()
        self._children.remove(migration)
        migration.stop()

    def _serve(self, environment: dict[str, str]) -> None:
        folder = self._plan.folder
        api = Api(self._plan.port, environment=environment, log=folder.log("api"), guardian=self._guardian)
        self._launch(self._program("the worker", WORK, "worker", environment), "starting the worker")
        self._launch(api, "starting the API")
        self._await(api)

    def _program(self, name: str, command: tuple[str, ...], log: str, environment: dict[str, str]) -> Program:
        log_file = self._plan.folder.log(log)
        return Program(name, command, environment=environment, log=log_file, guardian=self._guardian)

    def _launch(self, child: ChildT, text: str) -> ChildT:
        self._interruption.check()
        self._progress.say(text)
        self._children.append(child)  # first: what was begun is stopped, whatever happens
        child.launch()
        return child

    def _await(self, child: Child) -> None:
        deadline = time.monotonic() + START_TIMEOUT
        while not child.ready():
            self._check()
            if time.monotonic() > deadline:
                raise ChildFailed(f"{child.name} is not ready after {START_TIMEOUT:.0f} s.{child.log_tail()}")
            self._interruption.sleep(POLL)

    def _check(self) -> None:
        for child in self._children:
            child.check()

    def _running(self) -> Running:
        plan = self._plan
        return Running(
            plan.url,
            os.getpid(),
            key=fingerprint(plan.secret) if plan.secret else None,
            issuer=plan.settings.get("AUTH_ISSUER"),
            audience=plan.settings.get("AUTH_AUDIENCE"),
        )

    def _welcome(self, database_url: str, redis_url: str) -> str:
        plan = self._plan
        try:
            token = TRY_IT.format(user=FIRST_USER, token=issue(plan, FIRST_USER), url=plan.url)
        except ConfigurationError as error:
            token = f"No token: {error}"
        return WELCOME.format(
            url=plan.url,
            database=_origin(database_url, plan.database_url),
            redis=_origin(redis_url, plan.redis_url),
            folder=_short(plan.folder.path),
            token=token,
        )


def _check_port(port: int) -> None:
    """Raises `ConfigurationError` with a remedy that works."""
    if not port_is_free(port):
        other = next(filter(port_is_free, range(port + 1, port + NEARBY)), None) or free_port()
        raise ConfigurationError(f"Port {port} is taken; try PORT={other} make up")


def _origin(url: str, given: str | None) -> str:
    return f"{without_password(url)}{' (yours)' if given else ''}"


def _short(path: Path) -> str:
    with contextlib.suppress(ValueError):
        return str(path.relative_to(Path.cwd()))
    return str(path)
