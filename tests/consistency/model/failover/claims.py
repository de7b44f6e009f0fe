"""What is claimed of the service on servers that fail over, world by world; the worker lives in all of them.

- cut off: a process loses its wire at any moment; it reads past the cache, too. Nothing is stale.
- psql: commits that nobody announces, and evictions at any moment; whoever shows a state announces it.
- failed over: PostgreSQL loses its last commits. What was lost is a hit for no process that has shown anything of the
  new history or adopted it; no revision is given twice, unless the new server's clock is behind.
- promoted, hidden: a Redis replica takes over that lacks what it had not received. Nothing is stale.
- silent: nobody reaches Redis for a while, and the worker notes it. Writes go on, and nothing is stale after it. That
  at `away` nobody reads any more is a matter of time, which is not modelled: the worker's silence is longer than
  anybody's. It is none where the worker and a writer are cut off from a Redis that a third still reaches.
- moved: the list's slot goes to another master of a Redis Cluster, and one of them fails over; it may come back.
  Nothing is stale.
"""

from collections.abc import Iterator
from dataclasses import replace

from tests.consistency.model.explore import Claim, Limit
from tests.consistency.model.failover.model import Model
from tests.consistency.model.failover.promises import Promise
from tests.consistency.model.failover.protocol import Protocol, World

PRODUCT = Protocol()
UNRAISED = Protocol(raises_before_commit=False)  # a second guard: whoever shows a state announces it
TRUSTING = Protocol(fresh_if_another=False)  # another, once a server's name is of this life of it

NOBODY = (False, False)

CUT_OFF = World(cuts=(True, False))
BYPASSED = World(cuts=(True, False), readers=(1, 1), bypasses=(True, False))
EVICTED_BYPASSED = replace(BYPASSED, wipes=True)
EVICTED = World(cuts=(True, False), wipes=True, bypasses=NOBODY)
PSQL = World(readers=(2,), writers=(0,), bypasses=(True,), cuts=(False,), outsiders=True, wipes=True)
FAILED_OVER = World(failovers=1, bypasses=NOBODY)
FAILED_OVER_PSQL = replace(PSQL, failovers=1, wipes=False)
FAILED_OVER_CUT_OFF = World(failovers=1, cuts=(False, True))
FAILED_OVER_EVICTED = World(failovers=1, wipes=True, bypasses=NOBODY)
WRITTEN_TWICE = World(failovers=1, commits=2, bypasses=NOBODY)
NUMBERED = World(failovers=1, commits=2, readers=(0, 0), writers=(1, 1), bypasses=NOBODY)
BEHIND = replace(WRITTEN_TWICE, clock_behind=True)
PROMOTED = World(promotions=1, bypasses=NOBODY)
PROMOTED_TWICE = replace(PROMOTED, promotions=2)
HIDDEN = replace(PROMOTED, hidden=True)
STARTING = replace(PROMOTED, deaths=True)
SILENT = World(outages=1)
SILENT_STARTING = World(outages=1, deaths=True, bypasses=NOBODY)
SILENT_FAILED_OVER = World(failovers=1, outages=1, readers=(1,), writers=(1,), bypasses=(False,), cuts=(False,))
MOVED = World(nodes=2, moves=1, first=1)
MOVED_PROMOTED = replace(MOVED, promotions=1, bypasses=NOBODY)
MOVED_THERE_AND_BACK = replace(MOVED_PROMOTED, moves=2, first=0)

STRICT = frozenset({Promise.STRICT})
ALWAYS = frozenset({Promise.STRICT, Promise.CACHED})
LOST = frozenset({Promise.STRICT, Promise.MET})
LOST_AND_UNIQUE = LOST | {Promise.UNIQUE}

CLAIMS = (
    Claim("cut off", Model(PRODUCT, CUT_OFF), ALWAYS),
    Claim("cut off, unraised", Model(UNRAISED, CUT_OFF), ALWAYS),
    Claim("cut off, bypassed", Model(PRODUCT, BYPASSED), ALWAYS),
    Claim("psql, evicted", Model(PRODUCT, PSQL), STRICT),
    Claim("failed over", Model(PRODUCT, FAILED_OVER), LOST),
    Claim("failed over, numbered", Model(PRODUCT, NUMBERED), LOST_AND_UNIQUE),
    Claim("promoted", Model(PRODUCT, PROMOTED), ALWAYS),
    Claim("promoted, trusting", Model(TRUSTING, PROMOTED), ALWAYS),
    Claim("promoted, hidden", Model(PRODUCT, HIDDEN), ALWAYS),
    Claim("silent", Model(PRODUCT, SILENT), ALWAYS),
    Claim("moved", Model(PRODUCT, MOVED), ALWAYS),
)


LIMITS = (
    Limit("a clock that is behind", Model(PRODUCT, BEHIND), Promise.UNIQUE),
    Limit("a fence that a lost write has raised", Model(PRODUCT, FAILED_OVER), Promise.CACHED),
)


def larger_claims() -> Iterator[Claim[Promise]]:
    """Two faults together, and more who take part: minutes instead of seconds."""
    for name, protocol, world, promises in (
        ("cut off, evicted", PRODUCT, EVICTED, ALWAYS),
        ("cut off, evicted, unraised", UNRAISED, EVICTED, ALWAYS),
        ("cut off, evicted, bypassed", PRODUCT, EVICTED_BYPASSED, STRICT),
        ("failed over, written twice", PRODUCT, WRITTEN_TWICE, LOST_AND_UNIQUE),
        ("failed over, bypassed", PRODUCT, replace(FAILED_OVER, bypasses=(False, True)), LOST),
        ("failed over, psql", PRODUCT, FAILED_OVER_PSQL, LOST),
        ("promoted, starting", PRODUCT, STARTING, STRICT),
        ("failed over, behind", PRODUCT, BEHIND, LOST),
        ("failed over, cut off", PRODUCT, FAILED_OVER_CUT_OFF, LOST),
        ("failed over, evicted", PRODUCT, FAILED_OVER_EVICTED, LOST | {Promise.CACHED}),
        ("failed over, 2 readers", PRODUCT, World(failovers=1, readers=(0, 2), bypasses=NOBODY), LOST),
        ("failed over and promoted", PRODUCT, replace(PROMOTED, failovers=1), LOST),
        ("promoted twice", PRODUCT, PROMOTED_TWICE, STRICT),
        ("promoted twice, trusting", TRUSTING, PROMOTED_TWICE, STRICT),
        ("promoted, hidden, starting", PRODUCT, replace(HIDDEN, deaths=True), STRICT),
        ("silent, starting", PRODUCT, SILENT_STARTING, STRICT),
        ("silent twice", PRODUCT, replace(SILENT, outages=2, bypasses=NOBODY), STRICT),
        ("silent and failed over", PRODUCT, SILENT_FAILED_OVER, LOST),
        ("silent and failed over, 2 processes", PRODUCT, replace(FAILED_OVER, outages=1), LOST),
        ("moved and promoted", PRODUCT, MOVED_PROMOTED, STRICT),
        ("moved there and back", PRODUCT, MOVED_THERE_AND_BACK, STRICT),
    ):
        yield Claim(name, Model(protocol, world), promises)
