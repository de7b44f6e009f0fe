"""A to-do's repetitions as to-dos of their own, in UTC (RFC 4791, 9.6.5): for programs that follow no rules."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from api.calendars.reports.filters import TimeRange
from api.calendars.reports.times import clock
from api.calendars.reports.times.repeating import MOST, Repeating, Repetition
from api.calendars.reports.times.spans import Times
from api.imports.values.ical import when
from api.tasks.objects.content import Line, Part, line

_OF_THE_SERIES = frozenset(("RRULE", "RDATE", "EXDATE", "EXRULE"))
_MOVED = frozenset(("DTSTART", "DUE", "RECURRENCE-ID"))


class TooMany(Exception):
    """More repetitions of one to-do than are told."""


def expanded(calendar: Part, asked: TimeRange) -> Part:
    """Those that lie in the range; raises `TooMany`."""
    times = Times(calendar, clock.of_range(asked))
    repeating = Repeating(calendar, times)
    content: list[Line | Part] = list(calendar.lines)
    for todo in calendar.parts:
        if todo.name != "VTODO":
            continue  # all zones are UTC now
        found = [one for one in repeating.of(todo, asked) if one.span.meets(asked)]
        if len(found) >= MOST:
            raise TooMany
        repeats = todo.first("RRULE") is not None or todo.first("RDATE") is not None
        content += [Part("VTODO", content=list(_content(todo, one, times, repeats=repeats))) for one in found]
    return Part(calendar.name, content=content)


def _content(todo: Part, repetition: Repetition, times: Times, *, repeats: bool) -> Iterator[Line | Part]:
    start = "DTSTART" if todo.first("DTSTART") else "DUE"
    for one in todo.content:
        if isinstance(one, Part):
            yield one
        elif one.name in _MOVED:
            written = _in_utc(one, repetition.moved, times)
            yield line(f"{one.name}{written}")
            if repeats and one.name == start:
                yield line(f"RECURRENCE-ID{written}")
        elif one.name not in _OF_THE_SERIES:
            yield one


def _in_utc(found: Line, moved: timedelta, times: Times) -> str:
    """Parameters and value of a date or a time that is as much later on its clock."""
    stated = found.stated
    written = when(stated.value.strip())
    if written is None:
        return f":{stated.value}"
    try:
        value = written.value + moved
    except OverflowError:
        value = written.value.max
    if not isinstance(value, datetime):
        return f";VALUE=DATE:{value:%Y%m%d}"
    zone = "UTC" if written.utc else stated.parameters.get("TZID")
    return f":{times.instant(value, zone).astimezone(UTC):%Y%m%dT%H%M%SZ}"
