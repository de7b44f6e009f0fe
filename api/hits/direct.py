"""Hits without the framework: a request that is known by its bytes, answered with what is kept, if Redis says so.

Who asks, whether the answer still holds, and what is sent are judged by the same code as in the hot path.
"""

import contextlib
import time
from typing import Any, Protocol

import structlog
from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.types import Message

from api.auth import Authenticator
from api.hits.asked import caller
from api.hits.kept import Kept, KeptAnswers, as_response
from api.hits.known import Head, Known, KnownRequests, Mark
from api.observe.metrics import Metrics
from api.observe.requests import Recorder
from core.cache.answer import Header
from core.cache.fence import Fence
from core.logs import frames
from core.types import UserId

log = structlog.get_logger()

STATUS_LINES = {
    200: b"HTTP/1.1 200 OK\r\n",
    207: b"HTTP/1.1 207 Multi-Status\r\n",
    304: b"HTTP/1.1 304 Not Modified\r\n",
}

_REQUEST_ID = b"x-request-id"


class Connection(Protocol):
    """Where a request came from; it is told once."""

    def answer(self, question: "Question") -> None:
        """The kept answer is a hit."""

    def decline(self, question: "Question") -> None:
        """It is none, or nobody can say: the request goes the usual way."""

    def abort(self) -> None:
        """Something is wrong beneath."""


class DirectHits:
    """What all connections of a process share."""

    def __init__(
        self,
        *,
        authenticator: Authenticator,
        fence: Fence,
        kept: KeptAnswers,
        metrics: Metrics,
        recorder: Recorder,
        cors: CORSMiddleware,
    ) -> None:
        self._authenticator = authenticator
        self._fence = fence
        self._kept = kept
        self._hits = metrics.hits
        self._direct_hits = metrics.direct_hits
        self._recorder = recorder
        self._cors = cors
        self._requests = KnownRequests()
        self._starts: tuple[list[Header], dict[int, bytes]] = ([], STATUS_LINES)

    def ask(self, request: bytes, connection: Connection) -> "Question | None":
        """Ask Redis whether the answer to this request is known; None if it is to go the usual way."""
        found = self._requests.find(request)
        if found is None:
            return None
        known, identity = found
        remembered = self._authenticator.remembered if known.method == "GET" else self._authenticator.remembered_by_name
        principal = remembered(known.authorization)
        owner = caller(principal, known.named_user)
        if principal is None or owner is None:
            return None
        kept = self._kept.get((owner, known.variant))
        if kept is None or not principal.is_good_under(kept.lease, kept.fence):
            return None
        question = Question(self, connection, request, known, kept, owner, identity)
        return question if self._fence.ask(owner, kept.question, question) else None

    def learn(self, request: bytes, mark: Mark, headers: list[Header], *, owner: UserId) -> None:
        """The hot path has answered this, which was read as one whole message, with a hit."""
        self._requests.learn(request, mark, headers, owner=owner)

    def drop(self, question: "Question") -> None:
        """What was kept is no hit any more."""
        self._kept.drop((question.owner, question.known.variant), question.kept)

    def start(self, status: int, defaults: list[Header]) -> bytes:
        """The status line and the server's own headers, which are others once in a second."""
        if self._starts[0] is not defaults:
            own = b"".join(b"%s: %s\r\n" % header for header in defaults)
            self._starts = (defaults, {status: line + own for status, line in STATUS_LINES.items()})
        return self._starts[1][status]

    def head(self, known: Known, kept: Kept) -> Head:
        """Of the answer to a request: made once for each that is kept."""
        if known.head is None or known.made_of is not kept.headers:
            known.head, known.made_of = self._head(known, kept), kept.headers
        return known.head

    def record(self, question: "Question", status: int, identity: bytes) -> None:
        """It was answered."""
        self._hits.inc()
        self._direct_hits.inc()
        seconds = time.perf_counter() - question.started
        route, method = question.known.route, question.known.method
        self._recorder.record_hit(route, method, status, seconds, user=question.owner, identity=identity)

    def _head(self, known: Known, kept: Kept) -> Head:
        status, headers, _ = as_response(kept, b"", known.if_none_match)
        if known.browser is not None:
            headers = self._with_cors(headers, known.browser)
        lines = [(name.lower(), value) for name, value in headers]
        place = lines.index((_REQUEST_ID, b""))
        before, after = (
            b"".join(b"%s: %s\r\n" % line for line in part) for part in (lines[:place], lines[place + 1 :])
        )
        return Head(status, before + _REQUEST_ID + b": ", b"\r\n" + after + b"\r\n")

    def _with_cors(self, headers: list[Header], asked: list[Header]) -> list[Header]:
        """What the middleware makes of them."""
        message: Message = {"type": "http.response.start", "headers": headers}
        sending = self._cors.send(message, _nowhere, request_headers=Headers(raw=asked))
        with contextlib.suppress(StopIteration):
            sending.send(None)
            raise RuntimeError("CORS was not decided at once")
        changed: list[Header] = message["headers"]
        return changed


class Question:
    """One request, waiting for Redis to say whether what is kept still holds; as an `Asker` of `core.cache`."""

    __slots__ = ("_direct", "_done", "connection", "identity", "kept", "known", "owner", "request", "started")

    def __init__(  # noqa: PLR0917  # made for each hit, and a call with names takes twice as long
        self,
        direct: DirectHits,
        connection: Connection,
        request: bytes,
        known: Known,
        kept: Kept,
        owner: UserId,
        identity: bytes | None,
    ) -> None:
        self.started = time.perf_counter()
        self.connection = connection
        self.request = request
        self.known = known
        self.kept = kept
        self.owner = owner
        self.identity = identity
        self._direct = direct
        self._done = False

    def done(self) -> bool:
        return self._done

    def set_result(self, found: Any, /) -> None:
        """All others who wait for Redis wait behind this: it raises nothing."""
        self._done = True
        try:
            lease, fence = found
            if self.kept.is_hit(lease, fence):
                self.connection.answer(self)
            else:
                self._direct.drop(self)
                self.connection.decline(self)
        except Exception as error:  # noqa: BLE001  # as the last resort for any other request
            log.error("direct_hit_failed", error=type(error).__name__, frames=frames(error))  # noqa: TRY400
            self.connection.abort()

    def set_exception(self, exception: BaseException, /) -> None:  # noqa: ARG002  # whatever is wrong with Redis
        self._done = True
        self.connection.decline(self)

    def exception(self) -> None:
        return None


async def _nowhere(_message: Message) -> None:
    pass
