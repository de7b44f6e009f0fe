"""What a client gets of a file that it brings along: what became of it, or what would."""

from datetime import date
from typing import Annotated, NotRequired

from pydantic import AwareDatetime, Field
from typing_extensions import TypeAliasType, TypedDict

from api.imports.detect import Format
from api.imports.parsed import Remark
from api.tasks.schemas.members import MAX_DESCRIPTION, MAX_TITLE, Count, Priority
from api.tasks.schemas.recurrence import ShownRecurrence
from api.tasks.schemas.reminders import MOST as MOST_REMINDERS
from api.tasks.schemas.reminders import Reminder
from core.tasks.questions.queries import MAX_TAG, MAX_TAGS

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
