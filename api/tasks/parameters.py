"""What the handlers of tasks are given, beside their owner."""

import re
from typing import Annotated, cast
from urllib.parse import parse_qs

from fastapi import Depends, Request
from starlette.convertors import Convertor, register_url_convertor

from api.tasks.formats import KINDS, Format
from api.tasks.service import Tasks
from core.errors import Fault, InvalidInput
from core.tasks.parse import parse_task_id
from core.types import MAX_TASK_ID, TaskId


class TaskSegment(Convertor[str]):
    """A step of a path that may name a task: what has a route of its own beside the tasks is no task for any method."""

    regex = "(?!(?:batch|changes|events|export|import|stats|tags|tasks|trash)(?:/|$))[^/]+"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("task", TaskSegment())


async def _tasks(request: Request) -> Tasks:
    return cast(Tasks, request.app.state.tasks)


async def _task_id(task_id: str) -> TaskId:
    return parse_task_id(task_id)


Service = Annotated[Tasks, Depends(_tasks)]
Id = Annotated[TaskId, Depends(_task_id)]


_OF_EXPORTS: dict[str, str] = {"format": "json", "bom": "false", "after": ""}


def parse_export(query: bytes) -> tuple[Format, bool, int | None]:
    """The format, whether CSV is to begin with a mark, and behind which task a part begins; raises `InvalidInput`."""
    asked = parse_qs(query.decode("latin-1"), keep_blank_values=True, errors="replace")
    given = {name: asked[name] for name in _OF_EXPORTS if name in asked}
    name, marked, after = ([*given.get(name, ()), usual][0] for name, usual in _OF_EXPORTS.items())
    faults = [Fault(f"?{name}", "must be given once") for name, values in given.items() if len(values) > 1]
    if name not in KINDS:
        faults.append(Fault("?format", "must be json, csv, ics or zip"))
    if marked not in ("true", "false") or (marked == "true" and name != "csv"):
        faults.append(Fault("?bom", "must be true or false, and true with csv only"))
    if "after" in given and not (re.fullmatch("[0-9]{1,19}", after, re.ASCII) and int(after) <= MAX_TASK_ID):
        faults.append(Fault("?after", "must be the id of a task, or 0"))
    if faults:
        raise InvalidInput(*faults)
    return cast(Format, name), marked == "true", int(after) if after else None
