"""Tasks as calendar objects: as they were put while nobody has changed them, and with what was put in any case."""

from typing import Any, NamedTuple

from api.tasks.objects import fresh
from api.tasks.objects.content import Part, folded, parse
from api.tasks.objects.patch import patch
from core.errors import InvalidCalendar

Task = dict[str, Any]
"""A task as an export has it; a calendar's says besides whether what was kept is as it is (`core.calendars.fields`)."""


class Object(NamedTuple):
    """A VCALENDAR and its VTODO, the first of several."""

    calendar: Part
    todo: Part


def write(task: Task) -> bytes:
    """The same for the same task."""
    kept = kept_of(task)
    if kept and task.get("kept_as_is"):
        return kept.encode()
    calendar, todo = _kept(kept) or (None, None)
    if kept and calendar and todo:
        return _bytes(calendar) if patch(calendar, todo, task) else kept.encode()
    return _bytes(fresh.whole(task))


def written(task: Task) -> Part:
    """The same, to be put with others into one calendar."""
    found = _kept(kept_of(task))
    if found is None:
        return fresh.whole(task)
    patch(*found, task)
    return found.calendar


def kept_of(task: Task) -> str | None:
    kept: str | None = (task.get("calendar") or {}).get("kept")
    return kept


def main_todo(calendar: Part) -> Part | None:
    """The one that is no single date of what recurs; where there is none, the first of these."""
    todos = [part for part in calendar.parts if part.name == "VTODO"]
    return next((todo for todo in todos if not todo.first("RECURRENCE-ID")), todos[0] if todos else None)


def _kept(text: str | None) -> Object | None:
    """None for what somebody has written there by hand, and cannot be read."""
    if not text:
        return None
    try:
        calendar = parse(text)
        todo = main_todo(calendar)
        if todo is None:
            return None
        return Object(calendar, todo)
    except InvalidCalendar:
        return None


def _bytes(calendar: Part) -> bytes:
    return b"".join(map(folded, calendar.written()))
