"""Which logged versions are the work of which write: every acknowledged one exactly once, every other at most once.

What a failover has lost counts as made, and may be made once more after it.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import inf

from tests.consistency.checking.history import ERASES, Action, Change, Item, Logged, Operation, revision_of
from tests.consistency.checking.timeline import Position, Timeline

Sign = tuple[Action, str | int]
"""What tells a version's cause: the token of a create or an update, the task of a toggle or a delete."""


@dataclass(frozen=True, slots=True)
class Violation:
    """A broken promise and the smallest part of the history that shows it."""

    promise: str
    text: str
    operations: tuple[Operation, ...] = ()
    logged: tuple[Logged, ...] = ()
    late: float | None = None
    """For a stale read: the seconds for which something newer had been known when it began."""
    lost: bool = False
    """For a stale read: it shows what a failover has just lost, and nothing has come after that."""

    def __str__(self) -> str:
        return f"{self.promise}: {self.text}"


@dataclass(slots=True)
class Effects:
    """What the writes of one user did."""

    positions: dict[int, Position] = field(default_factory=dict)
    """By the index of the operation: where it took effect, when that is certain."""
    violations: list[Violation] = field(default_factory=list)


def effects(operations: Sequence[Operation], timeline: Timeline) -> Effects:
    """Match one user's writes with the log."""
    return _Matching(operations, timeline).run()


