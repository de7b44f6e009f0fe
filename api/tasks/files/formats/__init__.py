"""What an export can be: JSON for an import, CSV for spreadsheets, iCalendar in one file or in one per task."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Literal, Protocol

from api.tasks.files.formats.calendar import Archive, Calendar
from api.tasks.files.formats.table import Table

Format = Literal["json", "csv", "ics", "zip"]

VERSION = 1


class Writer(Protocol):
    """One export: what `head`, each batch of tasks (JSON) and `tail` give is the whole document."""

    def head(self) -> bytes: ...
    def tasks(self, batch: list[str], /) -> bytes: ...
    def tail(self) -> bytes: ...


class Json:
    """What `POST /api/tasks/import` takes."""

    def __init__(self) -> None:
        self._separator = b""

    def head(self) -> bytes:
        return b'{"version":%d,"tasks":[' % VERSION

    def tasks(self, batch: list[str]) -> bytes:
        separator, self._separator = self._separator, b","
        return separator + ",".join(batch).encode()

    def tail(self) -> bytes:
        return b"]}"


@dataclass(frozen=True, slots=True)
class Kind:
    """How a format is called, and what writes it."""

    media_type: str
    writer: Callable[[], Writer]


KINDS: dict[Format, Kind] = {
    "json": Kind("application/json", Json),
    "csv": Kind("text/csv; charset=utf-8", Table),
    "ics": Kind("text/calendar; charset=utf-8", Calendar),
    "zip": Kind("application/zip", Archive),
}


async def chunks(writer: Writer, batches: AsyncGenerator[list[str]]) -> AsyncGenerator[bytes]:
    """One chunk per batch, the first with the head; closing it closes `batches`.

    In a thread: a batch takes a while to write, and others wait for the event loop.
    """
    async with aclosing(batches):
        pending = writer.head()
        async for batch in batches:
            yield pending + await asyncio.to_thread(writer.tasks, batch)
            pending = b""
        yield pending + writer.tail()


def document(writer: Writer, tasks: list[str]) -> bytes:
    """The whole of it."""
    return writer.head() + (writer.tasks(tasks) if tasks else b"") + writer.tail()
