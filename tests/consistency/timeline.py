"""One user's list as it was after each transaction, and which of these states an answer can have shown."""

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator, Sequence

from tests.consistency.history import ACCOUNT, LIST, QUESTIONS, Item, Logged, Shown

Position = int
"""How many of the user's transactions have taken effect: 0 is the empty list."""


class Timeline:
    """The states of one user's list, in the order that the database wrote down."""

    def __init__(self, user: str, log: Sequence[Logged]) -> None:
        self.log = log
        self._user = user
        self.places: list[Position] = []
        """The position of each logged version."""
        self.revisions: list[int] = [0]
        """By position."""
        self.versions: dict[int, list[int]] = {}
        """By task: the indices of its versions in the log."""
        before = None
        for index, logged in enumerate(log):
            if logged.transaction != before:
                self.revisions.append(logged.revision)
                before = logged.transaction
            self.places.append(self.end)
            self.versions.setdefault(logged.item.id, []).append(index)
        self._known = {logged.item for logged in log}

    @property
    def end(self) -> Position:
        """The last position."""
        return len(self.revisions) - 1

    def knows(self, item: object) -> bool:
        """Whether a task ever was what `item` shows."""
        return item in self._known

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

    def _walk(self) -> Iterator[tuple[Position, list[Item]]]:
        """Every position with the live tasks, the newest first."""
        order: list[tuple[str, int]] = []
        live: dict[int, Item] = {}
        yield 0, []
        for index, logged in enumerate(self.log):
            item = logged.item
            if logged.deleted:
                del live[item.id]
                order.remove((item.created_at, item.id))
            else:
                if item.id not in live:
                    insort(order, (item.created_at, item.id))
                live[item.id] = item
            if index + 1 == len(self.log) or self.places[index + 1] != self.places[index]:
                yield self.places[index], [live[id_] for _, id_ in reversed(order)]

    def _walk_account(self, states: "States") -> None:
        states.set(0, (self._user, 0))
        seen: set[int] = set()
        for index, logged in enumerate(self.log):
            seen.add(logged.item.id)
            states.set(self.places[index], (self._user, len(seen)))

    def _walk_task(self, task: int, states: "States") -> None:
        states.set(0, ())
        for index in self.versions.get(task, ()):
            logged = self.log[index]
            states.set(self.places[index], () if logged.deleted else (logged.item,))


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
