"""Which task of a file is beneath which: by the ids that the file has, in whatever order it names them."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from core.errors import Fault
from core.tasks.tree.family import MAX_LEVELS, MAX_TREE

TASKS = "tasks"
"""The member of the document that has them."""


@dataclass(slots=True)
class Family:
    """The tasks, by their numbers in the file."""

    _named: list[int | None] = field(default_factory=list)
    _live: list[bool] = field(default_factory=list)
    _numbers: dict[int, int] = field(default_factory=dict)
    _parents: list[int | None] | None = None

    def add(self, id_: int | None, parent: int | None, *, live: bool) -> int:
        """Of two tasks with one id the first has it; returns the task's number."""
        number = len(self._named)
        if id_ is not None:
            self._numbers.setdefault(id_, number)
        self._named.append(parent)
        self._live.append(live)
        return number

    def number(self, id_: int) -> int | None:
        """Of the task that the file calls so."""
        return self._numbers.get(id_)

    @property
    def parents(self) -> list[int | None]:
        """Of each; None at the top, where its parent is not in the file, or is deleted and it is not."""
        if self._parents is None:
            self._parents = [self._parent(number) for number in range(len(self._named))]
        return self._parents

    def _parent(self, number: int) -> int | None:
        named = self._named[number]
        parent = self._numbers.get(named) if named is not None else None
        return None if parent is None or (self._live[number] and not self._live[parent]) else parent


def family_faults(family: Family) -> Iterator[Fault]:
    """What is beneath itself, too deep, or one of too many."""
    sizes: dict[int, int] = {}
    parents = family.parents
    for number in range(len(parents)):
        root, levels = number, 1
        while (above := parents[root]) is not None and levels <= MAX_LEVELS:
            root, levels = above, levels + 1
        sizes[root] = sizes.get(root, 0) + 1
        if levels > MAX_LEVELS:
            yield _fault(
                number, f"must leave at most {MAX_LEVELS} levels of tasks, one within the other, and no circle"
            )
        elif sizes[root] > MAX_TREE:
            yield _fault(number, f"must leave at most {MAX_TREE} tasks beneath one another")


def _fault(number: int, sentence: str) -> Fault:
    return Fault(f"#/{TASKS}/{number}/parent_id", sentence)
