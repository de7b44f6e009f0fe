"""The whole of Tasklane for a run: several API processes and a worker, each with wires of its own to the servers."""

import asyncio
import contextlib
import http.client
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Literal
from urllib.parse import urlsplit

from deploy.local.children.child import Launch
from deploy.local.programs import SERVE, WORK
from tests.consistency.checking.history import Loss
from tests.consistency.parts import disks, log
from tests.consistency.parts.proxy import Wire
from tests.integration.wires import at
from tests.ports import steady_port
from tests.release import Release
from tests.servers.cluster import RedisCluster
from tests.servers.postgres import Server as Postgres
from tests.servers.redis import Server as Redis
from tests.servers.sentinel import Sentinels
from tests.stack import ApiProcess, Stack, WorkerProcess, folder, migrate

LAUNCH = (sys.executable, "-m", "tests.consistency.launch")
PRODUCTION = {"REDIS_TIMEOUT": "0.1", "DATABASE_TIMEOUT": "2.5", "DATABASE_STATEMENT_TIMEOUT": "2"}
RUN = {
    "PYTHONFAULTHANDLER": "1",
    "LIMIT_READS_RATE": "0",
    "LIMIT_WRITES_RATE": "0",
    "LOG_LEVEL": "warning",
    "LOG_FORMAT": "json",
    "SLOW_REQUEST": "60",
    "WORKER_AUDIT_PERIOD": "2",
}


Caches = Literal["one", "sentinels", "cluster"]


@dataclass(frozen=True, slots=True)
class Alteration:
    """How a process is not as it is deployed."""

    mutant: str = ""
    clock: float = 0.0

    def command(self, command: Sequence[str]) -> tuple[str, ...]:
        """The same command under the launcher, if there is something to alter."""
        options = (["--mutant", self.mutant] if self.mutant else []) + (
            ["--clock", str(self.clock)] if self.clock else []
        )
        return (*LAUNCH, *options, *command[2:]) if options else tuple(command)


