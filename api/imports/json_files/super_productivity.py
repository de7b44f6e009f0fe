"""Super Productivity: its backup. The order is that of projects, and most of what is done lies in two archives."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from api.imports.parsed import Asked, Parsed
from api.imports.source.file import File
from api.imports.source.json_walk import EACH, PIECE, Found, Shape, Walk
from api.imports.values.moments import Millis, day
from api.imports.values.rules import DAYS, FREQUENCIES, every, listed, rule
from api.imports.values.texts import Camel, Flag, Number, Ref, Refs, Text, plain

_ENTITIES: Final[Mapping[str, Any]] = {"entities": {EACH: PIECE}}
_MODELS: Final[Mapping[str, Any]] = {
    "task": _ENTITIES,
    "project": _ENTITIES,
    "tag": _ENTITIES,
    "taskRepeatCfg": _ENTITIES,
    "archiveYoung": {"task": _ENTITIES},
    "archiveOld": {"task": _ENTITIES},
}
_SHAPE: Final[Shape] = {**_MODELS, "data": _MODELS}
"""Older backups have the models at the top."""

_OWN_TAG = "TODAY"
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_WEEKS = frozenset({1, 2, 3, 4, -1})
_MAX_INTERVAL = 1000


class _Task(Camel):
    id: Ref = ""
    title: Text = ""
    notes: Text = ""
    is_done: Flag = False
    done_on: Millis = None
    created: Millis = None
    due_day: Text = ""
    due_with_time: Millis = None
    parent_id: Ref = ""
    tag_ids: Refs = []
    project_id: Ref = ""
    repeat_cfg_id: Ref = ""
    sub_task_ids: Refs = []
    time_estimate: Number = 0
    attachments: list[object] | None = None


class _Named(Camel):
    id: Ref = ""
    title: Text = ""


class _Project(_Named):
    task_ids: Refs = []
    backlog_task_ids: Refs = []


class _Repeat(Camel):
    id: Ref = ""
    rrule: Text = ""
    repeat_cycle: Text = ""
    repeat_every: Number = 1
    is_paused: Flag = False
    repeat_from_completion_date: Flag = False
    monday: Flag = False
    tuesday: Flag = False
    wednesday: Flag = False
    thursday: Flag = False
    friday: Flag = False
    saturday: Flag = False
    sunday: Flag = False
    monthly_last_day: Flag = False
    monthly_week_of_month: Number = 0
    monthly_weekday: Number | None = None


@dataclass(slots=True)
class _Waiting:
    parsed: Parsed
    project: str
    repeat: str


class _Backup:
    """As far as it has been read."""

    def __init__(self) -> None:
        self.tasks: list[_Waiting] = []
        self.projects: dict[str, str] = {}
        self.tags: dict[str, str] = {}
        self.repeats: dict[str, _Repeat] = {}
        self.order: dict[str, int] = {}

    def add(self, model: str, walk: Walk, found: Found, asked: Asked) -> None:
        match model:
            case "task":
                self._add_task(walk, found, asked)
            case "project":
                project = walk.check(found, _Project)
                self.projects[project.id] = plain(project.title)
                self._rank(*project.task_ids, *project.backlog_task_ids)
            case "tag":
                tag = walk.check(found, _Named)
                self.tags[tag.id] = plain(tag.title)
            case "taskRepeatCfg":
                repeat = walk.check(found, _Repeat)
                self.repeats[repeat.id] = repeat

    def _rank(self, *tasks: str) -> None:
        for task in tasks:
            self.order.setdefault(task, len(self.order))

    def _add_task(self, walk: Walk, found: Found, asked: Asked) -> None:
        task = walk.check(found, _Task)
        if not task.title.strip():
            asked.leave_out("without a title")
            return
        self._rank(*task.sub_task_ids)
        made = Parsed(
            ref=task.id,
            title=plain(task.title),
            place=walk.place(found),
            key=task.id or walk.place(found),
            description=plain(task.notes),
            completed=task.is_done,
            completed_at=task.done_on if task.is_done else None,
            due=task.due_with_time,
            tags=tuple(tag for tag in task.tag_ids if tag != _OWN_TAG),
            parent=task.parent_id,
            created=task.created,
        )
        if task.due_day and not made.due:
            try:
                made.due = day(task.due_day)
            except ValueError:
                made.leave("date", task.due_day)
        if task.time_estimate:
            made.leave("duration", f"{task.time_estimate / 60_000:g} minutes")
        made.leave_many("attachment", task.attachments or [])
        self.tasks.append(_Waiting(made, task.project_id, task.repeat_cfg_id))


def read(file: File, asked: Asked) -> Iterator[Parsed | None]:
    """Tasks by the order of their projects, then those of the archives."""
    walk = file.walk()
    backup = _Backup()
    for found in walk.through(_SHAPE):
        yield None
        if found is None:
            continue
        match found.path:
            case (*_, str(model), "entities", int()):
                backup.add(model, walk, found, asked)
    repeating = {one.repeat: one for one in backup.tasks if one.repeat and not one.parsed.completed}
    for one in backup.tasks:
        task = one.parsed
        task.lists = backup.projects.get(one.project, "")
        task.tags = tuple(backup.tags[tag] for tag in task.tags if tag in backup.tags)
        rank = backup.order.get(task.ref)
        task.order = (0, rank) if rank is not None else (1,)
        if one.repeat and not task.completed:
            _repeat(task, backup.repeats.get(one.repeat), last=repeating[one.repeat] is one)
        yield task


def _repeat(task: Parsed, repeat: _Repeat | None, *, last: bool) -> None:
    """Of several open tasks of one rule the last goes on."""
    if repeat is None or repeat.is_paused or not last:
        task.leave("recurrence", "it is paused" if repeat and repeat.is_paused else "another task goes on with it")
        return
    written = repeat.rrule or _rule(repeat)
    task.rule = rule(written, from_completion=repeat.repeat_from_completion_date) if written else None
    if task.rule is None:
        task.leave("recurrence", written or repeat.repeat_cycle)


def _rule(repeat: _Repeat) -> str | None:
    """From the members that are an approximation where there is an RRULE; weekdays count for weeks alone."""
    interval = int(min(max(repeat.repeat_every, 1), _MAX_INTERVAL))
    if repeat.repeat_cycle not in FREQUENCIES:
        return None
    parts: dict[str, object] = {}
    week, weekday = repeat.monthly_week_of_month, repeat.monthly_weekday
    if repeat.repeat_cycle == "WEEKLY":
        parts["BYDAY"] = listed(on for on, name in zip(DAYS, _WEEKDAYS, strict=True) if getattr(repeat, name))
    elif repeat.repeat_cycle == "MONTHLY" and repeat.monthly_last_day:
        parts["BYMONTHDAY"] = -1
    elif repeat.repeat_cycle == "MONTHLY" and week in _WEEKS and weekday in range(7):
        parts["BYDAY"] = f"{week:.0f}{DAYS[int(weekday or 0) - 1]}"  # there Sunday is 0
    return every(repeat.repeat_cycle, interval, **parts)
