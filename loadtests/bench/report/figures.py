"""From samples to what is shown: medians, ratios with their spread, goals."""

import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from loadtests.bench.measure import Sample

MAIN = 32
"""Connections at which the goals are stated."""


@dataclass(frozen=True, slots=True)
class Spread:
    """The median over the rounds, and the least and greatest."""

    median: float
    least: float
    greatest: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        return cls(statistics.median(values), min(values), max(values))


class Figures:
    """All samples of a run."""

    def __init__(self, samples: Iterable[Sample]) -> None:
        self.samples = list(samples)

    @property
    def scenarios(self) -> list[str]:
        return list(dict.fromkeys(sample.scenario for sample in self.samples))

    @property
    def connections(self) -> list[int]:
        return sorted({sample.connections for sample in self.samples})

    def of(self, scenario: str, connections: int = MAIN) -> list[Sample]:
        found = [item for item in self.samples if (item.scenario, item.connections) == (scenario, connections)]
        return sorted(found, key=lambda sample: sample.round)

    def spread(self, scenario: str, read: Callable[[Sample], float], connections: int = MAIN) -> Spread | None:
        found = self.of(scenario, connections)
        return Spread.of([read(sample) for sample in found]) if found else None

    def ratio(self, one: str, other: str, connections: int = MAIN) -> Spread | None:
        """The ratio of the median rates; least and greatest are those of single rounds."""
        ones, others = self.of(one, connections), self.of(other, connections)
        if not ones or not others:
            return None
        below = statistics.median(sample.rate for sample in others)
        single = [a.rate / b.rate for a, b in zip(ones, others, strict=True) if b.rate]
        if not below or not single:
            return None
        return Spread(statistics.median(sample.rate for sample in ones) / below, min(single), max(single))

    def cpu_ratio(self, one: str, other: str) -> Spread | None:
        """The same in CPU of the service per request, which what else the machine does hardly changes."""
        ones, others = self.of(one), self.of(other)
        if not ones or not others or not ones[0].cpu or not others[0].cpu:
            return None
        below, above = (statistics.median(sample.cpu["service"] for sample in samples) for samples in (ones, others))
        single = [b.cpu["service"] / a.cpu["service"] for a, b in zip(ones, others, strict=True)]
        return Spread(above / below, min(single), max(single))


@dataclass(frozen=True, slots=True)
class Goal:
    """A ratio of the design; `cpu` is the same ratio by CPU per request, where that can be said beside it."""

    text: str
    wanted: float
    found: Spread
    at_most: bool = False
    cpu: float | None = None

    @property
    def met(self) -> bool:
        return self.found.median <= self.wanted if self.at_most else self.found.median >= self.wanted


_RATES = (
    ("list hit", "FastAPI + redis-py", 6.0),
    ("list hit", "FastAPI + SQLModel list", 30.0),
    ("304", "list hit", 1.0),
    ("nothing new", "list hit", 0.9),
    ("calendar: its ctag", "list hit", 0.5),
    ("calendar: nothing new", "list hit", 0.5),
    ("list miss", "FastAPI + SQLModel list", 3.0),
    ("create", "FastAPI + SQLModel create", 2.0),
    ("create", "pgbench create", 0.25),
)

_BY_CPU = (
    ("list hit", "bare uvicorn", 1.15),
    ("list hit", "list hit without the protocol", 1.8),
    ("list hit", "Fastify", 2.5),
    ("list hit of a page elsewhere", "list hit", 0.9),
    ("304", "bare uvicorn", 1.3),
)
"""Where the load generator is the slower one, rates say nothing."""


def goals(figures: Figures) -> list[Goal]:
    """Those that can be judged by this run's samples."""
    found = []
    for one, other, wanted in _RATES:
        if ratio := figures.ratio(one, other):
            text = f"{one} : {other}"
            cpu = figures.cpu_ratio(one, other)
            found.append(Goal(text, wanted, ratio, cpu=cpu.median if cpu else None))
    for one, other, wanted in _BY_CPU:
        if ratio := figures.cpu_ratio(one, other):
            found.append(Goal(f"{one} : {other}, by CPU", wanted, ratio))
    if tail := figures.spread("list hit", lambda sample: sample.p99 / sample.p50):
        found.append(Goal("list hit, p99 : p50", 3.0, tail, at_most=True))
    many, some = figures.of("list hit", 256), figures.of("list hit")
    if many and some:
        single = [a.rate / b.rate for a, b in zip(many, some, strict=True)]
        median = statistics.median(a.rate for a in many) / statistics.median(b.rate for b in some)
        found.append(Goal("list hit, 256 connections : 32", 0.85, Spread(median, min(single), max(single))))
    return found
