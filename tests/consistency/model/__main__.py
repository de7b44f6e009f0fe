"""Search the larger worlds and print every mutant's counterexample: `python -m tests.consistency.model`."""

import sys
import textwrap
import time

from tests.consistency.model.claims import CLAIMS, larger_claims
from tests.consistency.model.explore import explore
from tests.consistency.model.mutants import MUTANTS


def main() -> int:
    """The exit status: 0 if every claim holds and every mutant is found out."""
    failures = 0
    for claim in (*CLAIMS, *larger_claims()):
        began = time.perf_counter()
        outcome = explore(claim.model, claim.promises)
        seconds = time.perf_counter() - began
        _say(f"{claim.name:34} {len(outcome.states):9,} states {outcome.steps:11,} steps {seconds:7.1f} s")
        if outcome.counterexample is not None:
            failures += 1
            _say(str(outcome.counterexample))
    for mutant in MUTANTS:
        outcome = mutant.search()
        _say(f"\n{mutant.name} ({len(outcome.states):,} states)\n{textwrap.fill(mutant.why, width=100)}")
        failures += outcome.counterexample is None
        _say(str(outcome.counterexample or "NOT FOUND OUT"))
    return 1 if failures else 0


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
