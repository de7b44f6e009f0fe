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
    loads = [_Load(side) for side in sides]
    try:
        for load in loads:
            load.begin(connections, whole, cores)
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

    def __init__(self, side: Side) -> None:
        self._side = side
        self._spent = [0.0] * len(side.parts)
        self._wrk: subprocess.Popen[str] | None = None

    def begin(self, connections: int, seconds: int, cores: Cores) -> None:
        """The first turn."""
        before = self._used()
        with pinned(cores.rest):
            command = wrk.command(self._side.url, self._side.requests, connections=connections, seconds=seconds)
            self._wrk = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self._stand_still()
        self._count(before)

    def turn(self) -> None:
        before = self._used()
        self._running.send_signal(signal.SIGCONT)
        self._stand_still()
        self._count(before)

    def end(self) -> tuple[float, ...]:
        """Its time is up: it goes on only to say what it has seen."""
        before = self._used()
        self._running.send_signal(signal.SIGCONT)
        try:
            output, errors = self._running.communicate(timeout=wrk.TIMEOUT)
        except subprocess.TimeoutExpired as error:
            raise wrk.WrkFailed("wrk did not end") from error
        self._count(before)
        run = wrk.result(output, errors, self._running.returncode)
        if not run.requests or run.refused or run.broken:
            raise wrk.WrkFailed(f"{run.refused + run.broken} of {run.requests} requests failed")
        return tuple(spent / run.requests for spent in self._spent)

    def kill(self) -> None:
        """Also one that stands still, which would for ever."""
        if self._wrk is not None:
            self._wrk.kill()
            self._wrk.communicate()

    @property
    def _running(self) -> subprocess.Popen[str]:
        assert self._wrk is not None
        return self._wrk

    def _stand_still(self) -> None:
        time.sleep(SLICE_SECONDS)
        self._running.send_signal(signal.SIGSTOP)
        time.sleep(LEFT_SECONDS)

    def _used(self) -> list[float]:
        return [sum(map(cpu_seconds, part)) for part in self._side.parts]

    def _count(self, before: Sequence[float]) -> None:
        now = self._used()
        self._spent = [spent + after - earlier for spent, after, earlier in zip(self._spent, now, before, strict=True)]
