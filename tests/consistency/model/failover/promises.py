"""What this room promises, each promise a judgement of a single state."""

from collections.abc import Callable, Iterable, Iterator
from enum import Enum

from tests.consistency.model.failover.state import NO_HISTORY, Process, State, Value

Hits = Callable[[State], Iterator[tuple[Process, Value]]]


class Promise(Enum):
    STRICT = "no hit is older than what was acknowledged, or shown to anybody"
    MET = "no hit shows a lost state to a process that has shown something of the new history, or adopted it"
    UNIQUE = "no revision is given twice"
    CACHED = "whatever happened, the list can be a hit again in its newest state, for every process"


class Judge:
    """Finds the promise that a state breaks."""

    def __init__(self, hits: Hits, promises: Iterable[Promise]) -> None:
        self._hits = hits
        self._promises = frozenset(promises)

    @property
    def seeks(self) -> Promise | None:
        """The promise that from everywhere a state can be reached of which `is_sought` is true."""
        return Promise.CACHED if Promise.CACHED in self._promises else None

    def is_sought(self, state: State) -> bool:
        shown = [value for _, value in self._hits(state)]
        return len(shown) == len(state.processes) and shown[0] == state.database.value

    def broken(self, state: State) -> tuple[Promise, str] | None:
        """The first promise broken, and what shows it; None where all hold."""
        lost, row = state.lost, state.database.value
        if Promise.UNIQUE in self._promises and _is_given_again(state):
            return Promise.UNIQUE, f"revision {row.revision} was given to a lost state, too"
        for process, value in self._hits(state):
            if not lost.lacks(value.content):
                if Promise.STRICT in self._promises and value.content < state.seen:
                    return Promise.STRICT, f"a hit shows content {value.content}, and {state.seen} was shown before"
            elif Promise.MET in self._promises and state.history in (process.met, process.wires[state.at].history):
                return Promise.MET, f"a hit shows content {value.content}, which is lost, as the process knows"
        return None

    def relevant(self, state: State) -> State:
        """The state without what no promise here speaks about."""
        if Promise.STRICT not in self._promises and state.seen:
            state = state._replace(seen=0)
        if Promise.MET not in self._promises and any(process.met for process in state.processes):
            people = [process._replace(met=NO_HISTORY) if process.met else process for process in state.processes]
            state = state._replace(processes=tuple(people))
        return state


def _is_given_again(state: State) -> bool:
    lost, row = state.lost, state.database.value
    return row.content > lost.to.content and lost.after.revision < row.revision <= lost.to.revision
