"""Which report it is, and what it gives of each resource."""

from collections.abc import AsyncGenerator
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response

from api.auth import Principal
from api.calendars.answers import Refused, as_multistatus, multistatus, streamed
from api.calendars.asked import MINIMAL, depth_of, is_minimal, xml_of
from api.calendars.files import calendar_of
from api.calendars.methods.propfind import can_be_listed
from api.calendars.places import Kind, Place, of_reference
from api.calendars.reports import filters
from api.calendars.reports.filters import ComponentFilter
from api.calendars.reports.matching import Matcher
from api.calendars.reports.sync import Sync
from api.calendars.reports.times import clock
from api.calendars.reports.times.clock import Clock
from api.calendars.reports.view import View, view_of
from api.calendars.source import Source
from api.calendars.xml.names import caldav, dav
from api.calendars.xml.read import Element
from api.tasks.objects.content import parse
from api.turns import Turns
from core.calendars import reads
from core.calendars.reads import Resource
from core.errors import InvalidCalendar

AT_ONCE = reads.PAGE_WHOLE
"""Of the resources that a multiget names."""


class Reports:
    def __init__(self, source: Source, sync: Sync) -> None:
        self._source = source
        self._sync = sync

    async def __call__(self, request: Request, place: Place, principal: Principal) -> Response:
        root = await xml_of(request)
        if root is None:
            raise Refused(HTTPStatus.BAD_REQUEST)
        if place.kind not in (Kind.COLLECTION, Kind.RESOURCE) or root.name not in _NAMES:
            raise Refused(HTTPStatus.FORBIDDEN, dav("supported-report"))
        minimal = is_minimal(request.headers)
        view = view_of(root, principal, minimal=minimal)
        if root.name == dav("sync-collection"):
            return await self._sync.answer(place, root, view)
        if root.name == caldav("calendar-multiget"):
            responses = self._multiget(root, place, view)
        else:
            beneath = depth_of(request.headers, default="0") != "0"
            if beneath and (listed := await self._listed(root, place, view)):
                return as_multistatus(listed, MINIMAL if minimal else None)
            responses = self._query(root, place, view, beneath=beneath)
        return await streamed(responses, MINIMAL if minimal else None)

    async def _multiget(self, root: Element, place: Place, view: View) -> AsyncGenerator[str]:
        """Those that are named, in that order (RFC 4791, 7.9)."""
        hrefs = list(dict.fromkeys(one.text.strip() for one in root.all(dav("href"))))
        if not hrefs:
            raise Refused(HTTPStatus.BAD_REQUEST)
        turns = Turns()
        for start in range(0, len(hrefs), AT_ONCE):
            asked = [(href, _name_in(place, href)) for href in hrefs[start : start + AT_ONCE]]
            names = [name for _, name in asked if name]
            found = await self._source.named(view.principal.user_id, names, whole=view.whole) if names else {}
            for href, name in asked:
                resource = found.get(name) if name else None
                yield view.of(resource) if resource else view.missing(href)
                await turns.next()

    async def _query(self, root: Element, place: Place, view: View, *, beneath: bool) -> AsyncGenerator[str]:
        """Those that a filter takes (7.8): beneath the collection, or the one resource."""
        asked = filters.filter_of(root.find(caldav("filter")))
        matcher = None if _takes_all(asked) else Matcher(asked, _clock_of(root, asked))
        whole, turns = view.whole or matcher is not None, Turns()
        async for page in self._candidates(place, view.principal, whole=whole, beneath=beneath):
            for resource in page:
                if matcher is None or matcher.takes(calendar_of(resource)):
                    yield view.of(resource)
                await turns.next()

    async def _listed(self, root: Element, place: Place, view: View) -> bytes | None:
        """What some programs ask each time: all to-dos, and their tags."""
        asked = filters.filter_of(root.find(caldav("filter")))
        listable = place.kind is Kind.COLLECTION and not view.whole and can_be_listed(view.wanted)
        if not listable or not _takes_all(asked):
            return None

        def render(page: list[Resource]) -> bytes:
            return bytes(multistatus(*map(view.of, page)).body)

        return await self._source.listing(view.principal.user_id, f"REPORT {view.wanted}", render)

    async def _candidates(
        self, place: Place, principal: Principal, *, whole: bool, beneath: bool
    ) -> AsyncGenerator[list[Resource]]:
        if place.kind is Kind.RESOURCE:
            yield [await self._source.resource(principal.user_id, place.name, whole=whole)]
        elif beneath:
            async for page in self._source.pages(principal.user_id, whole=whole):
                yield page


_NAMES = frozenset((caldav("calendar-query"), caldav("calendar-multiget"), dav("sync-collection")))


def _name_in(place: Place, href: str) -> str | None:
    """Of a resource of this collection, or this one."""
    named = of_reference(href)
    if named.kind is not Kind.RESOURCE or named.user != place.user:
        return None
    return named.name if place.name in ("", named.name) else None


def _takes_all(asked: ComponentFilter) -> bool:
    """Whether it is every VTODO, without a look into any."""
    if asked.absent or asked.range or asked.properties:
        return False
    return all(one.name == "VTODO" and one.takes_any for one in asked.components)


def _clock_of(root: Element, asked: ComponentFilter) -> Clock:
    """As the question says, by name or by what it brings along, or as it looks."""
    if (said := root.find(caldav("timezone-id"))) is not None:
        found = clock.named(said.text.strip())
    elif (said := root.find(caldav("timezone"))) is not None:
        try:
            found = clock.brought(parse(said.text.strip()))
        except InvalidCalendar:
            found = None
    else:
        return clock.guessed(asked)
    if found is None:
        raise Refused(
            HTTPStatus.FORBIDDEN, caldav("valid-timezone" if said.name.endswith("-id") else "valid-calendar-data")
        )
    return found
