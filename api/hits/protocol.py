"""uvicorn's HTTP protocol with hits in front of it: `uvicorn --http api.hits.protocol:HitProtocol`.

A request whose very bytes are known (`known.py`) is answered here, in one write. Everything else goes to uvicorn byte
for byte, and in the order in which it came; whoever sends cannot tell the two apart. It relies on uvicorn being as it
was read (`internals.py`); where it is not, or a setting has uvicorn look at each request, all requests go to it.

Here, too, the waiting for readers ends who do not read (`readers.py`).
"""

import math
from functools import lru_cache
from typing import Any, cast

import structlog
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from api.hits.direct import DirectHits, Question
from api.hits.internals import differences
from api.hits.known import MARK
from api.hits.readers import Readers
from api.http.wire import PlainProtocol
from api.observe.requests import new_request_id

log = structlog.get_logger()

NOT_MODIFIED = 304
SOON = 0.001
"""Seconds; the event loop's clock is no finer."""


class HitProtocol(PlainProtocol):
    """One connection. At most one question is open on it: what comes meanwhile waits, unread, as in uvicorn."""

    # Beside uvicorn's own attributes, not among them: one dictionary more per connection would be 2 KB.
    __slots__ = ("_begun", "_direct", "_held", "_idle_since", "_lesson", "_question", "_readers", "_within")

    def __init__(self, config: Config, *arguments: Any, **named: Any) -> None:
        super().__init__(config, *arguments, **named)
        self._direct = _direct_hits(config)
        self._readers = _readers(config)
        self._question: Question | None = None
        self._held: bytes | None = None
        """What has come while a question was open."""
        self._lesson: bytes | None = None
        """A request that has come alone and whole, and is being answered by uvicorn."""
        self._begun = 0
        """Messages that the parser has begun on this connection."""
        self._within = False
        """Whether it is within one."""
        self._idle_since = -math.inf

    # From the transport

    def data_received(self, data: bytes) -> None:
        direct = self._direct
        if direct is None:
            super().data_received(data)
            return
        if self._question is not None:
            self._hold(data)
            return
        cycle = cast(RequestResponseCycle | None, self.cycle)
        if self._within or self.flow.write_paused or not (cycle is None or cycle.response_complete):
            self._lesson = None
            super().data_received(data)
            return
        self._question = direct.ask(data, self)
        if self._question is None:
            begun = self._begun
            super().data_received(data)
            self._lesson = data if self._begun == begun + 1 and not self._within else None

    def connection_lost(self, exc: Exception | None) -> None:
        self._held = self._lesson = None
        self._readers.resume(self.transport)
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._readers.pause(self.transport)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._readers.resume(self.transport)

    # From the server

    def shutdown(self) -> None:
        if self._question is None:
            super().shutdown()
        else:
            self._leaving = True

    def _part(self) -> None:
        if self._question is None:
            super()._part()

    def timeout_keep_alive_handler(self) -> None:
        """A hit does not set the timer anew, which would cost a part of what it saves: it looks when it is due."""
        self.timeout_keep_alive_task = None
        left = self._idle_since + self.timeout_keep_alive - self.loop.time()
        if self._question is None and left < SOON:
            super().timeout_keep_alive_handler()
        elif self._question is None and not self.transport.is_closing():
            self.timeout_keep_alive_task = self.loop.call_later(left, self.timeout_keep_alive_handler)

    # From the parser, and from whoever answers in uvicorn's way

    def on_message_begin(self) -> None:
        self._begun += 1
        self._within = True
        super().on_message_begin()

    def on_message_complete(self) -> None:
        self._within = False
        super().on_message_complete()
        if self.parser.should_upgrade() and not self._ignoring:  # what comes next may be another protocol
            self._direct = None

    def on_response_complete(self) -> None:
        lesson, self._lesson = self._lesson, None
        super().on_response_complete()
        if self._direct is None or self._within or not self.cycle.response_complete:
            return
        if lesson is not None and self.cycle.keep_alive:
            scope = cast(dict[str, Any], self.scope)
            if mark := scope.get(MARK):
                self._direct.learn(lesson, mark, scope["headers"], owner=scope["tasklane.user"])
        # What a connection that is idle does not need: 3 KB, of which uvicorn asks nothing before the next message.
        self.cycle = self.scope = self.headers = None  # type: ignore[assignment]  # as before the first one

    # From Redis, by way of the question

    def answer(self, question: Question) -> None:
        """Send what is kept: head and body at once."""
        direct, transport, state = self._direct, self.transport, self.server_state
        assert direct is not None
        kept = question.kept
        status, before, after = direct.head(question.known, kept)
        identity = question.identity or new_request_id()
        last = self._leaving and self._held is None
        if not transport.is_closing():
            start = direct.start(status, state.default_headers)
            end = after[:-2] + b"connection: close\r\n\r\n" if last else after
            transport.write(b"".join((start, before, identity, end, kept.body if status != NOT_MODIFIED else b"")))
        if last:
            transport.close()
        state.total_requests += 1
        self._idle_since = self.loop.time()
        if self.timeout_keep_alive_task is None and not transport.is_closing():
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )
        if self._held is None:
            self._question = None
        else:
            self.loop.call_soon(self._go_on)
        direct.record(question, status, identity)

    def decline(self, question: Question) -> None:
        # Not at once: whoever reads Redis's answers, or tells all who wait that there are none, must go on first.
        self.loop.call_soon(self._go_on, question.request)

    def abort(self) -> None:
        self._question = None
        self.transport.abort()

    # What waits

    def _hold(self, data: bytes) -> None:
        self._held = data if self._held is None else self._held + data
        self.flow.pause_reading()

    def _go_on(self, declined: bytes = b"") -> None:
        """With the request that uvicorn is to answer, if it is that, and what has come since."""
        held, self._held, self._question = self._held or b"", None, None
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if declined:
            super().data_received(declined + held)
        else:
            self.data_received(held)
        if self._leaving:
            self.shutdown()


@lru_cache(maxsize=1)
def _readers(_config: Config) -> Readers:
    """Those of all connections."""
    return Readers()


@lru_cache(maxsize=1)
def _direct_hits(config: Config) -> DirectHits | None:
    """Those of the application, if they can be had; says once why not."""
    application = config.loaded_app
    if not hasattr(application, "direct"):
        reason = "something stands around the application"
    elif (direct := cast(DirectHits | None, application.direct)) is None:
        return None
    elif differences():
        reason = f"uvicorn is another: {', '.join(differences())}"
    elif config.limit_concurrency is not None:
        reason = "concurrency is limited"
    else:
        return direct
    log.warning("direct_hits_off", reason=reason)
    return None
