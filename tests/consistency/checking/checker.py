"""Decides from a history whether every promise was kept.

The database's own log says in which order the changes of a user took effect, so each answer to a read can be placed:
it was right after these transactions and no others. What remains is real time. An operation that starts after another
has ended must not show less, whoever made it, through whichever process; that is strict serialisability of each user's
list. Reads are given the earliest place that they can have, so nothing is called stale that can be explained.

A loss is a transaction of nobody's, which has ended when the successor serves. A read that shows what it has undone is
late from then on; how late it may be is not decided here. It may be so only until anything else has happened.
"""

import heapq
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from math import inf

from tests.consistency.checking.effects import Effects, Violation, effects
from tests.consistency.checking.history import ERASES, LIST, History, Item, Operation, Shown
from tests.consistency.checking.mirrors import BEGINS_ANEW, TOLD
from tests.consistency.checking.timeline import Position, Setback, States, Timeline

NOBODY = -100
"""The session of what no client did."""

STALE_PROMISES = (
    "a session reads its own writes",
    "a session never reads backwards",
    "an acknowledged write is seen by all",
    "what one has read all read",
    "what was lost is not shown any more",
)


@dataclass(slots=True)
class Verdict:
    """What was found; `stale` are the violations that are late reads and nothing else.

    `lost` are acknowledged writes that a failover has lost, which is no violation.
    """

    checked: int = 0
    lost: list[Operation] = field(default_factory=list)
    violations: list[Violation] = field(default_factory=list)
    stale: list[Violation] = field(default_factory=list)

    @property
    def all(self) -> list[Violation]:
        return self.violations + self.stale


def check(history: History) -> Verdict:
    """Check every operation of every user."""
    by_user: defaultdict[str, list[Operation]] = defaultdict(list)
    for operation in history.operations:
        by_user[operation.user].append(operation)
    verdict = Verdict()
    for user in sorted(by_user.keys() | history.log.keys()):
        timeline = Timeline(user, history.log.get(user, []), history.losses)
        _User(user, by_user[user], timeline).check_into(verdict)
    return verdict


@dataclass(frozen=True, slots=True)
class _Raise:
    """From its end on, nobody may see less than `position`."""

    position: Position
    operation: Operation


class _Floor:
    """What has been acknowledged or shown so far: the highest position, and who made it so."""

    def __init__(self) -> None:
        self._raises: list[_Raise] = []

    def __call__(self) -> Position:
        return self._raises[-1].position if self._raises else 0

    def raise_to(self, position: Position, operation: Operation) -> None:
        if position > self():
            self._raises.append(_Raise(position, operation))

    def first_above(self, position: Position) -> Operation | None:
        """The operation that ended first of those that make `position` too old."""
        index = bisect_right(self._raises, position, key=lambda item: item.position)
        return self._raises[index].operation if index < len(self._raises) else None


