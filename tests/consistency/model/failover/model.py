"""This room's model: how it starts, every step, and what a hit would show."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tests.consistency.model.failover import faults, places, processes, wires, worker
from tests.consistency.model.failover.places import Step, with_seen
from tests.consistency.model.failover.promises import Judge, Promise
from tests.consistency.model.failover.protocol import Protocol, World
from tests.consistency.model.failover.state import (
    NO_HISTORY,
    NOTHING,
    RESTING_READER,
    RESTING_WRITER,
    UP_WIRE,
    At,
    Away,
    Database,
    Generation,
    Left,
    Line,
    Node,
    Process,
    State,
    Tail,
    Value,
    Wire,
    Worker,
)


@dataclass(frozen=True, slots=True)
class Model:
    """All the steps of one protocol in one world."""

    protocol: Protocol
    world: World

    def start(self) -> State:
        """Nothing written, nothing cached, everybody connected and confirmed."""
        world = self.world
        row = Database(Value(0, 0), 0, Away.NO, 1)
        nodes = [_node(node, hidden=world.hidden, covers=node == world.nodes - 1) for node in range(world.nodes)]
        lines = (UP_WIRE,) * (world.nodes - 1) + (Wire(Line.CONFIRMED, 0, 1),)
        people = [
            Process(1, 1, lines, (RESTING_READER,) * readers, (RESTING_WRITER,) * writers)
            for readers, writers in zip(world.readers, world.writers, strict=True)
        ]
        return State(
            history=1,
            database=row,
            standby=row,
            floor=0,
            lost=Tail(row.value, row.value),
            swept=True,
            nodes=tuple(nodes),
            at=world.nodes - 1,
            replica=nodes[-1],
            reachable=True,
            left=Left(world.failovers, world.promotions, world.outages, world.moves),
            processes=tuple(people),
            worker=Worker(At.IDLE, (True,) * world.nodes, 0, NO_HISTORY, 0, NOTHING, NO_HISTORY),
            seen=0,
        )

    def steps(self, state: State) -> Iterator[Step]:
        """Every step that may come next, each with the line that it has in a trace."""
        for line, after in self._all(state):
            hit = next(self.hits(after), None)
            yield line, with_seen(after, hit[1]) if hit else after  # who may have been shown it, was

    def hits(self, state: State) -> Iterator[tuple[Process, Value]]:
        """What each process would answer from the cache now."""
        hash_ = state.nodes[state.at].hash
        if hash_ is not None and hash_.value.revision == hash_.fence:
            for process in state.processes:
                if wires.reads_cache(self.protocol, state, process):
                    yield process, hash_.value

    def canonical(self, state: State) -> State:
        """One state for all that go on alike."""
        return places.canonical(
            state._replace(
                standby=state.standby if state.left.failovers else state.database,
                replica=state.replica if state.left.promotions else None,
            )
        )

    def judge(self, promises: Iterable[Promise]) -> Judge:
        return Judge(self.hits, promises)

    def _all(self, state: State) -> Iterator[Step]:
        yield from processes.steps(self.protocol, self.world, state)
        yield from worker.steps(self.protocol, self.world, state)
        yield from faults.steps(self.protocol, self.world, state)


def _node(place: int, *, hidden: bool, covers: bool) -> Node:
    server = 0 if hidden else 1 + place
    return Node(server, None, Generation(1, server, 1, covers=covers))
