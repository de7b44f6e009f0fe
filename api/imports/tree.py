"""Tasks in the order of their list, each behind its parent: whatever the order of the file was."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from api.imports.parsed import Parsed
from core.tasks.tree.family import MAX_LEVELS, MAX_TREE

_LAST = (float("inf"),)


@dataclass(frozen=True, slots=True)
class Placed:
    """A task; where its parent is among all of them, and where it is itself among that one's."""

    task: Parsed
    parent: int | None
    position: int


def placed(tasks: Sequence[Parsed]) -> Iterator[Placed | None]:
    """All of them, in small steps; None for one in which none came.

    Who names a parent that is not there, or is below itself, has none, and neither has one of too many; who is too deep
    has the last that may be one.
    """
    by_key: dict[str, Parsed] = {}
    for task in tasks:
        by_key.setdefault(task.key or task.ref, task)
        yield None
    children: dict[int, list[Parsed]] = defaultdict(list)
    top: list[Parsed] = []
    for task in tasks:
        yield None
        parent = by_key.get(task.parent) if task.parent else None
        if parent is None and task.parent:
            task.leave("parent", "it is not in the file")
            task.parent_missing = task.parent if task.kept else ""
        (children[id(parent)] if parent else top).append(task)
    for siblings in (top, *children.values()):
        siblings.sort(key=lambda task: task.order or _LAST)
        yield None
    flat = _Flat(children)
    yield from flat.below(top)
    for task in tasks:
        yield None
        if id(task) not in flat.seen:  # nothing leads there but itself
            yield from flat.below([_of_circle(task, by_key)])


def _of_circle(task: Parsed, by_key: dict[str, Parsed]) -> Parsed:
    """One of the circle that `task` is in, or below."""
    above = {id(task)}
    while id(task := by_key[task.parent]) not in above:
        above.add(id(task))
    task.leave("parent", "it is below itself")
    return task


class _Flat:
    """Each behind its parent. A stack, for nobody knows how deep a file goes."""

    def __init__(self, children: dict[int, list[Parsed]]) -> None:
        self._children = children
        self._counts: dict[int | None, int] = defaultdict(int)
        self._sizes: dict[int, int] = defaultdict(int)
        self.seen: set[int] = set()

    def below(self, top: list[Parsed]) -> Iterator[Placed]:
        waiting: list[tuple[Parsed, tuple[int, ...]]] = [(task, ()) for task in reversed(top)]
        while waiting:
            task, above = waiting.pop()
            if id(task) in self.seen:
                continue
            if above and self._sizes[above[0]] >= MAX_TREE:
                task.leave("parent", f"there are more than {MAX_TREE} beneath one another")
                above = ()
            number = len(self.seen)
            self.seen.add(id(task))
            self._sizes[above[0] if above else number] += 1
            parent = above[-1] if above else None
            yield Placed(task, parent, self._counts[parent])
            self._counts[parent] += 1
            here = (*above, number)
            below = self._children.get(id(task), ())
            if below and len(here) >= MAX_LEVELS:
                for child in below:
                    child.leave("parent", f"it is more than {MAX_LEVELS} levels deep")
                here = here[: MAX_LEVELS - 1]
            waiting.extend((child, here) for child in reversed(below))
