"""What the cache promises, each promise a judgement of a single state."""

from collections.abc import Iterable
from enum import Enum
from typing import TYPE_CHECKING

from tests.consistency.model.fence.state import RESTING_READER, At, Doubt, State

if TYPE_CHECKING:
    from tests.consistency.model.fence.model import Model


class Promise(Enum):
    FRESH = "a hit shows what the database shows at that moment"
    ACKNOWLEDGED = "no hit is older than an acknowledged write"
    COVERED = "no hit is older than what the worker's last finished round found in the database"
    ROOM = "no room is held by a value that cannot be a hit any more"
    UNSTUCK = "once the writers rest, a round of the worker and the TTL make the list cacheable again"


class Judge:
    """Finds the promise that a state breaks."""

    def __init__(self, model: "Model", promises: Iterable[Promise]) -> None:
        self._model = model
        self._promises = frozenset(promises)
        self._speaks_of_acknowledged = Promise.ACKNOWLEDGED in self._promises
        self._speaks_of_covered = Promise.COVERED in self._promises
        self._recovers: dict[State, bool] = {}

    @property
    def seeks(self) -> None:
        """Nothing: every promise here is a judgement of one state."""

    def is_sought(self, state: State) -> bool:
        raise NotImplementedError

    def broken(self, state: State) -> tuple[Promise, str] | None:
        """The first promise broken, and what shows it; None where all hold."""
        if state.hash is not None:
            for value in self._model.hits(state):
                for promise, owed, whose in (
                    (Promise.FRESH, state.db.content, "in the database"),
                    (Promise.ACKNOWLEDGED, state.acknowledged, "acknowledged"),
                    (Promise.COVERED, state.covered, "covered by the worker"),
                ):
                    if promise in self._promises and value.content < owed:
                        return promise, f"a hit shows content {value.content}, and {owed} is {whose}"
            if Promise.ROOM in self._promises:
                for value in state.hash.values:
                    if 0 <= value.revision < state.hash.fence:
                        return Promise.ROOM, f"revision {value.revision} is kept, and the fence is {state.hash.fence}"
        if Promise.UNSTUCK in self._promises and not self._is_unstuck(state):
            return Promise.UNSTUCK, f"at revision {state.db.revision} nothing brings a hit again: {state.hash}"
        return None

    def relevant(self, state: State) -> State:
        """The state without the histories that no promise here speaks about."""
        acknowledged = state.acknowledged if self._speaks_of_acknowledged else 0
        covered = state.covered if self._speaks_of_covered else 0
        return state._replace(acknowledged=acknowledged, covered=covered)

    def _is_unstuck(self, state: State) -> bool:
        """Judged where writers and worker rest: they may always die and rest, so no state escapes."""
        steps = [*(writer.at for writer in state.writers), *(worker.at for worker in state.workers)]
        if any(at != At.IDLE for at in steps):
            return True
        resting = state._replace(readers=(RESTING_READER,) * len(state.readers), saved=None, acknowledged=0, covered=0)
        if resting not in self._recovers:
            self._recovers[resting] = self._recovers_by_itself(resting)
        return self._recovers[resting]

    def _recovers_by_itself(self, state: State) -> bool:
        for who in range(len(state.workers)):
            state = self._after_a_round(state, who)
        known = all(worker.doubt == Doubt.NONE for worker in state.workers)
        if not (known and state.published == state.db.revision):
            return False
        if state.hash is not None and state.hash.fence > state.db.revision:
            # A write that rolled back left the fence high. Only the TTL ends that, if no reader keeps renewing it.
            if self._model.protocol.open_renews_ttl:
                return False
            state = state._replace(hash=None)
        return all(self._is_hit_after_a_read(state, variant) for variant in range(self._model.world.variants))

    def _after_a_round(self, state: State, who: int) -> State:
        while True:
            ((_, state),) = self._model.worker(state, who)
            if state.workers[who].at == At.IDLE:
                return state

    def _is_hit_after_a_read(self, state: State, variant: int) -> bool:
        while state.readers[0].at != At.READ:
            _, state = next(self._model.reader(state, 0))
        _, state = list(self._model.reader(state, 0))[variant]
        return any(value.content == state.db.content for value in self._model.hits(state))
