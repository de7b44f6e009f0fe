"""One user's list as it was after each transaction, and which of these states an answer can have shown.

What a failover has lost is a part of it: the states that only the server that died has recorded come where they were,
and then a *setback*, a transaction of nobody's that makes the list again what the successor has.
"""

from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from tests.consistency.checking.history import ACCOUNT, LIST, QUESTIONS, Item, Logged, Loss, Shown

Position = int
"""How many of the user's transactions have taken effect, setbacks included: 0 is the empty list."""


@dataclass(frozen=True, slots=True)
class Setback:
    """What a loss did to one list: the states from `first` to the one before `position` are lost, and no other ever."""

    loss: Loss
    first: Position
    position: Position
    surviving: tuple[int, ...]
    """Indices of the versions that are left."""
    latest: dict[int, int]
    """By task: the last of them."""


@dataclass(slots=True)
class _Tasks:
    """The live ones at one moment."""

    order: list[tuple[str, int]] = field(default_factory=list)
    live: dict[int, Item] = field(default_factory=dict)

    def take(self, logged: Logged) -> None:
        item = logged.item
        if logged.erased and item.id not in self.live:
            return  # it was in the trash
        if logged.deleted:
            del self.live[item.id]
            self.order.remove((item.created_at, item.id))
        else:
            if item.id not in self.live:
                insort(self.order, (item.created_at, item.id))
            self.live[item.id] = item

    def newest_first(self) -> list[Item]:
        return [self.live[id_] for _, id_ in reversed(self.order)]


class Timeline:
    """The states of one user's list, in the order that the database wrote down."""

    def __init__(self, user: str, log: Sequence[Logged], losses: Sequence[Loss] = ()) -> None:
        self.log: list[Logged] = []
        """Every version that ever was, the lost ones too."""
        self.losses = losses
        self._user = user
        self.places: list[Position] = []
        """The position of each version."""
        self.versions: defaultdict[int, list[int]] = defaultdict(list)
        """By task."""
        self.before: dict[int, int] = {}
        """By version: the one of the same task that it has replaced."""
        self.setbacks: dict[Position, Setback] = {}
        self.lost: dict[int, Setback] = {}
        """By version."""
        self._made: list[list[int]] = [[]]
        """By position: the versions that it brings; none for a setback."""
        self._latest: dict[int, int] = {}
        present = [self._append(logged) for logged in (losses[0].log.get(user, []) if losses else log)]
        for number, loss in enumerate(losses, 1):
            successor = losses[number].log.get(user, []) if number < len(losses) else log
            kept = self._common(present, successor)
            if kept < len(present):
                self._set_back(loss, present, kept)
                present = present[:kept]
            present += [self._append(logged) for logged in successor[kept:]]
        self._known = {logged.item for logged in self.log}
        positions = range(1, self.end + 1)
        self._revisions = [(found, place) for place in positions if (found := self.revision(place)) is not None]
        self._horizon = max(map(self._gone, range(len(self.log))), default=0)

    @property
    def end(self) -> Position:
        """The last position."""
        return len(self._made) - 1

    def revision(self, position: Position) -> int | None:
        """The one that the transaction there took; None for a setback."""
        made = self._made[position]
        return self.log[made[0]].revision if made else None

    def range_of(self, revision: int) -> tuple[Position, Position]:
        """The first and the last position at which the list may have stood at that revision.

        No version tells when a list takes a revision and nothing is changed. What a loss has set back stands lower.
        """
        index = bisect_right(self._revisions, revision, key=lambda item: item[0])
        first = self._revisions[index - 1][1] if index else 0
        return first, (self._revisions[index][1] - 1 if index < len(self._revisions) else self.end)

    def place_of(self, told: Item | int, after: tuple[int, int]) -> tuple[int, int] | None:
        """The first (revision, id) above `after` at which a task became what a page says; None if there is none."""
        id_ = told if isinstance(told, int) else told.id
        for index in self.versions.get(id_, ()):
            logged = self.log[index]
            same = logged.deleted and not logged.erased if isinstance(told, int) else logged.item == told
            if same and (logged.revision, id_) > after and (isinstance(told, int) or not logged.deleted):
                return logged.revision, id_
        return None

    def may_refuse(self, revision: int) -> bool:
        """Whether anything that was above that revision is gone without a trace."""
        return self._horizon > revision

    def knows(self, item: object) -> bool:
        """Whether a task ever was what `item` shows."""
        return item in self._known

    def setback_of(self, position: Position) -> Setback | None:
        """The one by which the state there was lost."""
        return next((one for one in self.setbacks.values() if one.first <= position < one.position), None)

    def states(self, questions: Iterable[str]) -> dict[str, "States"]:
        """For each question, when which answer was right."""
        wanted = set(questions)
        found = {name: States() for name in wanted}
        about_lists = [(QUESTIONS[name], found[name]) for name in wanted if name in QUESTIONS]
        for position, items in self._walk():
            for answer, states in about_lists:
                states.set(position, answer(items))
        if ACCOUNT in wanted:
            self._walk_account(found[ACCOUNT])
        for name in wanted - QUESTIONS.keys() - {ACCOUNT}:
            self._walk_task(int(name.removeprefix(f"{LIST}/")), found[name])
        for states in found.values():
            states.close(self.end)
        return found

    def _gone(self, index: int) -> int:
        """The revision that went with an erased version: a tombstone's own, or the one that told of a live task."""
        logged = self.log[index]
        before = self.before.get(index)
        if not logged.erased:
            return 0
        return self.log[before].revision if before is not None and self.log[before].deleted else logged.revision

    def _common(self, present: Sequence[int], branch: Sequence[Logged]) -> int:
        """How many of the versions so far the next server has, too."""
        pairs = zip(present, branch, strict=False)
        return next(
            (number for number, (index, logged) in enumerate(pairs) if self.log[index] != logged),
            min(len(present), len(branch)),
        )

    def _append(self, logged: Logged) -> int:
        index = len(self.log)
        made = self._made[-1]
        if not made or self.log[made[-1]].transaction != logged.transaction:
            self._made.append(made := [])
        made.append(index)
        self.log.append(logged)
        self.places.append(self.end)
        self.versions[logged.item.id].append(index)
        if (before := self._latest.get(logged.item.id)) is not None:
            self.before[index] = before
        self._latest[logged.item.id] = index
        return index

    def _set_back(self, loss: Loss, present: Sequence[int], kept: int) -> None:
        self._made.append([])
        surviving = tuple(present[:kept])
        self._latest = {self.log[index].item.id: index for index in surviving}
        setback = Setback(loss, self.places[present[kept]], self.end, surviving, dict(self._latest))
        self.setbacks[self.end] = setback
        self.lost |= dict.fromkeys(present[kept:], setback)

    def _steps(self) -> Iterator[tuple[Position, bool, Sequence[int]]]:
        """Every position, whether everything begins anew with it, and the versions that it brings."""
        for position, made in enumerate(self._made):
            setback = self.setbacks.get(position)
            yield position, setback is not None, setback.surviving if setback else made

    def _walk(self) -> Iterator[tuple[Position, list[Item]]]:
        """Every position with the live tasks, the newest first."""
        tasks = _Tasks()
        for position, again, made in self._steps():
            if again:
                tasks = _Tasks()
            for index in made:
                tasks.take(self.log[index])
            yield position, tasks.newest_first()

    def _walk_account(self, states: "States") -> None:
        seen: set[int] = set()
        for position, again, made in self._steps():
            if again:
                seen = set()
            for index in made:
                (seen.discard if self.log[index].erased else seen.add)(self.log[index].item.id)
            states.set(position, (self._user, len(seen)))

    def _walk_task(self, task: int, states: "States") -> None:
        states.set(0, ())
        steps: list[tuple[Position, int | None]] = [(self.places[index], index) for index in self.versions[task]]
        steps += [(position, setback.latest.get(task)) for position, setback in self.setbacks.items()]
        for position, index in sorted(steps, key=lambda step: step[0]):
            gone = index is None or self.log[index].deleted
            states.set(position, () if index is None or gone else (self.log[index].item,))


