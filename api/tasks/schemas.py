"""What a client may send, and what it gets back."""

from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
)

from core.due import Due
from core.due import parse as parse_due

Priority = Literal["low", "medium", "high", "urgent"]


def _without_nul(value: str) -> str:
    if "\0" in value:
        raise ValueError("must not contain NUL")
    return value


def _unique(tags: list[str]) -> list[str]:
    return list(dict.fromkeys(tags))


Title = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), AfterValidator(_without_nul)
]
Description = Annotated[str, StringConstraints(max_length=1000), AfterValidator(_without_nul)]
Tag = Annotated[str, StringConstraints(min_length=1, max_length=50), AfterValidator(_without_nul)]
Tags = Annotated[list[Tag], Field(max_length=20), AfterValidator(_unique)]
DueDate = Annotated[
    Due,
    BeforeValidator(parse_due, json_schema_input_type=str),
    WithJsonSchema({"anyOf": [{"type": "string", "format": "date"}, {"type": "string", "format": "date-time"}]}),
]


class _Input(BaseModel):
    """Strict: `"true"` is no boolean and `1` no title. Unknown members are ignored: pages send whole objects back."""

    model_config = ConfigDict(strict=True, extra="ignore", arbitrary_types_allowed=True, hide_input_in_errors=True)


class TaskUpdate(_Input):
    """A merge patch (RFC 7396): an absent member stays, `null` clears."""

    title: Title = Field(default="", validate_default=False)
    description: Description | None = None
    completed: bool | None = None
    priority: Priority | None = None
    due_date: DueDate | None = None
    tags: Tags | None = None

    def columns(self) -> dict[str, Any]:
        """What was sent, by the name of its column; cleared members have their defaults."""
        sent = {name: getattr(self, name) for name in self.model_fields_set}
        for name, default in _CLEARED.items():
            if name in sent and sent[name] is None:
                sent[name] = default()
        if "due_date" in sent:
            due = sent.pop("due_date") or Due()
            sent.update(due_on=due.on, due_at=due.at)
        return sent


class TaskCreate(TaskUpdate):
    """A new task; `null` and absent are the same."""

    title: Title


_CLEARED: dict[str, Callable[[], Any]] = {"completed": bool, "priority": lambda: "medium", "tags": list}


class Completion(_Input):
    """`{}` toggles."""

    completed: bool | None = None


class TaskRead(BaseModel):
    """A task."""

    id: Annotated[int, Field(ge=1, le=2**63 - 1)]
    user_id: str
    title: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    description: Annotated[str, StringConstraints(max_length=1000)] | None
    completed: bool
    completed_at: AwareDatetime | None
    priority: Priority
    due_date: (
        Annotated[str, Field(description="In the form in which it was given: a date, or an instant in UTC.")] | None
    )
    tags: Annotated[list[Annotated[str, StringConstraints(min_length=1, max_length=50)]], Field(max_length=20)]
    created_at: AwareDatetime
    updated_at: AwareDatetime


class DeletedTask(TaskRead):
    """A task in the trash; it is erased when the retention is over."""

    deleted_at: AwareDatetime


class TaskStats(BaseModel):
    """Counts of the tasks that are not in the trash."""

    total: int
    completed: int
    pending: int
    overdue: Annotated[
        int, Field(description="Pending and past their due date: the end of the day in UTC, or the instant.")
    ]
    by_priority: dict[Priority, int]
    by_tag: dict[str, int]
