"""What the handlers of tasks are given, beside their owner."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Annotated, Literal, cast
from urllib.parse import parse_qs
from zoneinfo import ZoneInfo

from fastapi import Depends, Request
from starlette.convertors import Convertor, register_url_convertor

from api.imports.detect import FORMATS as IMPORTED
from api.imports.detect import Format
from api.tasks.files.formats import KINDS
from api.tasks.files.formats import Format as ExportFormat
from api.tasks.service import Tasks
from core.errors import Fault, InvalidInput
from core.tasks import zones
from core.tasks.questions.parse import parse_task_id
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


@dataclass(frozen=True, slots=True)
class ImportAsked:
    """How a file is to be read."""

    format: Format | Literal["auto"] | None
    """None is the service's own JSON, as it always was."""
    dry_run: bool
    zone: ZoneInfo | None
    lists_as_tags: bool


_OF_IMPORTS: dict[str, str] = {"format": "", "dry_run": "false", "time_zone": "", "lists": "leave"}


def parse_import(query: bytes) -> ImportAsked:
    """Raises `InvalidInput`."""
    given, (name, dry_run, zone, lists), faults = _read(query, _OF_IMPORTS)
    if "format" in given and name not in ("auto", *IMPORTED):
        faults.append(Fault("?format", f"must be auto, {', '.join(IMPORTED[:-1])} or {IMPORTED[-1]}"))
    if dry_run not in ("true", "false"):
        faults.append(Fault("?dry_run", "must be true or false"))
    if lists not in ("leave", "tags"):
        faults.append(Fault("?lists", "must be leave or tags"))
    found = _zone(zone) if "time_zone" in given else None
    if "time_zone" in given and found is None:
        faults.append(Fault("?time_zone", zones.WRONG))
    if faults:
        raise InvalidInput(*faults)
    read_as = cast('Format | Literal["auto"]', name) if name else None
    return ImportAsked(read_as, dry_run == "true", found, lists == "tags")


def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(zones.parse(name))
    except ValueError:
        return None


_OF_EXPORTS: dict[str, str] = {"format": "json", "bom": "false", "after": ""}


def parse_export(query: bytes) -> tuple[ExportFormat, bool, int | None]:
    """The format, whether CSV is to begin with a mark, and behind which task a part begins; raises `InvalidInput`."""
    given, (name, marked, after), faults = _read(query, _OF_EXPORTS)
    if name not in KINDS:
        faults.append(Fault("?format", "must be json, csv, ics or zip"))
    if marked not in ("true", "false") or (marked == "true" and name != "csv"):
        faults.append(Fault("?bom", "must be true or false, and true with csv only"))
    if "after" in given and not (re.fullmatch("[0-9]{1,19}", after, re.ASCII) and int(after) <= MAX_TASK_ID):
        faults.append(Fault("?after", "must be the id of a task, or 0"))
    if faults:
        raise InvalidInput(*faults)
    return cast(ExportFormat, name), marked == "true", int(after) if after else None


def _read(query: bytes, usual: Mapping[str, str]) -> tuple[Collection[str], list[str], list[Fault]]:
    """Which of these are given, what each of them is, as a rule or given, and the faults of what is given twice."""
    asked = parse_qs(query.decode("latin-1"), keep_blank_values=True, errors="replace")
    given = {name: asked[name] for name in usual if name in asked}
    values = [given[name][0] if name in given else value for name, value in usual.items()]
    return given, values, [Fault(f"?{name}", "must be given once") for name in given if len(given[name]) > 1]
