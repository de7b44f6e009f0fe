"""The object of a task that no calendar has touched: what a task has, and nothing else."""

import re
from collections.abc import Iterator
from typing import Any

from api.tasks.objects.content import Part, line
from api.tasks.objects.times import recurrence

PRODUCT = "-//Tasklane//Tasks//EN"
PRIORITIES = {"urgent": 1, "high": 3, "medium": 5, "low": 9}
EPOCH = "1970-01-01T00:00:00"

_MIDDLE = 2**63 - 1
"""What a place is counted from, so that of tasks in their first order it is no long number."""
_MOST = 2**64 - 2**16

# What some program or other takes for the end of a line, though only CRLF is one (section 3.1).
_BREAK = re.compile("\r\n|[\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f]")

# Whoever converts a time of the first or the last year leaves the calendar. They stand for no time at all.
_UNUSUAL = ("0001", "9999")


def calendar(*parts: Part) -> Part:
    head = ("VERSION:2.0", f"PRODID:{PRODUCT}", "CALSCALE:GREGORIAN")
    return Part("VCALENDAR", content=[*map(line, head), *parts])


def whole(task: dict[str, Any]) -> Part:
    """A calendar with the task, and with the zone of its clock."""
    zone = recurrence.zone_of(task)
    todo = Part("VTODO", content=[*map(line, _lines(task)), *alarms(task, task["reminders"])])
    return calendar(*([recurrence.zone_part(zone)] if zone else []), todo)


def _lines(task: dict[str, Any]) -> Iterator[str]:
    yield uid(task["uid"])
    yield stamp("DTSTAMP", task)
    yield from instant("CREATED", task["created_at"])
    yield from instant("LAST-MODIFIED", task["updated_at"])
    yield summary(task["title"])
    if task["description"]:
        yield description(task["description"])
    if task["due_date"]:
        yield from times(task)
    yield f"PRIORITY:{PRIORITIES[task['priority']]}"
    if task["tags"]:
        yield categories(task["tags"])
    yield from completion(task)
    if task["parent_uid"]:
        yield parent(task["parent_uid"])
    yield sorted_by(task["position"])


def uid(value: str) -> str:
    return f"UID:{escaped(value)}"


def stamp(name: str, task: dict[str, Any]) -> str:
    return f"{name}:{utc(task['updated_at'] if is_usual(task['updated_at']) else EPOCH)}"


def summary(title: str) -> str:
    return f"SUMMARY:{escaped(title)}"


def description(value: str) -> str:
    return f"DESCRIPTION:{escaped(value)}"


def times(task: dict[str, Any]) -> Iterator[str]:
    """When it is due and how it recurs: DUE and DTSTART are of one kind, on the clock by which it recurs."""
    value, zone, recurs = task["due_date"], recurrence.zone_of(task), recurrence.recurs(task)
    yield due(value, zone)
    if recurs and is_usual(value):
        yield due(value, zone, name="DTSTART")
        yield from recurrence.lines(task, recurs)


def due(value: str, zone: str | None = None, *, name: str = "DUE") -> str:
    """Of a date or an instant; DTSTART likewise."""
    if not is_usual(value):
        name, zone = f"X-TASKLANE-{name}", None
    if "T" not in value:
        return f"{name};VALUE=DATE:{value.replace('-', '')}"
    return f"{name};TZID={zone}:{recurrence.on_the_wall(value, zone)}" if zone else f"{name}:{utc(value)}"


def categories(tags: list[str]) -> str:
    return f"CATEGORIES:{','.join(map(escaped, tags))}"


def completion(task: dict[str, Any]) -> Iterator[str]:
    yield f"STATUS:{'COMPLETED' if task['completed'] else 'NEEDS-ACTION'}"
    yield f"PERCENT-COMPLETE:{100 if task['completed'] else 0}"
    yield from instant("COMPLETED", task["completed_at"])


def parent(uid_: str) -> str:
    return f"RELATED-TO;RELTYPE=PARENT:{escaped(uid_)}"


def alarms(task: dict[str, Any], reminders: list[int | str]) -> Iterator[Part]:
    """RFC 5545, section 3.6.6; one before a due date that the calendar does not have has no place in it."""
    for reminder in reminders:
        if isinstance(reminder, int):
            if not (task["due_date"] and is_usual(task["due_date"])):
                continue
            trigger, called = f"TRIGGER;RELATED=END:-PT{reminder}M", str(reminder)
        elif is_usual(reminder):
            trigger, called = f"TRIGGER;VALUE=DATE-TIME:{utc(reminder)}", utc(reminder)
        else:
            continue
        lines = (f"{uid(task['uid'])}-{called}", "ACTION:DISPLAY", trigger, f"DESCRIPTION:{escaped(task['title'])}")
        yield Part("VALARM", content=[*map(line, lines)])


def sorted_by(position: str) -> str:
    return f"X-APPLE-SORT-ORDER:{sort_order(position)}"


def sort_order(position: str) -> int:
    """A number of the same order, but between tasks whose places differ late: programs read it as a double."""
    return (int(position[:16], 16) - _MIDDLE) * 0x10000 + int(position[16:20].ljust(4, "0"), 16)


def position_of(sort_order: int) -> str:
    """The place of which that is the number; the first or the last where there is none."""
    whole, rest = divmod(sort_order, 0x10000)
    return f"{min(max(whole + _MIDDLE, 1), _MOST):016x}" + (f"{rest:04x}".rstrip("0") if rest else "")


def instant(name: str, value: str | None) -> Iterator[str]:
    if value and is_usual(value):
        yield f"{name}:{utc(value)}"


def is_usual(when: str) -> bool:
    return not when.startswith(_UNUSUAL)


def utc(value: str) -> str:
    """The service's own form of an instant, without what iCalendar does not have."""
    return value[:19].replace("-", "").replace(":", "") + "Z"


def escaped(value: str) -> str:
    """Section 3.3.11; a control character, which has no place in a calendar, still parts what stood around it."""
    value = value.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return _CONTROL.sub(" ", _BREAK.sub("\\\\n", value))
