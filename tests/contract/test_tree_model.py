"""Order by hand, subtasks and series, by two devices at once, told to the service and to a plain tree: always the same.

`TASKLANE_EXAMPLES` is the number of sequences; without it there are few, and the same ones every time.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from dataclasses import dataclass, field, replace
from operator import itemgetter
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from tests.stack import ApiProcess, Stack, new_user
from tests.tokens import shared_secret_token

EXAMPLES = os.environ.get("TASKLANE_EXAMPLES")
SETTINGS = settings(
    max_examples=int(EXAMPLES or 12),
    stateful_step_count=20,
    derandomize=EXAMPLES is None,
    deadline=None,
    report_multiple_bugs=False,
    phases=[Phase.generate, Phase.shrink],
    database=None,
    suppress_health_check=list(HealthCheck),
)
LEVELS = 4
ABSENT = "absent"
RECURRING = {"due_date": "2026-03-01", "recurrence": {"rule": "FREQ=DAILY"}}
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


NUMBERS = st.integers(0, 11)
OPERATIONS = st.one_of(
    st.builds(Operation, st.just("create"), parent=st.none() | NUMBERS, recurs=st.booleans()),
    st.builds(Operation, st.just("move"), NUMBERS, st.none() | NUMBERS, st.just(ABSENT) | st.none() | NUMBERS),
    st.builds(Operation, st.just("nest"), NUMBERS, parent=st.none() | NUMBERS),
    st.builds(Operation, st.just("complete"), NUMBERS, completed=st.booleans(), descendants=st.booleans()),
    st.builds(Operation, st.just("complete"), NUMBERS, descendants=st.integers(0, 3).map(bool), recurs=st.just(True)),
    st.builds(Operation, st.just("complete"), NUMBERS, completed=st.just(False), recurs=st.just(True)),
    st.builds(Operation, st.just("delete"), NUMBERS),
    st.builds(Operation, st.just("restore"), NUMBERS),
)


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
        if not self.live(parent) or parent in (task, *self.below(task, _is_live)):
            return False
        return self.level(parent) + self.height(task, _is_live) <= LEVELS

    def _complete(self, operation: Operation, node: Node) -> int:
        was, node.completed = node.completed, operation.completed
        self.touch(operation.task)
        if node.completed and not was and node.recurs and node.following is None:
            self._follow(operation, node)
        elif was and not node.completed and node.following is not None:
            self._take_back(operation.task, node)
        if operation.completed and operation.descendants:
            open_ones = [id_ for id_ in self.below(operation.task, _is_live) if not self.nodes[id_].completed]
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
        for id_ in (operation.task, *self.below(operation.task, _is_live)):
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


def _is_live(node: Node) -> bool:
    return node.deleted is None


@dataclass
class Device:
    """One of the user's two, which holds the list by what has changed."""

    http: httpx.Client
    tasks: dict[int, dict[str, Any]] = field(default_factory=dict)
    since: str | None = None

    def send(self, operation: Operation) -> httpx.Response:
        path = f"/api/tasks/{operation.task}"
        match operation.kind:
            case "create":
                recurring = RECURRING if operation.recurs else {}
                task = {"title": operation.title, "parent_id": operation.parent, **recurring}
                return self.http.post("/api/tasks", json=task)
            case "move":
                parent = {} if operation.parent == ABSENT else {"parent_id": operation.parent}
                return self.http.post(f"{path}/move", json={"after": operation.after, **parent})
            case "nest":
                return self.http.patch(path, json={"parent_id": operation.parent})
            case "complete":
                asked = {} if operation.descendants else {"descendants": "false"}
                return self.http.patch(f"{path}/complete", params=asked, json={"completed": operation.completed})
            case "delete":
                return self.http.delete(path)
            case _:
                return self.http.post(f"{path}/restore")

    def follow(self) -> None:
        more = True
        while more:
            asked = {"limit": "3"} | ({"since": self.since} if self.since else {})
            page = self.http.get("/api/tasks/changes", params=asked).json()
            for change in page["changes"]:
                if "title" in change:
                    self.tasks[change["id"]] = change
                else:
                    self.tasks.pop(change["id"], None)
            self.since, more = page["next"], page["more"]


