"""The fence protocol, searched exhaustively: what it promises holds, and each of its parts is needed."""

from dataclasses import fields
from typing import Any

import pytest

from tests.consistency.model.claims import CLAIMS, LIMITS
from tests.consistency.model.explore import Claim, Limit, Mutant, explore
from tests.consistency.model.failover import claims as failover
from tests.consistency.model.failover import protocol as failover_protocol
from tests.consistency.model.fence import claims as fence
from tests.consistency.model.fence import protocol as fence_protocol
from tests.consistency.model.fence.model import Model
from tests.consistency.model.fence.protocol import World
from tests.consistency.model.mutants import MUTANTS

Protocol = fence_protocol.Protocol | failover_protocol.Protocol


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.name)
def test_every_promise_holds_in_every_reachable_state(claim: Claim[Any]) -> None:
    """No interleaving of readers, writers, the worker and the faults of this world breaks a promise."""
    outcome = explore(claim.model, claim.promises)

    assert outcome.counterexample is None, f"\n{outcome.counterexample}"


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mutant_is_found_out_for_its_own_reason(mutant: Mutant[Any]) -> None:
    """The wrong protocol breaks the promise expected of it, by the steps that make it wrong."""
    counterexample = mutant.search().counterexample

    assert counterexample is not None
    assert counterexample.promise is mutant.breaks, f"\n{counterexample}"
    steps = iter(counterexample.steps)
    assert all(any(telling in step for step in steps) for telling in mutant.telling), f"\n{counterexample}"


@pytest.mark.parametrize("product", [fence.PRODUCT, failover.PRODUCT], ids=["fence", "failover"])
def test_every_decision_of_the_protocol_is_turned(product: Protocol) -> None:
    """Nothing is in the protocol without need: a mutant turns it, or a claim that says what else guards the same."""
    models = [*(mutant.model for mutant in MUTANTS), *(claim.model for claim in CLAIMS)]
    turned = {
        decision.name
        for decision in fields(product)
        for model in models
        if type(model.protocol) is type(product)
        and getattr(model.protocol, decision.name) != getattr(product, decision.name)
    }

    assert turned == {decision.name for decision in fields(product)}


@pytest.mark.parametrize("limit", LIMITS, ids=lambda limit: limit.name)
def test_a_fault_costs_what_is_said_of_it(limit: Limit[Any]) -> None:
    """The promise that a fault suspends is indeed broken in its world: the claims say no less than they can."""
    outcome = explore(limit.model, {limit.promise})

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
    reduced = Model(fence.PRODUCT, world)
    few = explore(reduced, fence.LATE_PROMISES)
    all_ = explore(Model(fence.PRODUCT, world, reduced=False), fence.LATE_PROMISES)

    assert few.counterexample is None
    assert all_.counterexample is None
    assert {reduced.canonical(reduced.forget(state)) for state in all_.states} == set(few.states)
