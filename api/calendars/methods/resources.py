"""GET, PUT and DELETE of one resource (RFC 4791, 5.3.2), and what is refused where names and collections stay."""

from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response

from api.auth import Principal
from api.calendars.answers import PRIVATE, Refused
from api.calendars.asked import body_of
from api.calendars.files import CALENDAR_TYPE, file_of, not_taken, todo_of
from api.calendars.methods import conditions
from api.calendars.places import Kind, Place
from api.calendars.properties import SENT_TYPE, etag_of
from api.calendars.source import Source
from api.calendars.xml.names import caldav, dav
from api.calendars.xml.write import href
from api.http.conditional import in_all, is_not_modified
from api.tasks import objects
from api.tasks.objects import MAX_BYTES
from core.errors import InvalidCalendar, TooManyTasks, UidConflict
from core.tasks.crud import task_etag


class Resources:
    def __init__(self, source: Source) -> None:
        self._source = source

    async def get(self, request: Request, place: Place, principal: Principal) -> Response:
        """The file; HEAD as well, of which the body is dropped further out."""
        if place.kind is not Kind.RESOURCE:
            raise Refused(HTTPStatus.METHOD_NOT_ALLOWED)
        resource = await self._source.resource(principal.user_id, place.name, whole=True)
        headers = {**PRIVATE, "etag": etag_of(resource), "last-modified": resource.modified}
        if is_not_modified(in_all(request.headers, "if-none-match"), etag_of(resource)):
            return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
        return Response(file_of(resource), headers={**headers, "content-type": SENT_TYPE})

    async def put(self, request: Request, place: Place, principal: Principal) -> Response:
        """Make or replace one; a tag comes back only where a GET would give the very bytes that were sent."""
        if place.kind is not Kind.RESOURCE:
            raise Refused(HTTPStatus.METHOD_NOT_ALLOWED)
        media_type = request.headers.get("content-type", CALENDAR_TYPE).partition(";")[0].strip().lower()
        if media_type != CALENDAR_TYPE:
            raise Refused(HTTPStatus.FORBIDDEN, caldav("supported-calendar-data"))
        body = bytes(await body_of(request, MAX_BYTES, condition=caldav("max-resource-size")))
        todo = todo_of(body)
        owner = principal.user_id
        try:
            condition_of = await conditions.condition_of(request.headers, place, owner, self._source)
            put = await self._source.put(
                owner, place.name, todo, condition_of, only_update="if-match" in request.headers
            )
        except UidConflict as conflict:
            other = Place(Kind.RESOURCE, owner, conflict.name)
            raise Refused(HTTPStatus.CONFLICT, caldav("no-uid-conflict"), href(other.href)) from None
        except InvalidCalendar as error:
            raise not_taken(error) from None
        except TooManyTasks:
            raise Refused(HTTPStatus.INSUFFICIENT_STORAGE, dav("quota-not-exceeded")) from None
        headers = dict(PRIVATE)
        if objects.write(put.task) == body:
            headers["etag"] = task_etag(put.id, put.revision)
        return Response(status_code=HTTPStatus.CREATED if put.made else HTTPStatus.NO_CONTENT, headers=headers)

    async def delete(self, request: Request, place: Place, principal: Principal) -> Response:
        """Into the trash; what is beneath it stays where it is."""
        if place.kind is not Kind.RESOURCE:
            raise Refused(HTTPStatus.FORBIDDEN)
        owner = principal.user_id
        condition_of = await conditions.condition_of(request.headers, place, owner, self._source)
        await self._source.delete(owner, place.name, condition_of)
        return Response(status_code=HTTPStatus.NO_CONTENT, headers=PRIVATE)


async def mkcalendar(_request: Request, place: Place, _principal: Principal) -> Response:
    """There is one collection for each user, which is there."""
    if place.kind is Kind.NOTHING:
        raise Refused(HTTPStatus.FORBIDDEN, caldav("calendar-collection-location-ok"))
    raise Refused(HTTPStatus.FORBIDDEN, dav("resource-must-be-null"))


async def stays(_request: Request, place: Place, _principal: Principal) -> Response:
    """A name that became another's, or nobody's, would leave those behind who know it."""
    raise Refused(HTTPStatus.NOT_FOUND if place.kind is Kind.NOTHING else HTTPStatus.FORBIDDEN)
