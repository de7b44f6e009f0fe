"""todo.txt: a task a line."""

import re
from collections.abc import Iterator
from datetime import date

from api.imports.parsed import Asked, Parsed, Priority, Remark
from api.imports.source.file import File
from api.imports.source.lines import decoded, lines, where
from api.imports.values.moments import day
from api.imports.values.texts import plain

_DAY = r"\d{4}-\d\d-\d\d"
_DONE = re.compile(rf"x (?:\(([A-Z])\) )?(?:({_DAY}) )?(?:({_DAY}) )?", re.ASCII)
_OPEN = re.compile(rf"(?:\(([A-Z])\) )?(?:({_DAY}) )?", re.ASCII)
_TAG = re.compile(r"(?<!\S)[@+](\S+)")
_DUE = re.compile(rf"(?<!\S)due:({_DAY})(?!\S)", re.ASCII)
_PRIORITY = re.compile(r"(?<!\S)pri:([A-Z])(?!\S)", re.ASCII)
_OTHERS = re.compile(r"(?<!\S)(t|rec|h):(?!/)\S+")

_LEFT: dict[str, Remark] = {"t": "start", "rec": "recurrence", "h": "other"}
_PRIORITIES: dict[str, Priority] = {"A": "urgent", "B": "high", "C": "medium"}


def read(file: File, asked: Asked) -> Iterator[Parsed | None]:
    """Tasks in the order of their lines."""
    for line in lines(file.document, file.called):
        text = decoded(line, file.called).strip("\r\n")
        if not text.strip():
            yield None
            continue
        task = _task(text, str(line.number), where(file.called, line.number))
        if not task.title:
            asked.leave_out("without a title")
        task.key = task.place
        yield task if task.title else None


def _task(line: str, number: str, place: str) -> Parsed:
    done = _DONE.match(line)
    found = done or _OPEN.match(line)
    assert found  # the second one may be empty
    first, second = _day(found[2]), _day(found[3]) if done else None
    broken = (found[2] and first is None) or (done and found[3] and second is None)
    text = line if broken else line[found.end() :]
    task = Parsed(ref=number, title="", place=place, completed=done is not None)
    if done:
        task.completed_at, task.created = (None, None) if broken else (first, second)
    else:
        task.created = None if broken else first
    letter = found[1]
    text, task.due = _taken_due(text)
    if named := _PRIORITY.search(text):
        letter = letter or named[1]
        text = _PRIORITY.sub("", text)
    task.priority = _PRIORITIES.get(letter, "low") if letter else None
    task.tags = tuple(_TAG.findall(text))
    task.title = " ".join(_TAG.sub("", text).split()) or plain(text)
    for other in _OTHERS.finditer(text):
        task.leave(_LEFT[other[1]], other[0])
    return task


def _taken_due(text: str) -> tuple[str, date | None]:
    """A day that there is not stays in the text."""
    found = _DUE.search(text)
    due = _day(found[1]) if found else None
    return (text[: found.start()] + text[found.end() :], due) if found and due else (text, None)


def _day(text: str | None) -> date | None:
    try:
        return day(text) if text else None
    except ValueError:
        return None
