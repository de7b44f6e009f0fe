"""The table of operations. PostgreSQL writes the answers, so no response model could tell FastAPI what they are."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from api.http.bodies.read import JSON_TYPES
from api.openapi.examples import DELETED, EXAMPLES, TASK
from core.tasks.answers import Shape

CACHED = ("ETag", "Cache-Control", "Vary", "X-Cache")
PAGE = (*CACHED, "X-Total-Count", "Link")
CHANGED = ("ETag", "Cache-Control", "Vary", "Idempotent-Replayed")
KEPT = ("Cache-Control", "Vary", "Idempotent-Replayed")
OWN = ("Cache-Control", "Vary")

FILTERS = (
    "completed",
    "status",
    "priority",
    "tag",
    "parent_id",
    "due_before",
    "due_after",
    "time_zone",
    "search",
    "accents",
)
ORDER = ("sort", "sort_by", "order", "sort_order")
PAGING = ("limit", "offset", "cursor")

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Operation:
    """What a route takes and what it answers when all is well; what can go wrong follows from that."""

    summary: str
    status: int
    says: str
    content: Document = field(default_factory=dict)
    headers: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()
    body: Document = field(default_factory=dict)
    links: Document = field(default_factory=dict)
    may_fail_as_a_batch: bool = False
    may_be_gone: bool = False
    also: Mapping[int, Document] = field(default_factory=dict)
    """What else it answers when all is well."""


def operations(shape: Shape, deletes: int = 204) -> Mapping[str, Operation]:
    """Every operation by its id."""
    return {**_of_lists(shape), **_of_a_task(deletes), **_of_the_account(), **_of_health()}


def _of_lists(shape: Shape) -> dict[str, Operation]:
    first = "$response.body#/0/id" if shape == "array" else "$response.body#/tasks/0/id"
    return {
        "listTasks": Operation(
            "List tasks",
            200,
            "One page of the tasks that match.",
            _page("TaskList", TASK, shape),
            PAGE,
            (*FILTERS, *ORDER, *PAGING, "If-None-Match"),
            links={"GetFirst": _link("getTask", first), "CompleteFirst": _link("completeTask", first)},
        ),
        "createTask": Operation(
            "Create a task",
            201,
            "The task.",
            _json("Task"),
            ("Location", "ETag", *KEPT),
            ("Idempotency-Key",),
            _body("TaskCreate"),
            {
                "Get": _link("getTask"),
                "Update": _link("updateTask"),
                "Replace": _link("replaceTask"),
                "Complete": _link("completeTask"),
                "Toggle": _link("toggleTask"),
                "Move": _link("moveTask"),
                "Delete": _link("deleteTask"),
            },
        ),
        "batchTasks": Operation(
            "Change many tasks",
            200,
            "What became of each operation.",
            _json("BatchResult"),
            KEPT,
            ("Idempotency-Key",),
            _body("Batch"),
            may_fail_as_a_batch=True,
        ),
        "listChanges": Operation(
            "List what has changed",
            200,
            "One page of what has changed; apply it, and ask on with `next`.",
            _json("Changes"),
            CACHED,
            ("since", "limit", "If-None-Match"),
            links={"Next": {"operationId": "listChanges", "parameters": {"query.since": "$response.body#/next"}}},
            may_be_gone=True,
        ),
        "watchTasks": Operation(
            "Watch the list",
            200,
            "A stream of events: `changes`, and as the last one `expired`, `reconnect` or `resynchronise`.",
            {"text/event-stream": {"schema": _schema("Event"), "examples": EXAMPLES["Event"]}},
            ("Cache-Control", "Vary", "X-Accel-Buffering"),
            ("since", "Last-Event-ID"),
            may_be_gone=True,
        ),
        "getTaskStats": Operation(
            "Count tasks", 200, "The counts.", _json("TaskStats"), CACHED, ("time_zone", "If-None-Match")
        ),
        "listTrash": Operation(
            "List the trash",
            200,
            "One page of the trash.",
            _page("Trash", DELETED, shape),
            PAGE,
            (*PAGING, "If-None-Match"),
            links={"RestoreFirst": _link("restoreTask", first)},
        ),
        "emptyTrash": Operation("Empty the trash", 204, "The trash is empty."),
        "renameTag": Operation(
            "Rename a tag",
            200,
            "What it is called now.",
            _json("RenamedTag"),
            KEPT,
            ("Idempotency-Key",),
            _body("TagRename"),
        ),
        "exportTasks": Operation(
            "Export all tasks",
            200,
            "The tasks, as a download.",
            {
                **_json("Export"),
                "text/csv": {"schema": {"type": "string"}, "examples": EXAMPLES["csv"]},
                "text/calendar": {"schema": {"type": "string"}, "examples": EXAMPLES["ics"]},
                "application/zip": {
                    "schema": {"type": "string", "contentMediaType": "application/zip"},
                    "examples": EXAMPLES["zip"],
                },
            },
            ("Cache-Control", "Content-Disposition", "Link"),
            ("format", "bom", "after"),
        ),
        "importTasks": Operation(
            "Import tasks",
            201,
            "How many tasks were made.",
            _json("Imported"),
            KEPT,
            ("format_of_import", "dry_run", "zone_of_import", "lists", "Idempotency-Key"),
            _files(),
            also={200: {"description": "What would be made.", "content": _json("ImportPreview")}},
        ),
    }


def _of_a_task(deletes: int) -> dict[str, Operation]:
    return {
        "getTask": Operation(
            "Get a task",
            200,
            "The task.",
            _json("Task"),
            CACHED,
            ("If-None-Match",),
            links={
                "UpdateWhatWasSeen": {
                    "operationId": "updateTask",
                    "parameters": {"task_id": "$response.body#/id", "header.If-Match": "$response.header.ETag"},
                }
            },
        ),
        "replaceTask": _change("Update a task with PUT", _body("TaskUpdate"), "descendants"),
        "updateTask": _change("Update a task", _body("TaskUpdate"), "descendants"),
        "completeTask": _change("Complete a task", _COMPLETION, "set_completed", "descendants"),
        "toggleTask": _change("Toggle a task", _COMPLETION, "set_completed", "descendants"),
        "moveTask": _change("Move a task", _body("MoveTask")),
        "deleteTask": Operation(
            "Delete a task",
            deletes,
            "The task lies in the trash.",
            {} if deletes == HTTPStatus.NO_CONTENT else _json("ChangedTask"),
            () if deletes == HTTPStatus.NO_CONTENT else CHANGED,
            parameters=("If-Match", "Unless-Match"),
            links={"Restore": _link("restoreTask", "$request.path.task_id")},
        ),
        "listOccurrences": Operation(
            "List when a task comes again",
            200,
            "The next dates.",
            _json("Occurrences"),
            OWN,
            ("limit_of_occurrences",),
            links={"Get": _link("getTask", "$request.path.task_id")},
        ),
        "restoreTask": Operation(
            "Restore a task",
            200,
            "The task is in the list again.",
            _json("ChangedTask"),
            CHANGED,
            ("Idempotency-Key",),
            links={"Get": _link("getTask")},
        ),
    }


def _of_the_account() -> dict[str, Operation]:
    return {
        "getAccount": Operation("Show the account", 200, "What is stored.", _json("Account"), OWN),
        "eraseAccount": Operation(
            "Erase the account", 202, "It will be erased soon.", _json("Account", "Erasure"), ("Location", *OWN)
        ),
        "createToken": Operation(
            "Make an access token",
            201,
            "The token, this once.",
            _json("NewAccessToken"),
            OWN,
            body=_body("TokenCreate"),
            links={"Revoke": {"operationId": "revokeToken", "parameters": {"token_id": "$response.body#/id"}}},
        ),
        "listTokens": Operation("List access tokens", 200, "The tokens.", _json("AccessTokens"), OWN),
        "revokeToken": Operation(
            "Revoke an access token", 204, "It is good for nothing any more.", headers=OWN, parameters=("token_id",)
        ),
    }


def _of_health() -> dict[str, Operation]:
    return {
        "livez": Operation("Is it alive?", 200, "It is.", _json("Alive")),
        "readyz": Operation("Can it serve?", 200, "It can.", _json("Ready")),
    }


def _change(summary: str, body: Document, *parameters: str) -> Operation:
    """Of one task; it may depend on what the client has seen."""
    return Operation(
        summary,
        200,
        "The task as it now is.",
        _json("ChangedTask"),
        CHANGED,
        (*parameters, "If-Match", "Unless-Match", "Idempotency-Key"),
        body,
        {"Get": _link("getTask"), "Delete": _link("deleteTask")},
    )


def _page(schema: str, task: Document, shape: Shape) -> Document:
    value = [task] if shape == "array" else {"tasks": [task], "total": 1, "count": 1}
    return {"application/json": {"schema": _schema(schema), "examples": {"page": {"value": value}}}}


def _json(schema: str, examples: str | None = None) -> Document:
    return {"application/json": {"schema": _schema(schema), "examples": EXAMPLES[examples or schema]}}


def _body(schema: str) -> Document:
    [media] = _json(schema).values()
    return {"required": True, "content": dict.fromkeys(JSON_TYPES, media)}


def _files() -> Document:
    """An export of the service, or with `format` any file."""
    body = _body("Import")
    texts = {"text/csv": "csv", "text/calendar": "ics", "text/plain": "todo"}
    for media_type, example in texts.items():
        body["content"][media_type] = {"schema": {"type": "string"}, "examples": EXAMPLES[example]}
    body["content"]["application/octet-stream"] = {
        "schema": {"type": "string", "contentMediaType": "application/octet-stream"},
        "examples": EXAMPLES["todo"],
    }
    return body


def _schema(name: str) -> Document:
    return {"$ref": f"#/components/schemas/{name}"}


def _link(operation: str, task: str = "$response.body#/id") -> Document:
    return {"operationId": operation, "parameters": {"task_id": task}}


_NOTHING = {"anyOf": [_schema("Completion"), {"type": "null"}]}
_COMPLETION = {
    "required": False,
    "content": {name: {"schema": _NOTHING, "examples": EXAMPLES["Completion"]} for name in JSON_TYPES},
}
