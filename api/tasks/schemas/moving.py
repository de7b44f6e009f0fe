"""Where a task is to go, and what a tag is to be called: what a client says of them."""

from pydantic import BaseModel, ConfigDict, Field

from api.tasks.schemas.members import Tag, TaskNumber
from core.tasks.tree.moves import Move
from core.types import TaskId


class MoveTask(BaseModel):
    """Behind another task, or to the top; beneath a parent, or to the top level."""

    model_config = ConfigDict(strict=True, extra="ignore", hide_input_in_errors=True)

    after: TaskNumber | None = Field(
        default=None, description="The task behind which it is to stand; `null` or absent: at the top."
    )
    parent_id: TaskNumber | None = Field(
        default=None,
        description="The task beneath which it is to stand; `null`: at the top level. Absent: beneath the parent of "
        "`after`, or where it is.",
    )

    @property
    def move(self) -> Move:
        after, parent = (None if id_ is None else TaskId(id_) for id_ in (self.after, self.parent_id))
        return Move(after, parent, parent_said="parent_id" in self.model_fields_set)


class TagRename(BaseModel):
    """One tag of all tasks, by whatever spelling, and its new name."""

    model_config = ConfigDict(strict=True, extra="ignore", hide_input_in_errors=True)

    name: Tag = Field(alias="from")
    to: Tag