class _User:
    def __init__(self, user: str, operations: Sequence[Operation], timeline: Timeline) -> None:
        self._user = user
        self._operations = sorted(operations, key=lambda operation: operation.start)
        self._timeline = timeline
        self._floor = _Floor()
        self._sessions: defaultdict[int, _Floor] = defaultdict(_Floor)
        self._setbacks = timeline.setbacks
        self._asked: list[float] = []
        """By position: when the last of the writes so far was asked for; no read can have seen them before."""

    def check_into(self, verdict: Verdict) -> None:
        verdict.checked += len(self._operations)
        verdict.violations += self._alone()
        found = effects(self._operations, self._timeline)
        verdict.violations += found.violations
        verdict.violations += self._revisions()
        verdict.violations += self._orders()
        self._asked = self._times(found)
        questions = {item.question for item in self._operations if item.shown is not None}
        states = self._timeline.states(questions)
        ended = [self._loss(setback) for setback in self._setbacks.values()]
        heapq.heapify(ended)
        for number, operation in enumerate(self._operations):
            while ended and ended[0][0] < operation.start:
                _, _, position, past = heapq.heappop(ended)
                self._floor.raise_to(position, past)
                self._sessions[past.session].raise_to(position, past)
            place = found.positions.get(number)
            if place is not None:
                if place <= self._floor():
                    verdict.violations.append(self._too_early(operation, place))
                if operation.outcome == "ok" and self._timeline.setback_of(place):
                    verdict.lost.append(operation)
                if operation.outcome == "unknown":
                    continue  # when it took effect nobody knows, but not before it was asked for
            elif operation.shown is not None:
                place = self._seen(operation, states[operation.question], verdict)
            if place is not None:
                heapq.heappush(ended, (operation.end, number, place, operation))

    def _alone(self) -> Iterator[Violation]:
        """What is wrong with an answer whatever else happened."""
        for operation in self._operations:
            if operation.fault:
                yield Violation("every answer is one of the contract", operation.fault, (operation,))
        for operation in self._operations:
            if operation.kind == BEGINS_ANEW and not self._may_begin_anew(operation):
                text = f"{_named(operation)}: nothing was lost, and nothing was erased"
                yield Violation("a mirror can be brought up to date", text, (operation,))
        for (question, etag), answers in _by_etag(self._operations).items():
            if len(answers) > 1:
                text = f"{question} has two answers with the ETag {etag}"
                yield Violation("an ETag names one answer", text, tuple(answers))

    def _may_begin_anew(self, operation: Operation) -> bool:
        return (
            any(loss.died <= operation.end for loss in self._timeline.losses)
            or self._timeline.may_refuse(operation.revision or 0)
            or any(other.kind == ERASES for other in self._operations)
        )

    def _orders(self) -> Iterator[Violation]:
        """What one mirror is told comes in the list's order, each change once, from one beginning to the next."""
        at: dict[int, tuple[int, int]] = {}
        revisions: dict[int, int] = {}
        for operation in self._operations:
            session = operation.session
            if operation.kind == BEGINS_ANEW:
                at.pop(session, None)
                revisions.pop(session, None)
            elif operation.revision is not None:
                for told in operation.told:
                    place = self._timeline.place_of(told, at.get(session, (-1, 0)))
                    if place is None:
                        text = f"{_named(operation)} tells of task {_id(told)} what was told, or overtaken, before"
                        yield Violation("changes come in order, each once", text, (operation,))
                        break
                    at[session] = place
                if operation.revision < revisions.get(session, -1):
                    yield Violation("changes come in order, each once", f"{_named(operation)} goes back", (operation,))
                revisions[session] = operation.revision

    def _seen(self, operation: Operation, states: States, verdict: Verdict) -> Position | None:
        """As the two below. What comes without being asked for may come late, but is what was at its revision."""
        told = self._told(operation, states, verdict) if operation.revision is not None else None
        return told if operation.kind == TOLD else self._placed(operation, states, verdict)

    def _told(self, operation: Operation, states: States, verdict: Verdict) -> Position | None:
        """Where the list was what a mirror holds, at its token's revision; None, and a violation, if it was not."""
        assert operation.shown is not None
        assert operation.revision is not None
        first, last = self._timeline.range_of(operation.revision)
        place = states.within(operation.shown, first, last)
        if place is None:
            text = f"{_named(operation)} is not what the list was at revision {operation.revision}"
            verdict.violations.append(Violation("a mirror is the list at its revision", text, (operation,)))
        elif self._asked[place] > operation.end:
            text = f"{_named(operation)} shows what was asked for later"
            verdict.violations.append(Violation("a read shows what was", text, (operation,)))
            return None
        return place

    def _loss(self, setback: Setback) -> tuple[float, int, Position, Operation]:
        """What everybody knows from the moment at which the successor serves."""
        loss = setback.loss
        nobody = Operation(self._user, NOBODY, 0, "the loss", loss.died, loss.served, "ok")
        return loss.served, -1, setback.position, nobody

    def _revisions(self) -> Iterator[Violation]:
        """Those that were lost are given to nobody else."""
        revisions = [self._timeline.revision(position) for position in range(1, self._timeline.end + 1)]
        for before, after in pairwise([0, *(revision for revision in revisions if revision is not None)]):
            if after <= before:
                yield Violation("revisions follow the order of commits", f"{after} after {before} of {self._user}")

    def _times(self, found: Effects) -> list[float]:
        starts = [-inf] * (self._timeline.end + 1)
        for number, place in found.positions.items():
            starts[place] = self._operations[number].start
        for position, setback in self._setbacks.items():
            starts[position] = setback.loss.died
        return list(accumulate(starts, max))

    def _too_early(self, operation: Operation, place: Position) -> Violation:
        witness = self._floor.first_above(place - 1)
        text = f"{_named(operation)} took effect before it was asked for"
        return Violation("a write follows what is known", text, (*([witness] if witness else []), operation))

    def _placed(self, operation: Operation, states: States, verdict: Verdict) -> Position | None:
        """The earliest position that explains what a read showed; None, and a violation, if there is none."""
        shown = operation.shown
        assert shown is not None
        if not states.ever(shown):
            verdict.violations.append(self._never(operation))
            return None
        place = states.earliest(shown, self._floor())
        if place is not None and self._asked[place] <= operation.end:
            return place
        before = states.latest_before(shown, self._floor())
        setback = self._setbacks.get(self._floor())
        if setback and (states.earliest(shown, setback.first) or inf) < setback.position:
            verdict.stale.append(self._lost(operation, setback))
        elif before is not None:
            verdict.stale.append(self._stale(operation, before))
        else:
            text = f"{_named(operation)} shows what was asked for later"
            verdict.violations.append(Violation("a read shows what was", text, (operation,)))
        return None

    def _never(self, operation: Operation) -> Violation:
        items = [item for item in operation.shown or () if isinstance(item, Item)]
        if foreign := next((item for item in items if item.user != self._user), None):
            text = f"{_named(operation)} shows task {foreign.id} of {foreign.user}"
            return Violation("a user sees their own tasks only", text, (operation,))
        if unknown := next((item for item in items if not self._timeline.knows(item)), None):
            text = f"{_named(operation)} shows task {unknown.id} as it never was"
            return Violation("a read shows what was", text, (operation,))
        text = f"{_named(operation)} shows a list that never was"
        return Violation("a read shows what was", text, (operation,))

    def _stale(self, operation: Operation, place: Position) -> Violation:
        if setback := self._timeline.setback_of(place):
            place = setback.position  # that it was lost is not all: something has happened since
        witness = self._floor.first_above(place)
        own = self._sessions[operation.session].first_above(place)
        assert witness is not None
        if own is not None:
            promise = STALE_PROMISES[0] if own.changes else STALE_PROMISES[1]
        else:
            promise = STALE_PROMISES[2] if witness.changes else STALE_PROMISES[3]
        late = operation.start - witness.end
        text = (
            f"{_named(operation)} through process {operation.process} shows what had been overtaken for {late:.3f} s:"
            f" {_named(own or witness)} through process {(own or witness).process} had ended before it began"
        )
        missing = tuple(
            logged
            for logged, position in zip(self._timeline.log, self._timeline.places, strict=True)
            if place < position <= self._floor()
        )
        return Violation(promise, text, (own or witness, operation), missing, late)

    def _lost(self, operation: Operation, setback: Setback) -> Violation:
        late = operation.start - setback.loss.served
        text = (
            f"{_named(operation)} through process {operation.process} shows what was lost: for {late:.3f} s another"
            f" server had served"
        )
        return Violation(STALE_PROMISES[4], text, (operation,), late=late, lost=True)


