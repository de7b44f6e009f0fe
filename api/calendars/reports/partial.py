"""What of a resource a report is to give (RFC 4791, 9.6): all of it, a part, or each of its repetitions."""

from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus

from api.calendars.answers import Refused
from api.calendars.files import CALENDAR_TYPE, calendar_of, file_of
from api.calendars.reports.expanding import expanded
from api.calendars.reports.filters import TimeRange, range_of
from api.calendars.xml.names import caldav
from api.calendars.xml.read import Element
from api.tasks.objects.content import Line, Part, folded
from core.calendars.reads import Resource


@dataclass(frozen=True, slots=True)
class Chosen:
    """Of a component of that name; None where it is all of them."""

    name: str
    properties: dict[str, bool] | None = None
    """Whether without its value."""
    components: tuple["Chosen", ...] | None = None


@dataclass(frozen=True, slots=True)
class Data:
    """How `calendar-data` is asked for."""

    chosen: Chosen | None = None
    expanded: TimeRange | None = None
    """The repetitions within that, each by itself; None for the rule."""

    def of(self, resource: Resource) -> str:
        """The text of it; raises `TooMany` repetitions."""
        if self.chosen is None and self.expanded is None:
            return file_of(resource).decode()
        calendar = calendar_of(resource)
        if self.expanded is not None:
            calendar = expanded(calendar, self.expanded)
        lines = calendar.written() if self.chosen is None else _chosen(calendar, self.chosen)
        return b"".join(map(folded, lines)).decode()


def data_of(element: Element) -> Data:
    """Raises `Refused` for another type than is kept, and for what cannot be given."""
    media_type = element.attributes.get("content-type", CALENDAR_TYPE).lower()
    if media_type != CALENDAR_TYPE or element.attributes.get("version", "2.0") != "2.0":
        raise Refused(HTTPStatus.FORBIDDEN, caldav("supported-calendar-data"))
    top, expand = element.find(caldav("comp")), element.find(caldav("expand"))
    return Data(_choice(top) if top else None, range_of(expand) if expand else None)


def _choice(element: Element) -> Chosen:
    properties = None
    if element.find(caldav("allprop")) is None:
        properties = {
            one.attributes.get("name", "").upper(): one.attributes.get("novalue") == "yes"
            for one in element.all(caldav("prop"))
        }
    components = None
    if element.find(caldav("allcomp")) is None:
        components = tuple(map(_choice, element.all(caldav("comp"))))
    return Chosen(element.attributes.get("name", "").upper(), properties, components)


def _chosen(part: Part, choice: Chosen) -> Iterator[str]:
    yield f"BEGIN:{part.name}"
    for one in part.content:
        if isinstance(one, Line):
            if choice.properties is None:
                yield one.written
            elif (without_value := choice.properties.get(one.name)) is not None:
                yield one.written[: -len(one.stated.value)] if without_value and one.stated.value else one.written
        elif choice.components is None:
            yield from one.written()
        elif beneath := next((each for each in choice.components if each.name == one.name), None):
            yield from _chosen(one, beneath)
    yield f"END:{part.name}"
