"""The hot path: answers from the cache in pure ASGI, in front of the routes. No database, no thread, no framework.

It sends hits and 304s, nothing else. A token that is not remembered, a question that is not cached, a miss, a Redis
that is away: everything goes on to the routes, which are the only place where errors and misses are made.
"""

import re
from functools import lru_cache

from prometheus_client import Counter
from starlette.types import ASGIApp, Receive, Scope, Send

from api.auth import Authenticator
from api.conditional import is_not_modified
from api.metrics import Metrics
from core import answers
from core.answer import Header, as_hit
from core.errors import InvalidInput, RedisUnavailable
from core.fence import Fence
from core.queries import parse_path

MEMO_ENTRIES = 4096
MEMO_LENGTH = 512
"""Longer questions are rare, and the memo must stay small."""

_LIST = "/api/tasks"
_BY_USER = re.compile(r"/api/([^/]+)(/tasks(?:/.*)?)")
_NAMED = ("", "/trash", "/stats")
_COMMON: list[Header] = [
    (b"cache-control", b"private, no-cache"),
    (b"vary", b"Authorization"),
    (b"x-cache", b"hit"),
]
_JSON = (b"content-type", b"application/json")


class HotPath:
    """Leaves in `scope["tasklane.missed"]` that the cache was asked in vain, so that nobody asks again."""

    def __init__(
        self, app: ASGIApp, *, authenticator: Authenticator, fence: Fence, metrics: Metrics, shape: answers.Shape
    ) -> None:
        self._app = app
        self._authenticator = authenticator
        self._fence = fence
        self._hits: Counter = metrics.cache.labels("hit")
        self._shape: answers.Shape = shape

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "GET" or not await self._answered(scope, send):
            await self._app(scope, receive, send)

    async def _answered(self, scope: Scope, send: Send) -> bool:
        authorization = if_none_match = None
        for name, value in scope["headers"]:
            if name == b"authorization":
                authorization = authorization or value
            elif name == b"if-none-match":
                if_none_match = value if if_none_match is None else if_none_match + b", " + value
        if authorization is None or (principal := self._authenticator.remembered(authorization)) is None:
            return False
        path, query = scope["path"], scope["query_string"]
        if len(path) + len(query) > MEMO_LENGTH or (asked := _asked(path, query, self._shape)) is None:
            return False
        named_user, variant, route = asked
        owner = principal.user_id
        if named_user is not None and named_user != owner:
            return False
        try:
            fence, value = await self._fence.look(owner, variant)
        except RedisUnavailable:
            return False
        hit = as_hit(value, fence, owner) if value is not None and fence is not None else None
        if hit is None:
            scope["tasklane.missed"] = True
            return False
        scope["tasklane.route"] = route
        scope["tasklane.user"] = owner
        self._hits.inc()
        await _send(send, *hit, if_none_match)
        return True


async def _send(send: Send, etag: bytes, headers: list[Header], body: bytes, if_none_match: bytes | None) -> None:
    headers = [(b"etag", etag), *_COMMON, *headers]
    if if_none_match is not None and (
        if_none_match == etag or is_not_modified(if_none_match.decode("latin-1"), etag.decode())
    ):
        await send({"type": "http.response.start", "status": 304, "headers": headers})
        await send({"type": "http.response.body", "body": b""})
        return
    headers += (_JSON, (b"content-length", b"%d" % len(body)))
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


@lru_cache(MEMO_ENTRIES)
def _asked(path: str, query: bytes, shape: answers.Shape) -> tuple[str | None, str, str] | None:
    """The user that the path names, the variant, and the route's template; None for what is not answered here."""
    user, prefix = None, _LIST
    if path != _LIST and not path.startswith(_LIST + "/"):
        by_user = _BY_USER.fullmatch(path)
        if by_user is None:
            return None
        user, path, prefix = by_user[1], "/api" + by_user[2], "/api/{user_id}/tasks"
    try:
        asked = parse_path(path, query)
    except InvalidInput:
        return None
    rest = path.removeprefix(_LIST)
    return user, answers.variant(asked, shape=shape), prefix + (rest if rest in _NAMED else "/{task_id}")
