"""Reminders and VALARMs (RFC 5545, section 3.6.6; RFC 9074): those that say the same, and those that are kept."""

from datetime import UTC, datetime, timedelta

from api.imports.source.content_lines import Property
from api.imports.values.ical import duration, when
from api.tasks.objects.content import Part
from api.tasks.objects.times.zones import Zones
from api.tasks.schemas.reminders import MAX_MINUTES, MOST

_SEEN = ("DISPLAY", "AUDIO", "")


def reminders(todo: Part, zones: Zones) -> list[int | str]:
    """As many as a task may have."""
    found = said_by(todo, zones).values()
    return list(dict.fromkeys(one for one in found if one is not None))[:MOST]


def said_by(todo: Part, zones: Zones) -> dict[int, int | str | None]:
    """The reminder that each component says, by the `id` of that one."""
    from_start = _starts_when_due(todo)
    return {id(part): _reminder(part, zones, from_start=from_start) for part in todo.parts}


def _reminder(alarm: Part, zones: Zones, *, from_start: bool) -> int | str | None:
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
    if lasts is None or lasts > timedelta() or not (from_start or _related(trigger) == "END"):
        return None
    minutes, rest = divmod(-lasts, timedelta(minutes=1))
    return minutes if not rest and minutes <= MAX_MINUTES else None


def instant(at: datetime) -> str:
    """As a task has it."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def _related(trigger: Property) -> str:
    return trigger.parameters.get("RELATED", "").upper()


def _starts_when_due(todo: Part) -> bool:
    """Then what counts from the start counts from when it is due, as it does where only one of the two is there."""
    start, due = todo.first("DTSTART"), todo.first("DUE")
    return start is None or (due is not None and (start.value, start.parameters) == (due.value, due.parameters))
