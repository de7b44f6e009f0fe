"""A calendar object as a client puts it: one task, and the whole text that is kept with it."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from api.imports.parsed import Moment
from api.tasks.objects import fresh, habits
from api.tasks.objects.content import MAX_BYTES, MAX_UID_BYTES, Part, invalid, parse
from api.tasks.objects.habits import Put
from api.tasks.objects.patch import same
from api.tasks.objects.times import alarms
from api.tasks.objects.times.recurrence import due_of
from api.tasks.objects.told import Told, told
from api.tasks.objects.write import main_todo
from core.calendars.writes import Said, Todo
from core.errors import InvalidCalendar
from core.tasks.recurring.recurrence import Recurrence, recurrence_columns

OBJECT = "valid-calendar-object-resource"
COMPONENT = "supported-calendar-component"

_FOREIGN = ("VEVENT", "VJOURNAL", "VFREEBUSY", "VAVAILABILITY", "VPOLL")


def read(body: bytes) -> Todo:
    """Raises `InvalidCalendar`."""
    if len(body) > MAX_BYTES:
        raise InvalidCalendar("max-resource-size", f"must have at most {MAX_BYTES} bytes")
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        line = body.count(b"\n", 0, error.start) + 1
        raise invalid(line, "must be UTF-8") from None
    if "\0" in text:
        raise invalid(text.count("\n", 0, text.index("\0")) + 1, "has a NUL character")
    return of_calendar(parse(text), text)


def of_calendar(calendar: Part, text: str) -> Todo:
    """The same of what was read before."""
    todo = _expected(calendar)
    said = told(calendar, todo)
    return Todo(todo.text("UID").strip(), lambda current: _said(Put(calendar, todo, text, said), current))


def _said(put: Put, current: Mapping[str, Any] | None) -> Said:
    """What iCalendar says less exactly than the task has it stays as it is."""
    meant = habits.meant(put, current) if current else habits.meant_by_new(put)
    said = meant.said
    columns: dict[str, Any] = {
        "title": said.title,
        "description": said.description,
        "completed": said.completed,
        "priority": said.priority,
        "tags": said.tags,
        "reminders": said.reminders,
    }
    due = said.due.value if said.due else None
    given = Recurrence.stored(json.dumps(said.recurrence)) if said.recurrence else None
    if current is None:
        asked = recurrence_columns(given, due_of(due)) if given else {"recurrence": None, "recurrence_date": None}
        columns |= {**_due(due), **asked}
    else:
        # What is done, and goes on elsewhere, says no rule: it has one still, should it be opened again.
        if given or due is None or not (current["completed"] and current["next_id"]):
            columns |= {"recurrence": given, "recurrence_date": None}
        columns |= {} if _same(due, current["due_date"]) else _due(due)
    uid = meant.todo.text("UID").strip()
    return Said(
        columns=columns,
        completed_at=said.completed_at,
        parent_uid=said.parent_uid if said.parent_uid != uid else None,
        place=_place(said, current["position"] if current else None),
        text=meant.text,
        exact="recurrence" in columns
        and replace(said, tags=sorted(said.tags)) == replace(meant.told, tags=sorted(meant.told.tags)),
    )


def _place(said: Told, current: str | None) -> str | None:
    if said.sort_order is None or (current and fresh.sort_order(current) == said.sort_order):
        return None
    return fresh.position_of(said.sort_order)


def _expected(calendar: Part) -> Part:
    """The VTODO that counts; raises `InvalidCalendar` where RFC 4791 (section 4.1) wants another object."""
    if found := calendar.first("METHOD"):
        raise invalid(found.line, "has a METHOD, which only messages have", OBJECT)
    for part in calendar.parts:
        if part.name in _FOREIGN:
            raise invalid(part.number, "begins what is no VTODO", COMPONENT)
    todo = main_todo(calendar)
    if todo is None:
        raise invalid(calendar.number, "begins a calendar without a VTODO", COMPONENT)
    uids = {part.text("UID").strip(): part for part in calendar.parts if part.name == "VTODO"}
    for uid, part in uids.items():
        if not uid:
            raise invalid(part.number, "begins a VTODO without a UID", OBJECT)
        if len(uid.encode()) > MAX_UID_BYTES:
            raise invalid(part.number, f"begins a VTODO with a UID of more than {MAX_UID_BYTES} bytes", OBJECT)
    masters = [part for part in calendar.parts if part.name == "VTODO" and not part.first("RECURRENCE-ID")]
    if len(uids) > 1 or len(masters) > 1:
        raise invalid(calendar.number, "begins a calendar with more than one task", OBJECT)
    return todo


def _due(due: Moment | None) -> dict[str, Any]:
    found = due_of(due)
    return {"due_on": found.on, "due_at": found.at}


def _same(due: Any, current: str | None) -> bool:
    now = datetime.fromisoformat(current) if current and "T" in current else None
    if now is not None:
        return same(due, now)
    return (alarms.instant(due) if isinstance(due, datetime) else due and due.isoformat()) == current
