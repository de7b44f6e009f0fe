"""Everything that is claimed, and how far it goes: the fence by itself, then what it stands on."""

from collections.abc import Iterator
from itertools import chain
from typing import Any

from tests.consistency.model.explore import Claim
from tests.consistency.model.failover import claims as failover
from tests.consistency.model.fence import claims as fence

CLAIMS: tuple[Claim[Any], ...] = (*fence.CLAIMS, *failover.CLAIMS)
LIMITS = (*fence.LIMITS, *failover.LIMITS)


def larger_claims() -> Iterator[Claim[Any]]:
    """What takes minutes instead of seconds."""
    return chain(fence.larger_claims(), failover.larger_claims())
