"""PROPFIND (RFC 4918, 9.1) tells what there is; PROPPATCH (9.2) changes nothing, and says so."""

from collections.abc import AsyncGenerator, Iterator
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response

from api.auth import Principal
from api.calendars.answers import NO_ERRORS, Refused, as_multistatus, multistatus, of_properties, streamed
from api.calendars.asked import MINIMAL, Depth, depth_of, is_minimal, names_of, wanted_by, xml_of
from api.calendars.files import file_of
from api.calendars.places import Kind, Place
from api.calendars.properties import CONTENT_LENGTH, OF_THE_STAND, PRIVILEGES, Facts, Wanted, protected, told
from api.calendars.source import Source
from api.calendars.xml.names import dav
from api.calendars.xml.read import Element
from api.calendars.xml.write import element
from core.calendars.reads import Resource

_BENEATH = {
    Kind.ROOT: (Kind.PRINCIPALS, Kind.HOMES),
    Kind.PRINCIPALS: (Kind.PRINCIPAL,),
    Kind.HOMES: (Kind.HOME,),
    Kind.HOME: (Kind.COLLECTION,),
}
_OF_A_USER = frozenset({Kind.PRINCIPAL, Kind.HOME, Kind.COLLECTION})


class Propfind:
    def __init__(self, source: Source) -> None:
        self._source = source

    async def __call__(self, request: Request, place: Place, principal: Principal) -> Response:
        root = await xml_of(request)
        if root is not None and root.name != dav("propfind"):
            raise Refused(HTTPStatus.BAD_REQUEST)
        minimal = is_minimal(request.headers)
        wanted, depth = wanted_by(root, minimal=minimal), depth_of(request.headers)
        if depth == "infinity" and place.kind is not Kind.RESOURCE:
            raise Refused(HTTPStatus.FORBIDDEN, dav("propfind-finite-depth"))
        if depth == "1" and place.kind is Kind.COLLECTION and can_be_listed(wanted):
            own = await self._of(place, principal, wanted)

            def render(page: list[Resource]) -> bytes:
                each = (of_resource(resource, principal, wanted) for resource in page)
                return bytes(multistatus(own, *each).body)

            if body := await self._source.listing(principal.user_id, f"PROPFIND {wanted}", render):
                return as_multistatus(body, MINIMAL if minimal else None)
        return await streamed(self._responses(place, principal, wanted, depth), MINIMAL if minimal else None)

    async def _responses(self, place: Place, principal: Principal, wanted: Wanted, depth: Depth) -> AsyncGenerator[str]:
        whole = wanted.asks_for([CONTENT_LENGTH])
        if place.kind is Kind.RESOURCE:
            resource = await self._source.resource(principal.user_id, place.name, whole=whole)
            yield of_resource(resource, principal, wanted)
            return
        yield await self._of(place, principal, wanted)
        if depth == "0":
            return
        for kind in _BENEATH.get(place.kind, ()):
            beneath = Place(kind, principal.user_id if kind in _OF_A_USER else None)
            yield await self._of(beneath, principal, wanted)
        if place.kind is Kind.COLLECTION:
            async for page in self._source.pages(principal.user_id, whole=whole):
                yield "".join(of_resource(resource, principal, wanted) for resource in page)

    async def _of(self, place: Place, principal: Principal, wanted: Wanted) -> str:
        stand = ""
        if place.kind is Kind.COLLECTION and wanted.asks_for(OF_THE_STAND):
            stand = await self._source.stand(principal.user_id)
        return of_properties(place.href, told(Facts(place, principal, stand), wanted))


def can_be_listed(wanted: Wanted) -> bool:
    """Whether it is the same for all programs of a user, and told without the files and without the list's token."""
    return not wanted.names_only and not wanted.asks_for([*OF_THE_STAND, PRIVILEGES, CONTENT_LENGTH])


def of_resource(resource: Resource, principal: Principal, wanted: Wanted) -> str:
    """What one resource has of what is wanted."""
    place = Place(Kind.RESOURCE, principal.user_id, resource.name)
    size = len(file_of(resource)) if resource.json is not None else None
    return of_properties(place.href, told(Facts(place, principal, resource=resource, size=size), wanted))


async def proppatch(request: Request, place: Place, _principal: Principal) -> Response:
    """Nothing of what is told can be set, and nothing else is kept: each property is refused by its name."""
    root = await xml_of(request)
    if root is None or root.name != dav("propertyupdate"):
        raise Refused(HTTPStatus.BAD_REQUEST)
    names = names_of(_set_by(root))
    if not names:
        raise Refused(HTTPStatus.BAD_REQUEST)
    known = protected(place.kind)
    errors = {HTTPStatus.FORBIDDEN: element(dav("cannot-modify-protected-property"))}
    found = {HTTPStatus.FORBIDDEN: [element(name) for name in names]}
    return multistatus(of_properties(place.href, found, errors=errors if known.intersection(names) else NO_ERRORS))


def _set_by(root: Element) -> Iterator[Element]:
    """What is to be set or removed."""
    for part in root.children:
        if part.name in (dav("set"), dav("remove")) and (properties := part.find(dav("prop"))):
            yield from properties.children
