"""Taskwarrior: what `task export` writes, an array or one task a line. `parent` is the template of what repeats."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final

from pydantic import BeforeValidator

from api.imports.parsed import Asked, Parsed, Priority, Rule
from api.imports.source.file import File
from api.imports.source.json_walk import PIECE, Found, Shape, Walk
from api.imports.values.moments import day_or_instant, iso, since_1970
from api.imports.values.rules import of_taskwarrior
from api.imports.values.texts import Foreign, Ref, Text, plain

_ARRAY: Final[Shape] = [PIECE]

_PRIORITIES: dict[str, Priority] = {"H": "high", "M": "medium", "L": "low"}
_COMPACT = re.compile(r"(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z", re.ASCII)
_SECONDS = re.compile(r"\d{1,12}", re.ASCII)
_SAYS = "must be a time such as 20260131T230000Z"

_Names = Annotated[list[str], BeforeValidator(lambda value: value.split(",") if isinstance(value, str) else value)]


def _stamp(value: object) -> datetime | None:
    if value is None or value == "":
        return None
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str):
        raise ValueError(_SAYS)  # noqa: TRY004  # what a validator raises
    if _SECONDS.fullmatch(text):
        read = since_1970(int(text) * 1000)
    else:
        try:
            read = iso(_COMPACT.sub(r"\1-\2-\3T\4:\5:\6Z", text))
        except ValueError:
            read = None
    if read is None or read.tzinfo is None:
        raise ValueError(_SAYS)
    return read


_Stamp = Annotated[datetime | None, BeforeValidator(_stamp)]


class _Annotation(Foreign):
    entry: _Stamp = None
    description: Text = ""


class _Written(Foreign):
    uuid: Ref = ""
    description: Text = ""
    status: Text = ""
    priority: Text = ""
    project: Text = ""
    tags: _Names = []
    depends: _Names = []
    annotations: list[_Annotation] | None = None
    due: _Stamp = None
    end: _Stamp = None
    entry: _Stamp = None
    modified: _Stamp = None
    modification: _Stamp = None
    scheduled: _Stamp = None
    wait: _Stamp = None
    until: _Stamp = None
    recur: Text = ""
    parent: Ref = ""


@dataclass(slots=True)
class _Waiting:
    """A task whose template may come behind it."""

    parsed: Parsed
    template: str
    recur: str


def read(file: File, asked: Asked) -> Iterator[Parsed | None]:
    """Tasks in the order of the file; a template lends its rule to the last open task that was made of it."""
    walk = file.walk()
    templates: dict[str, str] = {}
    tasks: list[_Waiting] = []
    for found in _written(walk):
        yield None
        if found:
            tasks.extend(_task(walk, found, templates, asked))
    last = {one.template: one for one in tasks if one.template and not one.parsed.completed}
    for template in templates:
        if template not in last:
            asked.leave_out("templates of what repeats, without an open task")
        yield None
    for one in tasks:
        task, recur = one.parsed, templates.get(one.template) or one.recur
        if recur and not task.completed and (not one.template or last[one.template] is one):
            rule = of_taskwarrior(recur)
            task.rule = Rule(rule) if rule else None
            task.leave("recurrence", "" if rule else recur)
        yield task


def _written(walk: Walk) -> Iterator[Found | None]:
    if walk.first == b"[":
        yield from walk.through(_ARRAY)
        return
    number = 0
    while walk.next_line():
        yield from walk.one(PIECE, (number,))
        number += 1


def _task(walk: Walk, found: Found, templates: dict[str, str], asked: Asked) -> Iterator[_Waiting]:
    task = walk.check(found, _Written)
    if task.status == "recurring":
        templates[task.uuid] = task.recur
    elif task.status == "deleted":
        asked.leave_out("deleted")
    elif not task.description.strip():
        asked.leave_out("without a title")
    else:
        made = Parsed(
            ref=task.uuid,
            key=task.uuid or walk.place(found),
            title=plain(task.description),
            place=walk.place(found),
            description="\n".join(plain(note.description) for note in task.annotations or ()),
            completed=task.status == "completed",
            completed_at=task.end if task.status == "completed" else None,
            priority=_PRIORITIES.get(task.priority),
            due=day_or_instant(task.due, asked.zone) if task.due else None,
            tags=tuple(plain(tag) for tag in task.tags),
            lists=plain(task.project),
            uid=task.uuid,
            created=task.entry,
            updated=task.modified or task.modification,
        )
        made.leave("start", task.scheduled)
        made.leave("date", f"wait {task.wait}" if task.wait else "")
        made.leave("date", f"until {task.until}" if task.until else "")
        made.leave_many("dependency", task.depends)
        yield _Waiting(made, task.parent, task.recur)
