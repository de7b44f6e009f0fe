"""The fence protocol, searched exhaustively: what it promises holds, and each of its parts is needed."""

from dataclasses import fields

import pytest

from tests.consistency.model.claims import CLAIMS, LATE_PROMISES, LIMITS, PRODUCT, Claim, Limit
from tests.consistency.model.explore import canonical, explore
from tests.consistency.model.mutants import MUTANTS, Mutant
from tests.consistency.model.protocol import Model, Protocol, World


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.name)
def test_every_promise_holds_in_every_reachable_state(claim: Claim) -> None:
    """No interleaving of readers, writers, the worker and the faults of this world breaks a promise."""
    outcome = explore(claim.model, claim.promises)

    assert outcome.counterexample is None, f"\n{outcome.counterexample}"


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mutant_is_found_out_for_its_own_reason(mutant: Mutant) -> None:
    """The wrong protocol breaks the promise expected of it, by the steps that make it wrong."""
    counterexample = mutant.search().counterexample

    assert counterexample is not None
    assert counterexample.promise is mutant.breaks, f"\n{counterexample}"
    steps = iter(counterexample.steps)
    assert all(any(telling in step for step in steps) for telling in mutant.telling), f"\n{counterexample}"


def test_every_decision_of_the_protocol_has_a_mutant() -> None:
    """Nothing is in the protocol without need: each of its decisions is turned in a mutant."""
    decisions = {decision.name for decision in fields(Protocol)}
    turned = {
        name for name in decisions for mutant in MUTANTS if getattr(mutant.protocol, name) != getattr(PRODUCT, name)
    }

    assert turned == decisions


@pytest.mark.parametrize("limit", LIMITS, ids=lambda limit: limit.name)
def test_a_fault_costs_what_is_said_of_it(limit: Limit) -> None:
    """The promise that a fault suspends is indeed broken in its world: the claims say no less than they can."""
    outcome = explore(Model(PRODUCT, limit.world), {limit.promise})

    assert outcome.counterexample is not None


@pytest.mark.parametrize(
    "world",
    [
        pytest.param(World(commits=1), id="calm"),
        pytest.param(World(commits=2, writers=1, readers=2, variants=1, wipes=True), id="wiped"),
        pytest.param(World(commits=1, writers=1, readers=1, variants=1, restarts=1), id="restarted"),
    ],
)
def test_the_reduction_loses_no_state(world: World) -> None:
    """What is reachable with the reduction is what is reachable without it, readers that cannot fill left out."""
    reduced = Model(PRODUCT, world)
    few = explore(reduced, LATE_PROMISES)
    all_ = explore(Model(PRODUCT, world, reduced=False), LATE_PROMISES)

    assert few.counterexample is None
    assert all_.counterexample is None
    assert {canonical(reduced.forget(state)) for state in all_.states} == set(few.states)
