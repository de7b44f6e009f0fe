"""Whether a resource is one that a calendar-query asks for (RFC 4791, 9.7 and 9.9)."""

import unicodedata
from dataclasses import replace
from string import ascii_lowercase, ascii_uppercase

from api.calendars.reports.filters import ComponentFilter, ParameterFilter, PropertyFilter, TextMatch, TimeRange
from api.calendars.reports.times.clock import Clock
from api.calendars.reports.times.repeating import Repeating
from api.calendars.reports.times.ringing import rings
from api.calendars.reports.times.spans import Times
from api.imports.source.content_lines import Property
from api.tasks.objects.content import Part


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
        self._times = Times(calendar, clock)
        self._repeating = Repeating(calendar, self._times)

    def holds(self, part: Part, asked: ComponentFilter) -> bool:
        """Of this very component."""
        return (
            (asked.range is None or self._is_in(part, asked.range))
            and all(self._has_property(part, one) for one in asked.properties)
            and all(self._has_part(part, one) for one in asked.components)
        )

    def _is_in(self, part: Part, asked: TimeRange) -> bool:
        return part.name == "VTODO" and any(one.span.meets(asked) for one in self._repeating.of(part, asked))

    def _has_part(self, part: Part, asked: ComponentFilter) -> bool:
        found = [one for one in part.parts if one.name == asked.name]
        if asked.absent:
            return not found
        if asked.name != "VALARM" or asked.range is None:
            return any(self.holds(one, asked) for one in found)
        return any(self._rings(part, one, asked.range) and self.holds(one, replace(asked, range=None)) for one in found)

    def _rings(self, todo: Part, alarm: Part, asked: TimeRange) -> bool:
        return rings(todo, alarm, asked, times=self._times, repeating=self._repeating)

    def _has_property(self, part: Part, asked: PropertyFilter) -> bool:
        found = part.all(asked.name)
        return not found if asked.absent else any(self._is_asked_for(one, asked) for one in found)

    def _is_asked_for(self, found: Property, asked: PropertyFilter) -> bool:
        if asked.range is not None:
            span = self._times.span(found)
            if span is None or not span.at_once().meets(asked.range):
                return False
        if asked.text is not None and not _matches(found.text, asked.text):
            return False
        return all(_has_parameter(found, one) for one in asked.parameters)


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
