"""Up to 100 operations in one transaction and one revision."""

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Any, Literal, NotRequired

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError
from typing_extensions import TypeAliasType, TypedDict

from api.http.problems import faults_of
from api.tasks import preconditions
from api.tasks.schemas import TaskCreate, TaskUpdate, whole
from core.errors import BatchFailed, InvalidInput, NotFound, PreconditionFailed, TasklaneError, TooManyTasks
from core.lists.lists import Change
from core.tasks import crud
from core.tasks.crud import Condition, StoredTask
from core.types import MAX_TASK_ID, TaskId

MAX_OPERATIONS = 100
BATCH_LIMIT_BYTES = 1024 * 1024
"""Room for 100 tasks with full descriptions, in whatever script."""

TaskNumber = Annotated[int, Field(ge=1, le=MAX_TASK_ID), BeforeValidator(whole)]


class _Operation(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore", hide_input_in_errors=True)


class _OnTask(_Operation):
    id: TaskNumber
    if_match: str | None = Field(default=None, max_length=1000, description="As the header `If-Match`.")

    @property
    def condition(self) -> Condition:
        return preconditions.condition(TaskId(self.id), if_match=self.if_match)


class CreateOperation(_Operation):
    """Make a task."""

    op: Literal["create"]
    task: TaskCreate

    def apply(self, change: Change) -> "Applied":
        change.expect_room()
        return Applied(HTTPStatus.CREATED, crud.insert(change, self.task.columns()))


class UpdateOperation(_OnTask):
    """Merge into a task."""

    op: Literal["update"]
    task: TaskUpdate

    def apply(self, change: Change) -> "Applied":
        columns = self.task.columns()
        return Applied(HTTPStatus.OK, crud.update(change, TaskId(self.id), columns, condition=self.condition))


class CompleteOperation(_OnTask):
    """Set `completed`; without it, toggle."""

    op: Literal["complete"]
    completed: bool | None = None

    def apply(self, change: Change) -> "Applied":
        if self.completed is None:
            return Applied(HTTPStatus.OK, crud.toggle(change, TaskId(self.id), condition=self.condition))
        columns = {"completed": self.completed}
        return Applied(HTTPStatus.OK, crud.update(change, TaskId(self.id), columns, condition=self.condition))


class DeleteOperation(_OnTask):
    """Move a task to the trash."""

    op: Literal["delete"]

    def apply(self, change: Change) -> "Applied":
        crud.delete(change, TaskId(self.id), condition=self.condition)
        return Applied(HTTPStatus.NO_CONTENT, None)


Known = CreateOperation | UpdateOperation | CompleteOperation | DeleteOperation
Operation = TypeAliasType("Operation", Annotated[Known, Field(discriminator="op")])


class Batch(_Operation):
    """Operations, applied in their order. The two forms that it takes are documented below."""

    atomic: bool = True
    operations: Annotated[list[Any], Field(min_length=1, max_length=MAX_OPERATIONS)]


class AtomicBatch(TypedDict):
    """A batch of which all operations are applied or, if one of them fails, none."""

    atomic: NotRequired[Literal[True]]
    operations: Annotated[list[Operation], Field(min_length=1, max_length=MAX_OPERATIONS)]


class IndependentBatch(TypedDict):
    """A batch of which each operation is for itself; one that is malformed fails like any other."""

    atomic: Literal[False]
    operations: Annotated[list[Operation | Any], Field(min_length=1, max_length=MAX_OPERATIONS)]


@dataclass(frozen=True, slots=True)
class Applied:
    """What an operation did; a delete leaves no task to show."""

    status: HTTPStatus
    task: StoredTask | None


Result = Applied | TasklaneError

_operation: TypeAdapter[Known] = TypeAdapter(Operation)


def parse(batch: Batch) -> list[Known | InvalidInput]:
    """Each operation, or what is wrong with it."""
    return [_parse(position, raw) for position, raw in enumerate(batch.operations)]


def apply(change: Change, operations: Sequence[Known | InvalidInput], *, atomic: bool) -> list[Result]:
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


def _parse(position: int, raw: object) -> Known | InvalidInput:
    try:
        return _operation.validate_python(raw)
    except ValidationError as error:
        # The discriminator stands as a step of its own in Pydantic's path; a client knows no such member.
        found = [
            {**item, "loc": item["loc"][1:] or item["loc"]}
            for item in error.errors(include_url=False, include_input=False)
        ]
        return InvalidInput(*faults_of(found, below=f"#/operations/{position}"))


def _apply(change: Change, operation: Known) -> Result:
    try:
        return operation.apply(change)
    except (
        NotFound,
        PreconditionFailed,
        TooManyTasks,
    ) as error:  # these found nothing to change and left the transaction whole
        return error
