"""Every decision turned the wrong way, with the promise that it then breaks."""

from typing import Any

from tests.consistency.model.explore import Mutant
from tests.consistency.model.failover import mutants as failover
from tests.consistency.model.fence import mutants as fence

MUTANTS: tuple[Mutant[Any], ...] = (*fence.MUTANTS, *failover.MUTANTS)
