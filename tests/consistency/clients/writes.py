"""The writes of the workload: what is asked, and what an answer says was made."""

import itertools
import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any

from tests.consistency.checking.answers import Memory, problem, refused
from tests.consistency.checking.history import COLOURS, LIST, PRIORITIES, Change, Item, Operation
from tests.consistency.clients.client import Response

FEWEST_TASKS = 6
USUAL_TASKS = 12

Tasks = Mapping[int, str]
"""Those that are probably there: id, and the last ETag known or nothing."""

_tokens = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Planned:
    """A request that changes something, and what it is to change."""

    kind: str
    method: str
    path: str
    changes: tuple[Change, ...]
    content: Any = None
    headers: str = ""
    keyed: bool = False
    """It can be sent again until its outcome is known."""

    @property
    def body(self) -> bytes:
        return b"" if self.content is None else json.dumps(self.content).encode()


def plan(chance: random.Random, tasks: Tasks) -> Planned:
    """A write that makes sense for whoever has these tasks."""
    kinds: list[tuple[Callable[[random.Random, Tasks], Planned], int]]
    kinds = [(_create, 12), (_create_with_key, 6), (_import, 1)] if len(tasks) < USUAL_TASKS else []
    if tasks:
        kinds += [(_update, 30), (_toggle, 14), (_replace_if_unchanged, 8)]
    if len(tasks) > FEWEST_TASKS:
        kinds += [(_delete, 16), (_batch, 6)]
    [make] = chance.choices([kind for kind, _ in kinds], [weight for _, weight in kinds])
    return make(chance, tasks)


def settle(operation: Operation, planned: Planned, response: Response | None, memory: Memory) -> None:
    """Fill in what the answer, or its absence, says of the outcome."""
    operation.status = response.status if response else 0
    if response is None:
        operation.outcome = "unknown"
    elif response.status in (HTTPStatus.OK, HTTPStatus.CREATED, HTTPStatus.ACCEPTED, HTTPStatus.NO_CONTENT):
        operation.outcome = "ok"
        try:
            operation.changes = _made(planned, response, memory)
        except (ValueError, KeyError, TypeError) as error:
            operation.fault = f"not the answer of the contract: {error!r}"
    elif response.status == HTTPStatus.NOT_FOUND and planned.changes and planned.changes[0].task:
        operation.outcome, operation.shown = "fail", ()
        operation.question = f"{LIST}/{planned.changes[0].task}"
    elif response.status == HTTPStatus.PRECONDITION_FAILED and planned.changes and planned.changes[0].expected:
        operation.outcome = "fail"
    elif response.status == HTTPStatus.CONFLICT and (planned.keyed or planned.kind == "batch"):
        operation.outcome = "fail"
        if not problem(response).get("type", "").endswith(("still-running", "batch-failed")):
            operation.fault = f"status 409: {response.body[:200]!r}"
    else:
        operation.outcome = refused(operation, response)


def _made(planned: Planned, response: Response, memory: Memory) -> tuple[Change, ...]:
    match planned.kind:
        case "delete" | "empty the trash" | "erase everything":
            return planned.changes
        case "import":
            if json.loads(response.body)["imported"] != len(planned.changes):
                raise ValueError("another number of tasks was imported")
            return planned.changes
        case "batch":
            results = json.loads(response.body)["results"]
            return tuple(
                replace(change, etag=result["etag"], item=Item.of(result["task"])) if "task" in result else change
                for change, result in zip(planned.changes, results, strict=True)
            )
    [change] = planned.changes
    [item] = memory.items(b"[" + response.body + b"]")
    return (replace(change, etag=response.header(b"etag"), item=item),)


def _create(chance: random.Random, _tasks: Tasks) -> Planned:
    token, task = _new(chance)
    return Planned("create", "POST", LIST, (Change("create", token),), task)


def _create_with_key(chance: random.Random, _tasks: Tasks) -> Planned:
    token, task = _new(chance)
    headers = f"idempotency-key: {token}\r\n"
    return Planned("create once", "POST", LIST, (Change("create", token),), task, headers, keyed=True)


def _import(chance: random.Random, _tasks: Tasks) -> Planned:
    new = [_new(chance) for _ in range(3)]
    content = {"version": 1, "tasks": [task for _, task in new]}
    return Planned("import", "POST", f"{LIST}/import", tuple(Change("create", token) for token, _ in new), content)


def _update(chance: random.Random, tasks: Tasks) -> Planned:
    task, token = chance.choice(list(tasks)), new_token()
    content = {"title": token, "priority": chance.choice(PRIORITIES)}
    return Planned("update", "PATCH", f"{LIST}/{task}", (Change("update", token, task),), content)


def _replace_if_unchanged(chance: random.Random, tasks: Tasks) -> Planned:
    task, token = chance.choice(list(tasks)), new_token()
    if not (etag := tasks[task]):
        return _update(chance, tasks)
    headers = f"if-match: {etag}\r\n"
    change = Change("update", token, task, expected=etag)
    return Planned("update if unchanged", "PUT", f"{LIST}/{task}", (change,), {"title": token}, headers)


def _toggle(chance: random.Random, tasks: Tasks) -> Planned:
    task = chance.choice(list(tasks))
    return Planned("toggle", "PATCH", f"{LIST}/{task}/complete", (Change("toggle", task=task),))


def _delete(chance: random.Random, tasks: Tasks) -> Planned:
    task = chance.choice(list(tasks))
    return Planned("delete", "DELETE", f"{LIST}/{task}", (Change("delete", task=task),))


def _batch(chance: random.Random, tasks: Tasks) -> Planned:
    changed, deleted = chance.sample(list(tasks), 2)
    (token, task), title = _new(chance), new_token()
    operations = [
        {"op": "create", "task": task},
        {"op": "update", "id": changed, "task": {"title": title}},
        {"op": "delete", "id": deleted},
    ]
    changes = (Change("create", token), Change("update", title, changed), Change("delete", task=deleted))
    return Planned("batch", "POST", f"{LIST}/batch", changes, {"operations": operations})


def new_token() -> str:
    """No other write has it."""
    return f"t{next(_tokens)}"


def _new(chance: random.Random) -> tuple[str, dict[str, Any]]:
    """A new task that can be told from all others for ever: its description is never changed."""
    token, colour = new_token(), chance.choice(COLOURS)
    return token, {
        "title": token,
        "description": f"{token} {colour}",
        "tags": [colour],
        "priority": chance.choice(PRIORITIES),
    }
