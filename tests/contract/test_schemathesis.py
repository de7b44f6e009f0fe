"""A smaller run of `make contract`: every operation, every check, every phase, fewer draws."""

from tests.contract.__main__ import run
from tests.stack import Stack

SEED = 20_261_224


def test_the_service_does_what_its_document_says(stack: Stack) -> None:
    """Nothing fails, nothing is left out, and there were more cases than the document alone would make."""
    outcome = run(stack, examples=6, seed=SEED)
    assert outcome.passed, outcome.output
    assert outcome.cases >= 2000
