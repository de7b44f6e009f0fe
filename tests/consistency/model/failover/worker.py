"""What the worker may do next: tell a Redis that is not the one it knew, publish, note that Redis is away."""

from collections.abc import Iterator

from tests.consistency.model.failover.places import Step, fresh_id, fresh_lease, put, with_node, with_raised
from tests.consistency.model.failover.protocol import Protocol, World
from tests.consistency.model.failover.scripts import swept
from tests.consistency.model.failover.state import (
    NO_HISTORY,
    NOTHING,
    At,
    Away,
    Database,
    Generation,
    Line,
    State,
    Worker,
)

OLD_CONTENT = 0
"""Committed so long ago that Redis holds nothing older; the worker need not tell it to anybody."""


def steps(protocol: Protocol, world: World, state: State) -> Iterator[Step]:
    """One run at a time: a greeting, if Redis is not the one that was told, or else a publication."""
    yield from _wires(protocol, world, state)
    if world.outages or world.worker_cut:
        yield from _notes(protocol, state)
    if state.worker.at != At.IDLE:
        yield "the worker dies and starts", _works(state, rested(state.worker))
    if state.reachable:
        yield from _runs(protocol, state)


def rested(worker: Worker) -> Worker:
    return Worker(At.IDLE, worker.wires, 0, NO_HISTORY, 0, NOTHING, NO_HISTORY)


def without_wire(protocol: Protocol, state: State, node: int) -> State:
    """The run that was using the wire ends with it."""
    worker = state.worker._replace(wires=put(state.worker.wires, node, False))  # a wire that is down
    return _works(state, rested(worker) if protocol.wire_ends_run else worker)


def _works(state: State, worker: Worker) -> State:
    return state._replace(worker=worker)


def _wires(protocol: Protocol, world: World, state: State) -> Iterator[Step]:
    for node, up in enumerate(state.worker.wires):
        if up and (world.worker_cut or not state.reachable):
            yield "the worker loses its wire", without_wire(protocol, state, node)
        if not up and state.reachable:
            wires = put(state.worker.wires, node, True)  # a wire that is up
            yield "the worker connects", _works(state, state.worker._replace(wires=wires))


def _notes(protocol: Protocol, state: State) -> Iterator[Step]:
    """That Redis is away, by a worker that could not connect a moment ago; and that it is there again."""
    row, connected = state.database, all(state.worker.wires)
    if state.worker.at != At.IDLE:
        return
    if row.away == Away.NO and not connected:
        noted = row._replace(away=Away.NOTED if protocol.note_ages else Away.OLD)
        yield "the worker notes Redis away", state._replace(database=noted)
    if row.away == Away.NOTED and not connected:
        lines = [wire.line for process in state.processes for wire in process.wires]
        if Line.CONFIRMED not in lines:
            yield "the note grows old", state._replace(database=row._replace(away=Away.OLD))
    if row.away != Away.NO and connected and state.reachable and protocol.returns_before_telling:
        yield "the worker notes that Redis is there", state._replace(database=_returned(protocol, state))


def _returned(protocol: Protocol, state: State) -> Database:
    row = state.database._replace(away=Away.NO)
    return row._replace(id=fresh_id(state)) if protocol.return_draws_id else row


def _runs(protocol: Protocol, state: State) -> Iterator[Step]:
    worker = state.worker
    match worker.at:
        case At.IDLE:
            for node, up in enumerate(worker.wires):
                if up and (state.database.away == Away.NO or not protocol.returns_before_telling):
                    yield from _begins(protocol, state, node)
        case At.PEEKED | At.RAISED:
            yield from _publishes(protocol, state)
        case At.TOLD if worker.wires[worker.node]:
            yield "the worker writes the generation", _written(protocol, state, covers=worker.value != NOTHING)
        case At.GREETING | At.LISTED:
            yield from _greets(protocol, state)


def _greets(protocol: Protocol, state: State) -> Iterator[Step]:
    worker, value = state.worker, state.database.value
    if worker.at == At.LISTED:
        if worker.node != state.at:
            yield "the worker finds the slot moved", _works(state, rested(worker))
        elif worker.wires[state.at]:
            told = _works(state, worker._replace(at=At.TOLD))
            yield f"the worker tells revision {worker.value.revision}", _raised(protocol, told)
    elif not protocol.tells_before_writing:
        yield "the worker writes the generation", _written(protocol, state, covers=True)
    elif value.content == OLD_CONTENT:
        told = _works(state, worker._replace(at=At.TOLD, value=value))
        yield "the worker lists nothing that changed lately", told
    else:
        listed = worker._replace(at=At.LISTED, value=value, told_as=state.history)
        yield f"the worker lists revision {value.revision}", _works(state, listed)


def _publishes(protocol: Protocol, state: State) -> Iterator[Step]:
    worker = state.worker
    after = worker._replace(at=At.RAISED) if worker.at == At.PEEKED else rested(worker)
    if protocol.records_after_raise == (worker.at == At.RAISED):
        yield f"the worker records {worker.value.revision}", _recorded(state, after)
    elif worker.wires[state.at]:
        raised = _raised(protocol, state)
        yield f"the worker raises the fence to {worker.value.revision}", _works(raised, after)


def _begins(protocol: Protocol, state: State, node: int) -> Iterator[Step]:
    row, here, worker = state.database, state.nodes[node], state.worker
    found = here.generation
    if found and found.history == state.history and _is_written_of(protocol, state, node, found):
        if node == state.at and row.published < row.value.revision:
            peeked = worker._replace(at=At.PEEKED, value=row.value, told_as=state.history)
            yield "the worker finds something to publish", _works(state, peeked)
        return
    if row.away != Away.NO:  # returns after telling: the id is drawn before
        row = row._replace(id=fresh_id(state))
        state = state._replace(database=row)
    after = _works(state, worker._replace(at=At.GREETING, node=node, history=state.history, id=row.id))
    line = "the worker finds another generation"
    if node != state.at:  # it has no list of this slot to tell
        after = _works(after, after.worker._replace(at=At.TOLD))
    if protocol.sweeps and (found.history != state.history if found else protocol.sweeps_if_missing):
        hash_ = swept(protocol, here.hash, state.history, fresh_lease(state))
        after, line = with_node(after, node, here._replace(hash=hash_)), f"{line} and sweeps"
    yield line, after


def _is_written_of(protocol: Protocol, state: State, node: int, found: Generation) -> bool:
    """Whether the key says what the worker would write now, but for the history."""
    return (
        (found.server == state.nodes[node].server or not protocol.confirms_server)
        and (found.id == state.database.id or not protocol.row_confirms)
        and (found.covers == (node == state.at) or not protocol.generation_names_slots)
        and state.database.away == Away.NO
    )


def _raised(protocol: Protocol, state: State) -> State:
    return with_raised(protocol, state, state.worker.value.revision, state.worker.told_as)


def _written(protocol: Protocol, state: State, *, covers: bool) -> State:
    worker, here = state.worker, state.nodes[state.worker.node]
    generation = Generation(worker.id, here.server, worker.history, covers=covers)
    state = with_node(state, worker.node, here._replace(generation=generation))
    if not protocol.returns_before_telling:
        state = state._replace(database=state.database._replace(away=Away.NO))
    if not protocol.tells_before_writing:
        return _works(state, worker._replace(at=At.PEEKED, value=state.database.value, told_as=state.history))
    return _works(state, rested(worker))._replace(swept=state.swept or worker.history == state.history)


def _recorded(state: State, worker: Worker) -> State:
    row = state.database
    published = max(row.published, worker.value.revision)
    return _works(state, worker)._replace(database=row._replace(published=published))
