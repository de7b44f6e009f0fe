"""Tasks.org: its JSON backup, whose writer leaves out what has its usual value. Here 0 is the highest priority."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Final

from pydantic import BeforeValidator

from api.imports.parsed import Asked, Parsed, Priority
from api.imports.source.file import File
from api.imports.source.json_walk import PIECE, Found, Shape, Walk
from api.imports.values.moments import Millis, day_there, since_1970
from api.imports.values.rules import rule
from api.imports.values.texts import Camel, Number, Ref, Text, plain

_SHAPE: Final[Shape] = {"data": {"tasks": [PIECE], "caldavCalendars": [PIECE]}}

_PRIORITIES: dict[float, Priority] = {0: "high", 1: "medium", 2: "low"}
_NO_PRIORITY = 3
_FROM_COMPLETION = 1
_MINUTE = 60_000
_AT_TIME, _AFTER_DUE = 0, 2
"""Of the types of alarms those that say when."""


class _Task(Camel):
    title: Text = ""
    priority: Number = _NO_PRIORITY
    due_date: Number = 0
    hide_until: Millis = None
    creation_date: Millis = None
    modification_date: Millis = None
    completion_date: Millis = None
    deletion_date: Number = 0
    notes: Text = ""
    recurrence: Text = ""
    repeat_from: Number = 0
    repeat_until: Millis = None
    remote_id: Ref = ""
    estimated_seconds: Number = 0


class _Alarm(Camel):
    type: Number = 0
    time: Number = 0


class _Tag(Camel):
    name: Text = ""


class _OfCalendar(Camel):
    calendar: Ref = ""
    remote_id: Ref = ""
    remote_parent: Ref = ""


class _Entry(Camel):
    task: _Task
    tags: Annotated[list[_Tag], BeforeValidator(lambda value: value or [])] = []
    alarms: Annotated[list[_Alarm], BeforeValidator(lambda value: value or [])] = []
    geofences: Annotated[list[object], BeforeValidator(lambda value: value or [])] = []
    comments: Annotated[list[object], BeforeValidator(lambda value: value or [])] = []
    attachments: Annotated[list[object], BeforeValidator(lambda value: value or [])] = []
    caldav_tasks: Annotated[list[_OfCalendar], BeforeValidator(lambda value: value or [])] = []


class _Calendar(Camel):
    uuid: Ref = ""
    name: Text = ""


@dataclass(slots=True)
class _Waiting:
    """A task whose calendar may come behind it."""

    parsed: Parsed
    calendar: str


def read(file: File, asked: Asked) -> Iterator[Parsed | None]:
    """Tasks in the order of the file."""
    walk = file.walk()
    names: dict[str, str] = {}
    tasks: list[_Waiting] = []
    for found in walk.through(_SHAPE):
        yield None
        if found is None:
            continue
        match found.path:
            case ("data", "tasks", int()):
                tasks.extend(_task(walk, found, asked))
            case ("data", "caldavCalendars", int()):
                calendar = walk.check(found, _Calendar)
                names[calendar.uuid] = plain(calendar.name)
    for task in tasks:
        task.parsed.lists = names.get(task.calendar, "")
        yield task.parsed


def _task(walk: Walk, found: Found, asked: Asked) -> Iterator[_Waiting]:
    entry = walk.check(found, _Entry)
    task = entry.task
    if task.deletion_date > 0:
        asked.leave_out("deleted")
        return
    if not task.title.strip():
        asked.leave_out("without a title")
        return
    within = entry.caldav_tasks[0] if entry.caldav_tasks else _OfCalendar()
    made = Parsed(
        ref=task.remote_id,
        key=f"caldav/{within.remote_id}" if within.remote_id else walk.place(found),
        title=plain(task.title),
        place=walk.place(found),
        description=plain(task.notes),
        completed=task.completion_date is not None,
        completed_at=task.completion_date,
        priority=_PRIORITIES.get(task.priority),
        tags=tuple(plain(tag.name) for tag in entry.tags),
        parent=f"caldav/{within.remote_parent}" if within.remote_parent else "",
        created=task.creation_date,
        updated=task.modification_date,
    )
    _due(made, task, asked)
    _repeat(made, task)
    _alarms(made, entry)
    made.leave("start", task.hide_until)
    if task.estimated_seconds > 0:
        made.leave("duration", f"{task.estimated_seconds / 60:g} minutes")
    made.leave_many("comment", entry.comments)
    made.leave_many("attachment", entry.attachments)
    yield _Waiting(made, within.calendar)


def _due(made: Parsed, task: _Task, asked: Asked) -> None:
    """With a time where seconds say so; else it is noon where the device was."""
    if task.due_date <= 0:
        return
    at = since_1970(task.due_date)
    if at is None:
        made.leave("date", f"{task.due_date:.0f}")
        return
    timed = task.due_date % _MINUTE > 0
    made.due = at.replace(second=0, microsecond=0) if timed else day_there(at, asked.zone)


def _repeat(made: Parsed, task: _Task) -> None:
    if not task.recurrence.strip():
        return
    text = task.recurrence
    if task.repeat_until and "UNTIL=" not in text:
        text = f"{text};UNTIL={task.repeat_until:%Y%m%d}"
    made.rule = rule(text, from_completion=task.repeat_from == _FROM_COMPLETION)
    if made.rule is None:
        made.leave("recurrence", task.recurrence)


def _alarms(made: Parsed, entry: _Entry) -> None:
    for alarm in entry.alarms:
        if alarm.type == _AFTER_DUE and alarm.time <= 0:
            made.remind(minutes_before=round(-alarm.time / _MINUTE))
        elif alarm.type == _AT_TIME and alarm.time > 0:
            made.remind(at=since_1970(alarm.time))
        else:
            made.leave("reminder", "of a kind that is not known here")
    if entry.geofences:
        made.leave("reminder", "at a place")
