"""What runs show besides the verdict: the course of time, how soon faults were over, how late reads were."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tests.consistency.runs.drive import Injection
from tests.consistency.runs.run import Result


@dataclass(frozen=True, slots=True)
class Kind:
    """All faults of a kind in all runs."""

    name: str
    count: int
    slowest: dict[str, float]
    """Seconds until writes, and hits, were through every process again."""
    lost: int
    """Acknowledged writes."""
    stale: int
    latest: float
    """Of the stale reads during it and until the next one: the longest time for which something newer was known."""


def kinds(results: Sequence[Result]) -> list[Kind]:
    """One per fault, by name."""
    injections: defaultdict[str, list[Injection]] = defaultdict(list)
    late: defaultdict[str, list[float]] = defaultdict(list)
    lost: Counter[str] = Counter()
    for result in results:
        for injection in result.injections:
            injections[injection.fault.name].append(injection)
        for stale in result.verdict.stale:
            late[_meanwhile(result, stale.operations[-1].end)].append(stale.late or 0.0)
        lost.update(_meanwhile(result, operation.end) for operation in result.verdict.lost)
    found = []
    for name, items in sorted(injections.items()):
        slowest = {what: max(item.recovered.get(what, 0.0) for item in items) for what in ("writes", "hits")}
        found.append(Kind(name, len(items), slowest, lost[name], len(late[name]), max(late[name], default=0.0)))
    return found


def _meanwhile(result: Result, moment: float) -> str:
    """The fault that was the last to begin."""
    began = [item for item in result.injections if item.began <= moment]
    return began[-1].fault.name if began else ""


def outcomes(results: Iterable[Result]) -> dict[str, int]:
    """Operations by what became of them, the most frequent first."""
    count: Counter[str] = Counter()
    for result in results:
        for operation in result.history.operations:
            count[f"{operation.status or 'no answer'}, {operation.outcome}"] += 1
    return dict(count.most_common())


def reads_by_cache(results: Iterable[Result]) -> dict[str, int]:
    count = Counter(operation.cache for result in results for operation in result.history.operations if operation.cache)
    return dict(count.most_common())


@dataclass(frozen=True, slots=True)
class Course:
    """Operations per second over one run, in steps of `step` seconds."""

    step: float
    answered: list[float]
    failed: list[float]


def course(result: Result, step: float = 0.5) -> Course:
    """By the time at which they ended; `failed` are those that were refused or never answered."""
    count = int((result.ended - result.began) / step) + 1
    answered, failed = [0.0] * count, [0.0] * count
    for operation in result.history.operations:
        index = int((operation.end - result.began) / step)
        if 0 <= index < count:
            bad = operation.status in (0, 503) or operation.outcome == "unknown"
            (failed if bad else answered)[index] += 1 / step
    return Course(step, answered, failed)
