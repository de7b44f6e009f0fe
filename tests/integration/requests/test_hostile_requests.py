"""A short attack on every route by several users at once; `python -m tests.hostile.everything` is the long one."""

from collections.abc import Mapping

import pytest

from tests.hostile.everything import MOST_MEMORY, SHAPES, attack
from tests.stack import Stack

REQUESTS = 900


@pytest.mark.parametrize("shape", SHAPES, ids=["array", "object"])
def test_nobody_gets_at_another_and_nothing_breaks(stack: Stack, shape: Mapping[str, str]) -> None:
    """Nothing is a 500, or hangs; nobody is shown, or has changed, what is another's; the process is as it was."""
    worker = stack.worker(WORKER_ERASE_PERIOD="1")
    found = attack(stack, shape, seed=7, count=REQUESTS)
    worker.stop()
    assert (found.failed, found.foreign, found.alive) == ([], [], True)
    assert found.statuses[200] > REQUESTS / 10
    assert found.after < MOST_MEMORY * found.before
