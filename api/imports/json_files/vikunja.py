"""Vikunja: the `data.json` of its export. No value is the year 1, and the order is that of each project's list view."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Final

from pydantic import BeforeValidator

from api.imports.parsed import Asked, Parsed, Priority, Rule
from api.imports.source.file import File
from api.imports.source.json_walk import PIECE, Found, Shape, Walk
from api.imports.values.moments import Instant
from api.imports.values.rules import every, of_seconds, rule
from api.imports.values.texts import Flag, Foreign, Number, Ref, Text, of_html, plain

_PROJECT: Final[dict[str, Any]] = {
    "title": PIECE,
    "is_archived": PIECE,
    "tasks": [PIECE],
    "views": [PIECE],
    "positions": [PIECE],
}
_SHAPE: Final[Shape] = [_PROJECT]

_PRIORITIES: dict[float, Priority] = {1: "low", 2: "medium", 3: "high", 4: "urgent", 5: "urgent"}
_MONTHLY, _FROM_COMPLETION = 1, 2
_LIST_VIEWS = ("list", 0)
_KINDS = {"subtask", "parenttask"}


class _Label(Foreign):
    title: Text = ""


class _Reminder(Foreign):
    reminder: Instant = None
    relative_period: Number = 0
    relative_to: Text = ""


class _Related(Foreign):
    id: Ref = ""


_Labels = Annotated[list[_Label], BeforeValidator(lambda value: value or [])]
_Reminders = Annotated[list[_Reminder], BeforeValidator(lambda value: value or [])]
_Many = Annotated[list[object], BeforeValidator(lambda value: value or [])]
_Relations = Annotated[dict[str, list[_Related] | None], BeforeValidator(lambda value: value or {})]


class _Task(Foreign):
    id: Ref = ""
    title: Text = ""
    description: Text = ""
    done: Flag = False
    done_at: Instant = None
    due_date: Instant = None
    start_date: Instant = None
    end_date: Instant = None
    reminders: _Reminders = []
    repeat_after: Number = 0
    repeat_mode: Number = 0
    priority: Number = 0
    percent_done: Number = 0
    labels: _Labels = []
    related_tasks: _Relations = {}
    assignees: _Many = []
    attachments: _Many = []
    comments: _Many = []
    created: Instant = None
    updated: Instant = None
    position: Number = 0


class _View(Foreign):
    id: Ref = ""
    view_kind: Any = None


class _Position(Foreign):
    task_id: Ref = ""
    project_view_id: Ref = ""
    position: Number = 0


@dataclass(slots=True)
class _Waiting:
    parsed: Parsed
    project: int
    position: float
    children: list[str]


class _Projects:
    """As far as they have been read."""

    def __init__(self) -> None:
        self.titles: dict[int, str] = {}
        self.archived: set[int] = set()
        self.views: set[str] = set()
        self.positions: dict[tuple[str, str], float] = {}
        self.tasks: list[_Waiting] = []

    def add(self, name: str, number: int, walk: Walk, found: Found) -> None:
        match name:
            case "title" if isinstance(found.value, str):
                self.titles[number] = plain(found.value)
            case "is_archived" if found.value is True:
                self.archived.add(number)
            case "views":
                view = walk.check(found, _View)
                if view.view_kind in _LIST_VIEWS:
                    self.views.add(view.id)
            case "positions":
                position = walk.check(found, _Position)
                self.positions[position.project_view_id, position.task_id] = position.position

    def by_task(self) -> dict[str, float]:
        """Of the list views."""
        return {task: position for (view, task), position in self.positions.items() if view in self.views}


def read(file: File, asked: Asked) -> Iterator[Parsed | None]:
    """Tasks by projects, in the order of their lists."""
    walk = file.walk()
    projects = _Projects()
    for found in walk.through(_SHAPE):
        yield None
        if found is None:
            continue
        match found.path:
            case (int(number), "tasks", int()):
                projects.tasks.extend(_task(number, walk, found, asked))
            case (int(number), str(name), *_):
                projects.add(name, number, walk, found)
    positions = projects.by_task()
    parents = {child: one.parsed.key for one in projects.tasks for child in one.children}
    for one in projects.tasks:
        task = one.parsed
        if one.project in projects.archived:
            asked.leave_out("in archived projects")
            yield None
            continue
        task.lists = projects.titles.get(one.project, "")
        task.parent = task.parent or parents.get(task.key, "")
        task.order = (one.project, positions.get(task.ref, one.position or float("inf")))
        yield task


def _task(project: int, walk: Walk, found: Found, asked: Asked) -> Iterator[_Waiting]:
    task = walk.check(found, _Task)
    if not task.title.strip():
        asked.leave_out("without a title")
        return
    parents = task.related_tasks.get("parenttask") or []
    made = Parsed(
        ref=task.id,
        key=task.id or walk.place(found),
        title=plain(task.title),
        place=walk.place(found),
        description=of_html(task.description),
        completed=task.done,
        completed_at=task.done_at if task.done else None,
        priority=_PRIORITIES.get(task.priority),
        due=task.due_date,
        tags=tuple(plain(label.title) for label in task.labels),
        parent=parents[0].id if parents else "",
        created=task.created,
        updated=task.updated,
    )
    _repeat(made, task)
    for reminder in task.reminders:
        if reminder.relative_to == "due_date" and reminder.relative_period <= 0:
            made.remind(minutes_before=round(-reminder.relative_period / 60))
        elif reminder.reminder:
            made.remind(at=reminder.reminder)
    made.leave("start", task.start_date)
    if task.percent_done and not task.done:
        made.leave("status", f"{task.percent_done:.0%} done")
    made.leave_many("assignee", task.assignees)
    made.leave_many("attachment", task.attachments)
    made.leave_many("comment", task.comments)
    made.leave_many("dependency", [kind for kind, other in task.related_tasks.items() if other and kind not in _KINDS])
    children = [child.id for child in task.related_tasks.get("subtask") or []]
    yield _Waiting(made, project, task.position, children)


def _repeat(made: Parsed, task: _Task) -> None:
    """A monthly one has no seconds."""
    if task.repeat_mode == _MONTHLY:
        made.rule = Rule(every("MONTHLY"))
    elif task.repeat_after > 0:
        written = of_seconds(task.repeat_after) or ""
        made.rule = rule(written, from_completion=task.repeat_mode == _FROM_COMPLETION)
        if made.rule is None:
            made.leave("recurrence", f"every {task.repeat_after:g} seconds")
