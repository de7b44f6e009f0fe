"""Any sequence of operations, told to the service and to a plain model of it: the two always answer the same.

`TASKLANE_EXAMPLES` is the number of sequences; without it there are few, and the same ones every time.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import product
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from tests.contract import reference
from tests.contract.reference import (
    Complete,
    Create,
    Delete,
    Document,
    IfMatch,
    Model,
    Operation,
    Outcome,
    Parameters,
    Restore,
    Task,
    Update,
    ordered,
    select,
)
from tests.stack import ApiProcess, Stack, new_user
from tests.tokens import shared_secret_token

EXAMPLES = os.environ.get("TASKLANE_EXAMPLES")
SETTINGS = settings(
    max_examples=int(EXAMPLES or 40),
    stateful_step_count=25,
    derandomize=EXAMPLES is None,
    deadline=None,
    report_multiple_bugs=False,
    phases=[Phase.generate, Phase.shrink],
    database=None,
    suppress_health_check=list(HealthCheck),
)

# Letters with two cases and without, with a case of more characters, beyond the basic plane; LIKE's own characters.
LETTERS = st.sampled_from("aAbB %_\\äÄσΣß😀\ufffd")
WORDS = st.text(LETTERS, min_size=1, max_size=5)
TITLES = st.one_of(WORDS, WORDS, st.sampled_from(["  a  ", " ", "x" * 200 + " ", "x" * 201]))
TAGS = ("home", "Home", "a,b", "ä", "%")
DUE_DATES = (
    *("2026-03-01", "2026-03-02", "2095-01-01", "0001-01-01", "9999-12-31"),
    *("2026-03-01T00:00:00Z", "2026-03-01T01:30:00+01:30", "2026-03-01T00:00:00.001Z"),
    *("2026-02-28T23:59:59.999999Z", "2026-03-02T00:00:00.000001-00:00", "2095-01-01T12:00:00Z"),
)
ZONES = ("UTC", "America/New_York", "Asia/Tokyo", "Europe/Berlin")
CHANGES: dict[str, st.SearchStrategy[Any]] = {
    "description": st.none() | WORDS,
    "completed": st.none() | st.booleans(),
    "priority": st.none() | st.sampled_from(reference.PRIORITIES),
    "due_date": st.none() | st.sampled_from(DUE_DATES),
    "tags": st.none() | st.lists(st.sampled_from(TAGS), max_size=4),
    "reminders": st.none() | st.lists(st.sampled_from([0, 30, "2026-03-01T08:00:00.1239+01:00"]), max_size=4),
}
IGNORED: dict[str, st.SearchStrategy[Any]] = {"id": st.just(1), "created_at": st.just("then"), "colour": st.just([])}
NEW = st.fixed_dictionaries({"title": TITLES}, optional=CHANGES)
PATCHES = st.fixed_dictionaries({}, optional={"title": st.one_of(TITLES, st.none()), **CHANGES, **IGNORED})

NUMBERS = st.integers(0, 7)
"""Which of the tasks there are; an operation is told of its id when its time has come."""
IF_MATCH: st.SearchStrategy[IfMatch] = st.sampled_from(["absent", "absent", "absent", "*", "current", "old"])
IN_BATCH: st.SearchStrategy[Operation] = st.one_of(
    st.builds(Create, NEW),
    st.builds(Update, NUMBERS, PATCHES, IF_MATCH),
    st.builds(Complete, NUMBERS, st.none() | st.booleans(), IF_MATCH),
    st.builds(Delete, NUMBERS, IF_MATCH),
)
OPERATIONS = st.one_of(st.builds(Create, NEW), IN_BATCH, st.builds(Restore, NUMBERS))

SORTS = ("created", "created_at", "updated", "updated_at", "title", "due_date", "priority", "position")
ORDERS: list[Parameters] = [
    *([], [("order", "asc")], [("sort_order", "DESC")], [("sort", "-title"), ("order", "desc")]),
    *([("sort", sign + sort)] for sign, sort in product(("", "-"), SORTS)),
    *([("sort", sort), ("order", way)] for sort, way in product(SORTS, ("asc", "desc"))),
    *([("sort_by", sort), ("sort_order", way)] for sort, way in product(SORTS, ("asc", "desc"))),
]
FILTERS: list[list[Parameters]] = [
    [
        *([("completed", "true")], [("completed", "false")], [("status", "completed"), ("completed", "true")]),
        *([("status", status)] for status in ("all", "pending", "active", "completed")),
    ],
    [[("priority", name)] for name in reference.PRIORITIES],
    [[("tag", one), ("tag", other)] for one, other in product(TAGS, TAGS)],
    [[("due_before", day)] for day in DUE_DATES],
    [[("due_after", day)] for day in DUE_DATES],
    [[("time_zone", zone)] for zone in ZONES],
    [[("search", text)] for text in ("", "_", "%", "\\", "a_", "%b", "\\_", "\\\\", "A", "b", "Ä", "Σ", "😀")],
]
PARAMETERS = [*(st.sampled_from(choices) for choices in FILTERS), WORDS.map(lambda text: [("search", text)])]
QUESTIONS: st.SearchStrategy[Parameters] = (
    st.lists(st.sampled_from(range(len(FILTERS))), max_size=3, unique=True)
    .flatmap(lambda chosen: st.tuples(*(PARAMETERS[number] for number in chosen), st.sampled_from(ORDERS)))
    .map(lambda parts: [("_", "1"), *(parameter for part in parts for parameter in part)])
    .flatmap(st.permutations)
)


@pytest.fixture(scope="module")
def http(stack: Stack) -> Iterator[httpx.Client]:
    """An API that does not mind how often it is asked."""
    api: ApiProcess = stack.api(LIMIT_READS_RATE="0", LIMIT_WRITES_RATE="0")
    with httpx.Client(base_url=api.url, timeout=60) as http:
        yield http
    api.stop()


class Conversation(RuleBasedStateMachine):
    """A user whom nobody else knows, and all that they do and ask."""

    http: httpx.Client
    foreign: int
    """A task of somebody else's."""

    def __init__(self) -> None:
        super().__init__()
        user = new_user()
        self.headers = authorization(user)
        self.model = Model(user)
        self.ids: list[int] = []
        self.etags: dict[int, list[str]] = {}

    @initialize(bodies=st.lists(NEW, min_size=2, max_size=8))
    def begin(self, bodies: Sequence[Document]) -> None:
        for body in bodies:
            self.do(Create(body))

    @rule(operations=st.lists(OPERATIONS, min_size=1, max_size=4))
    def change(self, operations: Sequence[Operation]) -> None:
        for operation in operations:
            self.do(operation)
            self.look_around()

    def do(self, operation: Operation) -> None:
        operation = self.on_a_task(operation)
        outcome = self.model.apply(operation, self.model.versions())
        response = self.send(operation)
        assert response.status_code == outcome.status
        if outcome.document:
            assert outcome.task
            assert response.json() == outcome.document
            self.learn(outcome.task, response.json(), response.headers["etag"])

    @rule(operations=st.lists(IN_BATCH, min_size=1, max_size=5), atomic=st.booleans())
    def change_at_once(self, operations: Sequence[Operation], atomic: bool) -> None:  # noqa: FBT001
        operations = [self.on_a_task(operation) for operation in operations]
        outcomes = self.model.batch(operations, atomic=atomic)
        body = {"atomic": atomic, "operations": [self.in_batch(operation) for operation in operations]}
        response = self.request("POST", "/batch", json=body)
        statuses = {outcome.status for outcome in outcomes}
        assert response.status_code == (200 if not atomic or max(statuses) < 400 else 422 if 422 in statuses else 409)
        results = response.json()["results"]
        assert [(result["status"], result.get("task")) for result in results] == [
            (outcome.status, outcome.document) for outcome in outcomes
        ]
        self.learn_last(outcomes, results)
        self.look_around()

    @rule()
    def empty_trash(self) -> None:
        self.model.empty_trash()
        assert self.request("DELETE", "/trash").status_code == 204
        self.look_around()

    @rule(choices=st.sampled_from([*FILTERS, ORDERS]))
    def ask_all(self, choices: Sequence[Parameters]) -> None:
        for asked in choices:
            assert self.request("GET", "", params=asked).json() == select(self.model.live, asked)

    @rule(asked=QUESTIONS)
    def ask(self, asked: Parameters) -> None:
        expected = select(self.model.live, asked)
        response = self.request("GET", "", params=asked)
        assert response.json() == expected
        assert response.headers["x-total-count"] == str(len(expected))
        again = self.request("GET", "", params=asked, headers={"if-none-match": response.headers["etag"]})
        assert again.status_code == 304

    @rule(asked=QUESTIONS, limit=st.integers(1, 4), offset=st.integers(0, 2))
    def count_pages(self, asked: Parameters, limit: int, offset: int) -> None:
        expected = select(self.model.live, asked)
        for start in range(offset, len(expected) + 1, limit):
            page = self.request("GET", "", params=[*asked, ("limit", str(limit)), ("offset", str(start))])
            assert page.json() == expected[start : start + limit]
            assert page.headers["x-total-count"] == str(len(expected))
            assert ("next" in page.links) == (start + limit < len(expected))
        following = self.pages("", [*asked, ("limit", str(limit)), ("offset", str(offset))])
        assert [task for page in following for task in page.json()] == expected[offset:]

    @rule(asked=QUESTIONS, limit=st.integers(1, 4))
    def turn_pages(self, asked: Parameters, limit: int) -> None:
        expected = select(self.model.live, asked)
        pages = list(self.pages("", [*asked, ("limit", str(limit))]))
        assert [page.json() for page in pages] == [
            expected[start : start + limit] for start in range(0, len(expected) or 1, limit)
        ]
        assert {page.headers["x-total-count"] for page in pages} == {str(len(expected))}

    @rule(asked=QUESTIONS, limit=st.integers(1, 3), operations=st.lists(OPERATIONS, min_size=1, max_size=4))
    def turn_pages_of_a_changing_list(self, asked: Parameters, limit: int, operations: Sequence[Operation]) -> None:
        """What was there throughout, in its place, is shown exactly once; nothing is shown twice in one place."""
        place, _ = reference.order(asked)
        remaining, shown = list(operations), list[Document]()
        steady = {task["id"]: place(task) for task in select(self.model.live, asked)}
        for page in self.pages("", [*asked, ("limit", str(limit))]):
            now = select(self.model.live, asked)
            assert page.headers["x-total-count"] == str(len(now))
            assert all(task in now for task in page.json())
            shown += page.json()
            if "next" in page.links and remaining:
                self.do(remaining.pop(0))
                self.look_around()
                places = {task["id"]: place(task) for task in select(self.model.live, asked)}
                steady = {id_: was for id_, was in steady.items() if id_ in places and places[id_] == was}
        assert shown == ordered(shown, asked)
        assert len({(task["id"], place(task)) for task in shown}) == len(shown)
        expected = [task["id"] for task in select(self.model.live, asked) if task["id"] in steady]
        assert [task["id"] for task in shown if task["id"] in steady] == expected

    @rule(limit=st.integers(1, 4))
    def turn_pages_of_the_trash(self, limit: int) -> None:
        expected = self.model.trash
        pages = list(self.pages("/trash", [("limit", str(limit))]))
        assert [task for page in pages for task in page.json()] == expected
        assert {page.headers["x-total-count"] for page in pages} == {str(len(expected))}
        behind = self.request("GET", "/trash", params={"offset": str(limit)})
        assert behind.json() == expected[limit:]

    @rule(number=NUMBERS)
    def get(self, number: int) -> None:
        id_ = self.numbered(number)
        task = self.model.find(id_)
        response = self.request("GET", f"/{id_}")
        assert response.status_code == (200 if task else 404)
        if task:
            assert response.json() == self.model.shown(task)
            assert response.headers["etag"] == self.etags[id_][-1]

    @rule(zone=st.sampled_from(ZONES))
    def count(self, zone: str) -> None:
        counted = self.request("GET", "/stats", params={"time_zone": zone}).json()
        assert counted == self.model.stats(datetime.now(UTC), ZoneInfo(zone))

    def look_around(self) -> None:
        """The list is right after every change; what became of deleted tasks is shown by the trash."""
        trash = self.request("GET", "/trash").json()
        for document in trash:
            deleted = self.model.find(document["id"], deleted=True)
            assert deleted
            deleted.learn(document)
        assert trash == self.model.trash
        assert self.request("GET", "").json() == select(self.model.live, [])

    def learn_last(self, outcomes: Sequence[Outcome], results: Sequence[Document]) -> None:
        """Of each task the last answer: the earlier ones tell what was so for a moment."""
        told: list[Task] = []
        for outcome, result in reversed(list(zip(outcomes, results, strict=True))):
            if outcome.task is None or any(outcome.task is task for task in told):
                continue
            told.append(outcome.task)
            if outcome.document:
                self.learn(outcome.task, result["task"], result["etag"])

    def learn(self, task: Task, document: Document, etag: str) -> None:
        task.learn(document)
        assert document["etag"] == etag
        if task.id not in self.etags:
            self.ids.append(task.id)
        self.etags.setdefault(task.id, []).append(etag)
        assert len(set(self.etags[task.id])) == len(self.etags[task.id])

    def numbered(self, number: int) -> int:
        """The id of a task of this user, in whatever state, or, now and then, of somebody else's."""
        known = [*self.ids, self.foreign]
        return known[-1 - number % len(known)]

    def on_a_task(self, operation: Operation) -> Operation:
        return operation if isinstance(operation, Create) else replace(operation, task=self.numbered(operation.task))

    def send(self, operation: Operation) -> httpx.Response:
        match operation:
            case Create(body):
                return self.request("POST", "", json=body)
            case Update(id_, body, if_match):
                method = "PUT" if len(body) % 2 else "PATCH"
                return self.request(method, f"/{id_}", json=body, headers=self.condition(id_, if_match))
            case Complete(id_, None, if_match):
                return self.request("PATCH", f"/{id_}/toggle", headers=self.condition(id_, if_match))
            case Complete(id_, completed, if_match):
                body, headers = {"completed": completed}, self.condition(id_, if_match)
                return self.request("PATCH", f"/{id_}/complete", json=body, headers=headers)
            case Delete(id_, if_match):
                return self.request("DELETE", f"/{id_}", headers=self.condition(id_, if_match))
            case Restore(id_):
                return self.request("POST", f"/{id_}/restore")

    def in_batch(self, operation: Operation) -> Document:
        match operation:
            case Create(body):
                return {"op": "create", "task": body}
            case Update(id_, body, if_match):
                condition = self.condition(id_, if_match).get("if-match")
                return {"op": "update", "id": id_, "task": body, "if_match": condition}
            case Complete(id_, completed, if_match):
                condition = self.condition(id_, if_match).get("if-match")
                return {"op": "complete", "id": id_, "completed": completed, "if_match": condition}
            case Delete(id_, if_match):
                return {"op": "delete", "id": id_, "if_match": self.condition(id_, if_match).get("if-match")}
        raise AssertionError("a batch does not restore")

    def condition(self, id_: int, if_match: IfMatch) -> dict[str, str]:
        etags = self.etags.get(id_, ['"current"'])
        values = {"*": "*", "current": etags[-1], "old": ", ".join([*etags[:-1], '"old"', f"W/{etags[-1]}"])}
        return {"if-match": values[if_match]} if if_match in values else {}

    def pages(self, path: str, asked: Parameters) -> Iterator[httpx.Response]:
        """From link to link; whoever takes one may change the list before taking the next."""
        page = self.request("GET", path, params=asked)
        while True:
            assert page.status_code == 200
            yield page
            if "next" not in page.links:
                return
            page = self.http.get(page.links["next"]["url"], headers=self.headers)

    def request(
        self, method: str, path: str, *, headers: dict[str, str] | None = None, **options: Any
    ) -> httpx.Response:
        return self.http.request(method, f"/api/tasks{path}", headers={**self.headers, **(headers or {})}, **options)


