"""Decides from a history whether every promise was kept.

The database's own log says in which order the changes of a user took effect, so each answer to a read can be placed:
it was right after these transactions and no others. What remains is real time. An operation that starts after another
has ended must not show less, whoever made it, through whichever process; that is strict serialisability of each user's
list. Reads are given the earliest place that they can have, so nothing is called stale that can be explained.
"""

import heapq
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from math import inf

from tests.consistency.effects import Effects, Violation, effects
from tests.consistency.history import History, Item, Operation
from tests.consistency.timeline import Position, States, Timeline

STALE_PROMISES = (
    "a session reads its own writes",
    "a session never reads backwards",
    "an acknowledged write is seen by all",
    "what one has read all read",
)


@dataclass(slots=True)
class Verdict:
    """What was found; `stale` are the violations that are late reads and nothing else."""

    checked: int = 0
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
        _User(user, by_user[user], Timeline(user, history.log.get(user, []))).check_into(verdict)
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
        self._acknowledged = _Floor()
        self._sessions: defaultdict[int, _Floor] = defaultdict(_Floor)
        self._asked: list[float] = []
        """By position: when the last of the writes so far was asked for; no read can have seen them before."""

    def check_into(self, verdict: Verdict) -> None:
        verdict.checked += len(self._operations)
        verdict.violations += self._alone()
        found = effects(self._operations, self._timeline)
        verdict.violations += found.violations
        verdict.violations += self._revisions()
        self._asked = self._times(found)
        questions = {item.question for item in self._operations if item.shown is not None}
        states = self._timeline.states(questions)
        ended: list[tuple[float, int, Position, Operation]] = []
        for number, operation in enumerate(self._operations):
            while ended and ended[0][0] < operation.start:
                _, _, position, past = heapq.heappop(ended)
                self._floor.raise_to(position, past)
                self._sessions[past.session].raise_to(position, past)
                if past.changes:
                    self._acknowledged.raise_to(position, past)
            place = found.positions.get(number)
            if place is not None:
                if place <= self._floor():
                    verdict.violations.append(self._too_early(operation, place))
                if operation.outcome == "unknown":
                    continue  # when it took effect nobody knows, but not before it was asked for
            elif operation.shown is not None:
                place = self._placed(operation, states[operation.question], verdict)
            if place is not None:
                heapq.heappush(ended, (operation.end, number, place, operation))

    def _alone(self) -> Iterator[Violation]:
        """What is wrong with an answer whatever else happened."""
        for operation in self._operations:
            if operation.fault:
                yield Violation("every answer is one of the contract", operation.fault, (operation,))
        for (question, etag), answers in _by_etag(self._operations).items():
            if len(answers) > 1:
                text = f"{question} has two answers with the ETag {etag}"
                yield Violation("an ETag names one answer", text, tuple(answers))

    def _revisions(self) -> Iterator[Violation]:
        revisions = self._timeline.revisions
        for before, after in pairwise(revisions):
            if after <= before:
                yield Violation("revisions follow the order of commits", f"{after} after {before} of {self._user}")

    def _times(self, found: Effects) -> list[float]:
        starts = [-inf] * (self._timeline.end + 1)
        for number, place in found.positions.items():
            starts[place] = self._operations[number].start
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
        if before is not None:
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
        acknowledged = self._acknowledged() > place
        return Violation(promise, text, (own or witness, operation), missing, late, acknowledged)


def _by_etag(operations: Iterable[Operation]) -> dict[tuple[str, str], list[Operation]]:
    """One operation for each answer that had the ETag. Most answers are one object, so they are seldom compared."""
    found: dict[tuple[str, str], list[Operation]] = {}
    for operation in operations:
        if operation.etag and operation.shown is not None:
            seen = found.setdefault((operation.question, operation.etag), [])
            if not any(other.shown is operation.shown or other.shown == operation.shown for other in seen):
                seen.append(operation)
    return found


def _named(operation: Operation) -> str:
    what = f" {operation.question}" if operation.question else ""
    return f"{operation.kind}{what} of {operation.user} at {operation.start:.3f}"


def counted(violations: Iterable[Violation]) -> dict[str, int]:
    """How many of each promise."""
    return dict(Counter(violation.promise for violation in violations))
