"""From an HTTP answer to what the checker compares. Most bodies have been seen before, wholly or task by task."""

import json
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from tests.consistency.checking.history import ACCOUNT, LIST, PRIORITIES, QUESTIONS, Item, Operation, Outcome, Shown
from tests.consistency.clients.client import Response

_FIRST = b'[{"id":'
_BETWEEN = b'},{"id":'
_MANY = 5_000

UNKNOWN_TYPE = "urn:tasklane:problem:outcome-unknown"


@dataclass(frozen=True, slots=True)
class Seen:
    """An answer, and what it says."""

    etag: str
    body: bytes
    shown: Shown


@dataclass(slots=True)
class Memory:
    """What one user's clients have been shown."""

    latest: dict[str, "Seen"] = field(default_factory=dict)
    """By question."""
    _items: dict[bytes, Item] = field(default_factory=dict)

    def read(self, operation: Operation, response: Response, known: "Seen | None" = None) -> None:
        """Fill in what the answer to a read says; `known` is what the client has named by its ETag."""
        operation.cache = response.header(b"x-cache")
        match response.status:
            case HTTPStatus.OK:
                self._ok(operation, response)
            case HTTPStatus.NOT_MODIFIED if known:
                operation.outcome, operation.etag, operation.shown = "ok", known.etag, known.shown
                if response.header(b"etag") != known.etag:
                    operation.fault = "a 304 names another ETag than it was asked about"
            case HTTPStatus.NOT_FOUND if operation.question not in (*QUESTIONS, ACCOUNT):
                operation.outcome, operation.shown = "ok", ()
            case _:
                operation.outcome = refused(operation, response)

    def items(self, body: bytes) -> tuple[Item, ...]:
        """The tasks of a JSON array, each text of a task read once."""
        if not body.startswith(_FIRST):
            return tuple(map(Item.of, json.loads(body)))
        if len(self._items) > _MANY:
            self._items.clear()
        return tuple([self._items.get(part) or self._new(part) for part in body[7:-2].split(_BETWEEN)])

    def _new(self, part: bytes) -> Item:
        item = self._items[part] = Item.of(json.loads(b'{"id":' + part + b"}"))
        return item

    def _ok(self, operation: Operation, response: Response) -> None:
        etag, question = response.header(b"etag"), operation.question
        before = self.latest.get(question)
        if before and before.etag == etag and before.body == response.body:
            shown = before.shown
        else:
            try:
                shown = self._shown(question, response)
            except (ValueError, KeyError, TypeError) as error:
                operation.fault = f"not the JSON of the contract: {error!r}"
                return
            self.latest[question] = Seen(etag, response.body, shown)
        operation.outcome, operation.etag, operation.shown = "ok", etag, shown

    def _shown(self, question: str, response: Response) -> Shown:
        if question == f"{LIST}/stats":
            found = json.loads(response.body)
            priorities = (found["by_priority"][name] for name in PRIORITIES)
            return (found["total"], found["completed"], *priorities)
        if question == ACCOUNT:
            found = json.loads(response.body)
            return (found["user_id"], found["tasks"])
        if question in QUESTIONS:
            return (int(response.header(b"x-total-count")), *self.items(response.body))
        return (Item.of(json.loads(response.body)),)


def refused(operation: Operation, response: Response) -> Outcome:
    """What a problem says of the outcome; notes what no answer of the service should be."""
    operation.status = response.status
    if response.status == HTTPStatus.SERVICE_UNAVAILABLE:
        if not response.header(b"retry-after"):
            operation.fault = "a 503 without Retry-After"
        found = problem(response)
        operation.problem = f"{found.get('detail')}"
        return "unknown" if found.get("type") == UNKNOWN_TYPE else "fail"
    operation.fault = f"status {response.status}: {response.body[:200]!r}"
    return "unknown"


def problem(response: Response) -> dict[str, Any]:
    """The members of a problem document, none if it is something else."""
    try:
        found: dict[str, Any] = json.loads(response.body)
    except ValueError:
        return {}
    return found
