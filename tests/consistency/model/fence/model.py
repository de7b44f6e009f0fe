"""The fence protocol of one user's list as a model: what every process, and every fault, may do next.

Each step from one state to the next is one atomic action of the product: one Redis script, one SQL statement or
one COMMIT. A process that dies starts again from the beginning, so readers, writers and the worker repeat without
end; only the number of commits is bounded.

Nobody acts out a hit. A hit changes nothing, and anybody may ask at any moment, so `hits` says what a hit
would show and the promises judge it in every state. For the same reason no history says what has been
returned to whom: somebody may have read the database the moment before, so the newest result that anybody
may hold is what the database shows now. A reader that takes over the result of another's query, under the same
lease and not below the fence, gets no more than if that result were filled and hit at that moment.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from tests.consistency.model.fence.promises import Judge, Promise
from tests.consistency.model.fence.protocol import Call, Protocol, World
from tests.consistency.model.fence.state import (
    NO_LEASE,
    NOTHING,
    RESTING_READER,
    RESTING_WRITER,
    At,
    Doubt,
    Hash,
    Reader,
    State,
    Version,
    Worker,
    Writer,
)

T = TypeVar("T")
Step = tuple[str, State]


@dataclass(frozen=True, slots=True)
class Model:
    """All the steps of one protocol in one world.

    With `reduced`, a reader whose fill can only be refused counts as one that has finished: its lease is
    gone or its result is below the fence, both for ever, so that nothing it still does changes anything.
    """

    protocol: Protocol
    world: World
    reduced: bool = True

    def start(self) -> State:
        """Nothing written, nothing cached."""
        return State(
            db=Version(0, 0),
            published=0,
            hash=None,
            saved=None,
            restarts=self.world.restarts,
            readers=(RESTING_READER,) * self.world.readers,
            writers=(RESTING_WRITER,) * self.world.writers,
            workers=(Worker(At.IDLE, NOTHING, Doubt.NONE),) * self.world.workers,
            acknowledged=0,
            covered=0,
        )

    def steps(self, state: State) -> Iterator[Step]:
        """Every step that may come next, each with the line that it has in a trace."""
        for who in range(len(state.readers)):
            for line, after in self.reader(state, who):
                yield line, self.forget(after)
        for who in range(len(state.writers)):
            for line, after in self.writer(state, who):
                yield line, self.forget(after)
        for who in range(len(state.workers)):
            for line, after in self.worker(state, who):
                yield line, self.forget(after)
        for line, after in self._deaths(state):
            yield line, self.forget(after)
        for line, after in self._redis(state):
            yield line, self.forget(after)

    def canonical(self, state: State) -> State:
        """One state for all that differ only in who is who.

        Two readers, two writers or two workers run the same program, and no step names one of them or a variant,
        so exchanging two of a kind exchanges their futures and changes no judgement.
        """
        return state._replace(
            hash=_sorted_values(state.hash),
            saved=_sorted_values(state.saved),
            readers=tuple(sorted(state.readers)),
            writers=tuple(sorted(state.writers)),
            workers=tuple(sorted(state.workers)),
        )

    def judge(self, promises: Iterable[Promise]) -> Judge:
        return Judge(self, promises)

    def hits(self, state: State) -> Iterator[Version]:
        """What a reader who asks now would be given from the cache."""
        if state.hash is None:
            return
        for value in state.hash.values:
            if value != NOTHING and (value.revision == state.hash.fence or not self.protocol.hit_compares_fence):
                yield value

    def reader(self, state: State, who: int) -> Iterator[Step]:
        """Open, query, fill. That its first read missed is left out: it may come as a bypass too."""
        reader = state.readers[who]
        name = f"reader {who + 1}"
        match reader.at:
            case At.IDLE if self.protocol.opens_before_query:
                yield self._opens(state, who, At.OPENED)
            case At.IDLE:
                yield f"{name} queries: {_shown(state.db)}", _reads(state, who, At.QUERIED, state.db)
            case At.QUERIED:
                yield self._opens(state, who, At.READ)
            case At.OPENED if self.protocol.queries_in_one_statement:
                for version in self._visible(state):
                    yield f"{name} queries: {_shown(version)}", _reads(state, who, At.READ, version)
            case At.OPENED:
                rows = Version(state.db.content, NOTHING.revision)
                yield f"{name} queries the rows: content {rows.content}", _reads(state, who, At.ROWS, rows)
            case At.ROWS:
                version = Version(reader.version.content, state.db.revision)
                line = f"{name} queries the revision: {_shown(version)}"
                yield line, _reads(state, who, At.READ, version)
            case At.READ:
                for variant in range(self.world.variants):
                    after = self._filled(state, reader, variant)
                    outcome = "refused" if after == state.hash else "stored"
                    line = f"{name} fills variant {variant + 1} with {_shown(reader.version)}: {outcome}"
                    readers = _put(state.readers, who, RESTING_READER)
                    yield line, state._replace(hash=after, readers=readers)

    def writer(self, state: State, who: int) -> Iterator[Step]:
        """Take the revision, raise, commit, confirm, acknowledge."""
        writer = state.writers[who]
        name = f"writer {who + 1}"
        match writer.at:
            case At.IDLE:
                if self._may_begin(state):
                    taken = Version(NOTHING.content, state.db.revision + 1)
                    yield f"{name} takes revision {taken.revision}", _writes(state, who, At.LOCKED, taken)
                if state.acknowledged < state.db.content:
                    yield self._replays(state, who)
            case At.LOCKED if self.protocol.raises_before_commit:
                yield from self._tells(state, who, Call.RAISE, At.RAISED)
            case At.LOCKED | At.RAISED | At.UNRENEWED:
                committed = Version(state.db.content + 1, writer.version.revision)
                after = _writes(state, who, At.COMMITTED, committed)._replace(db=committed)
                yield f"{name} commits {_shown(committed)}", after
            case At.COMMITTED if self.protocol.confirms:
                yield from self._tells(state, who, Call.CONFIRM, At.CONFIRMED)
            case At.COMMITTED | At.CONFIRMED:
                acknowledged = max(state.acknowledged, writer.version.content)
                after = state._replace(writers=_put(state.writers, who, RESTING_WRITER), acknowledged=acknowledged)
                yield f"{name} acknowledges content {writer.version.content}", after

    def worker(self, state: State, who: int) -> Iterator[Step]:
        """Peek, publish, record."""
        worker = state.workers[who]
        name = f"worker {who + 1}"
        match worker.at:
            case At.IDLE if state.db.revision > state.published or worker.doubt:
                doubt = Doubt.CLEARING if worker.doubt else Doubt.NONE
                peeked = Worker(At.PEEKED, state.db, doubt)
                yield f"{name} peeks: {_shown(state.db)}", _works(state, who, peeked)
            case At.IDLE:
                covered = max(state.covered, state.db.content)
                yield f"{name} peeks: nothing to publish", state._replace(covered=covered)
            case At.PEEKED if self.protocol.publishes_before_record:
                yield f"{name} raises the fence to {worker.version.revision}", self._publishes(state, who)
            case At.PEEKED | At.RAISED:
                yield f"{name} records {worker.version.revision}", self._records(state, who)
            case At.RECORDED:
                yield f"{name} raises the fence to {worker.version.revision}", self._publishes(state, who)

    def _deaths(self, state: State) -> Iterator[Step]:
        """Any process may stop anywhere; of a writer before COMMIT, PostgreSQL rolls back what it began."""
        for who, reader in enumerate(state.readers):
            if reader.at != At.IDLE:
                yield (
                    f"reader {who + 1} dies",
                    state._replace(readers=_put(state.readers, who, RESTING_READER)),
                )
        for who, writer in enumerate(state.writers):
            if writer.at != At.IDLE:
                ending = "rolls back" if writer.at in _IN_TRANSACTION else "dies"
                after = state._replace(writers=_put(state.writers, who, RESTING_WRITER))
                yield f"writer {who + 1} {ending}", after
        for who, worker in enumerate(state.workers):
            if worker.at != At.IDLE:
                in_doubt = self.world.restarts and self.protocol.doubts_after_death
                reborn = Worker(At.IDLE, NOTHING, Doubt.OPEN if in_doubt else Doubt.NONE)
                yield f"worker {who + 1} dies", _works(state, who, reborn)

    def _redis(self, state: State) -> Iterator[Step]:
        """What befalls the hash: its TTL, which is no fault; a wipe; a restart from what was saved earlier."""
        if state.hash is not None:
            if self.world.wipes:
                yield "Redis is wiped", state._replace(hash=None)
            elif self._may_expire(state):
                yield "the hash expires", state._replace(hash=None)
        if state.restarts:
            if state.hash != state.saved:
                yield "Redis saves", state._replace(saved=state.hash)
            in_doubt = Doubt.OPEN if self.protocol.doubts_after_restart else Doubt.NONE
            after = state._replace(
                hash=state.saved,
                saved=None,
                restarts=state.restarts - 1,
                workers=tuple(worker._replace(doubt=in_doubt) for worker in state.workers),
                covered=0,  # what was published before is undone; the promise begins anew
            )
            yield "Redis restarts from what it saved", after

    def _opens(self, state: State, who: int, at: At) -> Step:
        opened = state.hash or Hash(0, self._new_lease(state), (NOTHING,) * self.world.variants)
        reader = state.readers[who]._replace(at=at, lease=opened.lease)
        line = f"reader {who + 1} opens: fence {opened.fence}{'' if state.hash else ', new lease'}"
        return line, state._replace(hash=opened, readers=_put(state.readers, who, reader))

    def _filled(self, state: State, reader: Reader, variant: int) -> Hash | None:
        hash_, version = state.hash, reader.version
        if self.protocol.fill_compares_lease:
            if hash_ is None or reader.lease != hash_.lease:
                return hash_
        elif hash_ is None:
            hash_ = Hash(0, self._new_lease(state), (NOTHING,) * self.world.variants)
        if self.protocol.fill_compares_fence and version.revision < hash_.fence:
            return hash_
        drops = self.protocol.fill_drops_variants and version.revision > hash_.fence
        values = (NOTHING,) * self.world.variants if drops else hash_.values
        return Hash(version.revision, hash_.lease, _put(values, variant, version))

    def _raised(self, state: State, revision: int) -> Hash | None:
        hash_ = state.hash
        if hash_ is None:
            if not self.protocol.raise_creates:
                return None
            return Hash(revision, self._new_lease(state), (NOTHING,) * self.world.variants)
        moves = revision > hash_.fence if self.protocol.raise_keeps_maximum else revision != hash_.fence
        if not moves:
            return hash_
        drops = self.protocol.raise_drops_variants
        return Hash(revision, hash_.lease, (NOTHING,) * self.world.variants if drops else hash_.values)

    def _new_lease(self, state: State) -> int:
        """A lease that nobody holds; `forget` gives back those that no hash can have again."""
        taken = state.saved is not None and state.saved.lease == 1 and self.protocol.leases_are_fresh
        return 2 if taken else 1

    def _visible(self, state: State) -> Iterator[Version]:
        yield state.db
        if not self.protocol.queries_primary:
            yield from (Version(content, content) for content in range(state.db.content))

    def _may_begin(self, state: State) -> bool:
        if state.db.content >= self.world.commits:
            return False
        return not self.protocol.locks_revision or not any(w.at in _IN_TRANSACTION for w in state.writers)

    def _may_expire(self, state: State) -> bool:
        """A raise renews the TTL, and no transaction lives nearly as long: none sees its raise expire."""
        return not any(writer.at == At.RAISED for writer in state.writers)

    def _replays(self, state: State, who: int) -> Step:
        """A client that got no answer, or not yet, sends its request again with its idempotency key."""
        line = f"writer {who + 1} is sent a write again and finds it done"
        at = At.COMMITTED if self.protocol.replay_confirms else At.CONFIRMED
        return line, _writes(state, who, at, state.db)

    def _tells(self, state: State, who: int, call: Call, at: At) -> Iterator[Step]:
        version = state.writers[who].version
        name, verb = f"writer {who + 1}", "raises the fence to" if call is Call.RAISE else "confirms"
        raised = self._raised(state, version.revision)
        renewed = self.protocol.raise_renews_ttl and (self.protocol.raise_renews_ttl_unmoved or raised != state.hash)
        told = _writes(state, who, at if renewed or at != At.RAISED else At.UNRENEWED, version)
        yield f"{name} {verb} {version.revision}", told._replace(hash=raised)
        if call in self.world.lost:
            untold = _writes(state, who, at if at != At.RAISED else At.UNRENEWED, version)
            yield f"{name} cannot reach Redis to {call.value}", untold

    def _publishes(self, state: State, who: int) -> State:
        worker = state.workers[who]
        raised = self._raised(state, worker.version.revision)
        covered = max(state.covered, worker.version.content)
        ended = worker.at == At.RECORDED
        after = _finished(worker) if ended else worker._replace(at=At.RAISED)
        return _works(state, who, after)._replace(hash=raised, covered=covered)

    def _records(self, state: State, who: int) -> State:
        worker = state.workers[who]
        found = worker.version if self.protocol.records_what_it_published else state.db
        after = _finished(worker) if worker.at == At.RAISED else worker._replace(at=At.RECORDED)
        return _works(state, who, after)._replace(published=max(state.published, found.revision))

    def forget(self, state: State) -> State:
        """Takes from the readers what can no longer matter, so that states that behave alike are one state."""
        if not self.protocol.leases_are_fresh or not any(reader.at for reader in state.readers):
            return state
        hashes = [hash_ for hash_ in (state.hash, state.saved) if hash_ is not None]
        return state._replace(readers=tuple([self._remembered(reader, hashes) for reader in state.readers]))

    def _remembered(self, reader: Reader, hashes: list[Hash]) -> Reader:
        if reader.at == At.IDLE:
            return reader
        mine = [hash_ for hash_ in hashes if hash_.lease == reader.lease]
        if self.reduced and self.protocol.refuses_for_ever:
            if reader.at == At.READ:
                mine = [hash_ for hash_ in mine if hash_.fence <= reader.version.revision]
            return reader if mine else RESTING_READER
        return reader if mine else reader._replace(lease=NO_LEASE)


def _sorted_values(hash_: Hash | None) -> Hash | None:
    return hash_ and hash_._replace(values=tuple(sorted(hash_.values)))


_IN_TRANSACTION = frozenset({At.LOCKED, At.RAISED, At.UNRENEWED})


def _put(items: tuple[T, ...], place: int, item: T) -> tuple[T, ...]:
    return (*items[:place], item, *items[place + 1 :])


def _shown(version: Version) -> str:
    return f"content {version.content} as revision {version.revision}"


def _reads(state: State, who: int, at: At, version: Version) -> State:
    reader = state.readers[who]._replace(at=at, version=version)
    return state._replace(readers=_put(state.readers, who, reader))


def _writes(state: State, who: int, at: At, version: Version) -> State:
    return state._replace(writers=_put(state.writers, who, Writer(at, version)))


def _works(state: State, who: int, worker: Worker) -> State:
    return state._replace(workers=_put(state.workers, who, worker))


def _finished(worker: Worker) -> Worker:
    """A round ended; a doubt that arose in its middle stays."""
    doubt = Doubt.NONE if worker.doubt == Doubt.CLEARING else worker.doubt
    return Worker(At.IDLE, NOTHING, doubt)
