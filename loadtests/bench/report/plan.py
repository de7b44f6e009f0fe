"""A capacity plan from measured CPU per request: one million users, 100,000 requests per second."""

import math
import statistics

from loadtests.bench.report.figures import Figures

REQUESTS = 100_000
HITS, MISSES, WRITES = 0.80, 0.10, 0.10
"""A write drops the writer's answers, so each is followed by about one miss; the other reads are hits."""

UTILISATION = 0.6
"""The part of a core that is planned with: what is left is for peaks, and for a part that fails."""

POOL = 8
GATEWAY_RATE = 25_000
"""Requests per second and core of nginx as a TLS proxy with keep-alive: an assumption, not measured here."""

WORKER_RATE = 5_000
"""Lists that a worker publishes per second, by the design's goal."""


def needed(figures: Figures) -> list[tuple[str, str, str]]:
    """Part, busy cores, and how many of them; empty when a figure is missing."""
    if any(not figures.of(name) for name in ("list hit", "list miss", "create", "update")):
        return []
    cores = {part: _cores(figures, part) for part in ("service", "redis", "postgresql")}
    many = {part: math.ceil(busy / UTILISATION) for part, busy in cores.items()}
    gateway = REQUESTS / GATEWAY_RATE
    pooled = f"{many['service'] * POOL} connections at most, through a pooler"
    return [
        (
            f"gateway (assumed: {GATEWAY_RATE:,} requests/s per core)",
            f"{gateway:.1f}",
            f"{math.ceil(gateway / UTILISATION)} cores",
        ),
        ("API", f"{cores['service']:.1f}", f"{many['service']} processes, one per core"),
        ("Redis", f"{cores['redis']:.1f}", f"{many['redis']} primaries, each with a replica"),
        ("PostgreSQL", f"{cores['postgresql']:.1f}", f"{many['postgresql']} cores of primaries; {pooled}"),
        ("worker", "", f"{math.ceil(REQUESTS * WRITES / WORKER_RATE) + 1}, one of them spare"),
    ]


def _cores(figures: Figures, part: str) -> float:
    def cost(scenario: str) -> float:
        return max(0.0, statistics.median(sample.cpu[part] for sample in figures.of(scenario)))

    write = (cost("create") + cost("update")) / 2
    microseconds = HITS * cost("list hit") + MISSES * cost("list miss") + WRITES * write
    return REQUESTS * microseconds / 1e6
