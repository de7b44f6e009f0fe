"""iCalendar (RFC 5545): each live task is a to-do; what lies in the trash has no place in a calendar."""

import io
import json
import re
from collections.abc import Iterator
from typing import Any
from zipfile import ZipFile

from api.tasks.objects import fresh, write
from api.tasks.objects.content import Part, folded
from api.tasks.objects.write import written

_END = "END:VCALENDAR"

# A calendar has at least one component (section 3.6); this one says nothing that is not so anyway.
_NOTHING = (
    b"BEGIN:VTIMEZONE\r\nTZID:UTC\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\nTZOFFSETFROM:+0000\r\n"
    b"TZOFFSETTO:+0000\r\nTZNAME:UTC\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n"
)

_NAME_OF_A_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,199}", re.ASCII)


class Calendar:
    """All of them in one file."""

    def __init__(self) -> None:
        self._empty = True
        self._zones: dict[str, list[str]] = {}

    def head(self) -> bytes:
        return b"".join(folded(line) for line in fresh.calendar().written() if line != _END)

    def tasks(self, batch: list[str]) -> bytes:
        lines = b"".join(folded(line) for task in _live(batch) for line in self._lines(written(task)))
        self._empty = self._empty and not lines
        return lines

    def tail(self) -> bytes:
        return (_NOTHING if self._empty else b"") + folded(_END)

    def _lines(self, calendar: Part) -> Iterator[str]:
        """Its components; a zone that was described before is not described again."""
        renamed: dict[str, str] = {}
        for part in calendar.parts:
            if part.name == "VTIMEZONE":
                yield from self._zone(part, renamed)
        for part in calendar.parts:
            if part.name != "VTIMEZONE":
                yield from (_with_zones(line, renamed) for line in part.written())

    def _zone(self, part: Part, renamed: dict[str, str]) -> Iterator[str]:
        """Two calendars may mean two zones by one name: then the second has another one here."""
        name = called = part.text("TZID").strip()
        lines = list(part.written())
        number = 1
        while self._zones.setdefault(called, lines) != lines:
            number += 1
            called = f"{name} ({number})"
        if called != name:
            renamed[name] = called
        if self._zones[called] is lines:
            yield from (f"TZID:{called}" if line.upper().startswith("TZID") else line for line in lines)


class Archive:
    """A zip with a file for each, as CalDAV servers, khal and todoman keep them."""

    def __init__(self) -> None:
        self._written = _Written()
        self._zip = ZipFile(self._written, "w")

    def head(self) -> bytes:
        return b""

    def tasks(self, batch: list[str]) -> bytes:
        for task in _live(batch):
            name = task["uid"] if _NAME_OF_A_FILE.fullmatch(task["uid"]) else f"tasklane-{task['id']}"
            self._zip.writestr(f"{name}.ics", write(task))
        return self._written.take()

    def tail(self) -> bytes:
        self._zip.close()
        return self._written.take()


class _Written(io.RawIOBase):
    """What cannot be gone back to; what has come since it was last taken."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, piece: Any, /) -> int:
        self._pieces.append(bytes(piece))
        return len(piece)

    def take(self) -> bytes:
        taken, self._pieces = b"".join(self._pieces), []
        return taken


def _live(batch: list[str]) -> Iterator[dict[str, Any]]:
    return (task for task in map(json.loads, batch) if not task["deleted_at"])


def _with_zones(line: str, renamed: dict[str, str]) -> str:
    for name, called in renamed.items():
        before, parameter, after = line.partition(f";TZID={name}")
        quoted, with_quotes, after_quotes = line.partition(f';TZID="{name}"')
        if with_quotes:
            line = f'{quoted};TZID="{called}"{after_quotes}'
        elif parameter and after[:1] in (";", ":"):
            line = f"{before};TZID={called}{after}"
    return line
