"""The problems as responses; the examples are what the service itself makes of each error."""

from typing import Any

from starlette.exceptions import HTTPException

from api.http.bodies.read import JSON_TYPES
from api.http.problems import MEDIA_TYPE, Problem, problem_of
from api.openapi.examples import etag
from api.openapi.responses import header_references
from core import errors
from core.errors import Fault

Document = dict[str, Any]

PROBLEMS = {
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    405: "MethodNotAllowed",
    408: "RequestTimeout",
    409: "Conflict",
    410: "Resynchronise",
    412: "PreconditionFailed",
    413: "ContentTooLarge",
    415: "UnsupportedMediaType",
    422: "Invalid",
    429: "TooManyRequests",
    500: "ServerError",
    503: "Unavailable",
}
"""Names of the components, by status."""

FAILED_BATCH = {409: "ConflictOrFailedBatch", 422: "InvalidOrFailedBatch"}
"""Where a batch has more to say."""


def _response(description: str, *headers: str, schema: str = "Problem", **examples: Exception | Problem) -> Document:
    documents = {
        name: {"value": (made if isinstance(made, Problem) else problem_of(made)).document}
        for name, made in examples.items()
    }
    return {
        "description": description,
        "headers": header_references(*headers, "Cache-Control"),
        "content": {MEDIA_TYPE: {"schema": {"$ref": f"#/components/schemas/{schema}"}, "examples": documents}},
    }


_INVALID = errors.InvalidInput(
    Fault("#/title", "must have at least 1 character"), Fault("?limit", "must be an integer from 1 to 1000")
)
_MISSING = errors.BatchFailed([None, errors.NotFound()])
_MALFORMED = errors.BatchFailed([None, errors.InvalidInput(Fault("#/operations/1/task/title", "is missing"))])

RESPONSES: dict[str, Document] = {
    "Unauthorized": _response(
        "There is no token, or it proves nothing.", "WWW-Authenticate", unauthorized=errors.InvalidToken()
    ),
    "Forbidden": _response(
        "A personal access token is not good for this.",
        "WWW-Authenticate",
        scope=errors.InsufficientScope("tasks:write"),
        session=errors.InsufficientScope(None),
    ),
    "NotFound": _response(
        "There is no such task, or token: it never was, it was deleted, or it is someone else's.",
        not_found=errors.NotFound(),
    ),
    "MethodNotAllowed": _response(
        "The path does not take that method.", "Allow", method_not_allowed=HTTPException(405, headers={})
    ),
    "RequestTimeout": _response("The body did not come in time.", too_slow=errors.TooSlow()),
    "Conflict": _response(
        "A request with this `Idempotency-Key` is still being worked on.",
        "Retry-After",
        still_running=errors.StillRunning(),
    ),
    "ConflictOrFailedBatch": _response(
        "One of the tasks is not there or has changed, so nothing was applied; or the key is still being worked on.",
        schema="FailedBatch",
        failed=_MISSING,
        still_running=errors.StillRunning(),
    ),
    "Resynchronise": _response(
        "The `since` is too old, of another user, or of what a failover has lost: begin anew, without it.",
        resynchronise=errors.Resynchronise(),
    ),
    "PreconditionFailed": _response(
        "The task is not what the client has seen.", "ETag", changed=errors.PreconditionFailed(etag(8))
    ),
    "ContentTooLarge": _response("The body is too large.", too_large=HTTPException(413)),
    "UnsupportedMediaType": _response(
        "The body is declared as something else.", "Accept", not_json=errors.UnsupportedMediaType(JSON_TYPES)
    ),
    "Invalid": _response(
        "Something in the request cannot be accepted, the `Idempotency-Key` was used for something else, or there are "
        "as many tasks, or tokens, as one may have.",
        invalid=_INVALID,
        too_many=errors.TooManyTasks(100_000),
        too_many_tokens=errors.TooManyTokens(100),
        key_reused=errors.KeyReused(),
    ),
    "InvalidOrFailedBatch": _response(
        "Something in the request, or in an operation of an atomic batch, cannot be accepted.",
        schema="FailedBatch",
        failed=_MALFORMED,
        invalid=_INVALID,
        key_reused=errors.KeyReused(),
    ),
    "TooManyRequests": _response(
        "The quota is used up, or a user has as many streams open as may be.",
        "Retry-After",
        "RateLimit",
        "RateLimit-Policy",
        schema="ExceededQuota",
        exceeded=errors.RateLimited("writes", 2, {}),
    ),
    "ServerError": _response("Something went wrong on the service's side.", server_error=Exception()),
    "Unavailable": _response(
        "The service cannot answer right now.",
        "Retry-After",
        unavailable=errors.DatabaseUnavailable(),
        outcome_unknown=errors.OutcomeUnknown(),
    ),
}
