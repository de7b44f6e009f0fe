"""The running service, briefly: a few faults by seed, a restart under load; and mutants, to see that this can fail.

`make faults` does the same at length.
"""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest
import uvloop

from tests.consistency.altered.mutants import MUTANTS, Mutant
from tests.consistency.runs.hunt import hunt
from tests.consistency.runs.rolling import rolling_restart
from tests.consistency.runs.run import fault_run
from tests.consistency.runs.upgrade import upgrade
from tests.release import RELEASES
from tests.stack import PATIENT_REDIS_TIMEOUT

SEED = 1
FAULTS = ("api killed", "postgres killed", "commit cut after", "api frozen at commit", "commit held, wiped")
FAILOVERS = ("postgres failover", "redis promoted, worker away")
BRIEF = {"REDIS_TIMEOUT": "1", "WORKER_AUDIT_PERIOD": "1"}
QUICK = [mutant for mutant in MUTANTS if mutant.name in ("fill-without-the-fence", "repeats-commits", "told-twice")]

T = TypeVar("T")


def run(what: Callable[[], Awaitable[T]]) -> T:
    async def awaited() -> T:
        return await what()

    return uvloop.run(awaited())


def test_nothing_is_wrong_whatever_dies() -> None:
    """Processes killed, frozen between raise and COMMIT, connections cut in COMMIT, Redis wiped at the worst moment.

    A machine that is busy must not look like a Redis that hangs, so the time-out is a patient one.
    """
    settings = {"REDIS_TIMEOUT": PATIENT_REDIS_TIMEOUT, "WORKER_AUDIT_PERIOD": "1"}
    result = run(
        lambda: fault_run(3, seed=SEED, say=print, apis=2, users=8, sessions=3, only=FAULTS, settings=settings)
    )
    assert result.faults == []
    assert result.injections  # how many there is time for is the machine's affair


def test_nothing_is_wrong_whoever_takes_over() -> None:
    """A standby, a replica that lagged: what PostgreSQL has lost is lost, and nothing else; nothing stale is shown."""
    result = run(
        lambda: fault_run(1, seed=SEED, say=print, apis=2, users=8, sessions=3, only=FAILOVERS, settings=BRIEF)
    )
    assert result.faults == []
    assert result.injections


def test_a_rolling_restart_fails_no_request() -> None:
    """SIGTERM under load: what was begun is answered; what was not is not made, so another process can do it."""
    restarted = run(lambda: rolling_restart(seed=SEED, users=6))
    assert restarted.failed == 0, restarted.outcomes
    assert [str(violation) for violation in restarted.verdict.all] == []


@pytest.mark.parametrize("version", RELEASES)
def test_an_upgrade_fails_no_request(version: str) -> None:
    """The schema goes on under the processes of an earlier release, and one after another they are replaced."""
    upgraded = run(lambda: upgrade(version, seed=SEED, users=6))
    assert upgraded.failed == 0, upgraded.outcomes
    assert [str(violation) for violation in upgraded.verdict.all] == []


@pytest.mark.parametrize("mutant", QUICK, ids=lambda mutant: mutant.name)
def test_a_wrong_service_is_found_out(mutant: Mutant) -> None:
    """Else the tests above would show nothing."""
    catch = run(lambda: hunt(mutant, seed=SEED))
    assert catch.violation is not None, f"{catch.operations} operations"
