"""What a client may send, and what it gets back."""

from datetime import date, datetime
from functools import cache
from typing import Annotated, Any, Literal, NotRequired

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    StringConstraints,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
    model_validator,
)
from typing_extensions import TypeAliasType, TypedDict

from api.imports.detect import Format
from api.imports.parsed import Remark
from api.tasks.forms import understood
from api.tasks.recurrence import GivenRecurrence, ShownRecurrence
from api.tasks.reminders import MOST as MOST_REMINDERS
from api.tasks.reminders import Reminder, Reminders
from core.tasks.due import INSTANT_PATTERN, Due, parse_instant
from core.tasks.due import parse as parse_due
from core.tasks.fields import DEFAULTS
from core.tasks.recurring.recurrence import recurrence_columns
from core.types import MAX_TASK_ID

MAX_TITLE = 200
MAX_DESCRIPTION = 1000
MAX_TAGS = 20
MAX_TAG = 50

# What `str.strip` takes away, spelt out: every dialect of regular expressions has a `\s` of its own.
_SPACE = r"\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_VISIBLE = rf"[^\x00{_SPACE}]"
_TITLE_PATTERN = rf"^[{_SPACE}]*{_VISIBLE}(?:[^\x00]{{0,{MAX_TITLE - 2}}}{_VISIBLE})?[{_SPACE}]*$"
WITHOUT_NUL = "^[^\\x00]*$"


def _stripped(value: Any) -> Any:
    return value.strip() if isinstance(value, str) else value


def _without_nul(value: str) -> str:
    if "\0" in value:
        raise ValueError("must not contain NUL")
    return value


