"""Single dates of a series: a task is due on the first that is neither done, as Thunderbird writes it, nor left out."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, NamedTuple

from api.imports.parsed import Moment
from api.imports.values.ical import when
from api.tasks.objects.content import Part
from api.tasks.objects.times.recurrence import due_of
from api.tasks.objects.times.zones import Zones
from core.tasks.recurring.recurrence import Recurrence, following, recurrence_columns

MOST = 100
"""Dates that are passed over; what lies behind them is kept, and not followed."""

_DONE = ("COMPLETED", "CANCELLED")


class Next(NamedTuple):
    """The first date that is open, and how it goes on from there; None where none is left."""

    due: Moment | None
    recurrence: dict[str, Any] | None
    done_at: datetime | None = None
    """When the last one was done, where it says so."""


def first_open(
    calendar: Part, todo: Part, due: Moment, start: Moment | None, recurrence: dict[str, Any]
) -> Next | None:
    """None where that is the first of all: nothing is behind it."""
    zones = Zones(calendar)
    later = _later(due, start)
    done = dict(islice(_done(calendar, todo, later, zones), MOST)) if later is not None else {}
    if due not in done:
        return None
    said = recurrence_columns(Recurrence.stored(json.dumps(recurrence)), due_of(due))
    text, stands_for = said["recurrence"], said["recurrence_date"]
    now, last = due, done[due]
    for _ in range(MOST):
        found = following(text, stands_for, due_of(now), done[now] or datetime.now(UTC))
        if found is None:
            return Next(None, None, last)
        now, text, stands_for = found.due.at or found.due.on or now, found.recurrence, found.stands_for
        if now not in done:
            break
        last = done[now]
    shown: dict[str, Any] = json.loads(text)
    return Next(now, shown)


def _later(due: Moment, start: Moment | None) -> timedelta | None:
    """How long after its start each is due; None where that is nothing that can be said."""
    if start is None:
        return timedelta()
    if isinstance(due, datetime) and isinstance(start, datetime):
        return due - start
    return None if isinstance(due, datetime) or isinstance(start, datetime) else due - start


def _done(calendar: Part, todo: Part, later: timedelta, zones: Zones) -> Iterator[tuple[Moment, datetime | None]]:
    """When they would have been due, and when they were done."""
    for excluded in todo.all("EXDATE"):
        for text in excluded.value.split(","):
            if moment := _moment(text, excluded.parameters.get("TZID"), zones):
                yield moment + later, None
    for part in calendar.parts:
        one = part.first("RECURRENCE-ID") if part.name == "VTODO" else None
        if one is None or part.text("STATUS").strip().upper() not in _DONE:
            continue
        if moment := _moment(one.value, one.parameters.get("TZID"), zones):
            completed = part.first("COMPLETED")
            at = _moment(completed.value, completed.parameters.get("TZID"), zones) if completed else None
            yield moment + later, at if isinstance(at, datetime) else None


def _moment(text: str, zone: str | None, zones: Zones) -> Moment | None:
    written = when(text.strip())
    if written is None or not isinstance(written.value, datetime):
        return written and written.value
    return zones.instant(written.value, None if written.utc else zone)
