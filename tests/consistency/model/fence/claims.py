"""What the protocol is claimed to keep, world by world.

- calm: processes die, transactions roll back and the hash expires, which are no faults. A hit is then never
  older than anything that anybody can have seen.
- wiped: Redis loses the hash at any moment and any number of times, by a wipe, an eviction or an empty
  restart. The confirmation after COMMIT keeps what was acknowledged; the worker's next round keeps the rest.
- deaf: besides, a raise may fail to reach Redis while its confirmation arrives. It costs no more than a wipe.
- cut off: neither may arrive, as in an API process without Redis, and for a write by psql, which calls nobody.
  Only the worker's next round helps.
- uncompared: as wiped, and a hit is not compared with the fence, which shows that nothing below it is kept.
- restarted: Redis comes back with what it held earlier, leases included, as from a snapshot or by the
  promotion of a replica that lags. Only the worker helps, and only because it notices and publishes again.

By itself the fence is late where somebody is cut off or Redis is another one: what is done about that is shown in the
other room, `failover`.
"""

from collections.abc import Iterator
from dataclasses import replace

from tests.consistency.model.explore import Claim, Limit
from tests.consistency.model.fence.model import Model
from tests.consistency.model.fence.promises import Promise
from tests.consistency.model.fence.protocol import Call, Protocol, World

CALM_PROMISES = frozenset({Promise.FRESH, Promise.ROOM, Promise.UNSTUCK})  # FRESH contains the other two
WIPED_PROMISES = frozenset({Promise.ACKNOWLEDGED, Promise.COVERED, Promise.ROOM, Promise.UNSTUCK})
LATE_PROMISES = frozenset({Promise.COVERED, Promise.ROOM, Promise.UNSTUCK})

PRODUCT = Protocol()
UNCONFIRMED = Protocol(confirms=False)
UNCOMPARED = Protocol(hit_compares_fence=False)  # a second guard: nothing below the fence is kept

CALM = World(commits=3)
WIPED = World(commits=2, wipes=True)
DEAF = World(commits=2, readers=2, wipes=True, lost=frozenset({Call.RAISE}))
CUT_OFF = World(commits=2, wipes=True, lost=frozenset(Call))
RESTARTED = World(commits=2, writers=1, readers=1, variants=1, restarts=1)


CLAIMS = (
    Claim("calm", Model(PRODUCT, CALM), CALM_PROMISES),
    Claim("calm-unconfirmed", Model(UNCONFIRMED, CALM), CALM_PROMISES),
    Claim("wiped", Model(PRODUCT, WIPED), WIPED_PROMISES),
    Claim("wiped-unconfirmed", Model(UNCONFIRMED, WIPED), LATE_PROMISES),
    Claim("wiped-uncompared", Model(UNCOMPARED, replace(WIPED, readers=2)), WIPED_PROMISES),
    Claim("deaf", Model(PRODUCT, DEAF), WIPED_PROMISES),
    Claim("cut-off", Model(PRODUCT, CUT_OFF), LATE_PROMISES),
    Claim("restarted", Model(PRODUCT, RESTARTED), LATE_PROMISES),
)


LIMITS = (
    Limit("a wipe before the confirmation", Model(PRODUCT, WIPED), Promise.FRESH),
    Limit("a writer cut off", Model(PRODUCT, CUT_OFF), Promise.ACKNOWLEDGED),
    Limit("a restart from a snapshot", Model(PRODUCT, RESTARTED), Promise.ACKNOWLEDGED),
)


def larger_claims() -> Iterator[Claim[Promise]]:
    """More processes, more commits, more faults, and no reduction: minutes instead of seconds."""
    for name, world, reduced, promises in (
        ("calm, 4 commits, 2 workers", World(commits=4, workers=2), True, CALM_PROMISES),
        ("calm, 3 writers, 4 readers", World(commits=3, writers=3, readers=4), True, CALM_PROMISES),
        ("calm, unreduced", CALM, False, CALM_PROMISES),
        ("wiped, 3 commits", replace(WIPED, commits=3), True, WIPED_PROMISES),
        ("wiped, 2 workers", replace(WIPED, workers=2), True, WIPED_PROMISES),
        ("wiped, unreduced", WIPED, False, WIPED_PROMISES),
        ("cut off, 3 commits", replace(CUT_OFF, commits=3), True, LATE_PROMISES),
        ("restarted, 2 writers", replace(RESTARTED, writers=2, variants=2), True, LATE_PROMISES),
        ("restarted, 2 readers", replace(RESTARTED, readers=2), True, LATE_PROMISES),
        ("restarted twice and wiped", replace(RESTARTED, restarts=2, wipes=True), True, LATE_PROMISES),
    ):
        yield Claim(name, Model(PRODUCT, world, reduced), promises)
