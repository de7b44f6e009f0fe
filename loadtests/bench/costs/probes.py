"""What a rate does not tell: big lists, stampedes, memory, the worker, a second process."""

import asyncio
import statistics
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from deploy.local.plan import HOST
from loadtests.bench import paging
from loadtests.bench.measure import BenchFailed, replay_once
from loadtests.bench.stage import traffic, wrk
from loadtests.bench.stage.machine import cpu_seconds, resident_bytes
from loadtests.bench.stage.stage import Server, Stage, Worker

LISTS = 20_000
CROWD = 256
PATIENCE = 120


@dataclass(frozen=True, slots=True)
class BigList:
    """Median latency of a hit, in milliseconds, over one connection: 20 tasks of a list of 20, or of 100,000."""

    small: float
    big: float
    ratios: tuple[float, ...]


def big_list(on: Stage, server: Server, *, rounds: int, seconds: int) -> BigList:
    """After `paging.fill`."""
    path = f"/api/tasks?limit={traffic.TASKS}"
    files = {}
    for name, user in (("small", traffic.readers()[-1]), ("big", paging.OWNER)):
        request = traffic.raw("GET", path, traffic.token(user, on.secret))
        replay_once(server, [request] * 2)
        files[name] = traffic.write_file(on.folder / f"list-{name}", [request])
    found: dict[str, list[float]] = {"small": [], "big": []}
    for _ in range(rounds):
        for name, file in files.items():
            found[name].append(wrk.run(server.url, file, connections=1, seconds=seconds, cores=on.cores).p50)
    ratios = tuple(big / small for small, big in zip(found["small"], found["big"], strict=True))
    return BigList(statistics.median(found["small"]), statistics.median(found["big"]), ratios)


def stampede(on: Stage, *, processes: int) -> tuple[int, int]:
    """How many ask the same, which is not cached, at once; and how many queries PostgreSQL gets for it, by its log."""
    servers = [on.tasklane(f"stampede-{number}", PGOPTIONS="-c log_statement=all") for number in range(processes)]
    user = traffic.readers()[-2]
    bearer = traffic.token(user, on.secret)
    crowd = CROWD // processes
    for server in servers:  # the token is known and the connections to PostgreSQL are open
        replay_once(server, [traffic.raw("GET", "/api/tasks/stats", bearer)])
    on.flush_cache()
    begins = on.postgres.log.stat().st_size
    asyncio.run(_ask_at_once(servers, traffic.raw("GET", "/api/tasks?limit=21", bearer), crowd))
    for server in servers:
        server.stop()
    log = on.postgres.log.read_bytes()[begins:].decode(errors="replace")
    return crowd * processes, sum(user in line and "app.user_id" in line for line in log.splitlines())


async def _ask_at_once(servers: list[Server], request: bytes, crowd: int) -> None:
    everyone = [await asyncio.open_connection(HOST, server.port) for server in servers for _ in range(crowd)]
    for _, writer in everyone:
        writer.write(request)
    async with asyncio.timeout(PATIENCE):
        for reader, writer in everyone:
            status = await reader.readline()
            if b" 200 " not in status:
                raise BenchFailed(f"a reader of the stampede got {status!r}")
            writer.close()


def publish_rate(on: Stage, worker: Worker) -> float:
    """Lists per second that a worker tells the cache of, when 20,000 wait."""
    worker.stop()
    on.sql(
        """
        INSERT INTO task_lists (user_id, revision) SELECT 'pending-' || n, 1 FROM generate_series(1, %(count)s) n
        ON CONFLICT (user_id) DO UPDATE SET revision = task_lists.revision + 1
        """,
        count=LISTS,
    )
    pending = "SELECT count(*) FROM task_lists WHERE revision > published_revision"
    [(waiting,)] = on.sql(pending)
    worker.start()
    deadline = time.monotonic() + PATIENCE
    began = 0.0
    while (left := int(str(on.sql(pending)[0][0]))) > 0:
        if left == waiting:
            began = time.monotonic()
        if time.monotonic() > deadline:
            raise BenchFailed(f"the worker has left {left} lists unpublished for {PATIENCE} s")
        time.sleep(0.02)
    return int(str(waiting)) / (time.monotonic() - began)


def second_process(on: Stage, first: Server, requests: Path, *, seconds: int) -> tuple[float, float]:
    """CPU of the API per hit in microseconds: of one process, and of two that share its core, Redis and PostgreSQL."""
    second = on.tasklane("second")
    wrk.run(second.url, requests, connections=16, seconds=1, cores=on.cores)
    alone = _cpu_per_hit(on, [first], requests, seconds)
    both = _cpu_per_hit(on, [first, second], requests, seconds)
    second.stop()
    return alone, both


def _cpu_per_hit(on: Stage, servers: list[Server], requests: Path, seconds: int) -> float:
    runs: list[wrk.Run] = []

    def load(server: Server) -> None:
        runs.append(wrk.run(server.url, requests, connections=32 // len(servers), seconds=seconds, cores=on.cores))

    before = [cpu_seconds(server.pid) for server in servers]
    threads = [threading.Thread(target=load, args=(server,)) for server in servers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    spent = sum(cpu_seconds(server.pid) for server in servers) - sum(before)
    return spent / sum(run.requests for run in runs) * 1e6


def megabytes(pid: int) -> float:
    return resident_bytes(pid) / 2**20
