"""Every error as `application/problem+json` (RFC 9457). This is the only place that knows an error's HTTP status.

`detail` is always a sentence that a page can show as it is, and never repeats what the client sent.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import singledispatch
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, Response
from starlette.routing import Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http.sentences import sentence_of
from core import errors
from core.errors import Fault

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER = {"retry-after": "2"}
NOTHING_HERE = "There is no such thing here."
TYPE = "urn:tasklane:problem:"
CLIENT_LEFT = 499
"""nginx's number for a client that did not wait for the answer."""

QUOTA_EXCEEDED = "https://iana.org/assignments/http-problem-types#quota-exceeded"


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem document and the headers that go with it; `about:blank` says that the status tells all there is."""

    status: HTTPStatus
    detail: str
    type: str = "about:blank"
    headers: Mapping[str, str] = field(default_factory=dict)
    members: Mapping[str, Any] = field(default_factory=dict)

    @property
    def document(self) -> dict[str, Any]:
        told = {"detail": self.detail, "message": self.detail}  # most pages read one of these
        title = _TITLES.get(self.status, self.status.phrase)
        return {"type": self.type, "title": title, "status": self.status.value, **told, **self.members}

    def response(self) -> Response:
        return JSONResponse(self.document, self.status, {"cache-control": "no-store", **self.headers}, MEDIA_TYPE)


# As RFC 9110 has them; Python's own names for these changed with 3.13.
_TITLES = {
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "Content Too Large",
    HTTPStatus.UNPROCESSABLE_ENTITY: "Unprocessable Content",
}


@singledispatch
def problem_of(_error: Exception) -> Problem:
    """The problem for anything that can be raised; what is not ours says nothing of the inside."""
    return Problem(HTTPStatus.INTERNAL_SERVER_ERROR, "Something went wrong on our side.")


@problem_of.register
def _(_error: errors.InvalidToken) -> Problem:
    headers = {"www-authenticate": 'Bearer error="invalid_token"'}
    return Problem(HTTPStatus.UNAUTHORIZED, "A valid bearer token is needed.", headers=headers)


@problem_of.register
def _(error: errors.InsufficientScope) -> Problem:
    needed = f', scope="{error.needed}"' if error.needed else ""
    why = f"This access token lacks the scope {error.needed}." if needed else "No access token is good for this."
    headers = {"www-authenticate": f'Bearer error="insufficient_scope"{needed}'}  # RFC 6750, section 3.1
    return Problem(HTTPStatus.FORBIDDEN, why, TYPE + "insufficient-scope", headers)


@problem_of.register
def _(_error: errors.NotFound) -> Problem:
    return Problem(HTTPStatus.NOT_FOUND, NOTHING_HERE)


@problem_of.register
def _(_error: errors.Resynchronise) -> Problem:
    detail = "What has changed since then cannot be told any more. Begin anew, without `since`."
    return Problem(HTTPStatus.GONE, detail, TYPE + "resynchronise")


@problem_of.register
def _(error: errors.PreconditionFailed) -> Problem:
    what = "has changed since you read it: read it again" if error.changed else "is as you do not want it to be"
    detail = f"The task {what}."
    return Problem(HTTPStatus.PRECONDITION_FAILED, detail, headers={"etag": error.etag})


@problem_of.register
def _(error: errors.UnsupportedMediaType) -> Problem:
    *first, last = error.types
    detail = f"Send the body as {', '.join(first)} or {last}."
    return Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, detail, headers={"accept": ", ".join(error.types)})


@problem_of.register
def _(error: errors.InvalidInput) -> Problem:
    return _invalid(error.faults)


@problem_of.register
def _(error: RequestValidationError) -> Problem:
    return _invalid(faults_of(error.errors()))


@problem_of.register
def _(_error: errors.StillRunning) -> Problem:
    detail = "A request with this Idempotency-Key is still being worked on. Try again soon."
    return Problem(HTTPStatus.CONFLICT, detail, TYPE + "still-running", RETRY_AFTER)


@problem_of.register
def _(_error: errors.KeyReused) -> Problem:
    detail = "This Idempotency-Key was used for something else before. Take a new one."
    return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, detail, TYPE + "key-reused")


@problem_of.register
def _(error: errors.TooManyTasks) -> Problem:
    detail = f"You would have more than {error.limit} tasks, which is all that one may have. Those in the trash count."
    return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, detail, TYPE + "too-many-tasks")


@problem_of.register
def _(error: errors.TooManyTokens) -> Problem:
    detail = f"You have {error.limit} access tokens, which is all that one may have. Revoke one first."
    return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, detail, TYPE + "too-many-tokens")


@problem_of.register
def _(error: errors.RateLimited) -> Problem:
    detail = f"Too many requests at once. Try again in {error.retry_after} s."
    headers = {"retry-after": str(error.retry_after), **error.headers}
    members = {"violated-policies": [error.policy]}
    return Problem(HTTPStatus.TOO_MANY_REQUESTS, detail, QUOTA_EXCEEDED, headers, members)


@problem_of.register
def _(_error: errors.TooManyStreams) -> Problem:
    detail = "You have as many event streams open as may be. Close one first."
    members = {"violated-policies": ["streams"]}
    return Problem(HTTPStatus.TOO_MANY_REQUESTS, detail, QUOTA_EXCEEDED, RETRY_AFTER, members)


@problem_of.register
def _(error: errors.BatchFailed) -> Problem:
    failed = [problem_of(outcome) for outcome in error.outcomes if outcome]
    results = [_not_applied(outcome) for outcome in error.outcomes]
    detail = f"{len(failed)} of {len(results)} operations failed, so none was applied."
    # What was sent is wrong, or it is right and does not fit the tasks as they are.
    malformed = any(problem.status is HTTPStatus.UNPROCESSABLE_ENTITY for problem in failed)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if malformed else HTTPStatus.CONFLICT
    return Problem(status, detail, TYPE + "batch-failed", members={"atomic": True, "results": results})


@problem_of.register(errors.DatabaseUnavailable)
@problem_of.register(errors.AuthUnavailable)
@problem_of.register(errors.TooBusy)
def _(_error: errors.TasklaneError) -> Problem:
    detail = "The service cannot answer right now; nothing was changed. Try again soon."
    return Problem(HTTPStatus.SERVICE_UNAVAILABLE, detail, headers=RETRY_AFTER)


@problem_of.register
def _(_error: errors.TooSlow) -> Problem:
    detail = "The body did not come in time; nothing was changed."
    return Problem(HTTPStatus.REQUEST_TIMEOUT, detail, headers={"connection": "close"})


@problem_of.register
def _(error: errors.NotReady) -> Problem:
    detail = "The service is not ready."
    return Problem(HTTPStatus.SERVICE_UNAVAILABLE, detail, headers=RETRY_AFTER, members={"reason": str(error)})


@problem_of.register
def _(_error: errors.OutcomeUnknown) -> Problem:
    detail = "The database's answer was lost: the change was made, or not at all. Look before you try again."
    return Problem(HTTPStatus.SERVICE_UNAVAILABLE, detail, TYPE + "outcome-unknown", RETRY_AFTER)


@problem_of.register
def _(error: HTTPException) -> Problem:
    status = HTTPStatus(error.status_code)
    return Problem(status, _FRAMEWORK.get(status, f"{status.phrase}."), headers=error.headers or {})


class TooLarge:
    """An announced excess as a problem: the framework's limit answers it past all handlers, in plain text."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        replaced = False

        async def send_problem(message: Message) -> None:
            nonlocal replaced
            if message["type"] == "http.response.start" and message["status"] == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
                replaced = True
                await problem_of(HTTPException(message["status"])).response()(scope, receive, send)
            elif not replaced:
                await send(message)

        await self._app(scope, receive, send_problem)


