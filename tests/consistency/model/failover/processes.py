"""What readers and writers may do next; a step that shows or acknowledges something says so in `seen`."""

from collections.abc import Iterator

from tests.consistency.model.failover import scripts, wires
from tests.consistency.model.failover.places import (
    Step,
    committed,
    fresh_lease,
    may_begin,
    next_revision,
    shown,
    with_hash,
    with_process,
    with_raised,
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
    Away,
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
    """Open, query, fill and show; or query past the cache and show what is announced already, or else wait."""
    name = f"reader {me[0] + 1}.{me[1] + 1}"
    match reader.at:
        case At.IDLE:
            if wires.reads_cache(protocol, state, state.processes[me[0]]):
                hash_ = scripts.opened(state.nodes[state.at].hash, fresh_lease(state))
                opened = with_reader(state, *me, Reader(At.OPENED, hash_.lease, NO_ANSWER))
                yield f"{name} opens: fence {hash_.fence}", with_hash(opened, hash_)
            if world.bypasses[me[0]]:
                yield _queries(protocol, world, state, me, NO_LEASE)
        case At.OPENED:
            yield _queries(protocol, world, state, me, reader.lease)
        case At.ASKED:
            yield f"{name} has its answer", _handled(protocol, state, me, reader)
        case At.READ if wires.is_usable(state, me[0]):
            filled = scripts.filled(
                protocol, state.nodes[state.at].hash, reader.lease, reader.answer, fresh_lease(state)
            )
            line = f"{name} fills and answers {shown(reader.answer.value)}"
            yield line, with_hash(_shows(state, me, reader.answer.value), filled)
        case At.READ:
            yield f"{name} cannot fill", with_reader(state, *me, reader._replace(at=At.WAITING, lease=NO_LEASE))
        case At.WAITING:
            yield from _waits(protocol, state, me, reader.answer)


def _queries(protocol: Protocol, world: World, state: State, me: tuple[int, int], lease: int) -> Step:
    row = state.database
    announced = row.published >= row.value.revision or row.away == Away.OLD
    asked = Reader(At.ASKED, lease, Answer(row.value, state.history, announced))
    line = f"reader {me[0] + 1}.{me[1] + 1} queries{'' if lease else ' past the cache'}: {shown(row.value)}"
    return line, with_reader(state, *me, asked) if world.late else _handled(protocol, state, me, asked)


def _handled(protocol: Protocol, state: State, me: tuple[int, int], asked: Reader) -> State:
    answer = asked.answer
    state = with_process(state, me[0], wires.having_met(protocol, state.processes[me[0]], answer.history))
    if asked.lease:
        state = with_reader(state, *me, asked._replace(at=At.READ))
        return state if protocol.shows_after_fill else with_seen(state, answer.value)
    if answer.announced or not protocol.bypass_waits:
        return _shows(state, me, answer.value)
    return with_reader(state, *me, asked._replace(at=At.WAITING))


def _waits(protocol: Protocol, state: State, me: tuple[int, int], answer: Answer) -> Iterator[Step]:
    name, value = f"reader {me[0] + 1}.{me[1] + 1}", answer.value
    if wires.is_usable(state, me[0]):
        raised = with_raised(protocol, state, value.revision, answer.history)
        yield f"{name} raises the fence to {value.revision} and answers", _shows(raised, me, value)
    if answer.history != state.history:
        yield f"{name} finds another history", with_reader(state, *me, RESTING_READER)
    elif why := _announced(state, value):
        yield f"{name} finds {why} and answers", _shows(state, me, value)


def _shows(state: State, me: tuple[int, int], value: Value) -> State:
    return with_seen(with_reader(state, *me, RESTING_READER), value)


def _announced(state: State, value: Value) -> str | None:
    if state.database.published >= value.revision:
        return f"{value.revision} published"
    return "Redis noted away" if state.database.away == Away.OLD else None


def _writer(protocol: Protocol, world: World, state: State, me: tuple[int, int], writer: Writer) -> Iterator[Step]:
    """Take the revision, raise, commit; acknowledge what was told to Redis, published, or Redis being away."""
    name, value = f"writer {me[0] + 1}", writer.value
    usable = wires.is_usable(state, me[0])
    match writer.at:
        case At.IDLE if may_begin(world, state):
            taken = Writer(At.LOCKED, Value(NOTHING.content, next_revision(state)), state.history)
            process = wires.having_met(protocol, state.processes[me[0]], state.history)
            line = f"{name} takes revision {taken.value.revision}"
            yield line, with_writer(with_process(state, me[0], process), *me, taken)
        case At.LOCKED if usable and protocol.raises_before_commit:
            raised = with_raised(protocol, state, value.revision, writer.history)
            yield (
                f"{name} raises the fence to {value.revision}",
                with_writer(raised, *me, writer._replace(at=At.RAISED)),
            )
        case At.LOCKED:
            yield f"{name} does not raise the fence", with_writer(state, *me, writer._replace(at=At.RAISED))
        case At.RAISED:
            after, made = committed(state, value.revision)
            line = f"{name} commits {shown(made)}"
            if protocol.write_waits:
                yield line, with_writer(after, *me, Writer(At.COMMITTED, made, writer.history))
            else:
                yield f"{line} and acknowledges", with_seen(with_writer(after, *me, RESTING_WRITER), made)
        case At.GHOST:
            if usable:
                raised = with_raised(protocol, state, value.revision, writer.history)
                yield f"{name}'s raise to {value.revision} arrives", with_writer(raised, *me, RESTING_WRITER)
            yield f"{name}'s raise is lost", with_writer(state, *me, RESTING_WRITER)
        case At.COMMITTED:
            yield from _acknowledges(protocol, state, me, writer)
    if writer.at != At.IDLE and world.deaths:
        yield f"{name} stops", with_writer(state, *me, RESTING_WRITER)


def _acknowledges(protocol: Protocol, state: State, me: tuple[int, int], writer: Writer) -> Iterator[Step]:
    name, value = f"writer {me[0] + 1}", writer.value
    rested = with_seen(with_writer(state, *me, RESTING_WRITER), value)
    if wires.is_usable(state, me[0]):
        raised = with_raised(protocol, rested, value.revision, writer.history)
        yield f"{name} raises the fence to {value.revision} and acknowledges", raised
    if writer.history == state.history and (why := _announced(state, value)):
        yield f"{name} finds {why} and acknowledges", rested
