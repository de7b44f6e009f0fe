"""iCalendar (RFC 5545): each live task is a to-do; what lies in the trash has no place in a calendar."""

import io
import json
import re
from collections.abc import Iterator
from typing import Any
from zipfile import ZipFile

from api.tasks.formats import recurrence

_BEGIN = b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Tasklane//Tasks//EN\r\nCALSCALE:GREGORIAN\r\n"
_END = b"END:VCALENDAR\r\n"

# A calendar has at least one component (section 3.6); this one says nothing that is not so anyway.
_NOTHING = (
    b"BEGIN:VTIMEZONE\r\nTZID:UTC\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\nTZOFFSETFROM:+0000\r\n"
    b"TZOFFSETTO:+0000\r\nTZNAME:UTC\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n"
)

_PRIORITIES = {"urgent": 1, "high": 3, "medium": 5, "low": 9}
_LINE_OCTETS = 75

# What some program or other takes for the end of a line, though only CRLF is one (section 3.1).
_BREAK = re.compile("\r\n|[\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f]")

# Whoever converts a time of the first or the last year leaves the calendar. They stand for no time at all.
_UNUSUAL = ("0001", "9999")
_MIDDLE = 2**63 - 1
"""What a place is counted from, so that of tasks in their first order it is no long number."""

_EPOCH = "1970-01-01T00:00:00"


class Calendar:
    """All of them in one file."""

    def __init__(self) -> None:
        self._empty = True
        self._described: set[str] = set()

    def head(self) -> bytes:
        return _BEGIN

    def tasks(self, batch: list[str]) -> bytes:
        written = b"".join(map(self._todo, _live(batch)))
        self._empty = self._empty and not written
        return written

    def tail(self) -> bytes:
        return (_NOTHING if self._empty else b"") + _END

    def _todo(self, task: dict[str, Any]) -> bytes:
        """Behind its zone, where that was not described yet."""
        zone = recurrence.zone_of(task)
        new = zone is not None and zone not in self._described
        self._described |= {zone} if zone else set()
        return (_zone(task) if new else b"") + _todo(task)


class Archive:
    """A zip with a file for each, as CalDAV servers, khal and todoman keep them."""

    def __init__(self) -> None:
        self._written = _Written()
        self._zip = ZipFile(self._written, "w")

    def head(self) -> bytes:
        return b""

    def tasks(self, batch: list[str]) -> bytes:
        for task in _live(batch):
            self._zip.writestr(f"{task['uid']}.ics", _BEGIN + _zone(task) + _todo(task) + _END)
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


def _todo(task: dict[str, Any]) -> bytes:
    return b"".join(_folded(line) for line in _lines(task))


def _zone(task: dict[str, Any]) -> bytes:
    zone = recurrence.zone_of(task)
    return b"".join(map(_folded, recurrence.described(zone))) if zone else b""


def _lines(task: dict[str, Any]) -> Iterator[str]:
    yield "BEGIN:VTODO"
    yield f"UID:{task['uid']}"
    yield f"DTSTAMP:{_utc(task['updated_at'] if _is_usual(task['updated_at']) else _EPOCH)}"
    yield from _instant("CREATED", task["created_at"])
    yield from _instant("LAST-MODIFIED", task["updated_at"])
    yield f"SUMMARY:{_text(task['title'])}"
    if task["description"]:
        yield f"DESCRIPTION:{_text(task['description'])}"
    if due := task["due_date"]:
        value, usual = _due(task), _is_usual(due)
        yield f"{'DUE' if usual else 'X-TASKLANE-DUE'}{value}"
        if task["recurrence"] and usual:
            yield from recurrence.lines(task, due=value)
    yield f"PRIORITY:{_PRIORITIES[task['priority']]}"
    if task["tags"]:
        yield f"CATEGORIES:{','.join(_text(tag) for tag in task['tags'])}"
    yield f"STATUS:{'COMPLETED' if task['completed'] else 'NEEDS-ACTION'}"
    yield f"PERCENT-COMPLETE:{100 if task['completed'] else 0}"
    yield from _instant("COMPLETED", task["completed_at"])
    if parent := task["parent_uid"]:
        yield f"RELATED-TO;RELTYPE=PARENT:{parent}"
    yield f"X-APPLE-SORT-ORDER:{_sort_order(task['position'])}"
    for number, reminder in enumerate(task["reminders"], start=1):
        yield from _alarm(task, number, reminder)
    yield "END:VTODO"


def _alarm(task: dict[str, Any], number: int, reminder: int | str) -> Iterator[str]:
    """RFC 5545, section 3.6.6; one before a due date that the calendar does not have has no place in it."""
    if isinstance(reminder, int):
        if not (task["due_date"] and _is_usual(task["due_date"])):
            return
        trigger = f"TRIGGER;RELATED=END:-PT{reminder}M"
    elif _is_usual(reminder):
        trigger = f"TRIGGER;VALUE=DATE-TIME:{_utc(reminder)}"
    else:
        return
    yield "BEGIN:VALARM"
    yield f"UID:{task['uid']}-{number}"
    yield "ACTION:DISPLAY"
    yield trigger
    yield f"DESCRIPTION:{_text(task['title'])}"
    yield "END:VALARM"


def _sort_order(position: str) -> int:
    """A number of the same order, but between tasks whose places differ late: programs read it as a double."""
    return (int(position[:16], 16) - _MIDDLE) * 0x10000 + int(position[16:20].ljust(4, "0"), 16)


def _due(task: dict[str, Any]) -> str:
    """The parameters and the value of it."""
    due = task["due_date"]
    if "T" not in due:
        return f";VALUE=DATE:{due.replace('-', '')}"
    zone = recurrence.zone_of(task) if _is_usual(due) else None
    return f";TZID={zone}:{recurrence.on_the_wall(due, zone)}" if zone else f":{_utc(due)}"


def _instant(name: str, instant: str | None) -> Iterator[str]:
    if instant and _is_usual(instant):
        yield f"{name}:{_utc(instant)}"


def _is_usual(when: str) -> bool:
    return not when.startswith(_UNUSUAL)


def _utc(instant: str) -> str:
    """The service's own form of an instant, without what iCalendar does not have."""
    return instant[:19].replace("-", "").replace(":", "") + "Z"


def _text(value: str) -> str:
    """Section 3.3.11; a control character, which has no place in a calendar, still parts what stood around it."""
    escaped = value.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return _CONTROL.sub(" ", _BREAK.sub("\\\\n", escaped))


def _folded(line: str) -> bytes:
    """Section 3.1: no line longer than 75 octets, no character cut in two."""
    parts, part = [], b""
    for character in line:
        encoded = character.encode()
        if len(part) + len(encoded) > _LINE_OCTETS:
            parts.append(part)
            part = b" "
        part += encoded
    return b"\r\n".join([*parts, part]) + b"\r\n"
