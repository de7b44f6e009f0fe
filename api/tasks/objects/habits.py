"""What single programs write that means something else: each is understood by what was there before.

Seen in caldav 3.6.0, todoman 4.7.0 and ics 0.7.3, and held in tests/calendars by what these have written.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from api.imports.values.moments import in_utc
from api.tasks.objects.content import MAX_BYTES, MAX_LINES, Part, parse
from api.tasks.objects.times.recurrence import due_of
from api.tasks.objects.told import Due, Told, told
from core.errors import InvalidCalendar
from core.tasks.recurring.recurrence import Recurrence, following, recurrence_columns


class Put(NamedTuple):
    """An object and its VTODO, its text, and what it says."""

    calendar: Part
    todo: Part
    text: str
    told: Told


class Meant(NamedTuple):
    """What the task gets (`said`), of an object that says the one or the other (`told`)."""

    todo: Part
    text: str
    told: Told
    said: Told


def meant_by_new(put: Put) -> Meant:
    """Todoman makes one more when a series is over, open and with the rule, but no date to begin with: it is done."""
    said = put.told
    if put.todo.first("RRULE") and said.due is None and not put.todo.first("DTSTART"):
        said = replace(said, completed=True)
    return Meant(put.todo, put.text, put.told, said)


def meant(put: Put, current: Mapping[str, Any]) -> Meant:
    """Of an object that is there, whose task is now so."""
    put = _with_its_series(put, current)
    said = replace(put.told, tags=_reunited(put.told.tags, current["tags"]))
    said = _on_its_clock(_on_its_day(said, current), current)
    return Meant(put.todo, put.text, put.told, said)


def _with_its_series(put: Put, current: Mapping[str, Any]) -> Put:
    """Ics forgets all of a series but one single date: the rest is still there."""
    kept = (current["calendar"] or {}).get("kept")
    if not kept or not (date := put.todo.first("RECURRENCE-ID")):
        return put
    try:
        calendar = parse(kept)
    except InvalidCalendar:
        return put
    master = next((part for part in calendar.parts if part.name == "VTODO" and not part.first("RECURRENCE-ID")), None)
    if master is None:
        return put
    dates = {one.value for part in put.calendar.parts if (one := part.first("RECURRENCE-ID"))} | {date.value}
    others = [
        part
        for part in calendar.content
        if not (isinstance(part, Part) and (one := part.first("RECURRENCE-ID")) and one.value in dates)
    ]
    calendar.content = [*others, *(part for part in put.calendar.parts if part.name == "VTODO")]
    text = "".join(f"{line}\r\n" for line in calendar.written())
    if len(text.encode()) > MAX_BYTES or text.count("\r\n") > MAX_LINES:
        raise InvalidCalendar(
            "max-resource-size", f"with its series it has more than {MAX_BYTES} bytes, or {MAX_LINES} lines"
        )
    return Put(calendar, master, text, told(calendar, master))


def _reunited(tags: list[str], before: list[str]) -> list[str]:
    """Todoman takes the comma in a tag for one between two, and sorts them."""
    for whole in before:
        parts = [part.strip() for part in whole.split(",")]
        if "," not in whole or whole in tags or not all(part in tags and part not in before for part in parts):
            continue
        place = min(tags.index(part) for part in parts)
        tags = [*tags[:place], whole, *(tag for tag in tags[place:] if tag not in parts)]
    if sorted(tags) == sorted(before):
        return before
    return tags


def _on_its_day(said: Told, current: Mapping[str, Any]) -> Told:
    """Caldav puts what recurs off to the moment of its completion, and so much later: the time of day is the task's.

    Whoever chooses a time chooses no seconds, and no such moment.
    """
    recurrence, due = current["recurrence"], said.due
    if not recurrence or not said.recurrence or due is None or not isinstance(due.value, datetime):
        return said
    before = datetime.fromisoformat(current["due_date"])
    timed = "T" in current["due_date"]
    if due.value.second == 0 or due.zone is not None or (timed and before.second) or not _same_rule(said, recurrence):
        return said
    left = {**recurrence, "rule": said.recurrence["rule"]}
    if not timed:
        day = due.value.date()
        moved = Due(day, None, due.source) if day > before.date() else None
    else:
        clock = ZoneInfo(recurrence["time_zone"])
        local = datetime.combine(due.value.astimezone(clock).date(), before.astimezone(clock).time())
        at = in_utc(local, clock)
        moved = Due(at, recurrence["time_zone"], due.source) if at > before else None
    if moved is None:
        now = before if timed else before.date()
        found = following(json.dumps(left), current["recurrence_date"], due_of(now), datetime.now(UTC))
        if found is None:
            return said
        moved = Due(found.due.at or found.due.on or now, recurrence["time_zone"] if timed else None, due.source)
    return replace(said, due=moved, recurrence=left)


def _on_its_clock(said: Told, current: Mapping[str, Any]) -> Told:
    """Todoman writes each time in UTC: what recurs at nine in Berlin is still nine there in summer."""
    recurrence, due = current["recurrence"], said.due
    if not recurrence or not said.recurrence or due is None or due.zone is not None:
        return said
    if said.recurrence != {**recurrence, "time_zone": "UTC"} or recurrence["time_zone"] is None:
        return said
    try:
        recurrence_columns(Recurrence.stored(json.dumps(recurrence)), due_of(due.value))
    except ValueError:  # on that clock it would be out of all years
        return said
    return replace(said, recurrence=recurrence)


def _same_rule(said: Told, recurrence: dict[str, Any]) -> bool:
    """But for how often still."""
    one, other = (
        [part for part in text.split(";") if not part.startswith("COUNT=")]
        for text in ((said.recurrence or {}).get("rule", ""), recurrence["rule"])
    )
    return one == other