@pytest.fixture(scope="module")
def api(stack: Stack) -> Iterator[ApiProcess]:
    """One that does not mind how often it is asked."""
    api = stack.api(LIMIT_READS_RATE="0", LIMIT_WRITES_RATE="0")
    yield api
    api.stop()


class Conversation(RuleBasedStateMachine):
    """A user whom nobody else knows, with two devices."""

    url: str
    pool: ThreadPoolExecutor

    def __init__(self) -> None:
        super().__init__()
        headers = {"authorization": f"Bearer {shared_secret_token(new_user())}"}
        self.devices = [Device(httpx.Client(base_url=self.url, headers=headers, timeout=60)) for _ in range(2)]
        self.tree = Tree()
        self.titles = 0

    def teardown(self) -> None:
        for device in self.devices:
            device.http.close()

    @initialize(tasks=st.lists(st.tuples(st.none() | NUMBERS, st.integers(0, 2).map(bool)), min_size=3, max_size=10))
    def begin(self, tasks: Sequence[tuple[int | None, bool]]) -> None:
        for parent, recurs in tasks:
            self.one_after_the_other([Operation("create", parent=parent, recurs=recurs)])

    @rule(operations=st.lists(OPERATIONS, min_size=1, max_size=4))
    def one_after_the_other(self, operations: Sequence[Operation]) -> None:
        """Each device in its turn."""
        for turn, operation in enumerate(operations):
            known = self.known(operation)
            answer = self.devices[turn % 2].send(known)
            assert answer.status_code == self.tree.apply(known, _told(answer)), (known, answer.text)
            if answer.content and answer.status_code < 400:
                along = {task["id"] for task in answer.json().get("descendants", ())}
                assert along == self.tree.changed
            self.look_around([self.tree])

    @rule(one=OPERATIONS, other=OPERATIONS)
    def at_once(self, one: Operation, other: Operation) -> None:
        """What comes of it is what comes of one after the other, in either order."""
        operations = [self.known(one), self.known(other)]
        answers = list(self.pool.map(lambda pair: pair[0].send(pair[1]), zip(self.devices, operations, strict=True)))
        possible = []
        for order in ((0, 1), (1, 0)):
            tree = deepcopy(self.tree)
            statuses = {at: tree.apply(operations[at], _told(answers[at])) for at in order}
            if all(answers[at].status_code == status for at, status in statuses.items()):
                possible.append(tree)
        assert possible, (operations, [answer.text for answer in answers])
        self.look_around(possible)

    @rule()
    def empty_trash(self) -> None:
        assert self.devices[0].http.delete("/api/tasks/trash").status_code == 204
        self.tree.nodes = {id_: node for id_, node in self.tree.nodes.items() if node.deleted is None}
        self.look_around([self.tree])

    def known(self, operation: Operation) -> Operation:
        """With ids in place of numbers; where an operation needs a task of a kind, one of these if there is."""
        ids = sorted(self.tree.nodes)
        deleted = [id_ for id_ in ids if self.tree.nodes[id_].deleted]
        wanted = {"restore": deleted, "complete": self.series(operation) if operation.recurs else []}
        tasks = wanted.get(operation.kind) or ids or [2**62]

        def id_of(number: object, among: Sequence[int]) -> Any:
            return among[-1 - number % len(among)] if isinstance(number, int) else number

        self.titles += 1
        return replace(
            operation,
            title=f"Walk {self.titles}",
            task=id_of(operation.task, tasks),
            after=id_of(operation.after, ids or [2**62]),
            parent=id_of(operation.parent, ids or [2**62]),
        )

    def series(self, operation: Operation) -> list[int]:
        """What recurs and can be completed, or reopened; of these those that have subtasks, if there are any."""
        nodes = self.tree.nodes
        found = [
            id_ for id_ in self.tree.order if nodes[id_].recurs and nodes[id_].completed is not operation.completed
        ]
        return sorted(id_ for id_ in found if self.tree.below(id_, _is_live)) or sorted(found)

    def look_around(self, possible: Sequence[Tree]) -> None:
        """The list is as one of the trees says, for both devices, whichever way they learn of it."""
        shown = self.devices[0].http.get("/api/tasks", params={"sort": "position", "limit": "1000"}).json()
        deleted = self.devices[1].http.get("/api/tasks/trash", params={"limit": "1000"}).json()
        trash = {task["id"]: task["deleted_at"] for task in deleted}
        fitting = [tree for tree in possible if tree.named([*shown, *deleted]) and self.is_as_shown(tree, shown, trash)]
        assert fitting, (possible, shown, trash)
        self.tree = fitting[0]
        self.tree.order, self.tree.unsure = [task["id"] for task in shown], set()
        for id_, when in trash.items():
            self.tree.nodes[id_].deleted = when
        assert [task["position"] for task in shown] == sorted(task["position"] for task in shown)
        for task in shown:
            assert task["parent_id"] is None or task["parent_id"] in self.tree.order
            assert self.tree.level(task["id"]) <= LEVELS
        for device in self.devices:
            device.follow()
            assert device.tasks == {task["id"]: task for task in shown}

    def is_as_shown(self, tree: Tree, shown: Sequence[dict[str, Any]], trash: dict[int, str]) -> bool:
        live = {
            id_: (node.parent, node.completed, node.following)
            for id_, node in tree.nodes.items()
            if node.deleted is None
        }
        sure = [id_ for id_ in tree.order if id_ not in tree.unsure]
        return (
            live == {task["id"]: (task["parent_id"], task["completed"], task["next_id"]) for task in shown}
            and sure == [task["id"] for task in shown if task["id"] not in tree.unsure]
            and trash.keys() == {id_ for id_, node in tree.nodes.items() if node.deleted}
        )

    @rule()
    def turn_pages(self) -> None:
        """The same, page by page, from either end, and by parent."""
        shown = self.devices[0].http.get("/api/tasks", params={"sort": "position", "limit": "1000"}).json()
        for sort, expected in (("position", list(shown)), ("-position", list(shown)[::-1])):
            found: list[dict[str, Any]] = []
            asked: dict[str, str] | None = {"sort": sort, "limit": "3"}
            url = "/api/tasks"
            while True:
                page = self.devices[0].http.get(url, params=asked)
                found += page.json()
                if "next" not in page.links:
                    break
                url, asked = page.links["next"]["url"], None
            assert found == expected
            behind = self.devices[0].http.get("/api/tasks", params={"sort": sort, "offset": "2", "limit": "2"})
            assert behind.json() == expected[2:4]
        for parent in {task["parent_id"] for task in shown}:
            asked = {"sort": "position", "parent_id": str(parent or "none")}
            of_parent = self.devices[1].http.get("/api/tasks", params=asked).json()
            assert of_parent == [task for task in shown if task["parent_id"] == parent]


def _told(answer: httpx.Response) -> Told:
    if not answer.content or not answer.is_success:
        return Told()
    task = answer.json()
    return Told(task["id"] if answer.status_code == 201 else None, task["next_id"], _revision(task))


def _revision(task: dict[str, Any]) -> int:
    return int(task["etag"].strip('"').rpartition("-")[2])


def test_any_sequence_by_two_devices_gives_both_the_same_order_and_tree(api: ApiProcess) -> None:
    """Moves, nestings, completions, deletions and restores, one after the other and at once: no circle, no orphan."""
    with ThreadPoolExecutor(2) as pool:
        conversation = type("Conversation", (Conversation,), {"url": api.url, "pool": pool})
        run_state_machine_as_test(conversation, settings=SETTINGS)
