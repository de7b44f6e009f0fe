"""What every route of a user's own things goes through before its handler runs."""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any

import structlog
from fastapi import Depends, Request
from fastapi.routing import APIRoute
from starlette.responses import Response

from api.auth import Principal
from api.http.bodies import unknown
from api.http.bodies.intake import LargeRequest
from api.http.bodies.read import JsonRequest
from api.services import services_of
from core.errors import InsufficientScope, NotFound
from core.limits import Kind
from core.types import Scope, UserId

Handler = Callable[[Request], Coroutine[Any, Any, Response]]

_WITHOUT_BODY = frozenset({"GET", "DELETE"})
_SCOPES: dict[Kind, Scope] = {"reads": "tasks:read", "writes": "tasks:write"}


class OwnersRoute(APIRoute):
    """First who asks, then whose things they name, whether they ask too often, and only then what they send."""

    def get_route_handler(self) -> Handler:
        return self.guarded(super().get_route_handler())

    def guarded(self, handle: Handler) -> Handler:
        """`handle`, which gets the request when nothing speaks against it."""

        async def guarded(request: Request) -> Response:
            scope = request.scope
            if "tasklane.route" not in scope:
                scope["tasklane.route"] = _template(request)
            owner = await identified(request)
            named = request.path_params.get("user_id", owner)
            if owner not in (named, named.replace("%2F", "/")):
                raise NotFound
            kind: Kind = "reads" if request.method == "GET" else "writes"
            self.admit(scope["tasklane.principal"], kind)
            headers = await services_of(request).limiter.spend(owner, kind)
            ignored = unknown.begin(refused=services_of(request).settings.unknown_members == "refuse")
            response = await self.serve(request, handle)
            response.headers.update(headers)
            if ignored.names:
                response.headers[unknown.HEADER] = ignored.header
            return response

        return guarded

    def admit(self, principal: Principal, kind: Kind) -> None:
        """Raises `InsufficientScope` for a personal token that is not good for this."""
        expect_scope(principal, kind)

    async def serve(self, request: Request, handle: Handler) -> Response:
        """Let `handle` answer, with the body read if there is one."""
        if request.method not in _WITHOUT_BODY:
            request = JsonRequest(request.scope, request.receive)
            await request.read()
        return await handle(request)


class SessionRoute(OwnersRoute):
    """For what a person does who has signed in, and no program that they have given a token to."""

    def admit(self, principal: Principal, kind: Kind) -> None:  # noqa: ARG002  # of whatever kind it is
        if principal.scopes is not None:
            raise InsufficientScope(None)


class LargeBodyRoute(OwnersRoute):
    """For bodies that take much memory, of which a process has so much for all; raises `TooBusy` beyond that."""

    async def serve(self, request: Request, handle: Handler) -> Response:
        intake = services_of(request).intake
        async with intake.place(request.scope["tasklane.user"]) as place:
            large = LargeRequest(request, place)
            await large.read()
            async with intake.turn():
                return await handle(large)


async def identified(request: Request) -> UserId:
    """Who asks, noted for the handler and the log; raises `InvalidToken`."""
    scope = request.scope
    # Not taken back afterwards: the server runs each request in a context of its own.
    structlog.contextvars.bind_contextvars(request_id=scope["tasklane.request_id"].decode())
    principal = await _authenticate(request)
    scope["tasklane.user"] = principal.user_id
    scope["tasklane.principal"] = principal
    return principal.user_id


def expect_scope(principal: Principal, kind: Kind) -> None:
    """Raises `InsufficientScope` for a personal token that is not good for reads, or for writes."""
    needed = _SCOPES[kind]
    if principal.scopes is not None and needed not in principal.scopes:
        raise InsufficientScope(needed)


def _template(request: Request) -> str:
    """The path with its parameters by name: what metrics and logs may show."""
    segments = request.scope["path"].split("/")
    for name, value in request.path_params.items():
        segments[segments.index(value)] = f"{{{name}}}"
    return "/".join(segments)


async def _authenticate(request: Request) -> Principal:
    authorization = request.headers.get("authorization")
    raw = authorization.encode("latin-1") if authorization is not None else None
    return await services_of(request).authenticator.authenticate(raw)


async def _owner(request: Request) -> UserId:
    owner: UserId = request.scope["tasklane.user"]
    return owner


Owner = Annotated[UserId, Depends(_owner)]
