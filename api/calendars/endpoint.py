"""`/dav` and `/.well-known/caldav`: who asks, by which way, for what, how often; then the methods answer.

It stands beside the framework, which knows neither these methods nor these paths.
"""

from dataclasses import replace
from http import HTTPStatus

import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from api.auth import Principal
from api.calendars import places, transport
from api.calendars.answers import DAV_HEADER, Refused
from api.calendars.asked import INTAKE
from api.calendars.methods.methods import Methods
from api.calendars.places import Kind, Place
from api.calendars.xml.names import dav
from api.calendars.xml.write import href
from api.guard import expect_scope
from api.http.problems import Problem, problem_of
from api.services import Services
from core.errors import InsufficientScope, InvalidToken, PreconditionFailed, TasklaneError
from core.limits import Kind as Spending

CHALLENGE = 'Basic realm="Tasklane", charset="UTF-8"'

_MAKE = frozenset({"MKCOL", "MKCALENDAR"})
_READS = frozenset({"GET", "PROPFIND", "REPORT"})
_COMMON = ("OPTIONS", "PROPFIND", "PROPPATCH", "REPORT")
_ALLOWED = {
    Kind.RESOURCE: (*_COMMON, "GET", "HEAD", "PUT", "DELETE"),
}


class Calendars:
    """An ASGI layer: whatever else is asked, `app` answers."""

    def __init__(self, app: ASGIApp, services: Services, methods: Methods) -> None:
        self._app = app
        self._services = services
        self._methods = methods

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not places.is_ours(scope["path"]):
            await self._app(scope, receive, send)
            return
        try:
            response = await self._answer(Request(scope, receive, send))
        except Refused as refusal:
            response = refusal.response()
            if refusal.status == HTTPStatus.METHOD_NOT_ALLOWED:
                response.headers["allow"] = ", ".join(_allowed(places.find(scope["raw_path"].decode("ascii"))))
        except TasklaneError as error:
            response = _problem(error).response()
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        place = places.find(request.scope["raw_path"].decode("ascii"))
        request.scope["tasklane.route"] = place.kind.value
        if place.kind is Kind.WELL_KNOWN:
            return Response(status_code=HTTPStatus.MOVED_PERMANENTLY, headers={"location": f"{places.ROOT}/"})
        if request.method == "OPTIONS":
            return Response(headers={"dav": DAV_HEADER, "allow": ", ".join(_allowed(place))})
        if not (
            self._services.settings.calendars_over_http or transport.is_private(request.headers, request.url.scheme)
        ):
            return Problem(HTTPStatus.FORBIDDEN, "A password must not come this way: use https.").response()
        principal = await self._identified(request)
        if place.user not in (None, principal.user_id):
            raise Refused(HTTPStatus.NOT_FOUND)
        if place.kind is Kind.NOTHING and request.method not in _MAKE:
            raise Refused(HTTPStatus.NOT_FOUND)
        method = self._methods.of(request.method)
        if method is None:
            raise Refused(HTTPStatus.METHOD_NOT_ALLOWED)
        spending: Spending = "reads" if request.method in _READS else "writes"
        try:
            expect_scope(principal, spending)
        except InsufficientScope:
            privilege = "<D:privilege><D:read/></D:privilege>" if spending == "reads" else _WRITE
            content = f"<D:resource>{href(place.href)}{privilege}</D:resource>"
            raise Refused(HTTPStatus.FORBIDDEN, dav("need-privileges"), content) from None
        request.scope[INTAKE] = self._services.intake
        headers = await self._services.limiter.spend(principal.user_id, spending)
        response = await method(request, place, principal)
        response.headers.update(headers)
        return response

    async def _identified(self, request: Request) -> Principal:
        scope = request.scope
        structlog.contextvars.bind_contextvars(request_id=scope["tasklane.request_id"].decode())
        authorization = request.headers.get("authorization")
        raw = authorization.encode("latin-1") if authorization is not None else None
        prove = self._services.authenticator
        is_basic = raw is None or raw[:6].lower() == b"basic "
        principal = await (prove.authenticate_basic(raw) if is_basic else prove.authenticate(raw))
        scope["tasklane.user"] = principal.user_id
        scope["tasklane.principal"] = principal
        return principal


_WRITE = "<D:privilege><D:write/></D:privilege>"


def _allowed(place: Place) -> tuple[str, ...]:
    return _ALLOWED.get(place.kind, _COMMON)


def _problem(error: TasklaneError) -> Problem:
    problem = problem_of(error)
    if isinstance(error, InvalidToken):
        detail = "An access token is needed as the password; any user name will do."
        return Problem(HTTPStatus.UNAUTHORIZED, detail, headers={"www-authenticate": CHALLENGE})
    if isinstance(error, PreconditionFailed) and not error.etag:  # of what is not there
        return replace(problem, headers={})
    return problem
