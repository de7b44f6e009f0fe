"""The supervisor of `make up`: starts everything in order, watches it, stops it in reverse, leaves nothing."""

import contextlib
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from core.errors import ConfigurationError
from deploy.local.children.child import POLL, START_TIMEOUT, Child, ChildFailed
from deploy.local.children.guardian import Guardian
from deploy.local.folder import Running
from deploy.local.page import Frontend
from deploy.local.plan import TOP, Plan
from deploy.local.programs import AUTH, MIGRATE, PAGE, SERVE, SERVE_ALL, WORK, Program, Service, auth_server
from deploy.local.servers.postgres import PostgresServer
from deploy.local.servers.redis import RedisServer
from deploy.local.servers.sockets import free_port, port_is_free
from deploy.local.terminal.hints import Hints
from deploy.local.terminal.interruption import Interrupted, Interruption
from deploy.local.terminal.screen import TRY_IT, WELCOME, Progress, without_password
from deploy.local.tokens import fingerprint, issue

DATABASE = "tasklane"
AUTH_DATABASE = "tasklane_auth"
FIRST_USER = "alice"
WATCH_PERIOD = 0.2
NEARBY = 20

ChildT = TypeVar("ChildT", bound=Child)


@dataclass(frozen=True, slots=True)
class Servers:
    """Where the data is; `auth` is empty when there is no sign-in."""

    tasks: str
    redis: str
    auth: str


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
        self._frontend = Frontend(TOP / "frontend")
        self._no_page: str | None = None

    def run(self) -> None:
        """Start, show the screen, watch; raises `Interrupted` or `ChildFailed`."""
        self._no_page = self._build_page()
        servers = self._servers()
        environment = self._plan.environment(database_url=servers.tasks, redis_url=servers.redis)
        auth = self._sign_in(servers.auth) if servers.auth else None
        self._migrate(environment)
        self._serve(environment, auth)
        with self._plan.folder.announced(self._running()):
            self._progress.say("Tasklane is up")
            self._progress.show(self._welcome(servers))
            hints = Hints(self._plan.folder.log("api"))
            while True:
                self._check()
                for hint in hints.new():
                    self._progress.say(hint)
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

    def _build_page(self) -> str | None:
        """Why there is no page; None when it is there."""

        def run(text: str, command: Sequence[str]) -> bool:
            return self._finish(self._launch(self._program(command[0], command, "page", dict(os.environ)), text)) == 0

        if reason := self._plan.no_sign_in or self._frontend.obstacle():
            return reason
        failed = self._frontend.build(run)
        return failed and f"{failed}; see {_short(self._plan.folder.log('page'))}"

    def _servers(self) -> Servers:
        """Both start at the same time."""
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
        tasks = self._plan.database_url or postgres.create_database(DATABASE)
        auth = "" if self._no_page else self._plan.auth_database_url or postgres.create_database(AUTH_DATABASE)
        return Servers(tasks, self._plan.redis_url or redis.url, auth)

    def _sign_in(self, database_url: str) -> Service:
        """Launched, not awaited: it starts while the tasks' database is migrated."""
        program = self._frontend.auth_server
        environment = self._plan.auth_environment(database_url=database_url)
        log = self._plan.folder.log("auth")
        auth = auth_server(program, free_port(), environment=environment, log=log, guardian=self._guardian)
        return self._launch(auth, "starting the sign-in")

    def _migrate(self, environment: dict[str, str]) -> None:
        migration = self._launch(self._program("the migrations", MIGRATE, "migrations", environment), "migrating")
        self._finish(migration, must=True)

    def _serve(self, environment: dict[str, str], auth: Service | None) -> None:
        plan = self._plan
        command: Sequence[str] = SERVE
        self._launch(self._program("the worker", WORK, "worker", environment), "starting the worker")
        if auth:
            self._await(auth)  # the API's first look for its keys is to find them
            around = {"AUTH_JWKS_URL": f"{auth.url}/api/auth/jwks", AUTH: auth.url, PAGE: str(self._frontend.page)}
            command, environment = SERVE_ALL, {**environment, **around}
        command = (*command, "--port", str(plan.port))
        log = plan.folder.log("api")
        api = Service("the API", command, port=plan.port, environment=environment, log=log, guardian=self._guardian)
        self._launch(api, "starting the API")
        self._await(api)

    def _program(self, name: str, command: Sequence[str], log: str, environment: dict[str, str]) -> Program:
        log_file = self._plan.folder.log(log)
        return Program(name, command, environment=environment, log=log_file, guardian=self._guardian)

    def _finish(self, program: Program, *, must: bool = False) -> int | None:
        """Wait for its end; returns the exit code, or with `must` raises `ChildFailed` when it is not 0."""
        while program.running:
            self._interruption.sleep(POLL)
        code = program.exit_code
        if code and must:
            program.check()
        self._children.remove(program)
        program.stop()
        return code

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
            issuer=plan.issuer,
            audience=plan.audience,
        )

    def _welcome(self, servers: Servers) -> str:
        plan = self._plan
        try:
            token = TRY_IT.format(user=FIRST_USER, token=issue(plan, FIRST_USER), url=plan.url)
        except ConfigurationError as error:
            token = f"No token: {error}"
        return WELCOME.format(
            page=f"none: {self._no_page}" if self._no_page else plan.url,
            url=plan.url,
            database=_origin(servers.tasks, plan.database_url),
            redis=_origin(servers.redis, plan.redis_url),
            folder=_short(plan.folder.path),
            demands=plan.demands,
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
