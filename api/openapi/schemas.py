"""The schemas of bodies, from the models."""

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue

from api.account.erasure import Account
from api.account.tokens import AccessTokens, NewAccessToken, TokenCreate
from api.health import Alive, Ready
from api.tasks.batch import AtomicBatch, IndependentBatch
from api.tasks.files.transfer import Import
from api.tasks.schemas import given, imported, results, shown
from api.tasks.schemas.moving import MoveTask, TagRename
from core.tasks.answers import Shape

Document = dict[str, Any]

_MODELS: Mapping[str, Any] = {
    "TaskCreate": given.TaskCreate,
    "TaskUpdate": given.TaskUpdate,
    "Completion": given.Completion,
    "MoveTask": MoveTask,
    "Task": shown.Task,
    "ChangedTask": shown.ChangedTask,
    "DeletedTask": shown.DeletedTask,
    "Changes": shown.Changes,
    "Event": shown.Event,
    "Occurrences": shown.Occurrences,
    "TaskStats": shown.TaskStats,
    "Batch": AtomicBatch | IndependentBatch,
    "BatchResult": results.BatchResult,
    "Import": Import,
    "TagRename": TagRename,
    "RenamedTag": shown.RenamedTag,
    "Imported": imported.Imported,
    "ImportPreview": imported.ImportPreview,
    "Export": shown.Export,
    "Account": Account,
    "TokenCreate": TokenCreate,
    "NewAccessToken": NewAccessToken,
    "AccessTokens": AccessTokens,
    "Problem": results.Problem,
    "FailedBatch": results.FailedBatch,
    "ExceededQuota": results.ExceededQuota,
    "Alive": Alive,
    "Ready": Ready,
}


def schemas(shape: Shape) -> dict[str, Document]:
    """All of them by name; lists have this shape."""
    top, made = TypeAdapter.json_schemas(
        [(name, "validation", TypeAdapter(model)) for name, model in _MODELS.items()],
        ref_template="#/components/schemas/{model}",
        schema_generator=_Plain,
    )
    found: dict[str, Document] = {**made["$defs"]}
    del found["Due"]  # what becomes of a due date, which no client sees
    found["Batch"] = {
        "oneOf": top["Batch", "validation"]["anyOf"],
        "description": "Up to 100 operations, applied in their order.",
    }
    found["TaskList"] = _list("Task", shape)
    found["Trash"] = _list("DeletedTask", shape)
    return dict(sorted(found.items()))


class _Plain(GenerateJsonSchema):
    """Without titles that repeat a member's name, and without defaults, which say what Python puts for the absent."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002
        return False

    def default_schema(self, schema: Any) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])


def _list(of: str, shape: Shape) -> Document:
    tasks = {"type": "array", "items": {"$ref": f"#/components/schemas/{of}"}}
    if shape == "array":
        return tasks
    count = {"type": "integer", "minimum": 0}
    return {
        "type": "object",
        "properties": {
            "tasks": tasks,
            "total": {**count, "description": "As `X-Total-Count`."},
            "count": {**count, "description": "On this page."},
        },
        "required": ["tasks", "total", "count"],
    }
