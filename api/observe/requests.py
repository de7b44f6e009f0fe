"""Metrics and request ids; one log line for a failed or slow request, none for a healthy one: the gateway has those."""

import itertools
import re
import secrets
import time
from urllib.parse import unquote

import structlog
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http.problems import CLIENT_LEFT, as_asked, problem_of
from api.observe.metrics import Metrics
from core.cache.answer import Header
from core.logs import frames, user_hash
from core.types import UserId

log = structlog.get_logger()

CLIENT_ERROR = 400
SERVER_ERROR = 500

FOLLOW = "tasklane.follow"
"""In the scope: goes on with an answer that was begun. What lasts for hours does so without the layers in between:
they take more memory than all else that a stream needs.
"""

STREAMED_FROM = "tasklane.streamed_from"
"""And the moment at which that was: an answer without an end is none that was slow."""

SECURITY: tuple[Header, ...] = ((b"x-content-type-options", b"nosniff"), (b"x-frame-options", b"DENY"))
"""Of every answer, whatever stands in front."""

_SLASH = b"%2f"
_PROCESS = secrets.token_hex(6).encode()
_numbers = itertools.count(1)
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_OF_LAYERS = ("fastapi", "starlette", "app", "endpoint", "route", "path_params")
_FIXED = frozenset({"/livez", "/readyz", "/metrics", "/docs", "/openapi.json"})
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND", "PROPPATCH", "REPORT"})


class Recorder:
    """Metrics of every request, and a log line for a failed or slow one."""

    def __init__(self, metrics: Metrics, *, slow: float) -> None:
        self._requests = metrics.requests
        self._slow = slow

    def record(self, scope: Scope, status: int, seconds: float, **crash: object) -> None:
        path, method = scope["path"], scope["method"]
        route = scope.get("tasklane.route") or (path if path in _FIXED else "unknown")
        method = method if method in _METHODS else "other"
        self._requests.observe(route, method, status, seconds)
        if status >= SERVER_ERROR or seconds >= self._slow:
            user, identity = scope.get("tasklane.user"), scope["tasklane.request_id"]
            _log(route, method, status, seconds, user=user, identity=identity, **crash)

    def record_hit(
        self, route: str, method: str, status: int, seconds: float, *, user: UserId, identity: bytes
    ) -> None:
        """The same for what was answered without a scope."""
        self._requests.observe(route, method, status, seconds)
        if seconds >= self._slow:
            _log(route, method, status, seconds, user=user, identity=identity)


class Observe:
    """A request id in and out, and the last resort for what goes wrong beneath.

    Also drops a trailing slash from the path (every path answers with and without), and the body of a HEAD.
    """

    def __init__(self, app: ASGIApp, recorder: Recorder) -> None:
        self._app = app
        self._recorder = recorder

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        scope["tasklane.request_id"] = identity = request_id(scope)
        scope["tasklane.head"] = False
        # The server's, where it is uvicorn: a stream whose reader does not read must be able to let go of it.
        scope["tasklane.transport"] = getattr(getattr(send, "__self__", None), "transport", None)
        inner = scope
        scope["path"] = _path(scope)
        if head := scope["method"] == "HEAD":
            inner = {**scope, "method": "GET", "tasklane.head": True}
        status = 0
        crash: dict[str, object] = {}

        async def observed_send(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = [*message.get("headers", ()), (b"x-request-id", identity), *SECURITY]
                message["headers"] = as_asked(headers, scope) if status >= CLIENT_ERROR else headers
            elif head:
                message = {**message, "body": b""}
            await send(message)

        try:
            await self._app(inner, receive, observed_send)
            await _follow(inner, receive, send)
        except ClientDisconnect:
            status = status or CLIENT_LEFT
        except Exception as error:  # noqa: BLE001  # the last resort: the client gets a problem, the log the place
            crash = {"error": type(error).__name__, "frames": frames(error)}  # its message may quote a row
            if not status:
                await problem_of(error).response()(inner, receive, observed_send)
        inner["method"] = scope["method"]
        answered = inner.get(STREAMED_FROM) or time.perf_counter()
        self._recorder.record(inner, status, answered - started, **crash)


def _path(scope: Scope) -> str:
    """Without a slash at its end; what the framework would take for another path stays as it was sent.

    That is a slash within a step, for a user's id may have one, and the end of a line, before which a pattern ends.
    """
    path: str = scope["path"]
    if _SLASH in scope.get("raw_path", b"").lower():
        steps = scope["raw_path"].decode("ascii").replace("%2f", "%2F").replace("%2F", "%252F").split("/")
        path = "/".join(map(unquote, steps))
    return (path.removesuffix("/") or path).replace("\n", "%0A")


async def _follow(scope: Scope, receive: Receive, send: Send) -> None:
    if (follow := scope.pop(FOLLOW, None)) is None:
        return
    for name in [name for name in scope if name.startswith(_OF_LAYERS)]:
        del scope[name]
    await follow(receive, send)


def _log(
    route: str, method: str, status: int, seconds: float, *, user: UserId | None, identity: bytes, **crash: object
) -> None:
    log.warning(
        "request_failed" if status >= SERVER_ERROR else "request_slow",
        request_id=identity.decode(),
        route=route,
        method=method,
        status=status,
        milliseconds=round(seconds * 1000, 1),
        user=user and user_hash(user),
        **crash,
    )


def request_id(scope: Scope) -> bytes:
    """The client's, where it is harmless to repeat and to log; else a new one."""
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _REQUEST_ID.fullmatch(value):
            return bytes(value)
    return new_request_id()


def new_request_id() -> bytes:
    """Unique among all processes: drawn at the start of this one, and counted."""
    return b"%s-%x" % (_PROCESS, next(_numbers))
