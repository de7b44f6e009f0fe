"""`python -m tests.consistency`: the model, the service in fine weather and under faults, its mutants; and a report."""

import argparse
import asyncio
import random
import shlex
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import uvloop

from tests.consistency.altered.mutants import MUTANTS, UNCHANGED
from tests.consistency.failover.busy import busy
from tests.consistency.model.claims import CLAIMS
from tests.consistency.model.explore import explore
from tests.consistency.model.mutants import MUTANTS as MODEL_MUTANTS
from tests.consistency.parts.cluster import Caches
from tests.consistency.report import report
from tests.consistency.report.report import Report
from tests.consistency.runs.hunt import hunt
from tests.consistency.runs.recovery import Recovery, measure
from tests.consistency.runs.rolling import Restarted, rolling_restart
from tests.consistency.runs.run import Result, calm_run, fault_run, mirror_run
from tests.consistency.runs.upgrade import upgrade
from tests.release import RELEASES

PARTS = ("model", "calm", "mirrors", "busy", "mutants", "recovery", "restart", "upgrade", "faults")
STOPPED = 143
SEVERAL: tuple[Caches, ...] = ("sentinels", "cluster")
SEVERAL_PART = 1 / 6
"""Of the time: what happens there is of a few kinds."""

SLOWEST_REFUSAL = 3.0
READY_AFTER, HITS_AFTER = 10.0, 5.0
MOST_RATIO = 5.0

T = TypeVar("T")


def main(arguments: list[str] | None = None) -> int:
    """0 when everything held; 1 when something did not, with the histories kept."""
    asked = _parser().parse_args(arguments)
    first = asked.seed if asked.seed is not None else random.randrange(1_000_000)
    seeds = [first + number for number in range(asked.seeds)]
    found = Report(shlex.join(["python", "-m", "tests.consistency", *(arguments or sys.argv[1:])]))
    parts = asked.only or PARTS
    steps: dict[str, Callable[[], None]] = {
        "model": lambda: _model(found),
        "calm": lambda: _calm(found, asked.operations, first),
        "mirrors": lambda: _mirrors(found, asked.operations, asked.mirrors, first),
        "busy": lambda: _busy(found, asked.answers, first),
        "mutants": lambda: _mutants(found, first),
        "recovery": lambda: _recovery(found),
        "restart": lambda: _restart(found, first),
        "upgrade": lambda: _upgrade(found, first),
        "faults": lambda: _faults(found, seeds, asked.time),
    }
    for part in parts:
        _say(f"\n== {part}")
        try:
            steps[part]()
        except asyncio.CancelledError:
            return STOPPED
    _say("\n" + report.as_text(found))
    if found.is_whole:
        report.write(found)
        _draw(found.faulty)
        _say(f"\nWritten to {report.FOLDER.relative_to(report.TOP)}.")
    return 1 if found.failures else 0


def _model(found: Report) -> None:
    states = 0
    for claim in CLAIMS:
        outcome = explore(claim.model, claim.promises)
        states += len(outcome.states)
        _say(f"{claim.name:42} {len(outcome.states):9,} states")
        if outcome.counterexample is not None:
            found.failures.append(f"model, {claim.name}: {outcome.counterexample}")
    missed = [mutant.name for mutant in MODEL_MUTANTS if mutant.search().counterexample is None]
    found.failures += [f"model: the mutant {name} is not found out" for name in missed]
    found.model = (len(CLAIMS), states, len(MODEL_MUTANTS) - len(missed))


def _calm(found: Report, operations: int, seed: int) -> None:
    found.calm = _run(lambda: calm_run(operations, seed=seed, say=_say))
    _judge(found, found.calm)
    if found.calm.verdict.stale:
        found.failures.append(f"no fault: {len(found.calm.verdict.stale)} stale reads")


def _mirrors(found: Report, operations: int, mirrors: int, seed: int) -> None:
    found.mirrors = _run(lambda: mirror_run(operations, mirrors=mirrors, seed=seed, say=_say))
    _judge(found, found.mirrors)


def _busy(found: Report, answers: int, seed: int) -> None:
    found.busy = _run(lambda: busy(answers, seed=seed, say=_say))
    found.failures += [f"{phase.name}: {violation}" for phase in found.busy for violation in phase.violations]


def _mutants(found: Report, seed: int) -> None:
    for mutant in MUTANTS:
        catch = _run(lambda mutant=mutant: hunt(mutant, seed=seed))  # type: ignore[misc]  # a default binds it
        found.catches.append(catch)
        broken = catch.violation.promise if catch.violation else "NOT FOUND"
        _say(f"{mutant.name:26} {catch.operations:6,} operations {catch.seconds:5.1f} s: {broken}")
        if catch.violation is None:
            found.failures.append(f"the mutant {mutant.name} is not found")
    for control in UNCHANGED:
        catch = _run(lambda control=control: hunt(control, seed=seed))  # type: ignore[misc]  # a default binds it
        _say(f"{'nothing wrong':26} {catch.operations:6,} operations, {control.needs or 'no fault'}")
        if catch.violation:
            found.failures.append(f"the product under {control.needs or 'no fault'}: {catch.violation}")


