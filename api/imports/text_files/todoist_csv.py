"""Todoist: a project as CSV. Here 1 is the highest priority, and a date is what its user has typed."""

import re
from collections.abc import Iterator

from api.imports.parsed import Asked, Parsed, Priority
from api.imports.source.faults import refused
from api.imports.source.file import File
from api.imports.source.lines import Row, header_of, records, rows
from api.imports.values.moments import day, zone_named
from api.imports.values.texts import plain
from api.imports.values.words import said

COLUMNS = ("TYPE", "CONTENT", "PRIORITY", "INDENT", "DATE")

_PRIORITIES: dict[str, Priority] = {"1": "urgent", "2": "high", "3": "medium", "4": "low"}
_LABEL = re.compile(r"(?<!\S)@(\S+)")
_FILE, _END_OF_FILE = "[[file ", "]]"
_NAME = re.compile(r"(.*?)(?: \[[^\]]*\])?\.csv", re.IGNORECASE)
_UNCOMPLETABLE = "* "
_MAX_INDENT = 20


class _Level:
    """Who is above whom, by their indents."""

    def __init__(self) -> None:
        self._open: list[tuple[int, str]] = []

    def parent(self, indent: int, key: str) -> str:
        while self._open and self._open[-1][0] >= indent:
            self._open.pop()
        parent = self._open[-1][1] if self._open else ""
        self._open.append((indent, key))
        return parent


def read(file: File, asked: Asked) -> Iterator[Parsed | None]:
    """Tasks in the order of their rows, with the comments that follow them."""
    found = records(file.document, file.called)
    header = header_of(found, *COLUMNS)
    if header is None:
        raise refused(file.called, f"has no row with the columns {', '.join(COLUMNS)}")
    named = _NAME.fullmatch(file.name)
    levels, section = _Level(), ""
    task: Parsed | None = None
    for row in rows(found, header, file.called):
        kind = row["TYPE"].lower() if row else ""
        if row and kind == "task":
            if task:
                yield task
            task = _task(row, file, asked)
            task.lists = plain(named[1]) if named else ""
            task.leave("section", section)
            task.parent = levels.parent(_indent(row), task.key)
        elif row and kind == "section":
            section = plain(row.raw("CONTENT"))
            levels = _Level()
        elif row and kind == "note" and task:
            _note(task, plain(row.raw("CONTENT")))
        elif row and kind == "project_note":
            asked.leave_out("comments on the project")
        elif row and kind not in ("meta", "note", ""):
            raise refused(row.place, "has a TYPE that is none of Todoist's")
        yield None
    if task:
        yield task


def _indent(row: Row) -> int:
    text = row["INDENT"]
    return min(int(text), _MAX_INDENT) if text.isdecimal() and text.isascii() else 1


def _task(row: Row, file: File, asked: Asked) -> Parsed:
    content = plain(row.raw("CONTENT")).removeprefix(_UNCOMPLETABLE)
    number = str(row.record.number)
    task = Parsed(
        ref=number,
        key=f"{file.called}/{number}",
        title=" ".join(_LABEL.sub("", content).split()) or content,
        place=row.place,
        description=plain(row.raw("DESCRIPTION")),
        priority=_PRIORITIES.get(row["PRIORITY"]),
        tags=tuple(_LABEL.findall(content)),
    )
    if row["PRIORITY"] and task.priority is None:
        task.leave("priority", row["PRIORITY"])
    if row.too_many:
        task.leave("other", "its row has more cells than the header")
    _dates(task, row, asked)
    task.leave("duration", f"{row['DURATION']} {row['DURATION_UNIT']}".strip())
    task.leave("assignee", row["RESPONSIBLE"])
    return task


def _dates(task: Parsed, row: Row, asked: Asked) -> None:
    """What names no single day stays in the description."""
    words, deadline = row["DATE"], row["DEADLINE"]
    if words:
        english = row["DATE_LANG"] in ("", "en") or words[:4].isdecimal()
        read = said(words, zone=zone_named(row["TIMEZONE"]) or asked.zone, today=asked.today) if english else None
        if read:
            task.due, task.rule = read.due, read.rule
        else:
            task.tell(f"Todoist date: {words}")
            task.leave("date", words)
    if deadline:
        try:
            until = day(deadline)
        except ValueError:
            task.tell(f"Todoist deadline: {deadline}")
            until = None
        if task.due is None and until:
            task.due = until
        else:
            task.leave("deadline", deadline)


def _note(task: Parsed, text: str) -> None:
    start, end = text.find(_FILE), text.rfind(_END_OF_FILE)
    if 0 <= start < end:
        task.leave("attachment", "the file does not have it")
        text = text[:start] + text[end + len(_END_OF_FILE) :]
    task.tell(text)
