"""Tasks as calendar objects: as they were put while nobody has changed them, and with what was put in any case."""

from typing import Any, NamedTuple

from api.tasks.objects import fresh
from api.tasks.objects.content import Part, folded, parse
from api.tasks.objects.patch import patch
from api.tasks.objects.told import Told, told
from core.errors import InvalidCalendar

Task = dict[str, Any]
"""A task as an export has it."""


class Object(NamedTuple):
    """A VCALENDAR, its VTODO, the first of several, and what that says."""

    calendar: Part
    todo: Part
    said: Told


def write(task: Task) -> bytes:
    """The same for the same task."""
    if as_it_is := _as_it_is(task):
        return as_it_is.encode()
    found = _kept(kept_of(task))
    if found is None:
        return _bytes(fresh.whole(task))
    return _bytes(found.calendar) if patch(*found, task) else str(kept_of(task)).encode()


def written(task: Task) -> Part:
    """The same, to be put with others into one calendar."""
    found = _kept(kept_of(task))
    if found is None:
        return fresh.whole(task)
    if not _as_it_is(task):
        patch(*found, task)
    return found.calendar


def kept_of(task: Task) -> str | None:
    kept: str | None = (task["calendar"] or {}).get("kept")
    return kept


def _as_it_is(task: Task) -> str | None:
    """What nobody has changed since it was put; but that an import may have given it another uid."""
    kept = kept_of(task)
    return kept if kept and task["calendar"].get("as_is") and task["uid"] in kept else None


def told_of(kept: str) -> Told | None:
    """What it says of a task; None where it cannot be read."""
    found = _kept(kept)
    return found.said if found else None


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
        return Object(calendar, todo, told(calendar, todo))
    except InvalidCalendar:
        return None


def _bytes(calendar: Part) -> bytes:
    return b"".join(map(folded, calendar.written()))