class _Matching:
    def __init__(self, operations: Sequence[Operation], timeline: Timeline) -> None:
        self._operations = operations
        self._timeline = timeline
        self._setbacks = list(timeline.setbacks.values())
        self._found = Effects()
        self._versions: defaultdict[Sign, list[int]] = defaultdict(list)
        self._of_nobody = {index for index in range(len(timeline.log)) if self._is_of_nobody(index)}
        for index in range(len(timeline.log)):
            if index not in self._of_nobody:
                self._versions[_sign(timeline.log, index, timeline.before.get(index))].append(index)
        self._claims: dict[int, Operation] = {}
        self._known: dict[str, Item] = {}
        """By ETag: the task that clients were first shown with it."""
        for change in (change for operation in operations for change in operation.changes):
            if change.etag and change.item:
                self._known.setdefault(change.etag, change.item)

    def run(self) -> Effects:
        writes = [(number, operation) for number, operation in enumerate(self._operations) if operation.changes]
        for outcome in ("ok", "fail", "unknown"):  # whoever is certain chooses first
            of_outcome = [item for item in writes if item[1].outcome == outcome]
            for number, operation in sorted(of_outcome, key=lambda item: self._spans_a_loss(item[1])):
                self._match(number, operation)
        for index in range(len(self._timeline.log)):
            if index not in self._claims and index not in self._of_nobody:
                self._report("nothing is made by nobody", "no request accounts for this version", index=index)
        return self._found

    def _is_of_nobody(self, index: int) -> bool:
        """A tombstone goes by itself; whoever erases everything is answered before it is done."""
        if not self._timeline.log[index].erased:
            return False
        before = self._timeline.before.get(index)
        was_live = before is not None and not self._timeline.log[before].deleted
        return not was_live or any(operation.kind == ERASES for operation in self._operations)

    def _match(self, number: int, operation: Operation) -> None:
        made = [self._claim(operation, change) for change in operation.changes]
        places = {self._timeline.places[index] for index in made if index is not None}
        partly = operation.outcome == "unknown" and places and None in made
        if len(places) > 1 or partly:
            self._report("all of a write or nothing", "it took effect in parts", operation)
        elif places and not self._only_guessed(operation):
            [self._found.positions[number]] = places

    def _only_guessed(self, operation: Operation) -> bool:
        """Whose toggle it was cannot be told when two had an unknown outcome, or which of two when one was lost."""
        nameless = [change for change in operation.changes if not change.token]
        if operation.outcome == "unknown":
            return bool(nameless)
        return self._spans_a_loss(operation) and not all(change.etag for change in nameless)

    def _spans_a_loss(self, operation: Operation) -> bool:
        return any(one.loss.died >= operation.start and one.loss.died <= operation.end for one in self._setbacks)

    def _may_have_made(self, operation: Operation, index: int) -> bool:
        """Not what was lost before it was asked for, nor what came after a loss when it had ended."""
        lost = self._timeline.lost.get(index)
        if lost and lost.loss.died < operation.start:
            return False
        place = self._timeline.places[index]
        ended = operation.end if operation.outcome == "ok" else inf
        return all(one.loss.died <= ended for one in self._setbacks if one.position < place)

    def _made_again(self, first: int, second: int) -> bool:
        """Whether what was made before had not been lost."""
        lost = self._timeline.lost.get(first)
        return lost is None or lost.position > self._timeline.places[second]

    def _claim(self, operation: Operation, change: Change) -> int | None:
        """The version that the change made; None if it made none, rightly or not."""
        sign: Sign = (change.action, change.token or change.task)
        free = [index for index in self._versions.get(sign, ()) if index not in self._claims]
        log = self._timeline.log
        if change.token:
            if any(self._made_again(first, second) for first, second in pairwise(free)):
                self._report("a write is made once", f"it was made {len(free)} times", operation, *free)
            if free and operation.outcome == "fail":
                self._report("what is refused is not made", f"{operation.status}, and it was made", operation, *free)
        elif operation.outcome == "fail":
            return None  # if it was made all the same, nobody accounts for it in the end
        else:
            free = [index for index in free if self._may_have_made(operation, index)]
            if change.etag:
                free = [index for index in free if log[index].revision == revision_of(change.etag)]
            free = free[:1]
        for index in free:
            self._claims[index] = operation
        lost = self._timeline.lost  # and made again
        made = next((index for index in free if index not in lost), free[-1] if free else None)
        if operation.outcome == "ok":
            self._compare(operation, change, made)
        return made

    def _compare(self, operation: Operation, change: Change, index: int | None) -> None:
        if index is None:
            self._report("an acknowledged write is not lost", f"{change.action} left no trace", operation)
            return
        logged = self._timeline.log[index]
        if change.etag and revision_of(change.etag) != logged.revision:
            self._report("a write says what it made", "the ETag names another revision", operation, index)
        if change.item is not None and change.item != logged.item:
            self._report("a write says what it made", "the answer shows another task", operation, index)
        if change.expected:
            self._compare_expected(operation, change, index)

    def _compare_expected(self, operation: Operation, change: Change, index: int) -> None:
        before = self._timeline.before.get(index)
        replaced = None if before is None else self._timeline.log[before]
        if replaced is None or replaced.revision != revision_of(change.expected):
            self._report("If-Match guards a write", "the task had changed in between", operation, index)
        elif self._known.get(change.expected, replaced.item) != replaced.item:
            self._report("If-Match guards a write", "the ETag had named another state", operation, index)

    def _report(self, promise: str, text: str, *parts: Operation | int, index: int | None = None) -> None:
        operations = tuple(part for part in parts if isinstance(part, Operation))
        indices = [part for part in parts if isinstance(part, int)] + ([] if index is None else [index])
        logged = tuple(self._timeline.log[part] for part in indices)
        about = _described(operations, logged)
        self._found.violations.append(Violation(promise, f"{text} ({about})", operations, logged))


def _sign(log: Sequence[Logged], index: int, before: int | None) -> Sign:
    logged = log[index]
    item = logged.item
    if logged.deleted:
        return "delete", item.id
    if before is None:
        return "create", (item.description or "").partition(" ")[0]
    earlier = log[before].item
    if item.title == earlier.title and item.completed != earlier.completed:
        return "toggle", item.id
    return "update", item.title  # with the same title once more: an update that was made twice


def _described(operations: Iterable[Operation], logged: Iterable[Logged]) -> str:
    parts = [f"{item.kind} of {item.user} at {item.start:.3f}" for item in operations]
    parts += [f"task {item.item.id} at revision {item.revision}" for item in logged]
    return "; ".join(parts)
