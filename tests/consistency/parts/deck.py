"""Every fault that a run draws from, what it can befall, and how long it lasts."""

from dataclasses import dataclass

from tests.consistency.failover import postgres, redis, several
from tests.consistency.parts.cluster import Caches, Inject
from tests.consistency.parts.faults import (
    POLICIES,
    cut_after_commit,
    cut_before_commit,
    delayed,
    disk_full,
    frozen,
    frozen_at_commit,
    full,
    killed,
    no_connections,
    poisoned,
    refused,
    reset,
    silent_to_client,
    silent_to_server,
    wiped,
    wiped_at_commit,
    wiped_at_fill,
    wiped_behind_a_slow_wire,
)


@dataclass(frozen=True, slots=True)
class Fault:
    """A kind of fault, what it can befall, and how many seconds it lasts, from and to."""

    name: str
    inject: Inject
    targets: tuple[str, ...]
    seconds: tuple[float, float]
    worker_away: bool = False
    """The worker is gone while others cannot reach Redis: the one double fault that the design leaves open."""
    caches: Caches = "one"
    """In which kind of cluster it can happen."""
    repaired_by_writes: bool = False
    """What it does to a list, the next write sets right, and the worker what it has not published yet: so after a third
    of it some write nothing any more, and only look.
    """


_APIS = ("api 0", "api 1", "api 2", "api 3")
_TO_POSTGRES = tuple(f"{api} - postgres" for api in _APIS)
_TO_REDIS = tuple(f"{api} - redis" for api in _APIS)
_FRONTS = tuple(f"clients - {api}" for api in _APIS)
_WORKERS = ("worker - postgres", "worker - redis")

FAULTS = (
    Fault("api killed", killed, _APIS, (0.0, 1.0)),
    Fault("worker killed", killed, ("worker",), (0.0, 2.0)),
    Fault("redis killed", killed, ("redis",), (0.0, 2.0)),
    Fault("postgres killed", killed, ("postgres",), (0.0, 2.0)),
    Fault("api frozen", frozen, _APIS, (0.1, 3.0)),
    Fault("worker frozen", frozen, ("worker",), (0.5, 3.0)),
    Fault("redis frozen", frozen, ("redis",), (0.05, 3.0)),
    Fault("postgres frozen", frozen, ("postgres",), (0.5, 4.0)),
    Fault("api frozen at commit", frozen_at_commit, _APIS, (0.1, 2.0)),
    Fault("commit held, wiped", wiped_at_commit, _APIS, (0.2, 1.0)),
    Fault("wiped", wiped, ("redis",), (0.5, 2.0)),
    Fault("fill held, wiped", wiped_at_fill, _TO_REDIS, (0.1, 0.5)),
    Fault("wiped, wire slow", wiped_behind_a_slow_wire, _TO_REDIS, (0.5, 2.0)),
    *(Fault(f"memory full, {policy}", full(policy), ("redis",), (0.5, 1.0)) for policy in POLICIES),
    Fault("postgres wire slow", delayed, _TO_POSTGRES, (0.5, 2.0)),
    Fault("postgres wire cut", refused, (*_TO_POSTGRES, _WORKERS[0]), (0.3, 2.0)),
    Fault("postgres wire reset", reset, (*_TO_POSTGRES, _WORKERS[0]), (0.1, 1.0)),
    Fault("postgres deaf", silent_to_server, (*_TO_POSTGRES, _WORKERS[0]), (0.5, 3.5)),
    Fault("postgres dumb", silent_to_client, (*_TO_POSTGRES, _WORKERS[0]), (0.5, 3.5)),
    Fault("redis wire slow", delayed, _TO_REDIS, (0.5, 2.0)),
    Fault("redis wire cut", refused, (*_TO_REDIS, _WORKERS[1]), (0.3, 2.0)),
    Fault("redis wire reset", reset, (*_TO_REDIS, _WORKERS[1]), (0.1, 1.0)),
    Fault("redis deaf", silent_to_server, (*_TO_REDIS, _WORKERS[1]), (0.3, 2.0)),
    Fault("redis dumb", silent_to_client, (*_TO_REDIS, _WORKERS[1]), (0.3, 2.0)),
    Fault("client wire slow", delayed, _FRONTS, (0.3, 1.0)),
    Fault("client wire reset", reset, _FRONTS, (0.2, 1.0)),
    Fault("client wire dumb", silent_to_client, _FRONTS, (0.3, 1.0)),
    Fault("commit cut before", cut_before_commit, _TO_POSTGRES, (0.0, 0.1)),
    Fault("commit cut after", cut_after_commit, _TO_POSTGRES, (0.0, 0.1)),
    Fault("no connections", no_connections, ("postgres",), (0.5, 2.0)),
    Fault("queue poisoned", poisoned, ("worker",), (0.0, 1.0)),
    Fault("disk full", disk_full, ("postgres",), (1.0, 2.0)),
    Fault("postgres failover", postgres.failed_over, ("postgres",), (1.0, 4.0), repaired_by_writes=True),
    Fault(
        "postgres failover, synchronous",
        postgres.failed_over_synchronously,
        ("postgres",),
        (1.0, 4.0),
        repaired_by_writes=True,
    ),
    Fault("postgres restored", postgres.restored, ("postgres",), (1.0, 4.0), repaired_by_writes=True),
    Fault("postgres recovered", postgres.recovered, ("postgres",), (1.0, 4.0), repaired_by_writes=True),
    Fault("redis promoted", redis.promoted, ("redis",), (1.0, 4.0), repaired_by_writes=True),
    Fault(
        "redis promoted, worker away",
        redis.promoted_without_worker,
        ("redis",),
        (1.0, 4.0),
        worker_away=True,
        repaired_by_writes=True,
    ),
    Fault("redis promoted, run_id hidden", redis.promoted_unnoticed, ("redis",), (1.0, 4.0), repaired_by_writes=True),
    Fault("redis promoted, api starts", redis.promoted_while_starting, _APIS, (1.0, 4.0), repaired_by_writes=True),
    Fault("redis split", redis.split, ("redis",), (1.0, 4.0), repaired_by_writes=True),
    Fault("redis elected", several.elected, ("redis",), (1.0, 4.0), caches="sentinels", repaired_by_writes=True),
    Fault("redis slot moved", several.moved, ("redis",), (1.0, 4.0), caches="cluster", repaired_by_writes=True),
    Fault("redis master replaced", several.replaced, ("redis",), (1.0, 4.0), caches="cluster", repaired_by_writes=True),
)
BY_NAME = {fault.name: fault for fault in FAULTS}
