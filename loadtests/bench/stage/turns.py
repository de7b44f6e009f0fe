"""Several servers under load, one after another for a tenth of a second each, again and again.

The speed of a virtual machine changes from second to second, by a fifth and more: of two measurements of a second each,
one after the other, the ratio is mostly that. Within a tenth of a second it meets all alike.
"""

import math
import signal
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from loadtests.bench.stage import wrk
from loadtests.bench.stage.machine import Cores, cpu_seconds, pinned

SLICE_SECONDS = 0.1

LEFT_SECONDS = 0.02
"""For what a load generator had on its way when it was stopped."""


@dataclass(frozen=True, slots=True)
class Side:
    """One who is measured: where it is asked what, and by parts, the processes that work for it."""

    url: str
    requests: Path
    parts: Sequence[Sequence[int]]


def costs(sides: Sequence[Side], *, connections: int, seconds: int, cores: Cores) -> list[tuple[float, ...]]:
    """CPU seconds per request of each part, for each side in order, which is under load for about so many seconds.

    Raises `WrkFailed`, also when a request failed.
    """
    whole = math.ceil(seconds * len(sides) * (1 + LEFT_SECONDS / SLICE_SECONDS))
    loads: list[_Load] = []
    try:
        for side in sides:
            loads.append(_Load(side, connections, whole, cores))  # noqa: PERF401  # what has begun is to be ended
        deadline = time.monotonic() + whole
        while time.monotonic() < deadline:
            for load in (*loads, *loads[::-1]):
                load.turn()
        return [load.end() for load in loads]
    finally:
        for load in loads:
            load.kill()


class _Load:
    """A load generator that stands still when it is not its turn."""

    def __init__(self, side: Side, connections: int, seconds: int, cores: Cores) -> None:
        self._side = side
        self._spent = [0.0] * len(side.parts)
        before = self._used()
        with pinned(cores.rest):
            command = wrk.command(side.url, side.requests, connections=connections, seconds=seconds)
            self._wrk = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self._stand_still()
        self._count(before)

    def turn(self) -> None:
        before = self._used()
        self._wrk.send_signal(signal.SIGCONT)
        self._stand_still()
        self._count(before)

    def end(self) -> tuple[float, ...]:
        """Its time is up: it goes on only to say what it has seen."""
        before = self._used()
        self._wrk.send_signal(signal.SIGCONT)
        output, errors = self._wrk.communicate(timeout=wrk.TIMEOUT)
        self._count(before)
        run = wrk.result(output, errors, self._wrk.returncode)
        if not run.requests or run.refused or run.broken:
            raise wrk.WrkFailed(f"{run.refused + run.broken} of {run.requests} requests failed")
        return tuple(spent / run.requests for spent in self._spent)

    def kill(self) -> None:
        self._wrk.kill()
        self._wrk.communicate()

    def _stand_still(self) -> None:
        time.sleep(SLICE_SECONDS)
        self._wrk.send_signal(signal.SIGSTOP)
        time.sleep(LEFT_SECONDS)

    def _used(self) -> list[float]:
        return [sum(map(cpu_seconds, part)) for part in self._side.parts]

    def _count(self, before: Sequence[float]) -> None:
        now = self._used()
        self._spent = [spent + after - earlier for spent, after, earlier in zip(self._spent, now, before, strict=True)]
