"""Up to 100 operations in one transaction and one revision."""

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Any, Literal, NotRequired

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from typing_extensions import TypeAliasType, TypedDict

from api.http.problems import faults_of
from api.tasks import preconditions
from api.tasks.schemas.given import TaskCreate, TaskUpdate
from api.tasks.schemas.members import TaskNumber
from api.tasks.schemas.moving import MoveTask
from core.errors import BatchFailed, Fault, InvalidInput, NotFound, PreconditionFailed, TasklaneError, TooManyTasks
from core.lists.lists import Change
from core.tasks import crud
from core.tasks.crud import Condition, StoredTask
from core.tasks.tree import moves
from core.types import TaskId

MAX_OPERATIONS = 100
BATCH_LIMIT_BYTES = 1024 * 1024
"""Room for 100 tasks with full descriptions, in whatever script."""

Descendants = Field(default=True, description="Whether completing completes what is open beneath it.")


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
    descendants: bool = Descendants

    def apply(self, change: Change) -> "Applied":
        task, columns = TaskId(self.id), self.task.columns()
        stored = crud.update(change, task, columns, condition=self.condition, descendants=self.descendants)
        return Applied(HTTPStatus.OK, stored)


class CompleteOperation(_OnTask):
    """Set `completed`; without it, toggle."""

    op: Literal["complete"]
    completed: bool | None = None
    descendants: bool = Descendants

    def apply(self, change: Change) -> "Applied":
        stored = crud.complete(
            change,
            TaskId(self.id),
            completed=self.completed,
            condition=self.condition,
            descendants=self.descendants,
        )
        return Applied(HTTPStatus.OK, stored)


class DeleteOperation(_OnTask):
    """Move a task to the trash, with what is beneath it."""

    op: Literal["delete"]

    def apply(self, change: Change) -> "Applied":
        deleted = crud.delete(change, TaskId(self.id), condition=self.condition)
        return Applied(HTTPStatus.NO_CONTENT, None, deleted.along)


class RestoreOperation(_Operation):
    """Take a task out of the trash, with what went there with it."""

    op: Literal["restore"]
    id: TaskNumber

    def apply(self, change: Change) -> "Applied":
        return Applied(HTTPStatus.OK, crud.restore(change, TaskId(self.id)))


class MoveOperation(_OnTask, MoveTask):
    """Put a task elsewhere in the order by hand, or beneath another parent."""

    op: Literal["move"]

    def apply(self, change: Change) -> "Applied":
        return Applied(HTTPStatus.OK, moves.move(change, TaskId(self.id), self.move, condition=self.condition))


Known = CreateOperation | UpdateOperation | CompleteOperation | DeleteOperation | RestoreOperation | MoveOperation
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
    along: tuple[str, ...] = ()
    """What went into the trash with it, as JSON."""


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
        operation if isinstance(operation, InvalidInput) else _apply(change, operation, position)
        for position, operation in enumerate(operations)
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


def _apply(change: Change, operation: Known, position: int) -> Result:
    """What raises one of these has changed nothing; but where a completion has no room for what follows, all fail."""
    try:
        return operation.apply(change)
    except InvalidInput as error:
        below = f"#/operations/{position}" + "/task" * isinstance(operation, CreateOperation | UpdateOperation)
        return InvalidInput(*(Fault(below + fault.pointer[1:], fault.detail) for fault in error.faults))
    except (NotFound, PreconditionFailed) as error:
        return error
    except TooManyTasks as error:
        if isinstance(operation, CreateOperation):
            return error
        raise
