"""Habitica: its `userdata.json`, of which only tasks, tags and their order are read. Its priority is a difficulty."""

from collections.abc import Iterator
from typing import Annotated, Any, Final

from pydantic import BeforeValidator

from api.imports.parsed import Asked, Parsed
from api.imports.source.file import File
from api.imports.source.json_walk import PIECE, Found, Shape, Walk
from api.imports.values.moments import Instant, day_or_instant
from api.imports.values.rules import DAYS, every, listed, rule
from api.imports.values.texts import Camel, Flag, Number, Ref, Refs, Text, plain

_SHAPE: Final[Shape] = {
    "tags": [PIECE],
    "tasksOrder": {"todos": [PIECE], "dailys": [PIECE]},
    "tasks": {"todos": [PIECE], "dailys": [PIECE], "habits": [PIECE], "rewards": [PIECE]},
}

_OTHERS = {"habits": "habits", "rewards": "rewards"}
_KINDS = ("todos", "dailys")
_USUAL_DIFFICULTY = 1
_LETTERS = ("m", "t", "w", "th", "f", "s", "su")
_MAX_INTERVAL = 1000

_Numbers = Annotated[list[int], BeforeValidator(lambda value: value or [])]


class _Step(Camel):
    id: Ref = ""
    text: Text = ""
    completed: Flag = False


class _Written(Camel):
    text: Text = ""
    notes: Text = ""
    tags: Refs = []
    priority: Number = _USUAL_DIFFICULTY
    completed: Flag = False
    date: Instant = None
    date_completed: Instant = None
    checklist: Annotated[list[_Step], BeforeValidator(lambda value: value or [])] = []
    created_at: Instant = None
    updated_at: Instant = None
    frequency: Text = ""
    every_x: Number = 1
    repeat: Annotated[dict[str, Any], BeforeValidator(lambda value: value or {})] = {}
    days_of_month: _Numbers = []
    weeks_of_month: _Numbers = []
    reminders: Annotated[list[object], BeforeValidator(lambda value: value or [])] = []


class _Tag(Camel):
    id: Ref = ""
    name: Text = ""


def read(file: File, asked: Asked) -> Iterator[Parsed | None]:
    """To-dos, then dailies; habits and rewards are no tasks."""
    walk = file.walk()
    tags: dict[str, str] = {}
    ranks: dict[tuple[str, str], int] = {}
    tasks: list[tuple[str, Parsed]] = []
    for found in walk.through(_SHAPE):
        yield None
        if found is None:
            continue
        match found.path:
            case ("tags", int()):
                tag = walk.check(found, _Tag)
                tags[tag.id] = plain(tag.name)
            case ("tasksOrder", str(kind), int(number)) if isinstance(found.value, str):
                ranks[kind, found.value] = number
            case ("tasks", str(kind), int()) if kind in _OTHERS:
                asked.leave_out(_OTHERS[kind])
            case ("tasks", str(kind), int()):
                tasks.extend((kind, task) for task in _tasks(kind, walk, found, asked))
    for kind, task in tasks:
        if not task.parent:
            rank = ranks.get((kind, task.ref), float("inf"))
            task.order = (_KINDS.index(kind), rank)
            task.tags = tuple(tags.get(tag, tag) for tag in task.tags)
        yield task


def _tasks(kind: str, walk: Walk, found: Found, asked: Asked) -> Iterator[Parsed]:
    """With the steps of its checklist."""
    task = walk.check(found, _Written)
    if not task.text.strip():
        asked.leave_out("without a title")
        return
    daily = kind == "dailys"
    given = found.value.get("_id") or found.value.get("id")
    made = Parsed(
        ref=given if isinstance(given, str) else "",
        title=plain(task.text),
        place=walk.place(found),
        key=given if isinstance(given, str) and given else walk.place(found),
        description=plain(task.notes),
        completed=task.completed and not daily,  # of a daily: today
        completed_at=None if daily else task.date_completed,
        due=day_or_instant(task.date, asked.zone) if task.date and not daily else None,
        tags=tuple(task.tags),
        created=task.created_at,
        updated=task.updated_at,
    )
    if daily:
        written = _rule(task)
        made.rule = rule(written) if written else None
        made.leave("recurrence", "" if made.rule else task.frequency)
    if task.priority != _USUAL_DIFFICULTY:
        made.leave("difficulty", f"{task.priority:g}")
    made.leave_many("reminder", task.reminders)
    yield made
    for number, step in enumerate(task.checklist):
        if step.text.strip():
            yield Parsed(
                ref=step.id,
                key=f"{made.key}/{number}",
                title=plain(step.text),
                place=f"{made.place}/checklist/{number}",
                completed=step.completed and not daily,
                parent=made.key,
            )


def _rule(task: _Written) -> str | None:
    interval = int(min(max(task.every_x, 1), _MAX_INTERVAL))
    days = [day for day, letter in zip(DAYS, _LETTERS, strict=True) if task.repeat.get(letter) is True]
    match task.frequency:
        case "daily":
            return every("DAILY", interval)
        case "weekly":
            return every("WEEKLY", interval, BYDAY=listed(days)) if days else None
        case "monthly" if task.days_of_month:
            return every("MONTHLY", interval, BYMONTHDAY=",".join(map(str, task.days_of_month)))
        case "monthly" if task.weeks_of_month and days:
            by_day = listed(f"{week + 1}{day}" for week in task.weeks_of_month for day in days)
            return every("MONTHLY", interval, BYDAY=by_day)
        case "yearly":
            return every("YEARLY", interval)
    return None
