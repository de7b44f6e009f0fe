"""How a process keeps its wires to Redis, and by what it lets itself read from the cache over one."""

from collections.abc import Iterator

from tests.consistency.model.failover import scripts
from tests.consistency.model.failover.places import Step, fresh_id, noted, put, with_node, with_process, with_wire
from tests.consistency.model.failover.protocol import Protocol, World
from tests.consistency.model.failover.state import (
    DOWN_WIRE,
    NO_HISTORY,
    NO_SERVER,
    NOTHING_TOLD,
    Line,
    Note,
    Process,
    State,
    Value,
    Wire,
)


def steps(protocol: Protocol, world: World, state: State, who: int) -> Iterator[Step]:
    """Connect and adopt the generation, read when the note allows it, look again; or lose the wire."""
    name = f"process {who + 1}"
    for node, wire in enumerate(state.processes[who].wires):
        if wire.line != Line.DOWN and (world.cuts[who] or not state.reachable):
            yield f"{name} loses its wire", with_wire(state, who, node, DOWN_WIRE)
        if not state.reachable:
            continue
        if wire.line == Line.DOWN:
            yield f"{name} connects", _connected(protocol, world, state, who, node)
        elif protocol.looks_again:
            looked = _adopted(protocol, state, who, node, fresh=False)
            if looked != state:
                yield f"{name} looks again", looked
        if wire.line == Line.UP and (noted(protocol, state) == Note.REACHED or not protocol.asks_note):
            yield f"{name} may read", with_wire(state, who, node, wire._replace(line=Line.READS))


def is_usable(state: State, who: int) -> bool:
    """Whether the process reaches the list's node: what it raises or fills there arrives."""
    return state.reachable and state.processes[who].wires[state.at].line != Line.DOWN


def is_renewing(state: State, who: int, history: int) -> bool:
    """Whether the process has asked for another generation and waits for the answer, or for the wire to be lost."""
    wire = state.processes[who].wires[state.at]
    return wire.line != Line.DOWN and not state.reachable and wire.history != history


def reads_cache(state: State, process: Process) -> bool:
    """Whether the process asks the list's node for hits."""
    return state.reachable and process.wires[state.at].line == Line.READS


def is_hit(protocol: Protocol, state: State, process: Process) -> Value | None:
    """What the process would take from the cache now."""
    hash_ = state.nodes[state.at].hash
    if hash_ is None or hash_.value.revision != hash_.fence or not reads_cache(state, process):
        return None
    is_present = hash_.id == process.wires[state.at].id
    return hash_.value if is_present or not protocol.hit_compares_generation else None


def having_met(protocol: Protocol, state: State, who: int, history: int) -> State:
    """The process is about to tell or to show something of this history: its generation must be of the same."""
    process = state.processes[who]
    process = process._replace(met=max(process.met, history))
    if history == process.wires[state.at].history and is_usable(state, who):
        return with_process(state, who, process)
    state = with_process(state, who, process._replace(wanted=history))
    return _adopted(protocol, state, who, state.at, fresh=False) if is_usable(state, who) else state


def _connected(protocol: Protocol, world: World, state: State, who: int, node: int) -> State:
    known, here = state.processes[who].servers[node], state.nodes[node].server
    another = protocol.fresh_if_another and known not in (NO_SERVER, here)
    fresh = another or (world.hidden and protocol.fresh_if_hidden)
    state = _adopted(protocol, state, who, node, fresh=fresh)
    if known == NO_SERVER and not protocol.fresh_asks_note:
        state = with_wire(state, who, node, state.processes[who].wires[node]._replace(line=Line.READS))
    return state


def _adopted(protocol: Protocol, state: State, who: int, node: int, *, fresh: bool) -> State:
    """What was told under another generation is forgotten: Redis may have forgotten it, too."""
    process, here = state.processes[who], state.nodes[node]
    generation = scripts.present(
        protocol, here.generation, here.server, process.wanted, fresh=fresh, new_id=fresh_id(state)
    )
    before = process.wires[node]
    wire = Wire(max(before.line, Line.UP), generation.id, generation.history)
    process = process._replace(
        wanted=NO_HISTORY,
        told=process.told if before.id == generation.id else NOTHING_TOLD,
        servers=put(process.servers, node, here.server),
        wires=put(process.wires, node, wire),
    )
    return with_process(with_node(state, node, here._replace(generation=generation)), who, process)
