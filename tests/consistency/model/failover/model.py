"""This room's model: how it starts, every step, and what a hit would show."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tests.consistency.model.failover import faults, places, processes, wires, worker
from tests.consistency.model.failover.places import Step, with_seen
from tests.consistency.model.failover.promises import Judge, Promise
from tests.consistency.model.failover.protocol import Protocol, World
from tests.consistency.model.failover.state import (
    HIDDEN,
    NO_HISTORY,
    NOTHING,
    NOTHING_TOLD,
    RESTING_READER,
    RESTING_WRITER,
    At,
    Database,
    Generation,
    Left,
    Line,
    Node,
    Note,
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
        row = Database(Value(0, 0), 0, Note.REACHED, 1)
        servers = [HIDDEN if world.hidden else 1 + node for node in range(world.nodes)]
        nodes = [Node(server, None, Generation(1 + place, server, 1)) for place, server in enumerate(servers)]
        lines = tuple([Wire(Line.READS, 1 + place, 1) for place in range(world.nodes)])
        people = [
            Process(
                1,
                NO_HISTORY,
                NOTHING_TOLD,
                tuple(servers),
                lines,
                (RESTING_READER,) * readers,
                (RESTING_WRITER,) * writers,
            )
            for readers, writers in zip(world.readers, world.writers, strict=True)
        ]
        return State(
            history=1,
            database=row,
            standby=row,
            floor=0,
            lost=Tail(row.value, row.value),
            nodes=tuple(nodes),
            at=world.first,
            replica=nodes[-1],
            reachable=True,
            left=Left(world.failovers, world.promotions, world.outages, world.moves),
            processes=tuple(people),
            worker=Worker(At.IDLE, (True,) * world.nodes, NOTHING, returns=False),
            seen=0,
        )

    def steps(self, state: State) -> Iterator[Step]:
        """Every step that may come next, each with the line that it has in a trace."""
        for line, after in self._all(state):
            hit = next(self.hits(after), None)
            yield line, with_seen(after, hit[1]) if hit else after  # who may have been shown it, was

    def hits(self, state: State) -> Iterator[tuple[Process, Value]]:
        """What each process would answer from the cache now."""
        for process in state.processes:
            value = wires.is_hit(self.protocol, state, process)
            if value is not None:
                yield process, value

    def canonical(self, state: State) -> State:
        """One state for all that go on alike."""
        if not state.left.failovers and state.standby != state.database:
            state = state._replace(standby=state.database)
        if not state.left.promotions and state.replica is not None:
            state = state._replace(replica=None)
        for who, bypasses in enumerate(self.world.bypasses):
            process = state.processes[who]
            if not bypasses and process.told != NOTHING_TOLD:  # it is never asked what it has told
                state = places.with_process(state, who, process._replace(told=NOTHING_TOLD))
        return places.canonical(state)

    def judge(self, promises: Iterable[Promise]) -> Judge:
        return Judge(self.hits, promises)

    def _all(self, state: State) -> Iterator[Step]:
        yield from processes.steps(self.protocol, self.world, state)
        yield from worker.steps(self.protocol, self.world, state)
        yield from faults.steps(self.protocol, self.world, state)