class States:
    """The positions at which each answer to one question was right."""

    def __init__(self) -> None:
        self._ranges: dict[Shown, list[tuple[Position, Position]]] = {}
        self._known: dict[int, list[tuple[Position, Position]]] = {}
        """By identity: clients show one answer as one object, and to hash a list of tasks takes long."""
        self._now: Shown | None = None
        self._since: Position = 0

    def set(self, position: Position, shown: Shown) -> None:
        """From this position on the answer is `shown`."""
        if shown != self._now:
            if self._now is not None and self._since < position:
                self.close(position - 1)
            self._now, self._since = shown, position

    def close(self, last: Position) -> None:
        if self._now is not None:
            self._ranges.setdefault(self._now, []).append((self._since, last))

    def ever(self, shown: Shown) -> bool:
        return bool(self._of(shown))

    def within(self, shown: Shown, first: Position, last: Position) -> Position | None:
        """The first position from `first` to `last` at which `shown` was right."""
        place = self.earliest(shown, first)
        return place if place is not None and place <= last else None

    def earliest(self, shown: Shown, floor: Position) -> Position | None:
        """The first position, `floor` or later, at which `shown` was right."""
        ranges = self._of(shown)
        index = bisect_left(ranges, floor, key=lambda item: item[1])
        return max(ranges[index][0], floor) if index < len(ranges) else None

    def latest_before(self, shown: Shown, floor: Position) -> Position | None:
        """The last position before `floor` at which it was right."""
        ranges = self._of(shown)
        index = bisect_left(ranges, floor, key=lambda item: item[0])
        return min(ranges[index - 1][1], floor - 1) if index else None

    def _of(self, shown: Shown) -> list[tuple[Position, Position]]:
        ranges = self._known.get(id(shown))
        if ranges is None:
            ranges = self._known[id(shown)] = self._ranges.get(shown, [])
        return ranges
