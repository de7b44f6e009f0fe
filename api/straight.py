"""The straight way to the handlers of tasks: what the framework would do for a plain request, without its layers.

The routes are FastAPI's, declared once and documented from there; what a handler takes is read from them at the start.
A request that is plain in every respect (a known path, a body of a known length and type) goes from here to its guard.
Every other one goes on to the framework, which alone answers what names nothing, is too large, or is of another type.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from api.guard import Handler, OwnersRoute
from api.http.aliases import BY_USER, TASKS
from api.http.problems import problem_of
from core.errors import TasklaneError

_BESIDE = "account"
"""What stands under `/api` beside the tasks: no user's name here."""

_TASK = "{task_id}"
_ID_DIGITS = 18
"""What is longer may still be an id: the framework's way finds out."""

_JSON = frozenset({b"application/json", b"application/json; charset=utf-8", b"application/merge-patch+json"})

_STREAMED = frozenset({"exportTasks"})
"""What goes wrong in the middle of an answer is the framework's affair."""


@dataclass(frozen=True, slots=True)
class Way:
    """A route's handler behind its guard."""

    handle: Handler
    needs_body: bool


class Straight:
    """Answers what is plain; `app` is asked for everything else."""

    def __init__(self, app: ASGIApp, *, framework: FastAPI, router: APIRouter, limit: int) -> None:
        self._app = app
        self._framework = framework
        self._limit = limit
        self._ways = _ways(router)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        way = self.find(scope) if scope["type"] == "http" else None
        if way is None:
            await self._app(scope, receive, send)
            return
        scope["app"] = self._framework
        try:
            response = await way.handle(Request(scope, receive, send))
        except (TasklaneError, RequestValidationError, HTTPException) as error:
            response = problem_of(error).response()
        except ClientDisconnect:  # nobody is there to be told; whoever records it outside knows it
            raise
        except Exception as error:
            # Here, because whoever records it outside sends no headers of CORS.
            await problem_of(error).response()(scope, receive, send)
            raise
        await response(scope, receive, send)

    def find(self, scope: Scope) -> Way | None:
        """The way of a plain request; then the scope has the parameters of its path, and its template."""
        if (named := _named(scope["path"])) is None or scope.get("root_path"):
            return None
        prefix, rest, parameters = named
        way = self._ways.get((scope["method"], rest))
        if way is None or not _is_plain(scope, self._limit, needs_body=way.needs_body):
            return None
        scope["path_params"] = parameters
        scope["tasklane.route"] = prefix + rest
        return way


def _named(path: str) -> tuple[str, str, dict[str, str]] | None:
    """Prefix and rest of the template, and what its parameters are; None for what may be of another kind."""
    if not path.startswith("/api/"):
        return None
    steps = path.split("/")[2:]
    parameters: dict[str, str] = {}
    if steps[0] == "tasks":
        prefix, rest = TASKS, steps[1:]
    elif len(steps) > 1 and steps[1] == "tasks" and steps[0] not in ("", _BESIDE):
        prefix, rest = BY_USER, steps[2:]
        parameters["user_id"] = steps[0]
    else:
        return None
    if rest and rest[0] == _TASK:  # not a task, but somebody who sends the template
        return None
    if rest and _is_id(rest[0]):
        parameters["task_id"], rest[0] = rest[0], _TASK
    return prefix, "".join(f"/{step}" for step in rest), parameters


def _is_id(step: str) -> bool:
    return step.isascii() and step.isdigit() and step[0] != "0" and len(step) <= _ID_DIGITS


def _is_plain(scope: Scope, limit: int, *, needs_body: bool) -> bool:
    """Whether the body, if there is one, is announced, not too large, and of a usual type."""
    length, types = -1, 0
    for name, value in scope["headers"]:
        if name == b"content-length":
            if length >= 0 or not value.isdigit():
                return False
            length = int(value)
        elif name == b"content-type":
            types += 1
            if types > 1 or value not in _JSON:
                return False
        elif name == b"transfer-encoding":
            return False
    return length <= limit and (types == 1 if length > 0 else not needs_body)


def _ways(router: APIRouter) -> dict[tuple[str, str], Way]:
    """By method and template, of all routes whose handlers ask for nothing but what can be given here."""
    ways = {}
    for route in router.routes:
        if type(route) is OwnersRoute and route.operation_id not in _STREAMED and (handle := _direct(route)):
            fields = route.dependant.body_params
            way = Way(route.guarded(handle), any(field.field_info.is_required() for field in fields))
            template = route.path.replace("{task_id:task}", _TASK)
            ways.update(dict.fromkeys(((method, template) for method in route.methods or ()), way))
    return ways


def _direct(route: OwnersRoute) -> Handler | None:
    """Calls the route's function as the framework does; None when it asks for more than is known here."""
    asked = route.dependant
    function: Callable[..., Awaitable[Response]] = route.endpoint
    parts = {str(part.name): found for part in asked.dependencies if (found := _part(part))}
    others = (asked.path_params, asked.query_params, asked.header_params, asked.cookie_params)
    if any(others) or len(parts) < len(asked.dependencies) or asked.body_params not in ([], [route.body_field]):
        return None

    async def handle(request: Request) -> Response:
        arguments = {name: await part(request) for name, part in parts.items()}
        if asked.request_param_name:
            arguments[asked.request_param_name] = request
        for field in asked.body_params:
            if await request.body():
                arguments[field.name], errors = field.validate(await request.json(), {}, loc=("body",))
                if errors:
                    raise RequestValidationError(errors)
        return await function(**arguments)

    return handle


def _part(asked: Dependant) -> Callable[[Request], Awaitable[Any]] | None:
    """What a dependency gives: an async function of the request alone, or of steps of the path alone."""
    call, path = asked.call, [field.name for field in asked.path_params]
    if call is None or asked.query_params or asked.header_params or asked.cookie_params or asked.dependencies:
        return None
    if asked.request_param_name:
        return call if not path and asked.request_param_name == "request" else None

    async def of_path(request: Request) -> Any:
        return await call(**{name: request.path_params[name] for name in path})

    return of_path
