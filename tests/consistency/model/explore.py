"""Visits every reachable state of a model, breadth first, so that the first broken promise has a shortest trace."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from tests.consistency.model.promises import Judge, Promise
from tests.consistency.model.protocol import Model
from tests.consistency.model.state import Hash, State


@dataclass(frozen=True, slots=True)
class Counterexample:
    """The steps from the start to a state that breaks a promise."""

    promise: Promise
    steps: tuple[str, ...]
    finding: str

    def __str__(self) -> str:
        lines = [f"{number:3}. {step}" for number, step in enumerate(self.steps, start=1)]
        return "\n".join([*lines, f"  => {self.finding}", f"     broken: {self.promise.value}"])


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was visited, and what was found: every reachable state unless there is a counterexample."""

    states: Collection[State] = field(repr=False)
    steps: int
    counterexample: Counterexample | None


def explore(model: Model, promises: Iterable[Promise]) -> Outcome:
    """Search until a promise breaks or no state is new."""
    judge = Judge(model, promises)
    start = canonical(judge.relevant(model.start()))
    before: dict[State, State | None] = {start: None}
    frontier = [start]
    steps = 0
    while frontier:
        reached = []
        for state in frontier:
            for _, after in model.steps(state):
                steps += 1
                found = canonical(judge.relevant(after))
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
    return Outcome(before.keys(), steps, None)


def canonical(state: State) -> State:
    """One state for all that differ only in who is who.

    Two readers, two writers or two workers run the same program, and no step names one of them or a variant,
    so exchanging two of a kind exchanges their futures and changes no judgement.
    """
    return state._replace(
        hash=_sorted_values(state.hash),
        saved=_sorted_values(state.saved),
        readers=tuple(sorted(state.readers)),
        writers=tuple(sorted(state.writers)),
        workers=tuple(sorted(state.workers)),
    )


def _sorted_values(hash_: Hash | None) -> Hash | None:
    return hash_ and hash_._replace(values=tuple(sorted(hash_.values)))


def _path(before: dict[State, State | None], last: State) -> list[State]:
    path = [last]
    while (earlier := before[path[-1]]) is not None:
        path.append(earlier)
    return path[::-1]


def _replayed(model: Model, judge: Judge, path: list[State]) -> tuple[str, ...]:
    """Walk the path again without exchanging anybody, so that each keeps one name through the whole trace."""
    state, lines = model.start(), []
    for wanted in path[1:]:
        line, state = next(
            (line, after) for line, after in model.steps(state) if canonical(judge.relevant(after)) == wanted
        )
        lines.append(line)
    return tuple(lines)
