"""Up to 100 operations in one transaction and one revision."""

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from api.conditional import expected_revisions
from api.problems import faults_of
from api.tasks.schemas import TaskCreate, TaskUpdate
from core import tasks
from core.errors import BatchFailed, InvalidInput, NotFound, PreconditionFailed, TasklaneError
from core.lists import Change
from core.tasks import Expected, StoredTask
from core.types import MAX_TASK_ID, TaskId

MAX_OPERATIONS = 100

TaskNumber = Annotated[int, Field(ge=1, le=MAX_TASK_ID)]


class _Operation(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore", hide_input_in_errors=True)


class _OnTask(_Operation):
    id: TaskNumber
    if_match: str | None = Field(default=None, max_length=1000, description="As the header `If-Match`.")

    @property
    def expected(self) -> Expected:
        return expected_revisions(self.if_match, TaskId(self.id))


class Create(_Operation):
    """Make a task."""

    op: Literal["create"]
    task: TaskCreate

    def apply(self, change: Change) -> "Applied":
        return Applied(HTTPStatus.CREATED, tasks.insert(change, self.task.columns()))


class Update(_OnTask):
    """Merge into a task."""

    op: Literal["update"]
    task: TaskUpdate

    def apply(self, change: Change) -> "Applied":
        columns = self.task.columns()
        return Applied(HTTPStatus.OK, tasks.update(change, TaskId(self.id), columns, expected=self.expected))


class Complete(_OnTask):
    """Set `completed`; without it, toggle."""

    op: Literal["complete"]
    completed: bool | None = None

    def apply(self, change: Change) -> "Applied":
        if self.completed is None:
            return Applied(HTTPStatus.OK, tasks.toggle(change, TaskId(self.id), expected=self.expected))
        columns = {"completed": self.completed}
        return Applied(HTTPStatus.OK, tasks.update(change, TaskId(self.id), columns, expected=self.expected))


class Delete(_OnTask):
    """Move a task to the trash."""

    op: Literal["delete"]

    def apply(self, change: Change) -> "Applied":
        tasks.delete(change, TaskId(self.id), expected=self.expected)
        return Applied(HTTPStatus.NO_CONTENT, None)


Operation = Annotated[Create | Update | Complete | Delete, Field(discriminator="op")]


class Batch(_Operation):
    """Operations, applied in their order."""

    atomic: bool = Field(default=True, description="All or nothing; false: each for itself.")
    operations: Annotated[list[Any], Field(min_length=1, max_length=MAX_OPERATIONS)]


@dataclass(frozen=True, slots=True)
class Applied:
    """What an operation did; a delete leaves no task to show."""

    status: HTTPStatus
    task: StoredTask | None


Result = Applied | TasklaneError

_operation: TypeAdapter[Create | Update | Complete | Delete] = TypeAdapter(Operation)


def parse(batch: Batch) -> list[Create | Update | Complete | Delete | InvalidInput]:
    """Each operation, or what is wrong with it."""
    return [_parse(position, raw) for position, raw in enumerate(batch.operations)]


def apply(
    change: Change, operations: Sequence[Create | Update | Complete | Delete | InvalidInput], *, atomic: bool
) -> list[Result]:
    """One result per operation; raises `BatchFailed` when one of an atomic batch fails."""
    if atomic and any(isinstance(operation, InvalidInput) for operation in operations):
        raise BatchFailed([item if isinstance(item, InvalidInput) else None for item in operations])
    results: list[Result] = [
        operation if isinstance(operation, InvalidInput) else _apply(change, operation) for operation in operations
    ]
    failures = [result if isinstance(result, TasklaneError) else None for result in results]
    if atomic and any(failures):
        raise BatchFailed(failures)
    return results


def _parse(position: int, raw: object) -> Create | Update | Complete | Delete | InvalidInput:
    try:
        return _operation.validate_python(raw)
    except ValidationError as error:
        # The discriminator stands as a step of its own in Pydantic's path; a client knows no such member.
        found = [{**item, "loc": item["loc"][1:] or item["loc"]} for item in error.errors(include_url=False)]
        return InvalidInput(*faults_of(found, below=f"#/operations/{position}"))


def _apply(change: Change, operation: Create | Update | Complete | Delete) -> Result:
    try:
        return operation.apply(change)
    except (NotFound, PreconditionFailed) as error:  # these found nothing to change and left the transaction whole
        return error
