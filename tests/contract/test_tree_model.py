"""Order by hand, subtasks and series, by two devices at once, told to the service and to a plain tree: always the same.

`TASKLANE_EXAMPLES` is the number of sequences; without it there are few, and the same ones every time.
"""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from tests.contract.tree import ABSENT, LEVELS, Operation, Told, Tree, is_live
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
RECURRING = {"due_date": "2026-03-01", "recurrence": {"rule": "FREQ=DAILY"}}

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
        return sorted(id_ for id_ in found if self.tree.below(id_, is_live)) or sorted(found)

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
