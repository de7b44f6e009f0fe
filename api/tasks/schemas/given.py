"""What a client may send of a task."""

from functools import cache
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator

from api.tasks.schemas.forms import understood
from api.tasks.schemas.members import Description, DueDate, Priority, Tags, TaskNumber, Title
from api.tasks.schemas.recurrence import GivenRecurrence
from api.tasks.schemas.reminders import Reminders
from core.tasks.due import Due
from core.tasks.fields import DEFAULTS
from core.tasks.recurring.recurrence import recurrence_columns


class _Input(BaseModel):
    """Strict: `"true"` is no boolean and `1` no title. Unknown members are ignored: pages send whole objects back."""

    model_config = ConfigDict(strict=True, extra="ignore", arbitrary_types_allowed=True, hide_input_in_errors=True)


class _Form(_Input):
    """Also by the names that other pages have for the same."""

    @model_validator(mode="before")
    @classmethod
    def _read(cls, sent: Any) -> Any:
        return understood(sent, _members(cls)) if isinstance(sent, dict) else sent


@cache
def _members(form: type[BaseModel]) -> frozenset[str]:
    return frozenset(form.model_fields)


class TaskUpdate(_Form):
    """A merge patch (RFC 7396): an absent member stays, `null` clears."""

    title: Title = Field(default="", validate_default=False)
    description: Description | None = None
    completed: bool | None = None
    priority: Priority | None = None
    due_date: DueDate | None = None
    recurrence: GivenRecurrence | None = None
    tags: Tags | None = None
    reminders: Reminders | None = None
    parent_id: TaskNumber | None = Field(
        default=None, description="The task of which this is a subtask; at most four levels, and no circle."
    )

    def columns(self) -> dict[str, Any]:
        """What was sent, by the name of its column; cleared members have their defaults.

        A recurrence is the value itself: what is kept of it depends on when the task is due.
        """
        sent = {name: getattr(self, name) for name in self.model_fields_set}
        if "due_date" in sent:
            due = sent.pop("due_date") or Due()
            sent.update(due_on=due.on, due_at=due.at)
        if "recurrence" in sent:
            sent.update(recurrence=self.recurrence.value if self.recurrence else None, recurrence_date=None)
        return {name: DEFAULTS.get(name) if value is None else value for name, value in sent.items()}


class TaskCreate(TaskUpdate):
    """A new task; `null` and absent are the same."""

    title: Title

    @field_validator("recurrence")
    @classmethod
    def _goes_with_the_due_date(cls, given: GivenRecurrence | None, info: ValidationInfo) -> GivenRecurrence | None:
        """Where that is wrong, too, there is nothing to say of the two."""
        if given is not None and "due_date" in info.data:
            recurrence_columns(given.value, info.data["due_date"] or Due())
        return given

    def columns(self) -> dict[str, Any]:
        columns = super().columns()
        if self.recurrence:
            columns |= recurrence_columns(self.recurrence.value, self.due_date or Due())
        return columns


class Completion(_Form):
    """`{}` toggles."""

    completed: bool | None = None
