"""Whose file it is, by what only those have: `auto` says nothing rather than what may be wrong."""

import re
from collections.abc import Callable, Generator, Iterator
from itertools import islice
from typing import Literal, get_args

from api.imports.source.file import File
from api.imports.source.lines import lines, records
from api.imports.source.outline import Outline
from api.imports.text_files import asana, own_csv, ticktick, todoist_csv
from core.errors import InvalidInput

Format = Literal[
    "json",
    "csv",
    "ics",
    "google-tasks",
    "microsoft-todo",
    "todoist",
    "todoist-csv",
    "ticktick",
    "trello",
    "tasks-org",
    "asana",
    "super-productivity",
    "vikunja",
    "taskwarrior",
    "todo-txt",
    "remember-the-milk",
    "habitica",
]

FORMATS: tuple[Format, ...] = get_args(Format)
"""By name."""

_MARK = b"\xef\xbb\xbf"
_HEAD_BYTES = 64

_Sign = Callable[[Outline], bool]

_SIGNS: dict[Format, _Sign] = {
    "google-tasks": lambda seen: seen.kind.startswith("tasks#"),
    "microsoft-todo": lambda seen: (
        seen.names >= {"displayName", "tasks"}
        if seen.is_array
        else "value" in seen.names and bool(seen.inner.get("value", set()) & {"importance", "dueDateTime", "@removed"})
    ),
    "todoist": lambda seen: any(
        seen.inner.get(name, set()) >= {"content", "priority"} for name in ("items", "results")
    ),
    "trello": lambda seen: not seen.is_array and seen.names >= {"lists", "cards"},
    "tasks-org": lambda seen: seen.inner.get("data", set()) >= {"tasks", "tags"},
    "super-productivity": lambda seen: any(
        names >= {"task", "project", "tag"} for names in (seen.inner.get("data", set()), set(seen.inner))
    ),
    "remember-the-milk": lambda seen: not seen.is_array and seen.names >= {"tasks", "lists", "smart_lists"},
    "habitica": lambda seen: "todos" in seen.inner.get("tasks", set()),
    "vikunja": lambda seen: seen.is_array and seen.names >= {"title", "tasks"} and "displayName" not in seen.names,
    "taskwarrior": lambda seen: (
        (seen.is_array or not seen.inner.keys() & {"tasks", "items"})
        and seen.names >= {"description", "status"}
        and bool(seen.names & {"uuid", "entry"})
    ),
    "json": lambda seen: not seen.is_array and seen.names >= {"version", "tasks"} and not seen.names & {"lists", "_id"},
}

_TABLES: dict[Format, tuple[str, ...]] = {
    "todoist-csv": todoist_csv.COLUMNS,
    "ticktick": ticktick.COLUMNS,
    "asana": asana.COLUMNS,
    "csv": own_csv.COLUMNS,
}
_HEADER_WITHIN = 30

_LOOKED_AT = 200
_TODO_MARK = re.compile(
    r"(?:x )?\([A-Z]\) |x \d{4}-\d\d-\d\d |\d{4}-\d\d-\d\d |.*(?:^|\s)(?:[@+][^\s,;]+|due:\d{4}-\d\d-\d\d)(?:\s|$)"
)
_TODO_SHARE = 3
"""One line of three has something of todo.txt."""
_NO_TODO = re.compile(r"[\[\]{}\"]|[A-Z-]+[;:][^ /]|(?:[^,]*,(?! )){5}|.*\",\"|.*[\x00-\x08\x0b-\x1f]")


def detected(file: File) -> Generator[None, None, Format | None]:
    """In small steps; raises `InvalidInput` for what looks like JSON and is none."""
    head = bytes(file.document[:_HEAD_BYTES]).removeprefix(_MARK).lstrip()
    if head[:1] in (b"{", b"["):
        outline = Outline(file.document, named=file.called)
        yield from outline.read()
        found: list[Format] = [name for name, sign in _SIGNS.items() if sign(outline)]
        right = len(found) == 1 and (not outline.lines or found == ["taskwarrior"])
        return found[0] if right else None
    if head[:15].upper() == b"BEGIN:VCALENDAR":
        return "ics"
    return (yield from _table(file)) or (yield from _todo_txt(file))


def _table(file: File) -> Generator[None, None, Format | None]:
    try:
        for record in islice(records(file.document, file.called), _HEADER_WITHIN):
            yield
            cells = {cell.strip() for cell in record.cells}
            for name, columns in _TABLES.items():
                if cells.issuperset(columns):
                    return name
    except InvalidInput:
        return None
    return None


def _todo_txt(file: File) -> Generator[None, None, Format | None]:
    marked = others = 0
    try:
        for text in _texts(file):
            yield
            if _NO_TODO.match(text):
                return None
            marked += bool(_TODO_MARK.match(text))
            others += 1
    except (InvalidInput, UnicodeDecodeError):
        return None
    return "todo-txt" if marked and marked * _TODO_SHARE >= others else None


def _texts(file: File) -> Iterator[str]:
    for line in islice(lines(file.document, file.called), _LOOKED_AT):
        if line.text.strip():
            yield line.text.decode().rstrip("\r\n")