def _by_etag(operations: Iterable[Operation]) -> dict[tuple[str, str], list[Operation]]:
    """One operation for each answer that had the ETag. Most answers are one object, so they are seldom compared."""
    found: dict[tuple[str, str], list[tuple[Shown, Operation]]] = {}
    for operation in operations:
        for question, etag, shown in _named_states(operation):
            seen = found.setdefault((question, etag), [])
            if not any(other is shown or other == shown for other, _ in seen):
                seen.append((shown, operation))
    return {asked: [operation for _, operation in seen] for asked, seen in found.items()}


def _named_states(operation: Operation) -> Iterator[tuple[str, str, Shown]]:
    """What an answer said of a question, and by which ETag; a write tells of the task that it has changed."""
    if operation.etag and operation.shown is not None:
        yield operation.question, operation.etag, operation.shown
    for change in operation.changes:
        if change.etag and change.item:
            yield f"{LIST}/{change.item.id}", change.etag, (change.item,)


def _id(told: Item | int) -> int:
    return told if isinstance(told, int) else told.id


def _named(operation: Operation) -> str:
    what = f" {operation.question}" if operation.question else ""
    return f"{operation.kind}{what} of {operation.user} at {operation.start:.3f}"


def counted(violations: Iterable[Violation]) -> dict[str, int]:
    """How many of each promise."""
    return dict(Counter(violation.promise for violation in violations))
