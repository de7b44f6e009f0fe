"""A plain tree of one user's tasks, which says what each operation must come to."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from operator import itemgetter
from typing import Any

LEVELS = 4
ABSENT = "absent"
NEVER = 0
"""A revision that no list has."""


@dataclass(frozen=True, slots=True)
class Operation:
    """`task`, `after` and `parent` are numbers among the tasks until they are ids."""

    kind: str
    task: int = 0
    after: int | None = None
    parent: int | str | None = None
    completed: bool = True
    descendants: bool = True
    recurs: bool = False
    title: str = "Walk"


@dataclass(frozen=True, slots=True)
class Told:
    """What an answer says that nobody can know before."""

    made: int | None = None
    following: int | None = None
    revision: int | None = None


@dataclass(slots=True)
class Node:
    parent: int | None
    completed: bool = False
    deleted: str | None = None
    """When, so far as it is known: what went in the same instant comes back together."""
    title: str = ""
    recurs: bool = False
    revision: int = 0
    """At which somebody has touched it last; keys that are spread anew are no touch."""
    following: int | None = None
    """What its completion has made."""
    followed: int = NEVER
    """The revision at which that was made."""


@dataclass(slots=True)
class Tree:
    """The tasks of one user as a dictionary and a list."""

    nodes: dict[int, Node] = field(default_factory=dict)
    order: list[int] = field(default_factory=list)
    """The live ones, the topmost first."""
    unsure: set[int] = field(default_factory=set)
    """Whose place only the service knows: they come out of the trash."""
    changed: set[int] = field(default_factory=set)
    """Beneath the task of the last operation."""
    told: Told = field(default_factory=Told)
    """By the answer to it."""
    unnamed: int = 0
    """The last id that stands for one that the service has given without telling."""

    def apply(self, operation: Operation, told: Told) -> int:
        """The status."""
        self.changed = set()
        self.told = told if told.revision else replace(told, revision=self.unknown())
        node = self.nodes.get(operation.task)
        if operation.kind == "create":
            return self._create(operation)
        if node is not None and operation.kind == "move" and operation.after == operation.task:
            return 422  # in the trash, too: which of the two is wrong nobody can say
        if node is None or (node.deleted is None) == (operation.kind == "restore"):
            return 404
        return int(getattr(self, f"_{operation.kind}")(operation, node))

    def live(self, id_: object) -> bool:
        return isinstance(id_, int) and id_ in self.nodes and self.nodes[id_].deleted is None

    def below(self, id_: int, wanted: Callable[[Node], bool]) -> list[int]:
        found = [child for child, node in self.nodes.items() if node.parent == id_ and wanted(node)]
        return [*found, *(one for child in found for one in self.below(child, wanted))]

    def level(self, id_: int) -> int:
        parent = self.nodes[id_].parent
        return 1 if parent is None else 1 + self.level(parent)

    def height(self, id_: int, wanted: Callable[[Node], bool]) -> int:
        children = [child for child, node in self.nodes.items() if node.parent == id_ and wanted(node)]
        return 1 + max((self.height(child, wanted) for child in children), default=0)

    def unknown(self) -> int:
        self.unnamed -= 1
        return self.unnamed

    def touch(self, *ids: int) -> None:
        for id_ in ids:
            self.nodes[id_].revision = self.told.revision or NEVER

    def _create(self, operation: Operation) -> int:
        parent = operation.parent
        if parent is not None and not (self.live(parent) and self.level(int(parent)) < LEVELS):
            return 422
        id_ = self.told.made or self.unknown()
        self.nodes[id_] = Node(None if parent is None else int(parent), title=operation.title, recurs=operation.recurs)
        self.order.insert(0, id_)
        self.touch(id_)
        return 201

    def _move(self, operation: Operation, node: Node) -> int:
        if operation.after == operation.task or (operation.after is not None and operation.after not in self.nodes):
            return 422
        parent: Any = operation.parent
        if parent == ABSENT:
            parent = node.parent if operation.after is None else self.nodes[operation.after].parent
        if parent != node.parent and not self._may_nest(operation.task, parent):
            return 422
        node.parent = parent
        self.touch(operation.task)
        self.order.remove(operation.task)
        if operation.after is None:
            self.order.insert(0, operation.task)
        elif self.live(operation.after):
            self.order.insert(self.order.index(operation.after) + 1, operation.task)
        else:
            self.order.append(operation.task)
            self.unsure.add(operation.task)
        return 200

    def _nest(self, operation: Operation, node: Node) -> int:
        parent: Any = operation.parent
        if not self._may_nest(operation.task, parent):
            return 422
        node.parent = parent
        self.touch(operation.task)
        return 200

    def _may_nest(self, task: int, parent: int | None) -> bool:
        if parent is None:
            return True
        if not self.live(parent) or parent in (task, *self.below(task, is_live)):
            return False
        return self.level(parent) + self.height(task, is_live) <= LEVELS

    def _complete(self, operation: Operation, node: Node) -> int:
        was, node.completed = node.completed, operation.completed
        self.touch(operation.task)
        if node.completed and not was and node.recurs and node.following is None:
            self._follow(operation, node)
        elif was and not node.completed and node.following is not None:
            self._take_back(operation.task, node)
        if operation.completed and operation.descendants:
            open_ones = [id_ for id_ in self.below(operation.task, is_live) if not self.nodes[id_].completed]
            for id_ in open_ones:
                self.nodes[id_].completed = True
            self.changed = set(open_ones)
            self.touch(*open_ones)
        return 200

    def _follow(self, operation: Operation, node: Node) -> None:
        """The next one stands behind it, what is beneath it at the top: there stands what nobody has moved."""
        following = self.told.following or self.unknown()
        copies = {operation.task: following}
        level = [operation.task]
        while level:
            level = [id_ for id_ in self.order if self.nodes[id_].parent in level]
            for id_ in level:
                child = self.nodes[id_]
                if child.parent in copies and not (child.recurs and child.following is not None):
                    copies[id_] = self.unknown()
                    if child.recurs and (operation.descendants or child.completed):
                        child.following, child.followed = copies[id_], NEVER
                        self.touch(id_)
        for id_, copy in copies.items():
            original = self.nodes[id_]
            parent = original.parent if original is node else copies[original.parent or 0]
            self.nodes[copy] = Node(parent, title=original.title, recurs=original.recurs)
            self.touch(copy)
        self.order[:0] = list(copies.values())[1:]
        self.order.insert(self.order.index(operation.task) + 1, following)
        if operation.task in self.unsure:
            self.unsure.add(following)
        node.following, node.followed = following, self.told.revision or NEVER

    def _take_back(self, id_: int, node: Node) -> None:
        """All of it if nobody has touched any of it; what lies in the trash is not there."""
        following = node.following or NEVER
        if not self.live(following):
            node.following = None
            return
        tree = [following, *self.below(following, lambda _: True)]
        if any(self.nodes[one].revision != node.followed for one in tree):
            node.followed = NEVER  # what was touched once is not untouched again
            return
        for one in tree:
            self.nodes[one].deleted = f"taken back {id_}"
            self.order.remove(one)
        for original in (id_, *self.below(id_, lambda _: True)):
            if self.nodes[original].following in tree:
                self.nodes[original].following = None
                self.touch(original)
        self.touch(*tree)

    def _delete(self, operation: Operation, _node: Node) -> int:
        when = f"now {operation.task}"
        for id_ in (operation.task, *self.below(operation.task, is_live)):
            self.nodes[id_].deleted = when
            self.order.remove(id_)
            self.touch(id_)
        return 204

    def _restore(self, operation: Operation, node: Node) -> int:
        when = node.deleted
        went_along = self.below(operation.task, lambda node: node.deleted == when)
        parent = node.parent
        fits = self.live(parent) and (
            self.level(int(parent or 0)) + self.height(operation.task, lambda node: node.deleted == when) <= LEVELS
        )
        node.parent = parent if fits else None
        for id_ in (operation.task, *went_along):
            self.nodes[id_].deleted = None
            self.order.append(id_)
            self.unsure.add(id_)
            self.touch(id_)
        self.changed = set(went_along)
        return 200

    def named(self, tasks: Sequence[dict[str, Any]]) -> bool:
        """Give what the service has made unasked its ids: a copy has the title of what it is of, and its own parent.

        Of two alike the first has the higher number.
        """
        names: dict[tuple[int | None, str], list[int]] = {}
        for task in sorted(tasks, key=itemgetter("id")):
            if task["id"] not in self.nodes:
                names.setdefault((task["parent_id"], task["title"]), []).append(task["id"])
        for id_ in sorted((id_ for id_ in self.nodes if id_ < 0), reverse=True):  # parents first
            node = self.nodes[id_]
            alike = names.get((node.parent, node.title))
            if not alike:
                return False
            given = alike.pop()
            self.nodes[given] = self.nodes.pop(id_)
            self.order = [given if one == id_ else one for one in self.order]
            for one in self.nodes.values():
                one.parent = given if one.parent == id_ else one.parent
                one.following = given if one.following == id_ else one.following
        return True


def is_live(node: Node) -> bool:
    return node.deleted is None
