"""Todoist: the sync answers and the lists of tasks of its API, v1 and older ones. Here 4 is the highest priority."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final

from api.imports.parsed import Asked, Moment, Parsed, Priority, Rule
from api.imports.source.file import File
from api.imports.source.json_walk import PIECE, Found, Shape, Walk
from api.imports.values.moments import Instant, day, in_utc, iso, zone_named
from api.imports.values.texts import Flag, Foreign, Number, Ref, Refs, Text, plain
from api.imports.values.words import repeats

_SHAPE: Final[Shape] = {
    "items": [PIECE],
    "results": [PIECE],
    "projects": [PIECE],
    "sections": [PIECE],
    "labels": [PIECE],
    "notes": [PIECE],
}

_PRIORITIES: dict[float, Priority] = {4: "urgent", 3: "high", 2: "medium", 1: "low"}
_UNCOMPLETABLE = "* "
_AFTER = "every!"


class _Due(Foreign):
    date: Text = ""
    datetime: Text = ""
    timezone: Text = ""
    string: Text = ""
    lang: Text = ""
    is_recurring: Flag = False


class _Deadline(Foreign):
    date: Text = ""


class _Duration(Foreign):
    amount: Number = 0
    unit: Text = ""


class _Item(Foreign):
    id: Ref = ""
    project_id: Ref = ""
    section_id: Ref = ""
    parent_id: Ref = ""
    content: Text = ""
    description: Text = ""
    labels: Refs = []
    priority: Number = 0
    due: _Due | None = None
    deadline: _Deadline | None = None
    duration: _Duration | None = None
    checked: Flag = False
    is_completed: Flag = False
    is_deleted: Flag = False
    completed_at: Instant = None
    date_completed: Instant = None
    added_at: Instant = None
    created_at: Instant = None
    date_added: Instant = None
    updated_at: Instant = None
    child_order: Number = 0
    responsible_uid: Ref = ""


class _Place(Foreign):
    """A project, a section or a label."""

    id: Ref = ""
    name: Text = ""
    child_order: Number = 0
    section_order: Number = 0
    is_deleted: Flag = False
    is_archived: Flag = False


class _Note(Foreign):
    item_id: Ref = ""
    task_id: Ref = ""
    content: Text = ""
    posted_at: Text = ""
    is_deleted: Flag = False


@dataclass(slots=True)
class _Waiting:
    """A task whose project, section, labels and notes may stand anywhere in the file."""

    parsed: Parsed
    project: str
    section: str
    order: float


class _Places:
    """What the tasks refer to."""

    def __init__(self) -> None:
        self.projects: dict[str, _Place] = {}
        self.sections: dict[str, _Place] = {}
        self.labels: dict[str, str] = {}
        self.notes: dict[str, list[tuple[str, str]]] = {}

    def add(self, name: str, walk: Walk, found: Found) -> None:
        if name == "notes":
            note = walk.check(found, _Note)
            if not note.is_deleted:
                self.notes.setdefault(note.item_id or note.task_id, []).append((note.posted_at, plain(note.content)))
            return
        place = walk.check(found, _Place)
        match name:
            case "projects":
                self.projects[place.id] = place
            case "sections":
                self.sections[place.id] = place
            case _:
                self.labels[place.id] = place.name


def read(file: File, asked: Asked) -> Iterator[Parsed | None]:
    """Open and completed tasks; without a section first, as Todoist shows them."""
    walk = file.walk()
    places = _Places()
    waiting: list[_Waiting] = []
    for found in walk.through(_SHAPE):
        yield None
        if found is None:
            continue
        match found.path:
            case ("items" | "results", int()):
                waiting.extend(_task(walk, found, asked))
            case (str(name), int()):
                places.add(name, walk, found)
    for one in waiting:
        yield _completed(one, places, asked)


def _task(walk: Walk, found: Found, asked: Asked) -> Iterator[_Waiting]:
    item = walk.check(found, _Item)
    if item.is_deleted:
        asked.leave_out("deleted")
    elif not item.content.strip():
        asked.leave_out("without a title")
    else:
        yield _Waiting(_parsed(item, walk.place(found), asked), item.project_id, item.section_id, item.child_order)


def _completed(one: _Waiting, places: _Places, asked: Asked) -> Parsed | None:
    """With what the rest of the file says of it; None if that speaks against it."""
    task, project, section = one.parsed, places.projects.get(one.project), places.sections.get(one.section)
    if project and (project.is_deleted or project.is_archived):
        asked.leave_out("deleted" if project.is_deleted else "in archived projects")
        return None
    task.lists = plain(project.name) if project else ""
    task.leave("section", plain(section.name) if section else "")
    places_before = (project.child_order if project else 0, section.section_order + 1 if section else 0)
    task.order = (one.order,) if task.parent else (*places_before, one.order)
    task.tags = tuple(plain(places.labels.get(label, label)) for label in task.tags)
    for _, text in sorted(places.notes.get(task.ref, ())):
        task.tell(text)
    return task


def _parsed(item: _Item, place: str, asked: Asked) -> Parsed:
    title = plain(item.content)
    task = Parsed(
        ref=item.id,
        key=item.id or place,
        title=title.removeprefix(_UNCOMPLETABLE).strip() or title,
        place=place,
        description=plain(item.description),
        completed=item.checked or item.is_completed or item.completed_at is not None,
        completed_at=item.completed_at or item.date_completed,
        priority=_PRIORITIES.get(item.priority),
        tags=tuple(item.labels),
        parent=item.parent_id,
        created=item.added_at or item.created_at or item.date_added,
        updated=item.updated_at,
    )
    if item.due:
        task.due = _when(task, item.due, asked)
        if item.due.is_recurring:
            _repeat(task, item.due)
    if item.deadline and item.deadline.date:
        _deadline(task, item.deadline.date)
    if item.duration:
        task.leave("duration", f"{item.duration.amount:g} {item.duration.unit}")
    task.leave("assignee", item.responsible_uid)
    return task


def _when(task: Parsed, due: _Due, asked: Asked) -> Moment | None:
    """A day; a time by the user's clock; or an instant, in a zone that stays the same."""
    text = due.datetime or due.date
    try:
        if "T" not in text:
            return day(text) if text else None
        at = iso(text)
        if at.tzinfo:
            return at
        return in_utc(at, zone_named(due.timezone) or asked.zone)
    except ValueError:
        task.tell(f"Todoist date: {text}")
        task.leave("date", text)
        return None


def _repeat(task: Parsed, due: _Due) -> None:
    words = due.string.strip()
    plainer = words.lower().replace(_AFTER, "every", 1)
    rule = repeats(plainer) if due.lang in ("", "en") else None
    if rule:
        task.rule = Rule(rule, words.lower().startswith(_AFTER), due.timezone or None)
    else:
        task.leave("recurrence", words)


def _deadline(task: Parsed, text: str) -> None:
    """The due date, where there is no other."""
    try:
        until: date | None = day(text)
    except ValueError:
        until = None
    if task.due is None and until:
        task.due = until
    else:
        task.leave("deadline", text)