def as_asked(headers: list[tuple[bytes, bytes]], scope: Scope) -> list[tuple[bytes, bytes]]:
    """Of an error: plain JSON for a client that names that in `Accept`, and problems not."""
    accepted = b",".join(value for name, value in scope["headers"] if name == b"accept").lower()
    if b"application/json" not in accepted or MEDIA_TYPE.encode() in accepted:
        return headers
    return [(name, b"application/json" if value == MEDIA_TYPE.encode() else value) for name, value in headers]


def install(app: FastAPI) -> None:
    """Let every error of `app`, the framework's own included, leave as a problem."""

    async def handle(request: Request, error: Exception) -> Response:
        if isinstance(error, HTTPException) and error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            error.headers = {"allow": ", ".join(_allowed(request))}
        return problem_of(error).response()

    for kind in (errors.TasklaneError, RequestValidationError, HTTPException, Exception):
        app.add_exception_handler(kind, handle)
    app.add_exception_handler(ClientDisconnect, _nobody_is_there)


async def _nobody_is_there(_request: Request, _error: Exception) -> Response:
    """A client that left within its body; without this the framework would make it an error of ours."""
    return Response(status_code=CLIENT_LEFT)


def faults_of(found: Sequence[Any], *, below: str = "#") -> list[Fault]:
    """Pydantic's errors as JSON pointers (RFC 6901) and sentences."""
    return [_fault(item, below) for item in found]


_FRAMEWORK = {
    HTTPStatus.FORBIDDEN: "Pages of that origin may not call this; CORS_ORIGINS names those that may.",
    HTTPStatus.NOT_FOUND: NOTHING_HERE,
    HTTPStatus.METHOD_NOT_ALLOWED: "This path does not take that method.",
    HTTPStatus.REQUEST_TIMEOUT: "The request took too long.",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "The body is too large.",
    HTTPStatus.MISDIRECTED_REQUEST: "The service has no such name; MCP_HOSTS gives it more.",
}


def _allowed(request: Request) -> list[str]:
    """All methods of the path: the framework names those of the first route that fits it only."""
    methods = ("GET", "POST", "PUT", "PATCH", "DELETE")
    routes = request.app.router.routes
    allowed = [
        method
        for method in methods
        if any(route.matches({**request.scope, "method": method})[0] is Match.FULL for route in routes)
    ]
    return ["HEAD", *allowed] if "GET" in allowed else allowed


def _not_applied(outcome: errors.TasklaneError | None) -> dict[str, Any]:
    if outcome is None:
        detail = "Another operation of the batch failed, so this one was not applied."
        problem = Problem(HTTPStatus.FAILED_DEPENDENCY, detail)
    else:
        problem = problem_of(outcome)
    return {"status": problem.status.value, "problem": problem.document}


def _invalid(faults: Sequence[Fault]) -> Problem:
    more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
    return Problem(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        f"{_named(faults[0].pointer)} {faults[0].detail}{more}.",
        TYPE + "invalid-input",
        members={"errors": [{"pointer": fault.pointer, "detail": fault.detail} for fault in faults]},
    )


def _named(pointer: str) -> str:
    """As a sentence begins: `#/title` is `title`, the whole document `The body`."""
    if pointer == "#":
        return "The body"
    return pointer.removeprefix("#/").removeprefix("?") or "The query"


def _fault(item: Mapping[str, Any], below: str) -> Fault:
    steps = [str(step).replace("~", "~0").replace("/", "~1") for step in item["loc"] if step != "body"]
    return Fault("/".join((below, *steps)), sentence_of(item["type"], item.get("ctx", {}), item["msg"]))
