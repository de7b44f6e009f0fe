"""Which logged versions are the work of which write: every acknowledged one exactly once, every other at most once."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from tests.consistency.history import Action, Change, Logged, Operation, revision_of
from tests.consistency.timeline import Position, Timeline

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
    acknowledged: bool = False
    """For a stale read: whether it misses a write that had been acknowledged, not only what somebody had read."""

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
        self._found = Effects()
        self._versions: defaultdict[Sign, list[int]] = defaultdict(list)
        self._before: dict[int, int] = {}
        for versions in timeline.versions.values():
            for index, before in zip(versions, [None, *versions], strict=False):
                self._versions[_sign(timeline.log, index, before)].append(index)
                if before is not None:
                    self._before[index] = before
        self._claims: dict[int, Operation] = {}

    def run(self) -> Effects:
        for outcome in ("ok", "fail", "unknown"):  # whoever is certain chooses first
            for number, operation in enumerate(self._operations):
                if operation.changes and operation.outcome == outcome:
                    self._match(number, operation)
        for index in range(len(self._timeline.log)):
            if index not in self._claims:
                self._report("nothing is made by nobody", "no request accounts for this version", index=index)
        return self._found

    def _match(self, number: int, operation: Operation) -> None:
        made = [self._claim(operation, change) for change in operation.changes]
        places = {self._timeline.places[index] for index in made if index is not None}
        partly = operation.outcome == "unknown" and places and None in made
        if len(places) > 1 or partly:
            self._report("all of a write or nothing", "it took effect in parts", operation)
        elif places and not self._only_guessed(operation):
            [self._found.positions[number]] = places

    def _only_guessed(self, operation: Operation) -> bool:
        """Whose toggle it was cannot be told when two had an unknown outcome."""
        return operation.outcome == "unknown" and any(
            change.action in ("toggle", "delete") for change in operation.changes
        )

    def _claim(self, operation: Operation, change: Change) -> int | None:
        """The version that the change made; None if it made none, rightly or not."""
        sign: Sign = (change.action, change.token or change.task)
        free = [index for index in self._versions.get(sign, ()) if index not in self._claims]
        log = self._timeline.log
        if change.token:
            if len(free) > 1:
                self._report("a write is made once", f"it was made {len(free)} times", operation, *free)
            if free and operation.outcome == "fail":
                self._report("what is refused is not made", f"{operation.status}, and it was made", operation, *free)
        elif operation.outcome == "fail":
            return None  # if it was made all the same, nobody accounts for it in the end
        elif change.etag:
            free = [index for index in free if log[index].revision == revision_of(change.etag)]
        for index in free if change.token else free[:1]:
            self._claims[index] = operation
        if operation.outcome == "ok":
            self._compare(operation, change, free[0] if free else None)
        return free[0] if free else None

    def _compare(self, operation: Operation, change: Change, index: int | None) -> None:
        if index is None:
            self._report("an acknowledged write is not lost", f"{change.action} left no trace", operation)
            return
        logged = self._timeline.log[index]
        if change.etag and revision_of(change.etag) != logged.revision:
            self._report("a write says what it made", "the ETag names another revision", operation, index)
        if change.item is not None and change.item != logged.item:
            self._report("a write says what it made", "the answer shows another task", operation, index)
        before = self._before.get(index)
        expected = revision_of(change.expected)
        if expected and (before is None or self._timeline.log[before].revision != expected):
            self._report("If-Match guards a write", "the task had changed in between", operation, index)

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
