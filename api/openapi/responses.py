"""The headers of answers."""

from typing import Any

from api.openapi.examples import etag

Document = dict[str, Any]


def header_references(*names: str) -> Document:
    """By their names; every answer has a request id."""
    return {name: {"$ref": f"#/components/headers/{name}"} for name in (*names, "X-Request-ID")}


def _header(description: str, example: Any, *, required: bool = True, **schema: Any) -> Document:
    made = {"description": description, "schema": {"type": "string", **schema}, "example": example}
    return {**made, "required": True} if required else made


HEADERS: dict[str, Document] = {
    "Accept": _header("What is taken instead.", "application/json, application/merge-patch+json"),
    "Allow": _header("The methods that the path takes.", "HEAD, GET, POST", pattern="^[A-Z]+(, [A-Z]+)*$"),
    "Cache-Control": _header(
        "No shared cache keeps it; `no-transform`: and nobody compresses it on its way.",
        "private, no-cache",
        enum=["private, no-cache", "private, no-store", "private, no-store, no-transform", "no-store"],
    ),
    "Content-Disposition": _header(
        "The name of the file.", 'attachment; filename="tasks.json"', pattern='^attachment; filename="[^"]+"$'
    ),
    "ETag": _header("Strong; for `If-None-Match` and `If-Match`.", etag(7), pattern='^"[!#-~]+"$'),
    "Idempotent-Replayed": _header("Given before, for the same key.", "true", required=False, const="true"),
    "Link": _header(
        "The next page (RFC 8288), if there is one.",
        '</api/tasks?cursor=WzEsIjAwIiwxLDFd>; rel="next"',
        required=False,
        pattern='^</api/tasks[^>]*>; rel="next"$',
    ),
    "Location": _header("Where to look.", "/api/tasks/42", pattern="^/api/(tasks/[1-9][0-9]*|account)$"),
    "RateLimit": _header(
        "What is left of the quota, if there is one (draft-ietf-httpapi-ratelimit-headers).",
        '"reads";r=999;t=1',
        required=False,
        pattern='^"(reads|writes)";r=[0-9]+;t=[0-9]+$',
    ),
    "RateLimit-Policy": _header(
        "The quota, if there is one.",
        '"reads";q=1000;w=10',
        required=False,
        pattern='^"(reads|writes)";q=[0-9]+;w=[0-9]+$',
    ),
    "Retry-After": _header("Seconds to wait.", 2, type="integer", minimum=1),
    "Vary": _header("Other tokens see other things.", "Authorization", pattern="Authorization"),
    "WWW-Authenticate": _header("What is missing.", 'Bearer error="invalid_token"', pattern="^Bearer "),
    "X-Accel-Buffering": _header("Proxies pass each event on at once.", "no", const="no"),
    "X-Cache": _header("Where the answer came from.", "hit", enum=["hit", "miss", "bypass"]),
    "X-Request-ID": _header("The client's, or a new one.", "page-7f3a", pattern="^[A-Za-z0-9._-]{1,64}$"),
    "X-Total-Count": _header("How many tasks match, on all pages.", 1, type="integer", minimum=0),
}
