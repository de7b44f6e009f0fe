"""Asana: a project as CSV. What is done has a day on which it was; a parent is a name, and names come twice."""

import re
from collections.abc import Iterator
from datetime import date

from api.imports.parsed import Asked, Parsed, Remark
from api.imports.source.faults import refused
from api.imports.source.file import File
from api.imports.source.lines import Row, header_of, records, rows
from api.imports.values.moments import day
from api.imports.values.texts import plain

COLUMNS = ("Name", "Section/Column", "Completed At")

_ID = re.compile(r"\d+", re.ASCII)
_LEFT: dict[str, Remark] = {
    "Assignee": "assignee",
    "Start Date": "start",
    "Section/Column": "section",
    "Blocked By (Dependencies)": "dependency",
    "Blocking (Dependencies)": "dependency",
}
_KNOWN = frozenset(
    {"Task ID", "Created At", "Completed At", "Last Modified", "Name", "Assignee Email", "Due Date", "Tags", "Notes"}
    | {"Projects", "Parent task", "Parent Task", *_LEFT}
)


def read(file: File, asked: Asked) -> Iterator[Parsed | None]:
    """Tasks in the order of their rows."""
    found = records(file.document, file.called)
    header = header_of(found, *COLUMNS)
    if header is None:
        raise refused(file.called, f"has no row with the columns {', '.join(COLUMNS)}")
    latest: dict[str, str] = {}
    for row in rows(found, header, file.called):
        if row is None:
            yield None
        elif not row["Name"]:
            asked.leave_out("without a title")
            yield None
        else:
            yield _task(row, file, latest)


def _task(row: Row, file: File, latest: dict[str, str]) -> Parsed:
    """`latest`: by its name the nearest row above."""
    number = row.record.number
    task = Parsed(
        ref=row["Task ID"] if _ID.fullmatch(row["Task ID"]) else f"row{number}",
        key=f"{file.called}/{number}",
        title=plain(row["Name"]),
        place=row.place,
        description=plain(row.raw("Notes")),
        completed=bool(row["Completed At"]),
        tags=tuple(tag.strip() for tag in row["Tags"].split(",") if tag.strip()),
        lists=plain(row["Projects"]),
    )
    parent = row["Parent task"] or row["Parent Task"]
    if parent:
        task.parent = latest.get(parent, "")
        task.leave("parent", "" if task.parent else parent)
    latest[row["Name"]] = task.key
    task.due = _day(task, row, "Due Date", tell=True)
    task.completed_at = _day(task, row, "Completed At")
    task.created = _day(task, row, "Created At")
    task.updated = _day(task, row, "Last Modified")
    for column, what in _LEFT.items():
        task.leave(what, row[column])
    for column in row.cells:
        if column not in _KNOWN and row[column]:
            task.leave("other", f"{column}: {row[column]}")
    if row.too_many:
        task.leave("other", "its row has more cells than the header")
    return task


def _day(task: Parsed, row: Row, column: str, *, tell: bool = False) -> date | None:
    """What another program has made of it may be one of two days: then it is none."""
    text = row[column]
    try:
        return day(text) if text else None
    except ValueError:
        task.leave("date", f"{column}: {text}")
        if tell:
            task.tell(f"Asana due date: {text}")
        return None