def _recovery(found: Report) -> None:
    recovery = found.recovery = _run(lambda: measure(_say))
    found.failures += _too_slow(recovery)


def _too_slow(recovery: Recovery) -> list[str]:
    """What was promised of outages and did not hold."""
    faults = []
    for name, phase in recovery.phases.items():
        refused = [what for what in phase.statuses if not what.startswith("20")]
        if "PostgreSQL" not in name or name.startswith("a hit"):
            faults += [f"{name}: {what}" for what in refused]
        else:
            faults += [f"{name}: {what}" for what in phase.statuses if what != "503 with Retry-After"]
            if phase.slowest > SLOWEST_REFUSAL:
                faults.append(f"{name}: refused after {phase.slowest:.1f} s")
        if "Redis" in name and recovery.ratio(name) > MOST_RATIO:
            faults.append(f"{name}: p99 is {recovery.ratio(name):.1f} times that of a miss")
    for name, seconds in recovery.back.items():
        if seconds > (HITS_AFTER if name.startswith("hits") else READY_AFTER):
            faults.append(f"{name}: {seconds:.1f} s")
    return faults


def _restart(found: Report, seed: int) -> None:
    found.restarted = _run(lambda: rolling_restart(seed=seed, rounds=2))
    _judge_restart(found, "rolling restart", found.restarted)


def _upgrade(found: Report, seed: int) -> None:
    for version in RELEASES:
        upgraded = _run(lambda version=version: upgrade(version, seed=seed, users=20, sessions=3, between=4_000))  # type: ignore[misc]  # a default binds it
        found.upgraded[version] = upgraded
        _judge_restart(found, f"upgrade from {version}", upgraded)


def _judge_restart(found: Report, name: str, restarted: Restarted) -> None:
    _say(f"{sum(restarted.outcomes.values()):,} requests, {restarted.failed} failed, {restarted.passed_on} passed on")
    found.failures += [f"{name}: {violation}" for violation in restarted.verdict.all]
    if restarted.failed:
        found.failures.append(f"{name}: {restarted.failed} requests failed")


def _faults(found: Report, seeds: Sequence[int], seconds: float) -> None:
    for seed in seeds:
        _say(f"-- seed {seed}")
        result = _run(lambda seed=seed: fault_run(seconds, seed=seed, say=_say))  # type: ignore[misc]  # a default binds it
        found.faulty.append(result)
        _judge(found, result)
        for caches in SEVERAL:
            few = max(seconds * SEVERAL_PART, 1.0)
            result = _run(lambda seed=seed, few=few, caches=caches: fault_run(few, seed=seed, say=_say, caches=caches))  # type: ignore[misc]  # a default binds it
            found.faulty.append(result)
            _judge(found, result)


def _judge(found: Report, result: Result) -> None:
    for note in result.notes:
        _say(note)
    faults = result.faults
    excused = len(result.excused)
    checked = f"{result.verdict.checked:,} operations checked"
    _say(f"{result.title}: {checked}, {len(faults)} faults, {excused} stale reads excused")
    if faults:
        folder = report.keep(result)
        _say(f"the history is kept in {folder.relative_to(report.TOP)}")
        found.failures += [f"{result.title}: {fault}" for fault in faults]


def _draw(results: Sequence[Result]) -> None:
    """The run that has seen the most."""
    try:
        report.draw(max(results, key=lambda result: len(result.injections)))
    except ImportError:
        _say("no plot: matplotlib is not installed (requirements/bench.txt)")


def _run(what: Callable[[], Awaitable[T]]) -> T:
    async def awaited() -> T:
        task = asyncio.current_task()
        assert task
        for number in (signal.SIGINT, signal.SIGTERM):  # so that what was started is stopped, and the disk unmounted
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)
        return await what()

    return uvloop.run(awaited())


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.consistency", description=__doc__)
    parser.add_argument("--time", type=float, default=300, help="seconds of faults per seed (%(default)s)")
    parser.add_argument("--seed", type=int, help="the first seed; drawn if not given")
    parser.add_argument("--seeds", type=int, default=1, help="how many runs with faults (%(default)s)")
    parser.add_argument("--operations", type=int, default=50_000, help="in fine weather (%(default)s)")
    parser.add_argument("--mirrors", type=int, default=200, help="of lists that are erased, too (%(default)s)")
    parser.add_argument("--answers", type=int, default=200_000, help="on a busy machine, each time (%(default)s)")
    parser.add_argument("--only", type=lambda text: tuple(text.split(",")), default=(), help=",".join(PARTS))
    return parser


if __name__ == "__main__":
    sys.exit(main())
