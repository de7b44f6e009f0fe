"""What a calendar-query asks of a resource (RFC 4791, 9.7), read from XML; raises `Refused` where it makes no sense."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Literal, cast, get_args

from api.calendars.answers import Refused
from api.calendars.xml.names import caldav
from api.calendars.xml.read import Element
from api.imports.values.ical import when

MAX_FILTERS = 100
"""Each looks through each task."""

Collation = Literal["i;ascii-casemap", "i;octet", "i;unicode-casemap"]


@dataclass(frozen=True, slots=True)
class TimeRange:
    """From an instant on, and before another one; at least one of them."""

    start: datetime | None
    end: datetime | None


@dataclass(frozen=True, slots=True)
class TextMatch:
    text: str
    collation: Collation = "i;ascii-casemap"
    negate: bool = False


@dataclass(frozen=True, slots=True)
class ParameterFilter:
    name: str
    absent: bool = False
    text: TextMatch | None = None


@dataclass(frozen=True, slots=True)
class PropertyFilter:
    name: str
    absent: bool = False
    range: TimeRange | None = None
    text: TextMatch | None = None
    parameters: tuple[ParameterFilter, ...] = ()


@dataclass(frozen=True, slots=True)
class ComponentFilter:
    """All that it says must hold of one and the same component of that name; `absent`: there must be none."""

    name: str
    absent: bool = False
    range: TimeRange | None = None
    properties: tuple[PropertyFilter, ...] = ()
    components: tuple["ComponentFilter", ...] = ()

    @property
    def takes_any(self) -> bool:
        """Whether it asks for no more than that there is one."""
        return not (self.absent or self.range or self.properties or self.components)


def filter_of(element: Element | None) -> ComponentFilter:
    """The one for the VCALENDAR."""
    if element is not None and _size(element) > MAX_FILTERS:
        raise Refused(HTTPStatus.FORBIDDEN, caldav("supported-filter"))
    found = list(element.all(caldav("comp-filter"))) if element else []
    if len(found) != 1 or (calendar := _component(found[0])).name != "VCALENDAR":
        raise _invalid()
    return calendar


def _size(element: Element) -> int:
    """How many filters are in it."""
    return sum(child.name.endswith("-filter") + _size(child) for child in element.children)


def range_of(element: Element) -> TimeRange:
    """Of an element with `start` and `end`."""
    start, end = (_instant(element.attributes.get(name)) for name in ("start", "end"))
    if start is None and end is None:
        raise _invalid()
    return TimeRange(start, end)


def _component(element: Element) -> ComponentFilter:
    return ComponentFilter(
        _name(element),
        element.find(caldav("is-not-defined")) is not None,
        _range(element),
        tuple(map(_property, element.all(caldav("prop-filter")))),
        tuple(map(_component, element.all(caldav("comp-filter")))),
    )


def _property(element: Element) -> PropertyFilter:
    parameters: Iterator[Element] = element.all(caldav("param-filter"))
    return PropertyFilter(
        _name(element),
        element.find(caldav("is-not-defined")) is not None,
        _range(element),
        _text(element),
        tuple(
            ParameterFilter(_name(one), one.find(caldav("is-not-defined")) is not None, _text(one))
            for one in parameters
        ),
    )


def _name(element: Element) -> str:
    name = element.attributes.get("name", "").strip().upper()
    if not name:
        raise _invalid()
    return name


def _range(element: Element) -> TimeRange | None:
    found = element.find(caldav("time-range"))
    return range_of(found) if found else None


def _text(element: Element) -> TextMatch | None:
    found = element.find(caldav("text-match"))
    if found is None:
        return None
    collation = found.attributes.get("collation", "i;ascii-casemap")
    if collation == "default":
        collation = "i;ascii-casemap"
    if collation not in get_args(Collation):
        raise Refused(HTTPStatus.FORBIDDEN, caldav("supported-collation"))
    return TextMatch(found.text, cast(Collation, collation), found.attributes.get("negate-condition") == "yes")


def _instant(text: str | None) -> datetime | None:
    if text is None:
        return None
    found = when(text.strip())
    if found is None or not isinstance(found.value, datetime) or not found.utc:
        raise _invalid()
    return found.value.replace(tzinfo=UTC)


def _invalid() -> Refused:
    return Refused(HTTPStatus.FORBIDDEN, caldav("valid-filter"))
