"""The hot path: answers from the cache in pure ASGI, in front of the routes. No database, no thread, no framework.

Redis is asked in any case. An answer that this process has sent before is kept, so that Redis need say no more than
that nothing has changed: two short fields instead of the whole answer. That there are no changes the question itself
tells, as long as the list stands where it says: Redis need not have that answer.

It sends hits and 304s, nothing else. A token that is not remembered, a question that is not cached, a miss, a Redis
that is away: everything goes on to the routes, which are the only place where errors and misses are made.
"""

import time
from functools import partial
from typing import Protocol

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from api.auth import Authenticator, Principal
from api.hits.asked import Asked, asked, caller
from api.hits.direct import DirectHits
from api.hits.kept import Kept, KeptAnswers, as_response
from api.hits.known import MARK, Mark
from api.http.aliases import Aliases
from api.observe.metrics import Metrics
from api.observe.requests import SECURITY, Recorder, new_request_id, request_id
from core.cache.answer import Header, as_hit
from core.cache.fence import Fence
from core.cache.keys import OWN_FIELDS, field, question
from core.errors import RedisUnavailable
from core.tasks import answers
from core.tasks.questions.queries import Query
from core.types import UserId

KEPT_BYTES = 16 * 1024 * 1024

_COMMON: list[Header] = [
    (b"cache-control", b"private, no-cache"),
    (b"vary", b"Authorization"),
    (b"x-cache", b"hit"),
    *SECURITY,
]


class Questions(Protocol):
    """Those that have a body."""

    def may_be_one(self, scope: Scope) -> bool:
        """By the head alone."""

    async def read(self, scope: Scope, receive: Receive) -> tuple[Asked | None, Receive]:
        """What is asked, if it is a question that hits answer; and what receives the body once more."""


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
        direct: bool,
        aliases: Aliases,
        questions: Questions | None = None,
    ) -> None:
        self._app = app
        self._questions = questions
        self._aliases = aliases
        self._authenticator = authenticator
        self._fence = fence
        self._hits = metrics.hits
        self._recorder = recorder
        self._cors = cors
        self._shape: answers.Shape = shape
        self._kept = KeptAnswers(KEPT_BYTES)
        fence.on_forgetting(self._kept.clear)
        self.direct: DirectHits | None = None
        """Answers hits in front of this, for a protocol that finds it; None: nobody shall."""
        if direct:
            self.direct = DirectHits(
                authenticator=authenticator, fence=fence, kept=self._kept, metrics=metrics, recorder=recorder, cors=cors
            )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            self._aliases.resolve(scope)
        if _may_be_a_hit(scope):
            if await self._answered(scope, send):
                return
        elif self._questions is not None and self._questions.may_be_one(scope):
            question, receive = await self._questions.read(scope, receive)
            if question is not None and await self._answered(scope, send, question):
                return
        await self._app(scope, receive, send)

    async def _answered(self, scope: Scope, send: Send, wanted: Asked | None = None) -> bool:
        started = time.perf_counter()
        authorization, if_none_match, origin, identity = _headers(scope)
        if authorization is None:
            return False
        if wanted is None:
            principal = self._authenticator.remembered(authorization)
            wanted = asked(scope["path"], scope["query_string"], self._shape) if principal else None
        else:
            principal, if_none_match = self._authenticator.remembered_by_name(authorization), None
        if principal is None or wanted is None or (owner := caller(principal, wanted.named_user)) is None:
            return False
        try:
            hit = await self._hit(principal, wanted)
        except RedisUnavailable:
            return False
        if hit is None:
            return False
        scope["tasklane.route"] = wanted.route
        scope["tasklane.user"] = owner
        scope["tasklane.request_id"] = identity = identity or new_request_id()
        if origin is not None:
            send = partial(self._cors.send, send=send, request_headers=Headers(scope=scope))
        self._hits.inc()
        status, headers, body = as_response(hit, identity, if_none_match)
        scope[MARK] = Mark(authorization, wanted, if_none_match, origin)
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})
        self._recorder.record(scope, status, time.perf_counter() - started)
        return True

    async def _hit(self, principal: Principal, wanted: Asked) -> Kept | None:
        """From this process if Redis says that it still holds, else from Redis; and if that proves the token, too."""
        owner = principal.user_id
        kept = self._kept.get((owner, wanted.kept_as))
        if kept is not None and principal.is_good_under(kept.lease, kept.fence):
            lease, fence = await self._fence.look(owner, kept.question)
            if kept.is_hit(lease, fence):
                return kept
            self._kept.drop((owner, wanted.kept_as))
        everything = question(owner, *OWN_FIELDS, field(wanted.variant))
        lease, fence, seen, value = await self._fence.look(owner, everything)
        if lease is None or fence is None or not self._fence.is_current(owner, lease):
            return None
        if not principal.is_good_under(lease, fence):
            return None
        if value is not None:
            hit = as_hit(value, fence, owner)
        else:
            hit = _unchanged(owner, wanted.query, fence) if seen == fence else None
        if hit is None:
            return None
        etag, headers, body, until = hit
        unchanged = question(owner, b"lease", b"fence")
        if (form := wanted.form) is None:
            kept = Kept(unchanged, lease, fence, until, etag, [(b"etag", etag), *_COMMON, *headers], body)
        elif (made := form.made_of(body)) is not None:
            kept = Kept(unchanged, lease, fence, until, b"", [*form.headers, *SECURITY], made, form.status, form.media)
        else:
            return None
        self._kept.put((owner, wanted.kept_as), kept)
        return kept


def _unchanged(owner: UserId, query: Query, fence: bytes) -> tuple[bytes, list[Header], bytes, None] | None:
    """As `as_hit`, of an answer that nobody need have stored, if the list stands where the question says."""
    answer = answers.unchanged(owner, query)
    if answer is None or fence != b"%d" % answer.revision:
        return None
    return answer.etag.encode(), [], answer.body, None


def _may_be_a_hit(scope: Scope) -> bool:
    """A slash within a step makes another path of it, which the decoded one does not tell."""
    if scope["type"] != "http" or scope["method"] != "GET":
        return False
    path = scope.get("raw_path", b"")
    return b"%2F" not in path and b"%2f" not in path


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
