"""CORS for the requests that ask for it: a browser names its page's origin in every request to another one."""

import re
from http import HTTPStatus

import structlog
from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from api.http.problems import Problem

log = structlog.get_logger()

MOST_STRANGERS = 100
"""Origins that the log is told of by one process."""

_ORIGIN = re.compile(r"https?://[a-z0-9.-]{1,200}(?::[0-9]{1,5})?")
_strangers: set[str] = set()


class CorsWhereAsked(CORSMiddleware):
    """Starlette's, but for requests without `Origin`, which it would only give a `Vary: Origin`.

    What it refuses is a problem document.
    Nothing here may be kept by a shared cache (`private`) or used without asking again (`no-cache`), so no answer to a
    request without an origin is ever used for one with.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and any(name == b"origin" for name, _ in scope["headers"]):
            self._look_at(Headers(scope=scope))
            await super().__call__(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    def _look_at(self, headers: Headers) -> None:
        """Tell the log of a page from elsewhere, once: its author sees an error that does not say why."""
        origin = headers["origin"]
        if self.is_allowed_origin(origin) or origin in _strangers or len(_strangers) >= MOST_STRANGERS:
            return
        if _ORIGIN.fullmatch(origin) and origin.partition("://")[2] != headers.get("host"):
            _strangers.add(origin)
            log.warning("origin_refused", origin=origin, setting="CORS_ORIGINS")

    def preflight_response(self, request_headers: Headers) -> Response:
        answer = super().preflight_response(request_headers)
        if answer.status_code < HTTPStatus.BAD_REQUEST:
            return answer
        made = ("content-length", "content-type")
        headers = {name: value for name, value in answer.headers.items() if name not in made}
        return Problem(HTTPStatus.BAD_REQUEST, bytes(answer.body).decode() + ".", headers=headers).response()
