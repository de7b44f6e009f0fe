"""Tasks on their way out and in: JSON that can be imported again, CSV for spreadsheets, iCalendar for calendars."""

import csv
import io
import json
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal, Self, cast

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from api.tasks.schemas import Instant, TaskCreate, whole
from api.turns import Turns
from core.tasks.fields import EXPORTED

Format = Literal["json", "csv", "ics"]

VERSION = 1
MAX_IMPORTED = 20_000
IMPORT_LIMIT_BYTES = 8 * 1024 * 1024

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_ICS_PRIORITIES = {"urgent": 1, "high": 3, "medium": 5, "low": 9}
_ICS_LINE_OCTETS = 75


def _whole_milliseconds(instant: datetime) -> datetime:
    """As the database keeps it, but cut off: rounded up, the last instant of the year 9999 would be none."""
    return instant.replace(microsecond=instant.microsecond // 1000 * 1000)


Time = Annotated[Instant, AfterValidator(_whole_milliseconds)]


class ImportedTask(TaskCreate):
    """A task as the export wrote it; ids are given anew, the times stay."""

    completed_at: Time | None = None
    created_at: Time | None = None
    updated_at: Time | None = None
    deleted_at: Time | None = None


class Import(BaseModel):
    """The JSON of the export."""

    model_config = ConfigDict(strict=True, extra="ignore", hide_input_in_errors=True)

    version: Annotated[int, Field(ge=1, le=1), BeforeValidator(whole)] = 1
    tasks: Annotated[list[ImportedTask], Field(max_length=MAX_IMPORTED)]


class Streamed(StreamingResponse):
    """A download whose source is closed with it, however it ends."""

    @classmethod
    async def begin(cls, chunks: AsyncGenerator[bytes], media_type: str, filename: str) -> Self:
        """Wait for the first chunk: what fails before it is still answered with a problem."""
        first = await anext(chunks)

        async def all_chunks() -> AsyncGenerator[bytes]:
            async with aclosing(chunks):
                yield first
                async for chunk in chunks:
                    yield chunk

        headers = {"content-disposition": f'attachment; filename="{filename}"', "cache-control": "private, no-store"}
        return cls(all_chunks(), headers=headers, media_type=media_type)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            await cast("AsyncGenerator[bytes]", self.body_iterator).aclose()


@dataclass(frozen=True, slots=True)
class Writer:
    """A format: what begins it, what each task adds, what separates two, what ends it."""

    media_type: str
    head: bytes
    task: Callable[[str], bytes]
    separator: bytes
    tail: bytes

    async def chunks(self, batches: AsyncGenerator[list[str]]) -> AsyncGenerator[bytes]:
        """One chunk per batch, the first with the head; closing it closes `batches`."""
        async with aclosing(batches):
            pending = self.head
            turns = Turns()
            async for batch in batches:
                written = []
                for task in batch:  # the longest takes a millisecond
                    written.append(self.task(task))
                    await turns.next()
                yield pending + self.separator.join(written)
                pending = self.separator
            yield (b"" if pending is self.separator else pending) + self.tail


def _csv_line(row: Iterable[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerow(row)
    return text.getvalue().encode()


def _csv_row(task: dict[str, Any]) -> list[str]:
    return [_plain(task[name]) for name in EXPORTED]


def _plain(value: object) -> str:
    """Text that a spreadsheet takes for text: https://owasp.org/www-community/attacks/CSV_Injection."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case list():
            return _plain(", ".join(value))
        case str():
            return f"'{value}" if value.startswith(_FORMULA) else value
        case _:
            return str(value)


def _todo(task: dict[str, Any]) -> bytes:
    """What lies in the trash has no place in a calendar."""
    return b"" if task["deleted_at"] else b"".join(_folded(line) for line in _todo_lines(task))


def _todo_lines(task: dict[str, Any]) -> Iterator[str]:
    yield "BEGIN:VTODO"
    yield f"UID:task-{task['id']}@tasklane"
    yield f"DTSTAMP:{_utc(task['updated_at'])}"
    yield f"CREATED:{_utc(task['created_at'])}"
    yield f"LAST-MODIFIED:{_utc(task['updated_at'])}"
    yield f"SUMMARY:{_text(task['title'])}"
    if task["description"]:
        yield f"DESCRIPTION:{_text(task['description'])}"
    if due := task["due_date"]:
        yield f"DUE:{_utc(due)}" if "T" in due else f"DUE;VALUE=DATE:{due.replace('-', '')}"
    yield f"PRIORITY:{_ICS_PRIORITIES[task['priority']]}"
    if task["tags"]:
        yield f"CATEGORIES:{','.join(_text(tag) for tag in task['tags'])}"
    yield f"STATUS:{'COMPLETED' if task['completed'] else 'NEEDS-ACTION'}"
    if task["completed_at"]:
        yield f"COMPLETED:{_utc(task['completed_at'])}"
    yield "END:VTODO"


def _utc(instant: str) -> str:
    """The service's own form of an instant, without what iCalendar does not have."""
    return instant[:19].replace("-", "").replace(":", "") + "Z"


def _text(value: str) -> str:
    """RFC 5545, section 3.3.11; other control characters have no place in a calendar."""
    escaped = value.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    lines = escaped.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\\n")
    return "".join(character for character in lines if (character >= " " and character != "\x7f") or character == "\t")


def _folded(line: str) -> bytes:
    """RFC 5545, section 3.1: no line longer than 75 octets, no character cut in two."""
    parts, part = [], b""
    for character in line:
        encoded = character.encode()
        if len(part) + len(encoded) > _ICS_LINE_OCTETS:
            parts.append(part)
            part = b" "
        part += encoded
    return b"\r\n".join([*parts, part]) + b"\r\n"


WRITERS: dict[Format, Writer] = {
    "json": Writer("application/json", f'{{"version":{VERSION},"tasks":['.encode(), str.encode, b",", b"]}"),
    "csv": Writer(
        "text/csv; charset=utf-8", _csv_line(EXPORTED), lambda task: _csv_line(_csv_row(json.loads(task))), b"", b""
    ),
    "ics": Writer(
        "text/calendar; charset=utf-8",
        b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Tasklane//Tasks//EN\r\n",
        lambda task: _todo(json.loads(task)),
        b"",
        b"END:VCALENDAR\r\n",
    ),
}
