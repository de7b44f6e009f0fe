"""What the tools take. Strict, and closed: what a model makes up is refused with its name, never ignored."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from pydantic import BaseModel, ConfigDict, Field, model_validator

from api.tasks.schemas.given import TaskCreate, TaskUpdate
from api.tasks.schemas.members import Id, Priority, Tag
from api.tasks.schemas.moving import MoveTask
from core.errors import Fault, InvalidInput
from core.tasks.questions.parse import parse_list, parse_stats, parse_trash
from core.tasks.questions.queries import MAX_SEARCH, MAX_TAGS, ListQuery, StatsQuery
from core.types import TaskId

MAX_PAGE = 100
PAGE = 50
"""What a model reads it pays for: less than a page in a browser has."""

_CLOSED = ConfigDict(strict=True, extra="forbid", arbitrary_types_allowed=True, hide_input_in_errors=True)

_WRONG_CURSOR = "must be the next_cursor of a page of the same question"

Limit = Annotated[int, Field(ge=1, le=MAX_PAGE, description="How many tasks to give at most.")]
Continuation = Annotated[str, Field(description="`next_cursor` of the page before, with everything else as it was.")]
Day = Annotated[str, Field(description="A date (`YYYY-MM-DD`) or an instant (RFC 3339 with an offset).")]
Sort = Literal[
    "created",
    "-created",
    "updated",
    "-updated",
    "title",
    "-title",
    "due_date",
    "-due_date",
    "priority",
    "-priority",
    "position",
    "-position",
]
Zone = Annotated[str, Field(description="Where days begin and end, such as `Europe/Berlin`; else UTC.")]
Status = Annotated[Literal["all", "pending", "completed"], Field(description="Which tasks to give.")]


class CountTasks(BaseModel):
    model_config = _CLOSED

    time_zone: Zone | None = None

    def query(self) -> StatsQuery:
        """Raises `InvalidInput`."""
        return parse_stats(urlencode(self.model_dump(exclude_none=True)).encode())


class OneTask(BaseModel):
    model_config = _CLOSED

    id: Annotated[Id, Field(description="The task's `id`.")]

    @property
    def task(self) -> TaskId:
        return TaskId(self.id)


class ListTasks(BaseModel):
    model_config = _CLOSED

    status: Status = "all"
    priority: Priority | None = None
    tags: Annotated[list[Tag], Field(max_length=MAX_TAGS, description="Only tasks that have all of them.")] = []
    parent_id: Annotated[
        Id | Literal["none"] | None,
        Field(description="Only the direct subtasks of this task; `none`: only tasks that are no subtasks."),
    ] = None
    due_before: Day | None = None
    due_after: Day | None = None
    time_zone: Zone | None = None
    sort: Annotated[
        Sort,
        Field(description="The order; with `-` descending; `position` is the user's own. Else the newest first."),
    ] = "-created"
    trash: Annotated[
        bool, Field(description="The deleted tasks instead, the last deleted first; no filter and no order then.")
    ] = False
    limit: Limit = PAGE
    cursor: Continuation | None = None

    def query(self) -> ListQuery:
        """Raises `InvalidInput`."""
        given = self.model_dump(exclude_unset=True, exclude_none=True, exclude={"trash", "limit"})
        if not self.trash:
            return _list(given, self.limit)
        if others := given.keys() - {"cursor"}:
            raise InvalidInput(*(Fault(f"#/{name}", "does not go with trash") for name in sorted(others)))
        return _read(parse_trash, given, self.limit)


class SearchTasks(BaseModel):
    model_config = _CLOSED

    text: Annotated[
        str,
        Field(min_length=1, max_length=MAX_SEARCH, description="What title or description contains, in any case."),
    ]
    status: Status = "all"
    limit: Limit = PAGE
    cursor: Continuation | None = None

    def query(self) -> ListQuery:
        """Raises `InvalidInput`."""
        given = self.model_dump(exclude_none=True, exclude={"text", "limit"})
        return _list({**given, "search": self.text}, self.limit)


class AddTask(TaskCreate):
    model_config = _CLOSED

    @model_validator(mode="before")
    @classmethod
    def _read(cls, sent: Any) -> Any:
        """By the names of the schema and no others: there is no page here whose names must be understood."""
        return sent


class UpdateTask(TaskUpdate):
    """What is absent stays, `null` clears."""

    model_config = _CLOSED

    id: Annotated[Id, Field(description="The task's `id`.")]

    @model_validator(mode="before")
    @classmethod
    def _read(cls, sent: Any) -> Any:
        return sent

    @property
    def task(self) -> TaskId:
        return TaskId(self.id)

    def columns(self) -> dict[str, Any]:
        return {name: value for name, value in super().columns().items() if name != "id"}


class CompleteTask(OneTask):
    completed: Annotated[bool, Field(description="false: it is to be done after all.")] = True
    descendants: Annotated[bool, Field(description="false: leave its open subtasks as they are.")] = True


class MoveTaskTo(MoveTask):
    """In the order by hand."""

    model_config = _CLOSED

    id: Annotated[Id, Field(description="The task's `id`.")]

    @property
    def task(self) -> TaskId:
        return TaskId(self.id)


def _list(given: Mapping[str, Any], limit: int) -> ListQuery:
    named = dict(given)
    if tags := named.pop("tags", None):
        named["tag"] = tags
    return _read(parse_list, named, limit)


def _read(parse: Callable[[bytes], ListQuery], given: Mapping[str, Any], limit: int) -> ListQuery:
    """As a browser would ask: the forms are read in one place, so the same question is one variant in the cache."""
    try:
        return parse(urlencode({**given, "limit": limit}, doseq=True).encode())
    except InvalidInput as error:
        found = ((fault.pointer, fault.detail) for fault in error.faults)
        raise InvalidInput(
            *(Fault(name, _WRONG_CURSOR if name == "?cursor" else said) for name, said in found)
        ) from None
