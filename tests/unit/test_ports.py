"""The ports of the tests themselves."""

import subprocess
import sys

from tests.ports import steady_port, take
from tests.stack import TOP


def test_a_port_is_given_once() -> None:
    """Here, and to no process beside this one for as long as that lives."""
    command = (sys.executable, "-c", "from tests.ports import steady_port; print(steady_port(), flush=True); input()")
    with subprocess.Popen(command, cwd=TOP, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdin
        assert other.stdout
        port = int(other.stdout.readline())
        assert not take(port)
        other.communicate("\n")
    assert take(port)
    assert not take(port)
    ours = [steady_port(bus=10_000) for _ in range(50)]
    assert len({*ours, *(port + 10_000 for port in ours)}) == 100
