"""Remember The Milk: its JSON export, flat. A day is local midnight, and notes are those of a whole series."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Final

from pydantic import BeforeValidator

from api.imports.parsed import Asked, Parsed, Priority
from api.imports.source.file import File
from api.imports.source.json_walk import PIECE, Found, Shape, Walk
from api.imports.values.moments import Millis, day_of
from api.imports.values.rules import rule
from api.imports.values.texts import Flag, Foreign, Ref, Refs, Text, plain

_SHAPE: Final[Shape] = {"lists": [PIECE], "notes": [PIECE], "tasks": [PIECE], "tags": [PIECE]}

_PRIORITIES: dict[str, Priority] = {"P1": "high", "P2": "medium", "P3": "low"}


class _Task(Foreign):
    id: Ref = ""
    series_id: Ref = ""
    list_id: Ref = ""
    parent_id: Ref = ""
    name: Text = ""
    priority: Text = ""
    date_created: Millis = None
    date_added: Millis = None
    date_modified: Millis = None
    date_due: Millis = None
    date_due_has_time: Flag = False
    date_start: Millis = None
    date_completed: Millis = None
    date_trashed: Millis = None
    # False where there is none.
    repeat: Annotated[str, BeforeValidator(lambda value: value or "")] = ""
    repeat_every: Flag = True
    tags: Refs = []
    url: Text = ""
    estimate: Text = ""


class _Named(Foreign):
    id: Ref = ""
    name: Text = ""


class _Note(Foreign):
    series_id: Ref = ""
    title: Text = ""
    content: Text = ""


@dataclass(slots=True)
class _Waiting:
    parsed: Parsed
    series: str
    list: str


def read(file: File, asked: Asked) -> Iterator[Parsed | None]:
    """Tasks in the order of the file."""
    walk = file.walk()
    lists: dict[str, str] = {}
    tags: dict[str, str] = {}
    notes: dict[str, list[str]] = {}
    tasks: list[_Waiting] = []
    for found in walk.through(_SHAPE):
        yield None
        if found is None:
            continue
        match found.path:
            case ("tasks", int()):
                tasks.extend(_task(walk, found, asked))
            case ("notes", int()):
                note = walk.check(found, _Note)
                text = "\n".join(filter(None, (plain(note.title), plain(note.content))))
                notes.setdefault(note.series_id, []).append(text)
            case (str(name), int()):
                named = walk.check(found, _Named)
                (lists if name == "lists" else tags)[named.id] = plain(named.name) or named.id
    for one in tasks:
        task = one.parsed
        task.lists = lists.get(one.list, "")
        task.tags = tuple(tags.get(tag, tag) for tag in task.tags)
        for text in notes.get(one.series, ()):
            task.tell(text)
        yield task


def _task(walk: Walk, found: Found, asked: Asked) -> Iterator[_Waiting]:
    task = walk.check(found, _Task)
    if task.date_trashed:
        asked.leave_out("deleted")
        return
    if not task.name.strip():
        asked.leave_out("without a title")
        return
    due = task.date_due
    made = Parsed(
        ref=task.id,
        key=task.id or walk.place(found),
        title=plain(task.name),
        place=walk.place(found),
        completed=task.date_completed is not None,
        completed_at=task.date_completed,
        priority=_PRIORITIES.get(task.priority),
        due=due if due is None or task.date_due_has_time else day_of(due, asked.zone),
        tags=tuple(task.tags),
        parent=task.parent_id,
        created=task.date_created or task.date_added,
        updated=task.date_modified,
    )
    if task.repeat.strip() and not made.completed:
        made.rule = rule(task.repeat, from_completion=not task.repeat_every)
        made.leave("recurrence", "" if made.rule else task.repeat)
    made.leave("start", task.date_start)
    made.leave("url", task.url)
    made.leave("duration", task.estimate)
    yield _Waiting(made, task.series_id, task.list_id)
