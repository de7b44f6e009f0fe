"""What every route of a user's own things goes through before its handler runs."""

from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from typing import Annotated, Any

import structlog
from fastapi import Depends, Request
from fastapi.routing import APIRoute
from starlette.responses import Response

from api.auth import Principal
from api.http import unknown
from api.http.bodies import JsonRequest
from api.services import Services, services_of
from core.errors import NotFound, TooBusy
from core.limits import Kind
from core.types import UserId

Handler = Callable[[Request], Coroutine[Any, Any, Response]]

_WITHOUT_BODY = frozenset({"GET", "DELETE"})


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
            # Not taken back afterwards: the server runs each request in a context of its own.
            structlog.contextvars.bind_contextvars(request_id=scope["tasklane.request_id"].decode())
            principal = await _authenticate(request)
            scope["tasklane.user"] = owner = principal.user_id
            scope["tasklane.expires_at"] = principal.expires_at
            named = request.path_params.get("user_id", owner)
            if owner not in (named, named.replace("%2F", "/")):
                raise NotFound
            kind: Kind = "reads" if request.method == "GET" else "writes"
            headers = await services_of(request).limiter.spend(owner, kind)
            services = services_of(request)
            async with self.room(services):
                ignored = unknown.begin(refused=services.settings.unknown_members == "refuse")
                if request.method not in _WITHOUT_BODY:
                    request = JsonRequest(scope, request.receive)
                    await request.read()
                response = await handle(request)
            response.headers.update(headers)
            if ignored.names:
                response.headers[unknown.HEADER] = ignored.header
            return response

        return guarded

    def room(self, services: Services) -> AbstractAsyncContextManager[None]:  # noqa: ARG002  # not every route asks
        """For as long as the body is in memory."""
        return nullcontext()


class LargeBodyRoute(OwnersRoute):
    """For bodies that take much memory: as many at a time as the process can hold; raises `TooBusy` beyond that."""

    @asynccontextmanager
    async def room(self, services: Services) -> AsyncIterator[None]:
        if services.large_bodies.locked():
            raise TooBusy
        async with services.large_bodies:
            yield


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
