"""What is claimed of the service on servers that fail over, world by world; the worker lives in all of them.

- cut off: a process loses its wire at any moment, and the hash is evicted at any moment. Nothing is stale.
- psql: commits that nobody announces; whoever shows one announces it.
- failed over: PostgreSQL loses its last commits. What was lost is a hit for nobody after the worker's sweep, and
  for no process that has met the new history; no revision is given twice, unless the new server's clock is behind.
- promoted, hidden: a Redis replica takes over that lacks what it had not received. Nothing is stale.
- silent: nobody reaches Redis for a while, and the worker notes it. Writes go on, and nothing is stale after it.
- moved: the list's slot goes to another master of a Redis Cluster, and one of them fails over. Nothing is stale.
"""

from collections.abc import Iterator
from dataclasses import replace

from tests.consistency.model.explore import Claim, Limit
from tests.consistency.model.failover.model import Model
from tests.consistency.model.failover.promises import Promise
from tests.consistency.model.failover.protocol import Protocol, World

PRODUCT = Protocol()
UNRAISED = Protocol(raises_before_commit=False)  # a second guard: whoever shows a state announces it
FALLING = Protocol(sweep_keeps_fence=False, foreign_keeps_fence=False)  # another: a lower fence is as good as none

CUT_OFF = World(cuts=(True, False), wipes=True)
BYPASSED = replace(CUT_OFF, readers=(1, 1), wipes=False)
PSQL = World(readers=(2,), writers=(0,), bypasses=(True,), cuts=(False,), outsiders=True)
FAILED_OVER = World(failovers=1)
FAILED_OVER_PSQL = replace(PSQL, failovers=1)
FAILED_OVER_TWICE_WRITTEN = World(failovers=1, commits=2, bypasses=(False, False))
BEHIND = replace(FAILED_OVER_TWICE_WRITTEN, clock_behind=True)
LATE = World(readers=(2,), writers=(0,), bypasses=(True,), cuts=(False,), outsiders=True, failovers=1, late=True)
PROMOTED = World(promotions=1)
PROMOTED_TWICE = World(promotions=2)
HIDDEN = World(promotions=1, hidden=True)
HIDDEN_FAILED_OVER = World(failovers=1, hidden=True, cuts=(True, False), bypasses=(False, False))
STARTING = World(promotions=1, deaths=True)
SILENT = World(outages=1)
MOVED = World(nodes=2, moves=1)
MOVED_PROMOTED = World(nodes=2, moves=1, promotions=1, bypasses=(False, False))

STRICT = frozenset({Promise.STRICT})
ALWAYS = frozenset({Promise.STRICT, Promise.CACHED})
LOST = frozenset({Promise.STRICT, Promise.SWEPT, Promise.MET})
LOST_AND_UNIQUE = LOST | {Promise.UNIQUE}

CLAIMS = (
    Claim("cut off", Model(PRODUCT, CUT_OFF), ALWAYS),
    Claim("cut off, unraised", Model(UNRAISED, CUT_OFF), ALWAYS),
    Claim("bypassed", Model(PRODUCT, BYPASSED), ALWAYS),
    Claim("psql, evicted", Model(PRODUCT, replace(PSQL, wipes=True)), ALWAYS),
    Claim("failed over", Model(PRODUCT, FAILED_OVER), LOST_AND_UNIQUE),
    Claim("failed over, falling", Model(FALLING, FAILED_OVER), LOST_AND_UNIQUE),
    Claim("failed over, psql", Model(PRODUCT, FAILED_OVER_PSQL), LOST_AND_UNIQUE),
    Claim("failed over, written twice", Model(PRODUCT, FAILED_OVER_TWICE_WRITTEN), LOST_AND_UNIQUE),
    Claim("failed over, behind", Model(PRODUCT, BEHIND), LOST),
    Claim("promoted", Model(PRODUCT, PROMOTED), ALWAYS),
    Claim("promoted twice", Model(PRODUCT, PROMOTED_TWICE), STRICT),
    Claim("promoted, starting", Model(PRODUCT, STARTING), STRICT),
    Claim("hidden", Model(PRODUCT, HIDDEN), ALWAYS),
    Claim("silent", Model(PRODUCT, SILENT), ALWAYS),
    Claim("moved", Model(PRODUCT, MOVED), ALWAYS),
)


LIMITS = (
    Limit("a clock that is behind", Model(PRODUCT, BEHIND), Promise.UNIQUE),
    Limit("a fence that a lost write has raised", Model(PRODUCT, FAILED_OVER), Promise.CACHED),
)


def larger_claims() -> Iterator[Claim[Promise]]:
    """Two faults together, and more who take part: minutes instead of seconds."""
    for name, world, promises in (
        ("failed over, evicted", replace(FAILED_OVER, wipes=True), LOST | {Promise.CACHED}),
        ("failed over, late", LATE, LOST),
        ("failed over, late, 2 processes", World(failovers=1, readers=(0, 2), late=True), LOST),
        ("failed over, hidden, cut off", HIDDEN_FAILED_OVER, LOST),
        ("failed over and promoted", World(failovers=1, promotions=1, bypasses=(False, False)), LOST),
        ("hidden, promoted twice", replace(HIDDEN, promotions=2), STRICT),
        ("silent twice", replace(SILENT, outages=2), STRICT),
        ("the worker cut off", World(cuts=(True, False), worker_cut=True, bypasses=(False, False)), ALWAYS),
        ("moved and promoted", MOVED_PROMOTED, ALWAYS),
        ("moved twice and promoted", replace(MOVED_PROMOTED, moves=2), STRICT),
    ):
        yield Claim(name, Model(PRODUCT, world), promises)
