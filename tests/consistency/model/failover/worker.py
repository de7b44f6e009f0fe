"""What the worker may do next: look at the history, publish, and say whether it reaches Redis."""

from collections.abc import Iterator

from tests.consistency.model.failover import scripts
from tests.consistency.model.failover.places import Step, fresh_id, noted, put, with_hash, with_node
from tests.consistency.model.failover.protocol import Protocol, World
from tests.consistency.model.failover.state import NO_HISTORY, NOTHING, At, Line, Note, State, Worker


def steps(protocol: Protocol, world: World, state: State) -> Iterator[Step]:
    """Everything that the worker may do next."""
    yield from _wires(protocol, world, state)
    if world.outages or world.worker_cut or world.failovers:
        yield from _notes(protocol, state)
    if state.worker.at != At.IDLE:
        yield "the worker dies and starts", _works(state, rested(state.worker))
    if state.reachable:
        yield from _meets(protocol, state)
        yield from _publishes(protocol, state)


def rested(worker: Worker) -> Worker:
    return Worker(At.IDLE, worker.wires, NOTHING, returns=False)


def without_wire(state: State, node: int) -> State:
    """What the worker was about ends with its wire."""
    return _works(state, rested(state.worker._replace(wires=put(state.worker.wires, node, False))))


def _works(state: State, worker: Worker) -> State:
    return state._replace(worker=worker)


def _noted(state: State, note: Note) -> State:
    return state._replace(database=state.database._replace(note=note, noted_in=state.history))


def _wires(protocol: Protocol, world: World, state: State) -> Iterator[Step]:
    for node, up in enumerate(state.worker.wires):
        if up and (world.worker_cut or not state.reachable):
            yield "the worker loses its wire", without_wire(state, node)
        if not up and state.reachable:
            wires = put(state.worker.wires, node, True)
            fresh = world.hidden and protocol.fresh_if_hidden
            adopted = _adopted(protocol, state, node, NO_HISTORY, fresh=fresh)
            yield "the worker connects", _works(adopted, state.worker._replace(wires=wires))


def _adopted(protocol: Protocol, state: State, node: int, history: int, *, fresh: bool) -> State:
    here = state.nodes[node]
    found, server = here.generation, here.server
    generation = scripts.present(protocol, found, server, history, fresh=fresh, new_id=fresh_id(state))
    return with_node(state, node, here._replace(generation=generation))


def _meets(protocol: Protocol, state: State) -> Iterator[Step]:
    for node, up in enumerate(state.worker.wires):
        met = _adopted(protocol, state, node, state.history, fresh=False)
        if up and met != state:
            yield "the worker renews the generation", met


def _notes(protocol: Protocol, state: State) -> Iterator[Step]:
    """`away` comes when the silence has been longer than anybody keeps a connection that was there at `leaving`."""
    note, connected = noted(protocol, state), all(state.worker.wires)
    is_of_before = state.database.noted_in != state.history
    reading = any(wire.line == Line.READS for process in state.processes for wire in process.wires)
    if not connected:
        if note in (Note.REACHED, Note.RETURNING) or (protocol.note_has_history and is_of_before):
            away = Note.LEAVING if protocol.leaves_before_away else Note.AWAY
            yield f"the worker notes {away.name}", _noted(state, away)
        elif note == Note.LEAVING and not reading:
            yield "the worker notes AWAY", _noted(state, Note.AWAY)
    elif state.reachable and note in (Note.LEAVING, Note.AWAY):
        if protocol.returns_before_publishing:
            yield "the worker notes RETURNING", _noted(state, Note.RETURNING)
        elif state.worker.at == At.IDLE:
            yield "the worker lists what to publish", _lists(state, returns=True)
    if state.worker.at == At.PUBLISHED and note != Note.REACHED:
        yield "the worker notes REACHED", _works(_noted(state, Note.REACHED), rested(state.worker))


def _lists(state: State, *, returns: bool) -> State:
    """What is recorded is not told again."""
    row = state.database
    if row.published >= row.value.revision:
        return _works(state, state.worker._replace(at=At.PUBLISHED))
    return _works(state, state.worker._replace(at=At.PEEKED, value=row.value, returns=returns))


def _publishes(protocol: Protocol, state: State) -> Iterator[Step]:
    worker, row = state.worker, state.database
    match worker.at:
        case At.IDLE if not worker.wires[state.at]:
            return
        case At.IDLE if noted(protocol, state) == Note.RETURNING:
            if protocol.publishes_before_reached:
                yield "the worker lists what to publish", _lists(state, returns=True)
            else:
                yield "the worker notes REACHED", _noted(state, Note.REACHED)
        case At.IDLE if row.published < row.value.revision:
            yield "the worker lists what to publish", _lists(state, returns=False)
        case At.PEEKED | At.RAISED:
            ended = worker._replace(at=At.PUBLISHED) if worker.returns else rested(worker)
            after = ended if worker.at == At.RAISED else worker._replace(at=At.RAISED)
            if protocol.records_after_raise == (worker.at == At.RAISED):
                yield f"the worker records {worker.value.revision}", _works(_recorded(state), after)
            elif worker.wires[state.at]:
                raised = _works(_raised(state), after)
                yield f"the worker raises the fence to {worker.value.revision}", raised


def _raised(state: State) -> State:
    """What is committed needs no hash of its own: who opens one from now on queries it."""
    hash_ = state.nodes[state.at].hash
    if hash_ is None:
        return state
    return with_hash(state, scripts.raised(hash_, state.worker.value.revision, hash_.id, hash_.lease))


def _recorded(state: State) -> State:
    row = state.database
    return state._replace(database=row._replace(published=max(row.published, state.worker.value.revision)))
