"""What a request costs with a cluster of three masters, compared with one Redis."""

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from loadtests.bench.report.figures import MAIN
from loadtests.bench.stage import turns, wrk
from loadtests.bench.stage.machine import pinned
from loadtests.bench.stage.stage import REDIS_OPTIONS, Server, Stage
from tests.servers.cluster import RedisCluster


@dataclass(frozen=True, slots=True)
class Shards:
    """CPU per request with the cluster : with one Redis, a ratio for each round."""

    whole: tuple[float, ...]
    """Of all: API, PostgreSQL, Redis."""
    redis: tuple[float, ...]


def compared(
    on: Stage, files: Mapping[str, Path], warm: Callable[[Server], None], *, rounds: int, seconds: int
) -> dict[str, Shards]:
    """Side by side; `warm` makes what is read there a hit. Each round has two fresh API processes.

    A process keeps for its life whether its memory lies well: one pair would be one draw, however often it is asked.
    """
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in files}
    with contextlib.ExitStack() as started:
        with pinned(on.cores.rest):
            cluster = started.enter_context(RedisCluster(on.folder / "cluster", options=REDIS_OPTIONS))
        masters = [node.pid for node in cluster.masters]
        for _ in range(rounds):
            with contextlib.ExitStack() as pair:
                one = on.tasklane("one")
                pair.callback(one.stop)
                three = on.tasklane("three", REDIS_URL=cluster.url, WORKER_REDIS_URL=on.redis.url)
                pair.callback(three.stop)
                for name, file in files.items():
                    for server in (one, three):
                        warm(server)
                        wrk.run(server.url, file, connections=MAIN, seconds=1, cores=on.cores)
                    sides = [
                        turns.Side(server.url, file, ((server.pid, on.postgres.pid), redis))
                        for server, redis in ((one, [on.redis.pid]), (three, masters))
                    ]
                    (rest, redis), (other, others) = turns.costs(
                        sides, connections=MAIN, seconds=seconds, cores=on.cores
                    )
                    found[name].append(((other + others) / (rest + redis), others / redis))
    return {name: Shards(*(tuple(ratios) for ratios in zip(*pairs, strict=True))) for name, pairs in found.items()}
