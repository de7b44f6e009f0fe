"""Nothing that a supervisor started outlives it, whatever ends it: SIGKILL, a crash, a closed terminal.

The guardian is a small process that is told of every child over a pipe. The kernel closes the pipe when the
supervisor is gone; then the guardian stops the children that are left, latest first. (Linux's PR_SET_PDEATHSIG would
be shorter, but it is tied to the thread that forked, is lost on setuid, and does not exist on macOS.)

This file is both ends: imported by the supervisor, and run as a script, so it imports nothing of the product.
"""

import atexit
import contextlib
import functools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence

PATIENCE = 8.0
"""Seconds that an orphan gets for an orderly stop before SIGKILL."""


ENDED = ("", "Z", "X")
"""States of a process that is gone, or would be if its parent (a container's idle first process) buried it."""


class Guardian:
    """The supervisor's end. `keep` are file descriptors (a lock) that stay open until the last orphan is gone."""

    def __init__(self, *, keep: Sequence[int] = ()) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", __file__],
            stdin=subprocess.PIPE,
            start_new_session=True,
            pass_fds=keep,
            cwd="/",
        )

    def watch(self, pid: int, stop_signal: signal.Signals) -> None:
        """Stop `pid` with `stop_signal` when the supervisor dies."""
        self._tell(f"+ {pid} {stop_signal:d}\n")

    def forget(self, pid: int) -> None:
        """`pid` has been waited for; its number may now be anyone's."""
        self._tell(f"- {pid} 0\n")

    def close(self) -> None:
        """Stop what is still watched, and end."""
        assert self._process.stdin
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.wait()

    def _tell(self, line: str) -> None:
        assert self._process.stdin
        with contextlib.suppress(BrokenPipeError):  # someone killed the guardian: what remains is the orderly stop
            os.write(self._process.stdin.fileno(), line.encode())


@functools.cache
def shared_guardian() -> Guardian:
    """The guardian of this process, started with its first child."""
    guardian = Guardian()
    atexit.register(guardian.close)
    return guardian


def main(lines: Iterable[str]) -> None:
    """The guardian's end: remember until the pipe closes, then stop whatever is left."""
    watched: dict[int, int] = {}
    for line in lines:
        verb, child, stop_signal = line.split()
        if verb == "+":
            watched[int(child)] = int(stop_signal)
        else:
            watched.pop(int(child), None)
    for pid in reversed(watched):
        _stop(pid, watched[pid])


def _stop(pid: int, stop_signal: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, stop_signal)
        os.kill(pid, signal.SIGCONT)
        deadline = time.monotonic() + PATIENCE
        while process_state(pid) not in ENDED:
            if time.monotonic() > deadline:
                os.kill(pid, signal.SIGKILL)
                return
            time.sleep(0.02)


def process_state(pid: int) -> str:
    """The letter that `ps` shows: T for stopped, Z for a zombie, … Empty: no such process. `?`: it exists."""
    try:
        os.kill(pid, 0)
        with open(f"/proc/{pid}/stat") as stat:  # noqa: PTH123  # pathlib would double the guardian's size
            return stat.read().rpartition(")")[2].split()[0]
    except ProcessLookupError:
        return ""
    except OSError:  # no /proc here, or not for us
        return "?"


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # it ends when the pipe does, and not before
    main(sys.stdin)
