"""The repetitions of a to-do within a range: what the rule names, without what is left out or stands by itself."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from typing import NamedTuple

from api.calendars.reports.filters import TimeRange
from api.calendars.reports.times.spans import Span, Times, later, moved
from api.imports.source.content_lines import Property
from api.imports.values.ical import when
from api.tasks.objects.content import Part
from core.recurrence import rule
from core.recurrence.series import Series

MOST = 1000
"""Of one to-do in one question; a range may have no end, and a rule neither."""

_DAY = timedelta(days=1)


class Repetition(NamedTuple):
    """One of them."""

    span: Span
    moved: timedelta
    """From the first, by the clock that shows it."""


class Repeating:
    """Of the to-dos of an object."""

    def __init__(self, calendar: Part, times: Times) -> None:
        self._times = times
        todos = [part for part in calendar.parts if part.name == "VTODO"]
        self._elsewhere = {span.start for todo in todos if (span := times.of(todo, "RECURRENCE-ID"))}

    def of(self, todo: Part, asked: TimeRange) -> Iterator[Repetition]:
        """At least all that are in the range, `MOST` of them; of what does not repeat, itself."""
        first = self._times.of_a_todo(todo)
        start = todo.first("DTSTART") or todo.first("DUE")
        if start is None or todo.first("RECURRENCE-ID") or not (todo.first("RRULE") or todo.first("RDATE")):
            yield Repetition(first, timedelta())
            return
        begun = self._times.span(start)
        written = when(start.value.strip())
        if begun is None or written is None:
            return
        left_out = self._elsewhere | set(islice(self._named(todo, "EXDATE"), MOST))
        if begun.start not in left_out:
            yield Repetition(first, timedelta())
        seen = {begun.start}
        for shown in self._walls(todo, start, asked, first.end - first.start):
            base = _wall(written.value)
            at = self._at(start, shown)
            if at in left_out or at in seen:
                continue
            seen.add(at)
            yield Repetition(_moved(first, at - begun.start), shown - base)
        for at in islice(self._named(todo, "RDATE"), MOST):
            if at not in left_out and at not in seen:
                seen.add(at)
                yield Repetition(_moved(first, at - begun.start), at - begun.start)

    def _named(self, todo: Part, name: str) -> Iterator[datetime]:
        """The beginnings of the dates that a property lists."""
        for found in todo.all(name):
            for value in found.value.split(","):
                if span := self._times.span_of(found, value.partition("/")[0]):
                    yield span.start

    def _at(self, start: Property, shown: datetime) -> datetime:
        """The instant at which the clock of the first one shows this."""
        written = when(start.value.strip())
        assert written is not None
        if not isinstance(written.value, datetime):
            return self._times.day(shown.date()).start
        return self._times.instant(shown, "UTC" if written.utc else start.parameters.get("TZID"))

    def _walls(self, todo: Part, start: Property, asked: TimeRange, lasts: timedelta) -> Iterator[datetime]:
        """What the clock shows at those that the rule names behind the first, as far as the range goes."""
        series = self._series(todo, start)
        if series is None:
            return
        shown = None if asked.start is None else _wall_near(asked.start, lasts)
        for _ in range(MOST):
            step = series.following(shown)
            if step is None:
                return
            shown = step.occurrence.shown
            if asked.end is not None and self._at(start, shown) > later(asked.end, _DAY):
                return
            yield shown

    def _series(self, todo: Part, start: Property) -> Series | None:
        """None without a rule, or with one that nobody can follow."""
        found, written = todo.first("RRULE"), when(start.value.strip())
        if found is None or written is None:
            return None
        try:
            parsed = rule.parse(found.value)
        except ValueError:
            return None
        known = None if written.utc else self._times.zones.known(start.parameters.get("TZID", ""))
        dates = not isinstance(written.value, datetime)
        return Series(parsed, _wall(written.value), known.key if known and not dates else "UTC", dates)


def _wall(value: date) -> datetime:
    """A day begins at its midnight."""
    return value if isinstance(value, datetime) else datetime.combine(value, time())


def _wall_near(moment: datetime, lasts: timedelta) -> datetime | None:
    """Before whatever a clock may show at a moment, and what has begun by then."""
    try:
        return moment.astimezone(UTC).replace(tzinfo=None) - lasts - 2 * _DAY
    except OverflowError:
        return None


def _moved(span: Span, by: timedelta) -> Span:
    return span._replace(start=moved(span.start, by), end=moved(span.end, by))
