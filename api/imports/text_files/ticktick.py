"""TickTick: its backup as CSV, below a preamble whose legend misleads: what is completed has the status 2."""

import re
from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from api.imports.parsed import Asked, Moment, Parsed, Priority
from api.imports.source.faults import refused
from api.imports.source.file import File
from api.imports.source.lines import Row, header_of, records, rows
from api.imports.values.moments import day_of, day_or_instant, in_utc, iso, zone_named
from api.imports.values.rules import rule
from api.imports.values.texts import plain

COLUMNS = ("List Name", "Title", "Status")

_PRIORITIES: dict[str, Priority] = {"5": "high", "3": "medium", "1": "low"}
_NO_PRIORITY = ("", "0")
_COMPLETED, _GIVEN_UP = ("1", "2"), "-1"
_GIVEN_UP_TAG = "won't do"
_OPEN_STEP, _DONE_STEP = "▫", "▪"
_NUMBER = re.compile(r"-?\d{1,20}", re.ASCII)
_PREAMBLE_ROWS = 30


def read(file: File, asked: Asked) -> Iterator[Parsed | None]:
    """Tasks by lists, as these come in the file; in each by their order."""
    found = records(file.document, file.called)
    header = header_of(found, *COLUMNS, within=_PREAMBLE_ROWS)
    if header is None:
        raise refused(file.called, f"has no row with the columns {', '.join(COLUMNS)}")
    lists: dict[tuple[str, str], int] = {}
    for row in rows(found, header, file.called):
        yield None
        if row is None:
            continue
        if "NOTE" in (row["Kind"].upper(), row["projectKind"].upper()):
            asked.leave_out("notes that are no tasks")
        elif not row["Title"]:
            asked.leave_out("without a title")
        else:
            number = lists.setdefault((row["Folder Name"], row["List Name"]), len(lists))
            yield from _tasks(row, number, asked)


def _tasks(row: Row, number: int, asked: Asked) -> Iterator[Parsed]:
    """With the steps of its checklist."""
    given = row["taskId"]
    status = row["Status"]
    description, steps = _content(row)
    task = Parsed(
        ref=given or f"row{row.record.number}",
        key=given or row.place,
        title=plain(row["Title"]),
        place=row.place,
        description=description,
        completed=status in (*_COMPLETED, _GIVEN_UP),
        priority=_PRIORITIES.get(row["Priority"]),
        tags=tuple(tag.strip() for tag in row["Tags"].split(",") if tag.strip()),
        lists=plain(row["List Name"]),
        parent=row["parentId"],
        order=(number, float(row["Order"]) if _NUMBER.fullmatch(row["Order"]) else float("inf")),
    )
    if status == _GIVEN_UP:
        task.tags += (_GIVEN_UP_TAG,)
    if row["Priority"] not in _NO_PRIORITY and task.priority is None:
        task.leave("priority", row["Priority"])
    if row.too_many:
        task.leave("other", "its row has more cells than the header")
    _times(task, row, asked)
    if row["Repeat"]:
        task.rule = rule(row["Repeat"], zone=row["Timezone"] or None)
        task.leave("recurrence", "" if task.rule else row["Repeat"])
    task.leave("reminder", row["Reminder"])
    task.leave("section", row["Column Name"])
    task.leave("list", f"folder {row['Folder Name']}" if row["Folder Name"] else "")
    yield task
    for place, (text, done) in enumerate(steps, 1):
        yield Parsed(
            ref=f"{task.ref}#{place}",
            key=f"{task.key}#{place}",
            title=text,
            place=task.place,
            completed=done,
            parent=task.key,
            order=(-1, place),  # before other rows that are below it
        )


def _content(row: Row) -> tuple[str, list[tuple[str, bool]]]:
    """What is said of the task, and its steps."""
    text = plain(row.raw("Content"))
    if row["Kind"].upper() != "CHECKLIST" and row["Is Check list"].upper() != "Y":
        return text, []
    said: list[str] = []
    steps: list[tuple[str, bool]] = []
    for line in text.split("\n"):
        if line.startswith((_OPEN_STEP, _DONE_STEP)):
            if title := line[1:].strip():
                steps.append((title, line.startswith(_DONE_STEP)))
        else:
            said.append(line)
    return plain("\n".join(said)), steps


def _times(task: Parsed, row: Row, asked: Asked) -> None:
    zone = zone_named(row["Timezone"]) or asked.zone
    if row["Timezone"] and not zone_named(row["Timezone"]):
        task.leave("time zone", row["Timezone"])
    task.due = _due(task, row, zone)
    if (start := row["Start Date"]) and start != row["Due Date"]:
        task.leave("start", start)
    task.created = _instant(task, row["Created Time"], zone)
    if task.completed:  # what was opened again still has a time
        task.completed_at = _instant(task, row["Completed Time"], zone)


def _due(task: Parsed, row: Row, zone: ZoneInfo | None) -> Moment | None:
    """What is due all day is midnight in its zone; where that is not said, midnight tells."""
    at = _instant(task, row["Due Date"], zone)
    if at is None:
        return None
    match row["Is All Day"].lower():
        case "true":
            return day_of(at, zone)
        case "false":
            return at
        case _:
            return day_or_instant(at, zone)


def _instant(task: Parsed, text: str, zone: ZoneInfo | None) -> datetime | None:
    if not text:
        return None
    try:
        at = iso(text)
    except ValueError:
        task.leave("date", text)
        return None
    return at if at.tzinfo else in_utc(at, zone)
