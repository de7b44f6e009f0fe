"""Reminders and VALARMs (RFC 5545, section 3.6.6; RFC 9074): those that say the same, and those that are kept."""

from datetime import UTC, datetime, timedelta

from api.imports.values.ical import duration, when
from api.tasks.objects.content import Part
from api.tasks.objects.times.zones import Zones
from api.tasks.reminders import MAX_MINUTES, MOST

_SEEN = ("DISPLAY", "AUDIO", "")


def reminders(todo: Part, zones: Zones) -> list[int | str]:
    """As many as a task may have."""
    found = (reminder(part, todo, zones) for part in todo.parts)
    return list(dict.fromkeys(one for one in found if one is not None))[:MOST]


def reminder(alarm: Part, todo: Part, zones: Zones) -> int | str | None:
    """Minutes before it is due, or will be; or an instant. None for what is neither: a mail, a place, a snooze."""
    trigger = alarm.first("TRIGGER")
    if alarm.name != "VALARM" or trigger is None or alarm.text("ACTION").strip().upper() not in _SEEN:
        return None
    if alarm.first("X-APPLE-PROXIMITY") or alarm.first("PROXIMITY") or alarm.first("RELATED-TO"):
        return None
    value = trigger.value.strip()
    if (written := when(value)) and isinstance(written.value, datetime):
        return instant(zones.instant(written.value, None if written.utc else trigger.parameters.get("TZID")))
    lasts = duration(value)
    if lasts is None or lasts > timedelta() or not _of_due(trigger.parameters, todo):
        return None
    minutes, rest = divmod(-lasts, timedelta(minutes=1))
    return minutes if not rest and minutes <= MAX_MINUTES else None


def instant(at: datetime) -> str:
    """As a task has it."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def _of_due(parameters: dict[str, str], todo: Part) -> bool:
    """What counts from the start counts from another time, unless they are the same, or there is only one."""
    if parameters.get("RELATED", "").upper() == "END":
        return True
    start, due = todo.first("DTSTART"), todo.first("DUE")
    return start is None or (due is not None and (start.value, start.parameters) == (due.value, due.parameters))
