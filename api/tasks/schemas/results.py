"""What became of a request: why it has no other answer, and the results of a batch."""

from typing import Annotated, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from api.tasks.schemas.shown import DeletedTask, Task


class Fault(TypedDict):
    """What is wrong with one part of the request."""

    pointer: Annotated[
        str,
        Field(description="`#/title`: a member of the body (RFC 6901); `?limit`: a query parameter; else its name."),
    ]
    detail: str


class Problem(TypedDict):
    """Why there is no other answer (RFC 9457). `detail` can be shown as it is; it never repeats what was sent."""

    type: Annotated[str, Field(json_schema_extra={"format": "uri-reference"})]
    title: str
    status: Annotated[int, Field(ge=400, le=599)]
    detail: str
    message: Annotated[NotRequired[str], Field(description="The `detail` once more, for clients that read this.")]
    errors: NotRequired[Annotated[list[Fault], Field(min_length=1, description="With `invalid-input`.")]]


class OperationResult(TypedDict):
    """What became of one operation: the task as it now is, nothing for a deleted one, or a problem."""

    status: Literal[200, 201, 204, 404, 412, 422, 424]
    etag: NotRequired[str]
    task: NotRequired[Task]
    descendants: Annotated[
        NotRequired[list[Task | DeletedTask]],
        Field(description="The tasks beneath it that have changed with it; of a deleted task those in the trash now."),
    ]
    problem: NotRequired[Problem]


class BatchResult(TypedDict):
    """One result per operation, in their order."""

    atomic: bool
    results: list[OperationResult]


class FailedBatch(Problem):
    """None of the operations was applied."""

    atomic: NotRequired[Literal[True]]
    results: NotRequired[list[OperationResult]]


class ExceededQuota(Problem):
    """The caller has sent too many requests at once, or holds too many streams."""

    violated_policies: Annotated[
        NotRequired[list[Literal["reads", "writes", "streams"]]], Field(alias="violated-policies", min_length=1)
    ]
