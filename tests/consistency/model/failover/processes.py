"""What readers and writers may do next; a step that shows or acknowledges something says so in `seen`."""

from collections.abc import Iterator

from tests.consistency.model.failover import scripts, wires
from tests.consistency.model.failover.places import (
    Step,
    committed,
    fresh_lease,
    may_begin,
    next_revision,
    noted,
    shown,
    with_hash,
    with_process,
    with_reader,
    with_seen,
    with_writer,
)
from tests.consistency.model.failover.protocol import Protocol, World
from tests.consistency.model.failover.state import (
    NO_ANSWER,
    NO_LEASE,
    NOTHING,
    RESTING_READER,
    RESTING_WRITER,
    Answer,
    At,
    Note,
    Reader,
    State,
    Value,
    Writer,
)


def steps(protocol: Protocol, world: World, state: State) -> Iterator[Step]:
    """Everything that any process may do next."""
    for who, process in enumerate(state.processes):
        yield from wires.steps(protocol, world, state, who)
        for place, reader in enumerate(process.readers):
            yield from _reader(protocol, world, state, (who, place), reader)
        for place, writer in enumerate(process.writers):
            yield from _writer(protocol, world, state, (who, place), writer)


def _reader(protocol: Protocol, world: World, state: State, me: tuple[int, int], reader: Reader) -> Iterator[Step]:
    """Open, query, fill and show; or query past the cache, and show what is announced."""
    name, process = f"reader {me[0] + 1}.{me[1] + 1}", state.processes[me[0]]
    row = state.database.value
    match reader.at:
        case At.IDLE:
            if wires.reads_cache(state, process):
                id_ = process.wires[state.at].id
                hash_ = scripts.opened(protocol, state.nodes[state.at].hash, id_, fresh_lease(state))
                opened = with_reader(state, *me, Reader(At.OPENED, hash_.lease, NO_ANSWER))
                yield f"{name} opens: fence {hash_.fence}", with_hash(opened, hash_)
            if world.bypasses[me[0]]:
                line = f"{name} queries past the cache: {shown(row)}"
                answer = Answer(row, state.history)
                if protocol.bypass_waits:
                    yield line, with_reader(state, *me, Reader(At.WAITING, NO_LEASE, answer))
                else:
                    yield f"{line}, and answers", _shows(state, me, answer)
        case At.OPENED:
            answered = with_reader(state, *me, Reader(At.READ, reader.lease, Answer(row, state.history)))
            yield f"{name} queries: {shown(row)}", answered if protocol.shows_after_fill else with_seen(answered, row)
        case At.READ if wires.is_usable(state, me[0]):
            line = f"{name} fills and answers {shown(reader.answer.value)}"
            yield line, _shows(_filled(protocol, state, me[0], reader), me, reader.answer)
        case At.READ:
            yield f"{name} cannot fill", with_reader(state, *me, reader._replace(at=At.WAITING, lease=NO_LEASE))
        case At.WAITING:
            yield from _waits(protocol, state, me, reader.answer)


def _filled(protocol: Protocol, state: State, who: int, reader: Reader) -> State:
    state = wires.having_met(protocol, state, who, reader.answer.history)
    fresh = (state.processes[who].wires[state.at].id, fresh_lease(state))
    hash_ = state.nodes[state.at].hash
    return with_hash(state, scripts.filled(protocol, hash_, reader.lease, reader.answer.value, fresh))


def _waits(protocol: Protocol, state: State, me: tuple[int, int], answer: Answer) -> Iterator[Step]:
    """Until the process knows that Redis was told, by itself or by the worker, or that nobody reads from it."""
    name, value = f"reader {me[0] + 1}.{me[1] + 1}", answer.value
    if wires.is_usable(state, me[0]):
        raised = _raised(protocol, state, me[0], value.revision, answer.history)
        told = _remembers(raised, me[0], value.revision)
        yield f"{name} raises the fence to {value.revision} and answers", _shows(told, me, answer)
    if protocol.bypass_renews and wires.is_renewing(state, me[0], answer.history):
        return
    renewed = wires.having_met(protocol, state, me[0], answer.history) if protocol.bypass_renews else state
    if state.processes[me[0]].told >= value.revision:
        yield f"{name} knows {value.revision} told and answers", _shows(renewed, me, answer)
    if answer.history != state.history:
        yield f"{name} finds another history", with_reader(state, *me, RESTING_READER)
    elif why := _announced(protocol, state, value):
        yield f"{name} finds {why} and answers", _shows(renewed, me, answer)