def whole(value: Any) -> Any:
    """JSON has one kind of number: `1.0` is the integer 1."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


TaskNumber = Annotated[int, Field(ge=1, le=MAX_TASK_ID), BeforeValidator(whole)]


def _unique(tags: list[str]) -> list[str]:
    return list(dict.fromkeys(tags))


# Types with a name of their own in the documentation.

Priority = TypeAliasType("Priority", Literal["low", "medium", "high", "urgent"])
Title = TypeAliasType(
    "Title",
    Annotated[
        str,
        StringConstraints(min_length=1, max_length=MAX_TITLE),
        BeforeValidator(_stripped),
        AfterValidator(_without_nul),
        WithJsonSchema(
            {
                "type": "string",
                "pattern": _TITLE_PATTERN,
                "description": f"1 to {MAX_TITLE} characters; white space around it is taken away.",
            }
        ),
    ],
)
Description = TypeAliasType(
    "Description",
    Annotated[
        str,
        StringConstraints(max_length=MAX_DESCRIPTION),
        AfterValidator(_without_nul),
        WithJsonSchema({"type": "string", "maxLength": MAX_DESCRIPTION, "pattern": WITHOUT_NUL}),
    ],
)
Tag = TypeAliasType(
    "Tag",
    Annotated[
        str,
        StringConstraints(min_length=1, max_length=MAX_TAG),
        AfterValidator(_without_nul),
        WithJsonSchema({"type": "string", "minLength": 1, "maxLength": MAX_TAG, "pattern": WITHOUT_NUL}),
    ],
)
DueDate = TypeAliasType(
    "DueDate",
    Annotated[
        Due,
        PlainValidator(parse_due),
        WithJsonSchema(
            {
                "anyOf": [
                    {"type": "string", "format": "date", "pattern": "^(?!0000)"},
                    {"type": "string", "pattern": INSTANT_PATTERN},
                ],
                "description": (
                    "A calendar date (`YYYY-MM-DD`), or an instant: RFC 3339 with an offset, the seconds may be left "
                    "out. In the years 1 to 9999 of UTC."
                ),
            }
        ),
    ],
)
Instant = TypeAliasType(
    "Instant",
    Annotated[
        datetime,
        PlainValidator(parse_instant),
        WithJsonSchema(
            {
                "type": "string",
                "pattern": INSTANT_PATTERN,
                "description": "RFC 3339 with an offset, in the years 1 to 9999 of UTC.",
            }
        ),
    ],
)
Tags = Annotated[
    list[Tag],
    Field(max_length=MAX_TAGS, description="Their order is kept; what is given twice is kept once."),
    AfterValidator(_unique),
]


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


# What comes back. PostgreSQL writes it, so these are its documentation.

Id = TypeAliasType("Id", Annotated[int, Field(ge=1, le=MAX_TASK_ID)])
Count = Annotated[int, Field(ge=0)]


class Task(TypedDict):
    """A task."""

    id: Id
    user_id: Annotated[str, Field(min_length=1, max_length=255, description="The `sub` of the token.")]
    title: Annotated[str, Field(min_length=1, max_length=MAX_TITLE)]
    description: Annotated[str, Field(max_length=MAX_DESCRIPTION)] | None
    completed: bool
    completed_at: AwareDatetime | None
    priority: Priority
    due_date: Annotated[
        date | AwareDatetime | None, Field(description="In the form in which it was given: a date, or an instant.")
    ]
    recurrence: ShownRecurrence | None
    series_id: Annotated[Id | None, Field(description="The first task of the series.")]
    next_id: Annotated[Id | None, Field(description="The task that its completion has made.")]
    tags: Annotated[list[Annotated[str, Field(min_length=1, max_length=MAX_TAG)]], Field(max_length=MAX_TAGS)]
    reminders: Annotated[list[Reminder], Field(max_length=MOST_REMINDERS)]
    parent_id: Annotated[Id | None, Field(description="The task of which this is a subtask.")]
    position: Annotated[
        str,
        Field(
            pattern="^[0-9a-f]+$",
            description="Where somebody put it: the order by hand is that of these, compared byte by byte. Opaque.",
        ),
    ]
    created_at: AwareDatetime
    updated_at: AwareDatetime
    etag: Annotated[
        str,
        Field(
            pattern='^"[!#-~]+"$',
            description="The task's `ETag`, quotes included, for `If-Match`. Opaque; another one after each change.",
        ),
    ]


class ChangedTask(Task):
    """A task as an answer to its change shows it."""

    descendants: Annotated[
        NotRequired[list["Task | DeletedTask"]],
        Field(description="The tasks beneath it that have changed with it, as they now are; absent where none has."),
    ]


class DeletedTask(Task):
    """A task in the trash; it is erased when the retention is over."""

    deleted_at: AwareDatetime


class Tombstone(TypedDict):
    """A task that is not in the list any more: in the trash, or erased."""

    id: Id
    deleted_at: AwareDatetime


class Changes(TypedDict):
    """What has changed, in the order in which it did; each task once, as it is now."""

    changes: list[Task | Tombstone]
    next: Annotated[str, Field(min_length=1, description="For `since`, next time. Opaque; keep it beside the tasks.")]
    more: Annotated[bool, Field(description="There is more at once: what is held so far is between two states.")]


class Event(TypedDict):
    """One event of a stream."""

    event: Literal["changes", "expired", "reconnect", "resynchronise"]
    data: Annotated[
        str,
        Field(
            description="JSON; of `changes` a page of them, of the others an empty object.",
            json_schema_extra={"contentMediaType": "application/json"},
        ),
    ]
    id: Annotated[NotRequired[str], Field(description="The `next` of the page; empty: forget what was seen.")]
    retry: Annotated[NotRequired[int], Field(description="Milliseconds after which to come back.", ge=0)]


class CalendarObject(TypedDict):
    """A task as a calendar has put it."""

    name: Annotated[str | None, Field(description="The last part of its address, if the calendar has chosen it.")]
    kept: Annotated[str, Field(description="The whole object (iCalendar, RFC 5545), properties that no task has too.")]
    as_is: Annotated[bool, Field(description="The task has not been changed since it was put.")]


class ExportedTask(Task):
    """A task of the list or, with `deleted_at`, of the trash."""

    deleted_at: AwareDatetime | None
    uid: Annotated[str, Field(description="What calendars call the task.")]
    parent_uid: Annotated[
        str | None, Field(description="What calendars call its parent, or what they say that it will be.")
    ]
    calendar: Annotated[
        CalendarObject | None, Field(description="What a calendar has made of it; null where none has written to it.")
    ]
    recurrence_date: Annotated[
        str | None,
        Field(description="Which date of its series it stands for, on the wall, whatever it was put off to."),
    ]


class Export(TypedDict):
    """What `POST /api/tasks/import` takes."""

    version: Literal[1]
    tasks: list[ExportedTask]


class Occurrences(TypedDict):
    """When a task comes again."""

    occurrences: Annotated[
        list[date | AwareDatetime], Field(description="The next due dates, were each task completed when it is due.")
    ]


class TaskStats(TypedDict):
    """Counts of the tasks that are not in the trash."""

    total: Count
    completed: Count
    pending: Count
    overdue: Annotated[
        int,
        Field(
            ge=0, description="Pending and past their due date: the end of the day in the `time_zone`, or the instant."
        ),
    ]
    by_priority: dict[Priority, Count]
    by_tag: dict[str, Count]


class RenamedTag(TypedDict):
    """What the tag is called now."""

    tag: Annotated[str, Field(description="As it was first given, where there was one of that name already.")]
    renamed: Annotated[Count, Field(description="How many tasks were changed, those in the trash included.")]


ImportFormat = TypeAliasType("ImportFormat", Format)
LeftOut = Annotated[
    dict[str, Count], Field(description="How many of what was in the file and becomes no task, by words for it.")
]
NotCarried = Annotated[
    dict[Remark, Count],
    Field(description="How many of what the tasks of the file have, and those of the service have not."),
]


class Imported(TypedDict):
    """How many tasks were made; with a `format` that was asked for also what was not."""

    imported: Count
    format: NotRequired[ImportFormat]
    left_out: NotRequired[LeftOut]
    not_carried: NotRequired[NotCarried]


class NotCarriedOver(TypedDict):
    """Something of a task that has no place here."""

    what: Remark
    value: Annotated[str, Field(description="As it stood in the file, or what is the matter.")]


class PreviewedTask(TypedDict):
    """A task as an import would make it."""

    title: Annotated[str, Field(min_length=1, max_length=MAX_TITLE)]
    description: Annotated[str, Field(max_length=MAX_DESCRIPTION)] | None
    completed: bool
    completed_at: AwareDatetime | None
    priority: Priority
    due_date: date | AwareDatetime | None
    recurrence: ShownRecurrence | None
    tags: Annotated[list[Annotated[str, Field(min_length=1, max_length=MAX_TAG)]], Field(max_length=MAX_TAGS)]
    reminders: Annotated[list[Reminder], Field(max_length=MOST_REMINDERS)]
    parent: Annotated[Count | None, Field(description="Which of the tasks is its parent; the first is 0.")]
    created_at: Annotated[AwareDatetime | None, Field(description="null: when it is imported.")]
    updated_at: Annotated[AwareDatetime | None, Field(description="null: when it is imported.")]
    place: Annotated[str, Field(description="Where it stands in the file, as a pointer or in words.")]
    not_carried: list[NotCarriedOver]


class ImportPreview(TypedDict):
    """What an import would make, in the order of the list."""

    format: ImportFormat
    left_out: LeftOut
    not_carried: NotCarried
    tasks: list[PreviewedTask]


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
