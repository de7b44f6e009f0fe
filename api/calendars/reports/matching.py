"""Whether a resource is one that a calendar-query asks for (RFC 4791, 9.7 and 9.9)."""

import unicodedata
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from string import ascii_lowercase, ascii_uppercase
from typing import NamedTuple

from api.calendars.reports.clock import Clock
from api.calendars.reports.filters import (
    ComponentFilter,
    ParameterFilter,
    PropertyFilter,
    TextMatch,
    TimeRange,
)
from api.imports.source.content_lines import Property
from api.imports.values.ical import duration, when
from api.tasks.objects.content import Part
from api.tasks.objects.zones import Zones


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


class Matcher:
    """Judges objects by a question, on the clock of whoever asks."""

    def __init__(self, asked: ComponentFilter, clock: Clock) -> None:
        self._asked = asked
        self._clock = clock

    def takes(self, calendar: Part) -> bool:
        """Whether this VCALENDAR is one of those that are asked for."""
        return calendar.name == self._asked.name and _Judge(calendar, self._clock).holds(calendar, self._asked)


class _Judge:
    def __init__(self, calendar: Part, clock: Clock) -> None:
        self._zones = Zones(calendar)
        self._clock = clock

    def holds(self, part: Part, asked: ComponentFilter) -> bool:
        """Of this very component."""
        return (
            (asked.range is None or any(span.meets(asked.range) for span in self._spans(part)))
            and all(self._has_property(part, one) for one in asked.properties)
            and all(self._has_part(part, one) for one in asked.components)
        )

    def _has_part(self, part: Part, asked: ComponentFilter) -> bool:
        found = [one for one in part.parts if one.name == asked.name]
        return not found if asked.absent else any(self.holds(one, asked) for one in found)

    def _has_property(self, part: Part, asked: PropertyFilter) -> bool:
        found = part.all(asked.name)
        return not found if asked.absent else any(self._is_asked_for(one, asked) for one in found)

    def _is_asked_for(self, found: Property, asked: PropertyFilter) -> bool:
        if asked.range is not None:
            span = self._span(found)
            if span is None or not span.at_once().meets(asked.range):
                return False
        if asked.text is not None and not _matches(found.text, asked.text):
            return False
        return all(_has_parameter(found, one) for one in asked.parameters)

    # When it is (RFC 4791, 9.9), where a day without a time is all of that day.

    def _spans(self, part: Part) -> Iterator[Span]:
        if part.name != "VTODO":
            return
        yield from self._of_a_todo(part)

    def _of_a_todo(self, todo: Part) -> Iterator[Span]:
        begun, due = self._of(todo, "DTSTART"), self._of(todo, "DUE")
        if begun and due:
            at_once = begun.start >= due.end
            yield Span(begun.start, max(begun.start, due.end), at_once, at_once)
        elif begun:
            lasts = duration(todo.text("DURATION")) if todo.first("DURATION") else None
            yield Span(begun.start, _later(begun.start, lasts), ends_in=True) if lasts else begun.at_once()
        elif due:
            yield due._replace(starts_in=due.start == due.end)
        else:
            yield self._when_made_and_done(todo)

    def _when_made_and_done(self, todo: Part) -> Span:
        """What is due at no time is there from when it was made until it was done, or for ever."""
        made, done = self._of(todo, "CREATED"), self._of(todo, "COMPLETED")
        if made and done:
            return Span(min(made.start, done.start), max(made.end, done.end), starts_in=True, ends_in=True)
        if done:
            return done._replace(starts_in=True, ends_in=True)
        return Span(made.start if made else _ALWAYS.start, _ALWAYS.end)

    def _of(self, part: Part, name: str) -> Span | None:
        found = part.first(name)
        return self._span(found) if found else None

    def _span(self, found: Property) -> Span | None:
        """A day as a whole, or a moment; None for what is neither."""
        written = when(found.value.strip())
        if written is None:
            return None
        if not isinstance(written.value, datetime):
            return self.day(written.value)
        moment = self._instant(written.value, "UTC" if written.utc else found.parameters.get("TZID"))
        return Span(moment, moment)

    def day(self, day: date) -> Span:
        return Span(self._clock.begin(day), self._clock.end(day))

    def _instant(self, local: datetime, zone: str | None) -> datetime:
        if zone == "UTC":
            return local.replace(tzinfo=UTC)
        return self._zones.instant(local, zone) if zone else self._clock.instant(local)


_ALWAYS = Span(datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))


def _later(moment: datetime, lasts: timedelta) -> datetime:
    try:
        return max(moment, moment + lasts)
    except OverflowError:
        return _ALWAYS.end


_ASCII = str.maketrans(ascii_uppercase, ascii_lowercase)


def _has_parameter(found: Property, asked: ParameterFilter) -> bool:
    value = found.parameters.get(asked.name)
    if asked.absent or value is None:
        return asked.absent and value is None
    return asked.text is None or _matches(value, asked.text)


def _matches(value: str, asked: TextMatch) -> bool:
    """Whether the text is somewhere in the value, as the collation compares (RFC 4790; RFC 5051)."""
    return (_compared(asked.text, asked) in _compared(value, asked)) is not asked.negate


def _compared(text: str, asked: TextMatch) -> str:
    if asked.collation == "i;octet":
        return text
    if asked.collation == "i;ascii-casemap":
        return text.translate(_ASCII)
    return unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
