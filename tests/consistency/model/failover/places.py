"""Where things lie in a state, how they are put there, and names that nobody has."""

from collections.abc import Iterable
from typing import TypeVar

from tests.consistency.model.failover.protocol import Protocol, World
from tests.consistency.model.failover.state import (
    LOST_LEASE,
    NO_ID,
    NO_LEASE,
    At,
    Hash,
    Node,
    Note,
    Process,
    Reader,
    State,
    Value,
    Wire,
    Writer,
)

T = TypeVar("T")
Step = tuple[str, State]

_IN_TRANSACTION = (At.LOCKED, At.RAISED)


def put(items: tuple[T, ...], place: int, item: T) -> tuple[T, ...]:
    return (*items[:place], item, *items[place + 1 :])


def with_process(state: State, who: int, process: Process) -> State:
    return state._replace(processes=put(state.processes, who, process))


def with_wire(state: State, who: int, node: int, wire: Wire) -> State:
    process = state.processes[who]
    return with_process(state, who, process._replace(wires=put(process.wires, node, wire)))


def with_reader(state: State, who: int, place: int, reader: Reader) -> State:
    process = state.processes[who]
    return with_process(state, who, process._replace(readers=put(process.readers, place, reader)))


def with_writer(state: State, who: int, place: int, writer: Writer) -> State:
    process = state.processes[who]
    return with_process(state, who, process._replace(writers=put(process.writers, place, writer)))


def with_node(state: State, place: int, node: Node) -> State:
    return state._replace(nodes=put(state.nodes, place, node))


def with_hash(state: State, hash_: Hash | None) -> State:
    """The list's hash, on the node that has its slot."""
    return with_node(state, state.at, state.nodes[state.at]._replace(hash=hash_))


def with_seen(state: State, value: Value) -> State:
    """Somebody was shown this; of what is lost, nobody can be shown more."""
    if value.content <= state.seen or state.lost.lacks(value.content):
        return state
    return state._replace(seen=value.content)


def locked(state: State) -> bool:
    """Whether a transaction holds the list row."""
    return any(writer.at in _IN_TRANSACTION for process in state.processes for writer in process.writers)


def may_begin(world: World, state: State) -> bool:
    return newest(state) < world.commits and not locked(state)


def newest(state: State) -> int:
    """The last content that was ever committed."""
    return max(state.database.value.content, state.lost.to.content)


def next_revision(state: State) -> int:
    """The clock stands still within a history, which is the worst that it can do there."""
    return max(state.database.value.revision + 1, state.floor)


def committed(state: State, revision: int) -> tuple[State, Value]:
    value = Value(newest(state) + 1, revision)
    return state._replace(database=state.database._replace(value=value)), value


def shown(value: Value) -> str:
    return f"content {value.content} as revision {value.revision}"


def noted(protocol: Protocol, state: State) -> Note:
    """What the note says; one of another history came back, or was lost with the tail, so it allows nothing."""
    row = state.database
    return row.note if row.noted_in == state.history or not protocol.note_has_history else Note.LEAVING


def fresh_lease(state: State) -> int:
    taken = {reader.lease for process in state.processes for reader in process.readers}
    taken.update(_leases(state))
    return _least_free(taken)


def fresh_id(state: State) -> int:
    return _least_free(_ids(state))


def canonical(state: State) -> State:
    """One state for all that differ only in names: leases and ids by the order in which they are met."""
    leases, ids = _named(_leases(state), NO_LEASE), _named(_ids(state), NO_ID)
    is_named = all(old == new for names in (leases, ids) for old, new in names.items())
    if not is_named or any(reader.lease not in leases for process in state.processes for reader in process.readers):
        state = state._replace(
            nodes=tuple([_renamed(node, leases, ids) for node in state.nodes]),
            replica=state.replica and _renamed(state.replica, leases, ids),
            processes=tuple([_reminded(process, leases, ids) for process in state.processes]),
        )
    if any(len(process.readers) > 1 for process in state.processes):
        state = state._replace(
            processes=tuple([process._replace(readers=tuple(sorted(process.readers))) for process in state.processes])
        )
    return state


def _named(found: Iterable[int], none: int) -> dict[int, int]:
    names = {none: none}
    for name in found:
        if name not in names:
            names[name] = len(names)
    return names


def _leases(state: State) -> list[int]:
    return [node.hash.lease for node in (*state.nodes, state.replica) if node and node.hash]


def _ids(state: State) -> list[int]:
    found = []
    for node in (*state.nodes, state.replica):
        if node:
            if node.generation:
                found.append(node.generation.id)
            if node.hash:
                found.append(node.hash.id)
    for process in state.processes:
        found += [wire.id for wire in process.wires]
    return found


def _renamed(node: Node, leases: dict[int, int], ids: dict[int, int]) -> Node:
    hash_, generation = node.hash, node.generation
    return node._replace(
        hash=hash_ and hash_._replace(lease=leases[hash_.lease], id=ids[hash_.id]),
        generation=generation and generation._replace(id=ids[generation.id]),
    )


def _reminded(process: Process, leases: dict[int, int], ids: dict[int, int]) -> Process:
    """A lease that no hash can have again is as good as any other such."""
    readers = [reader._replace(lease=leases.get(reader.lease, LOST_LEASE)) for reader in process.readers]
    wires = [wire._replace(id=ids[wire.id]) for wire in process.wires]
    return process._replace(readers=tuple(readers), wires=tuple(wires))


def _least_free(taken: Iterable[int]) -> int:
    names = frozenset(taken)
    name = 1
    while name in names:
        name += 1
    return name