def test_any_sequence_of_operations_answers_as_the_model_does(http: httpx.Client) -> None:
    """Whatever is done and asked in whatever order: the same tasks, orders, pages, counts and refusals."""
    task = http.post("/api/tasks", json={"title": "Somebody else's"}, headers=authorization(new_user()))
    conversation = type("Conversation", (Conversation,), {"http": http, "foreign": task.json()["id"]})
    run_state_machine_as_test(conversation, settings=SETTINGS)


@pytest.mark.parametrize(
    "other",
    [
        *("?sort=title", "?sort=created", "?priority=high", "?tag=home", "?search=a", "?status=pending"),
        *("?due_before=2026-01-01", "?due_after=2026-01-01", "/trash?"),
    ],
)
def test_a_cursor_continues_its_own_question_only(http: httpx.Client, other: str) -> None:
    """With other filters or another order it would leave tasks out, so it is refused; another limit is fine."""
    headers = authorization(new_user())
    for title in "ab":
        http.post("/api/tasks", json={"title": title}, headers=headers)
    page = http.get("/api/tasks?limit=1", headers=headers)
    cursor = httpx.URL(page.links["next"]["url"]).params["cursor"]
    assert http.get(f"/api/tasks?cursor={cursor}&limit=7", headers=headers).json()[0]["title"] == "a"
    refused = http.get(f"/api/tasks{other}&cursor={cursor}", headers=headers)
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "?cursor")


@pytest.mark.parametrize("question", ["completed=true&status=all", "status=all&completed=true"])
def test_parameters_mean_the_same_in_any_order(http: httpx.Client, question: str) -> None:
    """`status=all` filters nothing, wherever it stands."""
    headers = authorization(new_user())
    for completed in (True, False):
        http.post("/api/tasks", json={"title": "Walk", "completed": completed}, headers=headers)
    found = http.get(f"/api/tasks?{question}", headers=headers)
    assert found.status_code == 200
    assert [task["completed"] for task in found.json()] == [True]


def authorization(user: str) -> dict[str, str]:
    return {"authorization": f"Bearer {shared_secret_token(user)}"}
