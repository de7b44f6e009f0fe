"""What a report tells of each resource: its properties, and its file or a part of that."""

from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus

from api.auth import Principal
from api.calendars.answers import of_properties, of_status
from api.calendars.asked import wanted_by
from api.calendars.files import file_of
from api.calendars.places import Kind, Place
from api.calendars.properties import CALENDAR_DATA, CONTENT_LENGTH, Facts, Wanted, told
from api.calendars.reports import partial
from api.calendars.reports.expanding import TooMany
from api.calendars.reports.partial import Data
from api.calendars.xml.names import dav
from api.calendars.xml.read import Element
from api.calendars.xml.write import element, escaped
from core.calendars.reads import Resource

_TOO_MANY = {HTTPStatus.INSUFFICIENT_STORAGE: element(dav("number-of-matches-within-limits"))}


@dataclass(frozen=True, slots=True)
class View:
    """What is to be told of each resource."""

    principal: Principal
    wanted: Wanted
    data: Data | None

    @property
    def whole(self) -> bool:
        """Whether it takes the file."""
        return self.data is not None or self.wanted.asks_for([CONTENT_LENGTH])

    def of(self, resource: Resource) -> str:
        place = Place(Kind.RESOURCE, self.principal.user_id, resource.name)
        size = len(file_of(resource)) if self.wanted.asks_for([CONTENT_LENGTH]) else None
        more, too_many = {}, False
        if self.data is not None:
            try:
                more[CALENDAR_DATA] = f"<C:calendar-data>{escaped(self.data.of(resource))}</C:calendar-data>"
            except TooMany:
                more[CALENDAR_DATA], too_many = "", True
        found = dict(told(Facts(place, self.principal, resource=resource, size=size), self.wanted, more))
        if too_many:  # of one task: the others have their dates all the same
            found[HTTPStatus.INSUFFICIENT_STORAGE] = [element(CALENDAR_DATA)]
        return of_properties(place.href, found, errors=_TOO_MANY)

    def missing(self, href: str) -> str:
        return of_status(href, HTTPStatus.NOT_FOUND)


def view_of(root: Element, principal: Principal, *, minimal: bool) -> View:
    """As a report asks; one that names no properties wants to know which resources there are."""
    wanted = wanted_by(root, minimal=minimal) if any(_properties(root)) else Wanted(minimal=minimal)
    properties = root.find(dav("prop"))
    data = properties.find(CALENDAR_DATA) if properties else None
    return View(principal, wanted, partial.data_of(data) if data else None)


def _properties(root: Element) -> Iterator[Element]:
    return (one for one in root.children if one.name in (dav("prop"), dav("allprop"), dav("propname")))
