"""The outermost layer: a request id in and out, metrics, one log line for a failed or slow request, none for others."""

import itertools
import re
import secrets
import time
from http import HTTPStatus

import structlog
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.metrics import Metrics
from api.problems import problem_of
from core.logs import frames, user_hash

log = structlog.get_logger()

CLIENT_LEFT = 499
"""nginx's number for a client that did not wait for the answer."""

_PROCESS = secrets.token_hex(6).encode()
_numbers = itertools.count(1)
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_FIXED = frozenset({"/livez", "/readyz", "/metrics", "/docs", "/openapi.json"})
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Observe:
    """Also drops a trailing slash from the path (every path answers with and without) and the body of a HEAD."""

    def __init__(self, app: ASGIApp, metrics: Metrics, *, slow: float) -> None:
        self._app = app
        self._metrics = metrics
        self._slow = slow

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        request_id = _request_id(scope)
        # Not taken back afterwards: the server runs each request in a context of its own.
        structlog.contextvars.bind_contextvars(request_id=request_id.decode())
        method = scope["method"]
        if scope["path"].endswith("/") and scope["path"] != "/":
            scope["path"] = scope["path"][:-1]
        if method == "HEAD":
            scope["method"] = "GET"
        status = 0

        async def observed_send(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), (b"x-request-id", request_id)]
            elif method == "HEAD":
                message = {**message, "body": b""}
            await send(message)

        try:
            await self._app(scope, receive, observed_send)
        except ClientDisconnect:
            status = status or CLIENT_LEFT
        except Exception as error:  # noqa: BLE001  # the last resort: the client gets a problem, the log the place
            log.error("request_crashed", error=type(error).__name__, frames=frames(error))  # noqa: TRY400
            if not status:
                await problem_of(error).response()(scope, receive, observed_send)
        self._record(scope, method, status, time.perf_counter() - started)

    def _record(self, scope: Scope, method: str, status: int, seconds: float) -> None:
        path = scope["path"]
        route = scope.get("tasklane.route") or (path if path in _FIXED else "unknown")
        method = method if method in _METHODS else "other"
        self._metrics.observe(route, method, status, seconds)
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR or seconds >= self._slow:
            user = scope.get("tasklane.user")
            log.warning(
                "request_failed" if status >= HTTPStatus.INTERNAL_SERVER_ERROR else "request_slow",
                route=route,
                method=method,
                status=status,
                milliseconds=round(seconds * 1000, 1),
                user=user and user_hash(user),
            )


def _request_id(scope: Scope) -> bytes:
    """The client's, where it is harmless to repeat and to log; else a new one."""
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _REQUEST_ID.fullmatch(value):
            return bytes(value)
    return b"%s-%x" % (_PROCESS, next(_numbers))
