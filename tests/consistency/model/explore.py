"""Visits every reachable state of a model, breadth first, so that the first broken promise has a shortest trace."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Generic, Protocol, TypeVar

S = TypeVar("S")
P = TypeVar("P", bound=Enum)
P_contra = TypeVar("P_contra", bound=Enum, contravariant=True)


class Judge(Protocol[S]):
    """What tells a state that breaks a promise."""

    @property
    def seeks(self) -> Enum | None:
        """A promise that some state can be reached from everywhere, if one is judged: `is_sought` knows the states."""

    def is_sought(self, state: S) -> bool: ...

    def relevant(self, state: S) -> S:
        """The state without what no promise judged here speaks about."""

    def broken(self, state: S) -> tuple[Enum, str] | None:
        """The first promise broken, and what shows it."""


class Model(Protocol[S, P_contra]):
    """What can be explored."""

    @property
    def protocol(self) -> Any:
        """The decisions: flags of a dataclass, of which a mutant turns one."""

    def start(self) -> S: ...

    def steps(self, state: S) -> Iterator[tuple[str, S]]:
        """Every step that may come next, each with the line that it has in a trace."""

    def canonical(self, state: S) -> S:
        """One state for all that differ only in who is who: it has the same future, under other names."""

    def judge(self, promises: Iterable[P_contra]) -> Judge[S]: ...


@dataclass(frozen=True, slots=True)
class Counterexample:
    """The steps from the start to a state that breaks a promise."""

    promise: Enum
    steps: tuple[str, ...]
    finding: str

    def __str__(self) -> str:
        lines = [f"{number:3}. {step}" for number, step in enumerate(self.steps, start=1)]
        return "\n".join([*lines, f"  => {self.finding}", f"     broken: {self.promise.value}"])


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was visited, and what was found: every reachable state unless there is a counterexample."""

    states: Collection[Any] = field(repr=False)
    steps: int
    counterexample: Counterexample | None


@dataclass(frozen=True, slots=True)
class Claim(Generic[P]):
    """That a model keeps its promises in every reachable state."""

    name: str
    model: Model[Any, P]
    promises: frozenset[P]


@dataclass(frozen=True, slots=True)
class Limit(Generic[P]):
    """That in the product's model of a world a promise does not hold."""

    name: str
    model: Model[Any, P]
    promise: P


@dataclass(frozen=True, slots=True)
class Mutant(Generic[P]):
    """The model of a wrong protocol in a world in which that shows, the promise it breaks there, and why.

    `telling` are the steps that make the difference: they must stand in the counterexample in this order.
    """

    name: str
    why: str
    model: Model[Any, P]
    breaks: P
    telling: tuple[str, ...]

    def search(self) -> Outcome:
        """Look for the promise, which the product keeps in the same world."""
        return explore(self.model, {self.breaks})


def explore(model: Model[S, P], promises: Iterable[P]) -> Outcome:
    """Search until a promise breaks or no state is new."""
    judge = model.judge(promises)
    start = model.canonical(judge.relevant(model.start()))
    before: dict[S, S | None] = {start: None}
    led_here: defaultdict[S, list[S]] = defaultdict(list)
    frontier = [start]
    steps = 0
    while frontier:
        reached = []
        for state in frontier:
            for _, after in model.steps(state):
                steps += 1
                found = model.canonical(judge.relevant(after))
                if judge.seeks:
                    led_here[found].append(state)
                if found in before:
                    continue
                before[found] = state
                broken = judge.broken(found)
                if broken is not None:
                    promise, finding = broken
                    trace = _replayed(model, judge, _path(before, found))
                    return Outcome(before.keys(), steps, Counterexample(promise, trace, finding))
                reached.append(found)
        frontier = reached
    stuck = _stuck(judge, before, led_here) if judge.seeks else None
    if judge.seeks is None or stuck is None:
        return Outcome(before.keys(), steps, None)
    trace = _replayed(model, judge, _path(before, stuck))
    return Outcome(before.keys(), steps, Counterexample(judge.seeks, trace, "from here it cannot be"))


def _stuck(judge: Judge[S], states: Iterable[S], led_here: dict[S, list[S]]) -> S | None:
    """The first state, if any, from which none that is sought can be reached."""
    good = {state for state in states if judge.is_sought(state)}
    frontier = list(good)
    while frontier:
        for state in led_here.get(frontier.pop(), ()):
            if state not in good:
                good.add(state)
                frontier.append(state)
    return next((state for state in states if state not in good), None)


def _path(before: dict[S, S | None], last: S) -> list[S]:
    path = [last]
    while (earlier := before[path[-1]]) is not None:
        path.append(earlier)
    return path[::-1]


def _replayed(model: Model[S, P], judge: Judge[S], path: list[S]) -> tuple[str, ...]:
    """Walk the path again without exchanging anybody, so that each keeps one name through the whole trace."""
    state, lines = model.start(), []
    for wanted in path[1:]:
        line, state = next(
            (line, after) for line, after in model.steps(state) if model.canonical(judge.relevant(after)) == wanted
        )
        lines.append(line)
    return tuple(lines)
