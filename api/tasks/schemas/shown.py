"""What a client gets of its tasks. PostgreSQL writes it, so these are its documentation."""

from datetime import date
from typing import Annotated, Literal, NotRequired

from pydantic import AwareDatetime, Field
from typing_extensions import TypedDict

from api.tasks.schemas.members import MAX_DESCRIPTION, MAX_TITLE, Count, Id, Priority
from api.tasks.schemas.recurrence import ShownRecurrence
from api.tasks.schemas.reminders import MOST as MOST_REMINDERS
from api.tasks.schemas.reminders import Reminder
from core.tasks.questions.queries import MAX_TAG, MAX_TAGS


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
