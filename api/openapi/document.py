"""Puts the document together: FastAPI's reading of the routes, the table of operations, the components."""

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from api.openapi.operations import Operation, operations
from api.openapi.parameters import PARAMETERS
from api.openapi.problems import FAILED_BATCH, PROBLEMS, RESPONSES
from api.openapi.responses import HEADERS, header_references
from api.openapi.schemas import schemas
from core.tasks.answers import Shape

DESCRIPTION = """\
Every path also answers with a trailing slash, and everything under `/api/tasks` also under `/api/{user_id}/tasks`, for
pages that name the user: `user_id` must be the token's, else the answer is 404.

Instants are RFC 3339 in UTC. Members of a body that are not known are named in `Tasklane-Ignored`; a parameter of a
list that is not known is 422. `HEAD` works wherever `GET` does; another method that a path does not take is 405 with
`Allow`. Every error is a problem document (RFC 9457) whose `detail` can be shown as it is.

Filters of a list are all applied. Of two parameters for one thing the plainer counts: `completed` before `status`,
`sort` before `sort_by`, `order` before `sort_order` and before a `-`, `cursor` before `offset`, that
before `skip` and `page`.
"""
TAGS = [
    {"name": "tasks", "description": "The caller's tasks and their trash."},
    {"name": "account", "description": "All that is stored of the caller."},
    {"name": "health", "description": "For the orchestrator."},
]
SERVERS = [{"url": "/", "description": "Where this document came from."}]
SECURITY_SCHEMES = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": (
            "The token of the auth server, whose `sub` is the user; or a personal access token (`tl_…`), which is good "
            "for tasks within its scopes, and for nothing under `/api/account`."
        ),
    }
}


def install(app: FastAPI, *, shape: Shape, deletes: int) -> None:
    """Let `app` serve the complete document, made when it is first asked for."""

    def openapi() -> dict[str, Any]:
        app.openapi_schema = app.openapi_schema or document(app, shape=shape, deletes=deletes)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # the place that FastAPI has for it


def document(app: FastAPI, *, shape: Shape, deletes: int = 204) -> dict[str, Any]:
    """The document of these routes, with lists of this shape and deletions that are answered so."""
    made = get_openapi(
        title=app.title,
        version=app.version,
        summary=app.summary,
        description=DESCRIPTION,
        routes=app.routes,
        tags=TAGS,
        servers=SERVERS,
        license_info={"name": "MIT", "identifier": "MIT"},
    )
    table = operations(shape, deletes)
    for path, item in made["paths"].items():
        for method, operation in item.items():
            item[method] = _complete(operation, table[operation["operationId"]], path=path, method=method)
    made["components"] = {
        "schemas": schemas(shape),
        "parameters": PARAMETERS,
        "headers": HEADERS,
        "responses": RESPONSES,
        "securitySchemes": SECURITY_SCHEMES,
    }
    return made


def _complete(made: dict[str, Any], operation: Operation, *, path: str, method: str) -> dict[str, Any]:
    """Keep what FastAPI has read (id, tags, description) and say the rest."""
    owned = path.startswith("/api/")
    parameters = ["task_id"] * ("{task_id}" in path) + [*operation.parameters, "X-Request-ID"]
    headers = (*operation.headers, *(("RateLimit", "RateLimit-Policy") if owned else ()))
    success = {"description": operation.says, "headers": header_references(*headers)}
    success |= {name: value for name, value in (("content", operation.content), ("links", operation.links)) if value}
    responses: dict[int, Any] = {operation.status: success}
    for status, answer in operation.also.items():
        responses[status] = {**answer, "headers": header_references(*headers)}
    if "If-None-Match" in operation.parameters:
        responses[304] = {"description": "The client has it already.", "headers": header_references(*headers)}
    for status in _problems(operation, path=path, method=method):
        responses[status] = {"$ref": f"#/components/responses/{PROBLEMS[status]}"}
    if operation.may_fail_as_a_batch:
        responses |= {status: {"$ref": f"#/components/responses/{name}"} for status, name in FAILED_BATCH.items()}
    body = {"requestBody": operation.body} if operation.body else {}
    return {
        "operationId": made["operationId"],
        "tags": made["tags"],
        "summary": operation.summary,
        "description": made["description"],
        "security": [{"bearer": []}] if owned else [],
        "parameters": [{"$ref": f"#/components/parameters/{name}"} for name in parameters],
        **body,
        "responses": {str(status): responses[status] for status in sorted(responses)},
    }


def _problems(operation: Operation, *, path: str, method: str) -> Iterator[int]:
    """What can go wrong with any operation of that kind."""
    yield from (405, 500)
    if path.startswith("/api/"):
        yield from (401, 403, 429, 503)
    if path == "/readyz":
        yield 503
    if "{" in path:
        yield from (404, 422)
    if set(operation.parameters) - {"If-None-Match", "If-Match", "Unless-Match"}:
        yield 422
    if "Idempotency-Key" in operation.parameters:
        yield 409
    if operation.may_be_gone:
        yield 410
    if "If-Match" in operation.parameters:
        yield 412
    if method not in ("get", "delete"):
        yield from (408, 413, 415, 422)
