"""The hot path: answers from the cache in pure ASGI, in front of the routes. No database, no thread, no framework.

Redis is asked in any case. An answer that this process has sent before is kept, so that Redis need say no more than
that nothing has changed: two short fields instead of the whole answer.

It sends hits and 304s, nothing else. A token that is not remembered, a question that is not cached, a miss, a Redis
that is away: everything goes on to the routes, which are the only place where errors and misses are made.
"""

import re
import time
from functools import lru_cache, partial

from prometheus_client import Counter
from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from api.auth import Authenticator
from api.hits.kept import Kept, KeptAnswers
from api.http.conditional import is_not_modified
from api.observe.metrics import Metrics
from api.observe.requests import Recorder, new_request_id, request_id
from core.cache.answer import Header, as_hit
from core.cache.fence import Fence
from core.cache.keys import field, question
from core.errors import InvalidInput, RedisUnavailable
from core.tasks import answers
from core.tasks.parse import parse_path
from core.types import UserId

KEPT_BYTES = 16 * 1024 * 1024
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
    def __init__(
        self,
        app: ASGIApp,
        *,
        authenticator: Authenticator,
        fence: Fence,
        metrics: Metrics,
        recorder: Recorder,
        cors: CORSMiddleware,
        shape: answers.Shape,
    ) -> None:
        self._app = app
        self._authenticator = authenticator
        self._fence = fence
        self._hits: Counter = metrics.cache.labels("hit")
        self._recorder = recorder
        self._cors = cors
        self._shape: answers.Shape = shape
        self._kept = KeptAnswers(KEPT_BYTES)
        fence.on_forgetting(self._kept.clear)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "GET" or not await self._answered(scope, send):
            await self._app(scope, receive, send)

    async def _answered(self, scope: Scope, send: Send) -> bool:
        started = time.perf_counter()
        authorization, if_none_match, origin, identity = _headers(scope)
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
            hit = await self._hit(owner, variant)
        except RedisUnavailable:
            return False
        if hit is None:
            return False
        scope["tasklane.route"] = route
        scope["tasklane.user"] = owner
        scope["tasklane.request_id"] = identity = identity or new_request_id()
        if origin is not None:
            send = partial(self._cors.send, send=send, request_headers=Headers(scope=scope))
        self._hits.inc()
        status = await _send(send, hit, identity, if_none_match)
        self._recorder.record(scope, status, time.perf_counter() - started)
        return True

    async def _hit(self, owner: UserId, variant: str) -> Kept | None:
        """From this process if Redis says that it still holds, else from Redis."""
        asked = (owner, variant)
        kept = self._kept.get(asked)
        if kept is not None:
            lease, fence = await self._fence.look(owner, kept.question)
            if kept.is_hit(lease, fence):
                return kept
            self._kept.drop(asked)
        everything = question(owner, b"lease", b"fence", field(variant))
        lease, fence, value = await self._fence.look(owner, everything)
        if lease is None or fence is None or value is None or not self._fence.is_current(owner, lease):
            return None
        if (hit := as_hit(value, fence, owner)) is None:
            return None
        etag, headers, body, until = hit
        unchanged = question(owner, b"lease", b"fence")
        kept = Kept(unchanged, lease, fence, until, etag, [(b"etag", etag), *_COMMON, *headers], body)
        self._kept.put(asked, kept)
        return kept


def _headers(scope: Scope) -> tuple[bytes | None, bytes | None, bytes | None, bytes | None]:
    """Authorization, If-None-Match, Origin and the request's id, where they were sent."""
    authorization = if_none_match = origin = identity = None
    for name, value in scope["headers"]:
        if name == b"authorization":
            authorization = authorization or value
        elif name == b"if-none-match":
            if_none_match = value if if_none_match is None else if_none_match + b", " + value
        elif name == b"origin":
            origin = value
        elif name == b"x-request-id":
            identity = request_id(scope)
    return authorization, if_none_match, origin, identity


async def _send(send: Send, hit: Kept, identity: bytes, if_none_match: bytes | None) -> int:
    headers = [*hit.headers, (b"x-request-id", identity)]
    if if_none_match is not None and (
        if_none_match == hit.etag or is_not_modified(if_none_match.decode("latin-1"), hit.etag.decode())
    ):
        await send({"type": "http.response.start", "status": 304, "headers": headers})
        await send({"type": "http.response.body", "body": b""})
        return 304
    headers += (_JSON, (b"content-length", b"%d" % len(hit.body)))
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": hit.body})
    return 200


@lru_cache(MEMO_ENTRIES)
def _asked(path: str, query: bytes, shape: answers.Shape) -> tuple[str | None, str, str] | None:
    """The user that the path names, the variant, and the route's template; None for what is not answered here."""
    user, prefix = None, _LIST
    path = path.removesuffix("/")
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
