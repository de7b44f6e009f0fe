"""How a process keeps its wires to Redis, and by what it lets itself read from the cache over one."""

from collections.abc import Iterator

from tests.consistency.model.failover.places import Step, put, with_node, with_process, with_wire
from tests.consistency.model.failover.protocol import Protocol, World
from tests.consistency.model.failover.state import (
    DOWN_WIRE,
    UP_WIRE,
    Away,
    Generation,
    Line,
    Process,
    State,
    Wire,
)


def steps(protocol: Protocol, world: World, state: State, who: int) -> Iterator[Step]:
    """Connect, ask Redis for its generation, ask the row, look again; or lose the wire."""
    for node, wire in enumerate(state.processes[who].wires):
        if wire.line > Line.DOWN:
            if world.cuts[who] or not state.reachable:
                yield f"process {who + 1} loses its wire", with_wire(state, who, node, DOWN_WIRE)
        elif state.reachable:
            yield f"process {who + 1} connects", _connected(protocol, world, state, who, node)
        if state.reachable:
            yield from _checks(protocol, world, state, who, node)


def is_usable(state: State, who: int) -> bool:
    """Whether the process reaches the list's node: what it raises or fills there arrives."""
    return state.reachable and state.processes[who].wires[state.at].line > Line.DOWN


def reads_cache(protocol: Protocol, state: State, process: Process) -> bool:
    """Whether the process would take a hit from the list's node."""
    wire = process.wires[state.at]
    if not state.reachable or wire.line != Line.CONFIRMED:
        return False
    return not protocol.confirms_history or protocol.asks_for_history or wire.history == process.knows


def having_met(protocol: Protocol, process: Process, history: int) -> Process:
    """It has handled an answer of this history; if that is another than it went by, no wire is confirmed."""
    wires = process.wires
    if protocol.asks_for_history and history != process.knows:
        wires = tuple([UP_WIRE if wire.line > Line.UP else wire for wire in wires])
    return process._replace(met=max(process.met, history), knows=history, wires=wires)


def _connected(protocol: Protocol, world: World, state: State, who: int, node: int) -> State:
    here = state.nodes[node]
    if not protocol.fresh_waits and state.processes[who].wires[node].line == Line.FRESH:
        return with_wire(state, who, node, Wire(Line.CONFIRMED, 0, state.history))
    if world.hidden and protocol.deletes_if_hidden:
        state = with_node(state, node, here._replace(generation=None))
    return with_wire(state, who, node, UP_WIRE)


def _checks(protocol: Protocol, world: World, state: State, who: int, node: int) -> Iterator[Step]:
    name = f"process {who + 1}"
    wire, here = state.processes[who].wires[node], state.nodes[node]
    found = here.generation
    match wire.line:
        case Line.UP if found is None:
            empty = here.hash is None or not protocol.claims_empty_only
            if empty and state.database.away == Away.NO:
                history = state.processes[who].knows
                claimed = here._replace(generation=Generation(state.database.id, here.server, history, covers=True))
                yield f"{name} makes the generation of an empty Redis", with_node(state, node, claimed)
        case Line.UP if found is not None and _is_of(protocol, found, here.server):
            asked = Wire(Line.ASKED, found.id, found.history)
            if world.outages or world.worker_cut or world.failovers:
                yield f"{name} finds the generation", with_wire(state, who, node, asked)
            else:
                yield f"{name} confirms", _confirmed(state, who, node, asked)
        case Line.ASKED if _is_present(protocol, state, wire):
            yield f"{name} confirms", _confirmed(state, who, node, wire)
        case Line.ASKED:
            yield f"{name} finds it too old", with_wire(state, who, node, UP_WIRE)
        case Line.CONFIRMED:
            looked = wire if found is None else Wire(Line.ASKED, found.id, found.history)
            if found is None or not _is_of(protocol, found, here.server) or not _is_present(protocol, state, looked):
                yield f"{name} looks again and doubts", with_wire(state, who, node, UP_WIRE)


def _is_of(protocol: Protocol, found: Generation, server: int) -> bool:
    """Whether the generation was written when this server had been told everything about the list."""
    is_this = found.server == server or not protocol.confirms_server
    return is_this and (found.covers or not protocol.generation_names_slots)


def _is_present(protocol: Protocol, state: State, asked: Wire) -> bool:
    row = state.database
    if protocol.row_confirms and (row.away != Away.NO or asked.id != row.id):
        return False
    return not protocol.confirms_history or not protocol.asks_for_history or asked.history == state.history


def _confirmed(state: State, who: int, node: int, asked: Wire) -> State:
    """The row was read by a statement of its own, which says the history, too."""
    process, history = state.processes[who], state.history
    wires = put(process.wires, node, Wire(Line.CONFIRMED, 0, asked.history))
    return with_process(state, who, process._replace(met=history, knows=history, wires=wires))
