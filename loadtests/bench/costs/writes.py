"""What a write costs the API beside its rate: system calls, and CPU compared with an earlier build of it."""

import contextlib
import re
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from loadtests.bench.measure import BenchFailed, replay_once
from loadtests.bench.report.figures import MAIN, Goal, Spread
from loadtests.bench.stage import traffic, turns, wrk
from loadtests.bench.stage.stage import Server, Stage

TRACED = 400
"""Requests, one after another: what else the process does meanwhile adds less than half a call to each."""

MOST_CALLS = 40
FASTER = {"create": 1.15, "update": 1.25}
"""Than the build before."""

_TOTAL = re.compile(r"^\s*100\.00\s+\S+\s+\S*\s*(\d+)\s.*total$", re.MULTILINE)


@dataclass
class Writes:
    """By the name of the scenario; empty where nothing could be found out."""

    calls: dict[str, float] = field(default_factory=dict)
    """System calls of the API per request, of all its threads."""
    faster: dict[str, tuple[float, ...]] = field(default_factory=dict)
    """CPU of the build before per request : CPU of this one, a ratio for each round."""


def goals(found: Writes) -> list[Goal]:
    """Those that this run can tell."""
    calls = [
        Goal(f"system calls per {name}", MOST_CALLS, Spread(count, count, count), at_most=True)
        for name, count in found.calls.items()
    ]
    faster = [
        Goal(f"{name} : {name} of the build before, by CPU", FASTER[name], Spread.of(ratios))
        for name, ratios in found.faster.items()
    ]
    return calls + faster


def system_calls(server: Server, requests: Mapping[str, Path]) -> dict[str, float]:
    """Counted by strace; raises `BenchFailed` where it is not there, or may not look at other processes."""
    if shutil.which("strace") is None:
        raise BenchFailed("strace is not there")
    return {name: _calls(server, traffic.read_file(file, TRACED)) for name, file in requests.items()}


def _calls(server: Server, requests: Sequence[bytes]) -> float:
    replay_once(server, requests[:20])
    command = ["strace", "-f", "-c", "-p", str(server.pid)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as tracer:
        assert tracer.stderr
        first = tracer.stderr.readline()
        try:
            if "attached" not in first:
                raise BenchFailed(first.strip())
            answers = replay_once(server, requests)
        finally:
            with contextlib.suppress(ProcessLookupError):
                tracer.send_signal(signal.SIGINT)
            rest = tracer.stderr.read()
    if refused := [status for status, _, _ in answers if status >= 400]:
        raise BenchFailed(f"{len(refused)} of {len(answers)} traced requests were refused")
    if (total := _TOTAL.search(rest)) is None:
        raise BenchFailed("strace has counted nothing")
    return int(total[1]) / len(requests)


def compared(
    on: Stage, before: Path, requests: Mapping[str, Path], *, rounds: int, seconds: int
) -> dict[str, tuple[float, ...]]:
    """Side by side with the build in the folder `before`, on the same database; each round has two fresh processes."""
    found: dict[str, list[float]] = {name: [] for name in requests}
    for _ in range(rounds):
        with contextlib.ExitStack() as pair:
            servers = [on.tasklane("now"), on.former(before)]
            for server in servers:
                pair.callback(server.stop)
            for name, file in requests.items():
                for server in servers:
                    wrk.run(server.url, file, connections=MAIN, seconds=1, cores=on.cores)
                sides = [turns.Side(server.url, file, ((server.pid,),)) for server in servers]
                (now,), (former,) = turns.costs(sides, connections=MAIN, seconds=seconds, cores=on.cores)
                found[name].append(former / now)
    return {name: tuple(ratios) for name, ratios in found.items()}