class Node(ApiProcess):
    """An API process, perhaps altered, or of an earlier release."""

    def __init__(
        self, folder: Path, variables: Mapping[str, str], alteration: Alteration, release: Release | None = None
    ) -> None:
        super().__init__(folder, variables)
        self._command = alteration.command((*SERVE, "--port", str(self.port)))
        self.release = release

    def prepare(self) -> Launch:
        if self.release:
            return self.release.serve(self.port, cwd=self.log.parent, variables=self.variables)
        return Launch(self._command, cwd=self.log.parent, environment=self.variables)

    def ready(self) -> bool:
        """As its base, at less cost to the clients of this process."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
        try:
            connection.request("GET", "/livez")
            return connection.getresponse().status == http.HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


class Hand(WorkerProcess):
    """A worker, perhaps altered, or of an earlier release."""

    def __init__(
        self, folder: Path, variables: Mapping[str, str], alteration: Alteration, release: Release | None = None
    ) -> None:
        super().__init__(folder, {**variables, "LOG_LEVEL": "info"})  # it is ready when its log says so
        self._command = alteration.command(WORK)
        self.release = release

    def prepare(self) -> Launch:
        if self.release:
            return self.release.launch(self._command, cwd=self.log.parent, variables=self.variables)
        return Launch(self._command, cwd=self.log.parent, environment=self.variables)


@dataclass(slots=True)
class Wires:
    """What stands between one process and the servers."""

    postgres: Wire
    redis: Wire


@dataclass(slots=True)
class Cluster:
    """Everything that can break, and the wires between."""

    stack: Stack
    apis: list[Node]
    worker: Hand
    metrics_port: int
    wires: list[Wires] = field(default_factory=list)
    """Of the API processes in their order, then of the worker; none when nothing is to be broken."""
    disk: disks.Disk | None = None
    fronts: list[Wire] = field(default_factory=list)
    """Between the clients and each API process; out of use until a fault says else."""
    losses: list[Loss] = field(default_factory=list)
    autopsies: list[asyncio.Task[None]] = field(default_factory=list)
    """Each reads what a server that died had recorded."""
    hit: list[float] = field(default_factory=list)
    """By API process: when a read was last a hit."""
    users: list[str] = field(default_factory=list)
    sentinels: Sentinels | None = None
    masters: RedisCluster | None = None
    """Where the cache lies if it is not one Redis; no wires lead there, for these servers tell their own addresses."""

    @property
    def ports(self) -> list[int]:
        return [api.port for api in self.apis]

    @property
    def postgres(self) -> Postgres:
        """The one that serves; of a wired cluster."""
        assert isinstance(self.stack.postgres, Postgres)
        return self.stack.postgres

    @property
    def redis(self) -> Redis:
        """The one that serves; of a wired cluster."""
        assert isinstance(self.stack.redis, Redis)
        return self.stack.redis

    def lead_to_postgres(self, server: Postgres) -> None:
        """From now on everybody finds that one; whoever was connected is cut off."""
        self.stack.postgres = server
        self.stack.database_url = server.url("tasklane")
        for wires in self.wires:
            wires.postgres.switch(server.port)

    def lead_to_redis(self, server: Redis, *processes: int) -> None:
        """From now on these processes find that one, or everybody."""
        self.stack.redis = server
        for number, wires in enumerate(self.wires):
            if not processes or number in processes:
                wires.redis.switch(server.port)


Inject = Callable[[Cluster, str], contextlib.AbstractAsyncContextManager[None]]


@contextlib.asynccontextmanager
async def cluster(
    *,
    apis: int = 4,
    wired: bool = False,
    alterations: Mapping[int, Alteration] | None = None,
    everyone: Alteration | None = None,
    small_disk: bool = False,
    caches: Caches = "one",
    settings: Mapping[str, str] = MappingProxyType({}),
    release: Release | None = None,
) -> AsyncIterator[Cluster]:
    """Started and recording. `wired`: all connections go through wires, and the settings are those of production.

    `caches` are one Redis, two with Sentinels, or three masters with replicas. `alterations` are those of API processes
    by number, and of the worker by -1; `everyone` is of all API processes. All is of that earlier `release`, if any.
    """
    async with contextlib.AsyncExitStack() as resources:
        path = resources.enter_context(folder())
        disk = resources.enter_context(disks.small_disk(path / "postgres")) if small_disk else None
        stack = _replicable(path) if wired else Stack(path, migrate=release.migrate if release else migrate)
        if disk and disk.is_small:
            stack.postgres.settings |= disks.SETTINGS
        await asyncio.to_thread(stack.__enter__)
        resources.push_async_callback(asyncio.to_thread, stack.__exit__)
        await asyncio.to_thread(log.install, stack.database_url)
        sentinels, masters = await asyncio.to_thread(_caches, resources, path / "caches", caches)
        chosen = {**RUN, **(PRODUCTION if wired else {}), **settings}
        if several := sentinels or masters:
            chosen |= {"REDIS_URL": several.url} | ({"WORKER_REDIS_URL": stack.redis.url} if masters else {})
        made: list[Wires] = []
        nodes: list[Node] = []
        for number in range(apis):
            variables = stack.environment(**chosen)
            if wired:
                made.append(await _wires(resources, stack, variables))
            nodes.append(Node(path, variables, (alterations or {}).get(number) or everyone or Alteration(), release))
        port = steady_port()
        variables = stack.environment(**chosen, WORKER_METRICS_PORT=str(port))
        if wired:
            made.append(await _wires(resources, stack, variables))
        worker = Hand(path, variables, (alterations or {}).get(-1) or Alteration(), release)
        stack.adopt(worker, *nodes)
        await asyncio.gather(*(asyncio.to_thread(child.start) for child in (worker, *nodes)))
        fronts = [await resources.enter_async_context(Wire(node.port)) for node in nodes] if wired else []
        yield Cluster(stack, nodes, worker, port, made, disk, fronts, sentinels=sentinels, masters=masters)


def _replicable(path: Path) -> Stack:
    """Servers that others can follow and take the place of."""
    return Stack(path, postgres=Postgres(path / "postgres" / "1"), redis=Redis(path / "redis-1"))


def _caches(
    resources: contextlib.AsyncExitStack, path: Path, caches: Caches
) -> tuple[Sentinels | None, RedisCluster | None]:
    sentinels = resources.enter_context(Sentinels(path)) if caches == "sentinels" else None
    masters = resources.enter_context(RedisCluster(path, replicas=True)) if caches == "cluster" else None
    return sentinels, masters


async def _wires(resources: contextlib.AsyncExitStack, stack: Stack, variables: dict[str, str]) -> Wires:
    """Make them, and lead a process's connections through them."""
    ends = []
    for name, url in (("DATABASE_URL", stack.database_url), ("REDIS_URL", stack.redis.url)):
        wire = await resources.enter_async_context(Wire(urlsplit(url).port or 0))
        if variables[name] == url:
            variables[name] = at(url, wire.port)
        ends.append(wire)
    return Wires(*ends)
