"""The service's own CSV, as it exports it."""

import csv
import io
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Literal, cast

from pydantic import BaseModel, Field, ValidationError

from api.imports.parsed import Asked, Moment, Parsed, Priority, Reminder, Rule
from api.imports.source.faults import refused
from api.imports.source.file import File
from api.imports.source.lines import Row, header_of, records, rows
from api.imports.values.moments import day, iso
from core.tasks.recurring.recurrence import known_date

COLUMNS = ("title", "completed", "priority", "tags", "uid")

_GUARD = re.compile(r"(?:\A|(?<=[\r\n]))'(?=[=+\-@\t\r\uff1d\uff0b\uff0d\uff20])")
_PRIORITIES = ("low", "medium", "high", "urgent")
_LONGEST_NUMBER = 10
_TRUTHS = {"true": True, "false": False, "": False}


class _Recurrence(BaseModel):
    rule: str
    time_zone: str | None = None
    origin: Literal["due", "completion"] = Field(default="due", alias="from")


def read(file: File, asked: Asked) -> Iterator[Parsed | None]:
    """Tasks that were not in the trash."""
    found = records(file.document, file.called)
    header = header_of(found, *COLUMNS)
    if header is None:
        raise refused(file.called, f"has no row with the columns {', '.join(COLUMNS)}")
    for row in rows(found, header, file.called):
        if row is None:
            yield None
        elif row["deleted_at"]:
            asked.leave_out("in the trash")
            yield None
        elif not row["title"]:
            raise refused(row.place, "has no title")
        else:
            yield _task(row)


def _task(row: Row) -> Parsed:
    completed = _TRUTHS.get(row["completed"].lower())
    if completed is None:
        raise refused(row.place, "must have true or false for completed")
    priority = row["priority"]
    if priority and priority not in _PRIORITIES:
        raise refused(row.place, f"must have one of {', '.join(_PRIORITIES)} for priority")
    return Parsed(
        ref=row["id"],
        key=row["id"] or row.place,
        parent=row["parent_id"],
        order=tuple(row["position"].encode()),  # compared byte by byte
        reminders=tuple(_reminders(row)),
        title=_text(row["title"]),
        place=row.place,
        description=_text(row.raw("description")),
        completed=completed,
        completed_at=_moment(row, "completed_at"),
        priority=cast(Priority, priority) if priority else None,
        due=_moment(row, "due_date"),
        rule=_rule(row),
        tags=tuple(next(csv.reader(io.StringIO(_text(row["tags"]), newline=""), skipinitialspace=True), ())),
        uid=row["uid"],
        created=_moment(row, "created_at"),
        updated=_moment(row, "updated_at"),
    )


def _rule(row: Row) -> Rule | None:
    """JSON in a cell, as the service writes it; an older file has no such column."""
    if not row["recurrence"]:
        return None
    try:
        said = _Recurrence.model_validate_json(row["recurrence"])
    except ValidationError:
        raise refused(row.place, "must have a recurrence as the export writes it") from None
    return Rule(said.rule, said.origin == "completion", said.time_zone, known_date(row["recurrence_date"]))


def _reminders(row: Row) -> Iterator[Reminder]:
    for text in filter(None, map(str.strip, row["reminders"].split(","))):
        if text.isascii() and text.isdecimal() and len(text) < _LONGEST_NUMBER:
            yield Reminder(minutes_before=int(text))
        else:
            yield Reminder(at=_instant(row, text, "reminders"))


def _text(cell: str) -> str:
    """Without what keeps a spreadsheet from taking it for a formula."""
    return _GUARD.sub("", cell)


def _moment(row: Row, column: str) -> Moment | None:
    text = row[column]
    if not text:
        return None
    try:
        return day(text)
    except ValueError:
        return _instant(row, text, column)


def _instant(row: Row, text: str, column: str) -> datetime:
    try:
        moment = iso(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise refused(row.place, f"must have a date, or an instant with an offset, for {column}")
    return moment
