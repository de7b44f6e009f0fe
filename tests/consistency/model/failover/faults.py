"""What befalls PostgreSQL, Redis and the processes."""

from collections.abc import Iterator

from tests.consistency.model.failover.places import (
    Step,
    committed,
    may_begin,
    newest,
    next_revision,
    put,
    shown,
    with_node,
    with_process,
)
from tests.consistency.model.failover.protocol import Protocol, World
from tests.consistency.model.failover.state import (
    DOWN_WIRE,
    HIDDEN,
    NO_HISTORY,
    NO_SERVER,
    NOTHING_TOLD,
    RESTING_READER,
    RESTING_WRITER,
    At,
    Line,
    Node,
    Process,
    State,
    Tail,
    Value,
    Writer,
)
from tests.consistency.model.failover.worker import without_wire


def steps(protocol: Protocol, world: World, state: State) -> Iterator[Step]:
    """Every fault that may happen next."""
    if world.deaths:
        yield from _deaths(state)
    yield from _postgresql(protocol, world, state)
    yield from _redis(protocol, world, state)


def _postgresql(protocol: Protocol, world: World, state: State) -> Iterator[Step]:
    if world.outsiders and may_begin(world, state):
        after, value = committed(state, next_revision(state))
        yield f"psql commits {shown(value)}", after
    if state.left.failovers:
        if state.standby != state.database:
            yield "the standby catches up", state._replace(standby=state.database)
        yield _fails_over(protocol, world, state)


def _redis(protocol: Protocol, world: World, state: State) -> Iterator[Step]:
    if not state.reachable:
        yield "Redis answers again", state._replace(reachable=True)
        return
    if state.left.outages:
        left = state.left._replace(outages=state.left.outages - 1)
        yield "Redis is silent", state._replace(reachable=False, left=left)
    if state.left.promotions:
        if state.replica != state.nodes[-1]:
            yield "the replica catches up", state._replace(replica=state.nodes[-1])
        yield "the replica is promoted", _promoted(protocol, world, state)
    if world.wipes:
        yield from _wipes(state)
    if state.left.moves:
        yield from _moves(protocol, state)


def _deaths(state: State) -> Iterator[Step]:
    for who, process in enumerate(state.processes):
        born = Process(
            met=NO_HISTORY,
            wanted=NO_HISTORY,
            told=NOTHING_TOLD,
            servers=(NO_SERVER,) * len(process.wires),
            wires=(DOWN_WIRE,) * len(process.wires),
            readers=(RESTING_READER,) * len(process.readers),
            writers=(RESTING_WRITER,) * len(process.writers),
        )
        if process != born:
            yield f"process {who + 1} dies and starts", with_process(state, who, born)


def _fails_over(protocol: Protocol, world: World, state: State) -> Step:
    """To a standby that has not received everything; so does a restore of a backup, or a branch that is reset."""
    before, after = state.database, state.standby
    leaps = protocol.revisions_by_clock and not world.clock_behind
    lost = Tail(after.value, Value(newest(state), before.value.revision))
    return f"PostgreSQL fails over: what follows content {after.value.content} is lost", state._replace(
        history=state.history + 1,
        database=after,
        floor=before.value.revision + 2 if leaps else 0,  # above what a transaction may have taken
        lost=lost,
        left=state.left._replace(failovers=state.left.failovers - 1),
        processes=tuple([_rolled_back(process) for process in state.processes]),
        seen=min(state.seen, after.value.content),
    )


def _rolled_back(process: Process) -> Process:
    return process._replace(writers=tuple([_without_server(writer) for writer in process.writers]))


def _without_server(writer: Writer) -> Writer:
    match writer.at:
        case At.LOCKED:
            return writer._replace(at=At.GHOST)
        case At.RAISED:
            return RESTING_WRITER
        case _:
            return writer


def _promoted(protocol: Protocol, world: World, state: State) -> State:
    """What the replica had received is what Redis holds from now on; every wire is broken."""
    last = len(state.nodes) - 1
    copy, before = state.replica, state.nodes[last].server
    server = HIDDEN if world.hidden else _another(before, is_new=protocol.server_is_this_life)
    state = state._replace(
        nodes=put(state.nodes, last, copy._replace(server=server) if copy else Node(server, None, None)),
        replica=None,
        left=state.left._replace(promotions=state.left.promotions - 1),
        processes=tuple([_disconnected(process, last) for process in state.processes]),
    )
    return without_wire(state, last)


def _another(server: int, *, is_new: bool) -> int:
    """Servers of a node are ten apart; two that take turns call themselves as before, unless they draw a new name."""
    return server + 10 if is_new or server < 10 else server - 10


def _disconnected(process: Process, node: int) -> Process:
    if process.wires[node].line == Line.DOWN:
        return process
    return process._replace(wires=put(process.wires, node, DOWN_WIRE))


def _wipes(state: State) -> Iterator[Step]:
    here = state.nodes[state.at]
    if here.hash:
        yield "the hash is evicted", with_node(state, state.at, here._replace(hash=None))
    if here.generation:
        yield "the generation is evicted", with_node(state, state.at, here._replace(generation=None))


def _moves(protocol: Protocol, state: State) -> Iterator[Step]:
    """The slot goes to another node, and its hash with it. Whoever follows it has the new map, which casts doubt."""
    left = state.left._replace(moves=state.left.moves - 1)
    source = state.nodes[state.at]
    for node, target in enumerate(state.nodes):
        if node != state.at:
            server = _another(target.server, is_new=True) if protocol.gains_a_term else target.server
            moved = with_node(state, state.at, source._replace(hash=None))
            moved = with_node(moved, node, target._replace(server=server, hash=source.hash))
            if protocol.doubts_what_gains:
                moved = moved._replace(processes=tuple([_doubting(process, node) for process in state.processes]))
            yield f"the slot moves to node {node + 1}", moved._replace(at=node, left=left)


def _doubting(process: Process, node: int) -> Process:
    wire = process.wires[node]
    return process._replace(wires=put(process.wires, node, wire._replace(line=min(wire.line, Line.DOUBTED))))
