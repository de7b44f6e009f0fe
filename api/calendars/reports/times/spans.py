"""When a to-do is (RFC 4791, 9.9), where a day without a time is all of that day."""

from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from api.calendars.reports.filters import TimeRange
from api.calendars.reports.times.clock import Clock
from api.imports.source.content_lines import Property
from api.imports.values.ical import duration, when
from api.tasks.objects.content import Part
from api.tasks.objects.times.zones import Zones


class Span(NamedTuple):
    """From an instant to another one, or just a moment."""

    start: datetime
    end: datetime
    starts_in: bool = False
    """Whether it lies in a range, too, that ends with its first moment."""
    ends_in: bool = False
    """And in one that begins with its last."""

    def meets(self, asked: TimeRange) -> bool:
        if asked.end is not None and not (self.start < asked.end or (self.starts_in and self.start == asked.end)):
            return False
        return asked.start is None or asked.start < self.end or (self.ends_in and asked.start == self.end)

    def at_once(self) -> "Span":
        """The same with what RFC 4791 says of a moment that is no due date: in a range that begins with it."""
        return self._replace(ends_in=self.ends_in or self.start == self.end)


class Times:
    """What an object's dates and times are, on the clock of whoever asks."""

    def __init__(self, calendar: Part, clock: Clock) -> None:
        self.zones = Zones(calendar)
        self._clock = clock

    def of_a_todo(self, todo: Part) -> Span:
        """As it stands there, without its repetitions."""
        begun, due = self.of(todo, "DTSTART"), self.of(todo, "DUE")
        if begun and due:
            at_once = begun.start >= due.end
            return Span(begun.start, max(begun.start, due.end), at_once, at_once)
        if begun:
            lasts = duration(todo.text("DURATION")) if todo.first("DURATION") else None
            return Span(begun.start, later(begun.start, lasts), ends_in=True) if lasts else begun.at_once()
        if due:
            return due._replace(starts_in=due.start == due.end)
        return self._when_made_and_done(todo)

    def of(self, part: Part, name: str) -> Span | None:
        """Of a property."""
        found = part.first(name)
        return self.span(found) if found else None

    def span(self, found: Property) -> Span | None:
        """A day as a whole, or a moment; None for what is neither."""
        return self.span_of(found, found.value)

    def span_of(self, found: Property, value: str) -> Span | None:
        """The same of one of its values."""
        written = when(value.strip())
        if written is None:
            return None
        if not isinstance(written.value, datetime):
            return self.day(written.value)
        moment = self.instant(written.value, "UTC" if written.utc else found.parameters.get("TZID"))
        return Span(moment, moment)

    def day(self, day: date) -> Span:
        return Span(self._clock.begin(day), self._clock.end(day))

    def instant(self, local: datetime, zone: str | None) -> datetime:
        """At which a clock shows this: that of a zone, or where there is none the asker's."""
        if zone == "UTC":
            return local.replace(tzinfo=UTC)
        return self.zones.instant(local, zone) if zone else self._clock.instant(local)

    def _when_made_and_done(self, todo: Part) -> Span:
        """What is due at no time is there from when it was made until it was done, or for ever."""
        made, done = self.of(todo, "CREATED"), self.of(todo, "COMPLETED")
        if made and done:
            return Span(min(made.start, done.start), max(made.end, done.end), starts_in=True, ends_in=True)
        if done:
            return done._replace(starts_in=True, ends_in=True)
        return Span(made.start if made else FIRST, LAST)


FIRST, LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


def later(moment: datetime, lasts: timedelta) -> datetime:
    """The end of time where it would be later than that."""
    try:
        return max(moment, moment + lasts)
    except OverflowError:
        return LAST


def moved(moment: datetime, by: timedelta) -> datetime:
    """So much later, or earlier; within time."""
    try:
        return moment + by
    except OverflowError:
        return LAST if by > timedelta() else FIRST