def _shows(state: State, me: tuple[int, int], answer: Answer) -> State:
    process = state.processes[me[0]]
    state = with_process(state, me[0], process._replace(met=max(process.met, answer.history)))
    return with_seen(with_reader(state, *me, RESTING_READER), answer.value)


def _announced(protocol: Protocol, state: State, value: Value) -> str | None:
    if state.database.published >= value.revision:
        return f"{value.revision} published"
    return "Redis noted away" if noted(protocol, state) == Note.AWAY else None


def _raised(protocol: Protocol, state: State, who: int, revision: int, history: int) -> State:
    state = wires.having_met(protocol, state, who, history)
    id_ = state.processes[who].wires[state.at].id
    return with_hash(state, scripts.raised(state.nodes[state.at].hash, revision, id_, fresh_lease(state)))


def _remembers(state: State, who: int, revision: int) -> State:
    process = state.processes[who]
    return with_process(state, who, process._replace(told=max(process.told, revision)))


def _writer(protocol: Protocol, world: World, state: State, me: tuple[int, int], writer: Writer) -> Iterator[Step]:
    """Take the revision, raise, commit; acknowledge what was told to Redis, published, or Redis being away."""
    name, value = f"writer {me[0] + 1}", writer.value
    usable = wires.is_usable(state, me[0])
    match writer.at:
        case At.IDLE if may_begin(world, state):
            taken = Writer(At.LOCKED, Value(NOTHING.content, next_revision(state)), state.history)
            yield f"{name} takes revision {taken.value.revision}", with_writer(state, *me, taken)
        case At.LOCKED if usable and protocol.raises_before_commit:
            raised = _raised(protocol, state, me[0], value.revision, writer.history)
            if not protocol.knows_what_is_committed:
                raised = _remembers(raised, me[0], value.revision)
            raised = with_writer(raised, *me, writer._replace(at=At.RAISED))
            yield f"{name} raises the fence to {value.revision}", raised
        case At.LOCKED:
            yield f"{name} does not raise the fence", with_writer(state, *me, writer._replace(at=At.RAISED))
        case At.RAISED:
            yield _commits(protocol, state, me, writer)
        case At.GHOST:
            if usable:
                raised = _raised(protocol, state, me[0], value.revision, writer.history)
                yield f"{name}'s raise to {value.revision} arrives", with_writer(raised, *me, RESTING_WRITER)
            yield f"{name}'s raise is lost", with_writer(state, *me, RESTING_WRITER)
        case At.COMMITTED:
            yield from _acknowledges(protocol, state, me, writer)
    if writer.at != At.IDLE and world.deaths:
        yield f"{name} stops", with_writer(state, *me, RESTING_WRITER)


def _commits(protocol: Protocol, state: State, me: tuple[int, int], writer: Writer) -> Step:
    after, made = committed(state, writer.value.revision)
    line = f"writer {me[0] + 1} commits {shown(made)}"
    if protocol.write_waits:
        return line, with_writer(after, *me, Writer(At.COMMITTED, made, writer.history))
    return f"{line} and acknowledges", with_seen(with_writer(after, *me, RESTING_WRITER), made)


def _acknowledges(protocol: Protocol, state: State, me: tuple[int, int], writer: Writer) -> Iterator[Step]:
    name, value = f"writer {me[0] + 1}", writer.value
    rested = with_seen(with_writer(state, *me, RESTING_WRITER), value)
    if wires.is_usable(state, me[0]):
        raised = _raised(protocol, rested, me[0], value.revision, writer.history)
        line = f"{name} raises the fence to {value.revision} and acknowledges"
        yield line, _remembers(raised, me[0], value.revision)
    if writer.history == state.history and (why := _announced(protocol, state, value)):
        yield f"{name} finds {why} and acknowledges", rested
