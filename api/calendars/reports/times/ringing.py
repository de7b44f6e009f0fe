"""When the alarms of a to-do ring (RFC 4791, 9.9; RFC 5545, 3.6.6), with each of its dates."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from api.calendars.reports.filters import TimeRange
from api.calendars.reports.times.repeating import Repeating
from api.calendars.reports.times.spans import Times, moved
from api.imports.values.ical import duration
from api.tasks.objects.content import Part

MOST = 100
"""Of the times that one alarm is repeated."""

_AROUND = timedelta(days=1)


def rings(todo: Part, alarm: Part, asked: TimeRange, *, times: Times, repeating: Repeating) -> bool:
    """Whether it does so in the range."""
    again = list(_again(alarm))
    triggers = _triggers(todo, alarm, _wide(asked, again[-1]), times=times, repeating=repeating)
    return any(_is_in(moved(trigger, by), asked) for trigger in triggers for by in again)


def _triggers(todo: Part, alarm: Part, asked: TimeRange, *, times: Times, repeating: Repeating) -> Iterator[datetime]:
    """The first ring with each date; of what has no date only one that names an instant."""
    trigger = alarm.first("TRIGGER")
    if trigger is None:
        return
    before = duration(trigger.value)
    if before is None:
        if named := times.span(trigger):
            yield named.start
        return
    first = times.of_a_todo(todo)
    anchor = _anchor(todo, trigger.parameters.get("RELATED", "START").upper(), times)
    if anchor is None:
        return
    for one in repeating.of(todo, _wide(asked, abs(before) + _AROUND + (first.end - first.start))):
        yield moved(anchor, one.span.start - first.start + before)


def _anchor(todo: Part, related: str, times: Times) -> datetime | None:
    """A day's alarm is counted from the beginning of that day."""
    begun, due = times.of(todo, "DTSTART"), times.of(todo, "DUE")
    if related == "END" and due:
        return due.start
    if begun is None:
        return due.start if due else None
    lasts = duration(todo.text("DURATION")) if related == "END" and todo.first("DURATION") else None
    return moved(begun.start, lasts) if lasts else begun.start


def _again(alarm: Part) -> Iterator[timedelta]:
    """How much later it rings: at once, and as often as it is repeated."""
    yield timedelta()
    said, pause = alarm.text("REPEAT").strip(), duration(alarm.text("DURATION")) if alarm.first("DURATION") else None
    if pause and said.isascii() and said.isdigit():
        for number in range(1, min(int(said[:4]), MOST) + 1):
            yield number * pause


def _is_in(moment: datetime, asked: TimeRange) -> bool:
    return (asked.start is None or asked.start <= moment) and (asked.end is None or moment < asked.end)


def _wide(asked: TimeRange, by: timedelta) -> TimeRange:
    """So much longer on both sides."""
    by = abs(by)
    return TimeRange(asked.start and moved(asked.start, -by), asked.end and moved(asked.end, by))
