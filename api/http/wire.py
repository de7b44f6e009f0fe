"""uvicorn's HTTP protocol, as RFC 9110 has it where uvicorn has not, and with bounds, of which uvicorn has none.

A request to upgrade to what nobody here speaks is a plain request (section 7.8), with its body: httptools takes what
follows the head for the other protocol. What stands in trailers is no header (section 6.5.1). What cannot be parsed, is
too large, or does not come is answered as every other error is. Bodies are bounded by whoever reads them.
"""

import asyncio
from http import HTTPStatus
from typing import Any, cast

import httptools
from uvicorn._types import ASGI3Application
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from api.http.farewell import has_come
from api.http.problems import Problem

HEAD_BYTES = 65_536
"""Of a head, and of whatever else a client may send without end: trailers, the size of a chunk. It is looked at once a
read, so that up to one read more may have been taken."""

HEAD_SECONDS = 10
"""From the first byte of one to the last."""

LAST_SECONDS = 0.5
"""For so long an idle connection of a server that ends may still bring a request, whose answer says that it ends. Then
it was idle for as long, and hardly has one under way."""

_NOT_HTTP = Problem(HTTPStatus.BAD_REQUEST, "The request is not HTTP as it is understood here.")
_TOO_LARGE = Problem(
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, f"The headers are larger than {HEAD_BYTES} bytes, which is the limit."
)
_TOO_SLOW = Problem(HTTPStatus.REQUEST_TIMEOUT, f"The headers did not come within {HEAD_SECONDS} seconds.")

_ABOUT_UPGRADES = (b"upgrade", b"http2-settings")


class PlainProtocol(HttpToolsProtocol):
    """Everything else is uvicorn's."""

    __slots__ = ("_answering", "_due", "_ignoring", "_leaving", "_patience", "_refusal", "_unheard")

    def __init__(self, config: Config, *arguments: Any, **named: Any) -> None:
        super().__init__(config, *arguments, **named)
        self._ignoring = False
        """Whether the head of a request to upgrade was read, and is to be read again without."""
        self._answering: RequestResponseCycle | None = None
        self._unheard = 0
        """Bytes that have come since anything was made of them: of a head, of trailers, between chunks of a body."""
        self._patience: asyncio.TimerHandle | None = None
        """Until they must have become something."""
        self._refusal = _NOT_HTTP
        self._due: Problem | None = None
        """What ends the connection, once all that was asked before is answered."""
        self._leaving = False
        """Whether the server is shutting down, and the connection ends after the next answer."""
        self.parser = _Parser(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Whoever says nothing may stay as long as who has nothing more to say."""
        super().connection_made(cast(asyncio.Transport, transport))
        self.timeout_keep_alive_task = self.loop.call_later(self.timeout_keep_alive, self.timeout_keep_alive_handler)

    def data_received(self, data: bytes) -> None:
        if self._ending():
            return
        self._unheard += len(data)
        super().data_received(data)
        if self._unheard == 0 or self._ending():
            self._calm()
        elif self._unheard > HEAD_BYTES:
            self._refuse(_TOO_LARGE)
        elif self._patience is None and not self._taking_a_body():  # which has bounds of its own
            self._patience = self.loop.call_later(HEAD_SECONDS, self._lose_patience)
        if self._leaving:
            self.shutdown()

    def shutdown(self) -> None:
        """From the server: end after the last answer that is under way, or that is asked for in a moment.

        uvicorn closes what is idle at once, under a request that it has not read, or only the beginning of it.
        """
        cycle = cast(RequestResponseCycle | None, self.cycle)
        if cycle is not None and not cycle.response_complete:
            super().shutdown()
        elif not self._leaving:
            self.loop.call_later(LAST_SECONDS, self._part)
        self._leaving = True

    def _part(self) -> None:
        if self._ending() or self._answering is not None or self._unheard:  # it ends by itself
            return
        if has_come(self.transport.get_extra_info("socket")):
            self.loop.call_soon(self._part)
        else:
            self.transport.close()

    def _lose_patience(self) -> None:
        self._patience = None
        if self._answering is not None:  # what is to come waits for that one
            self._patience = self.loop.call_later(HEAD_SECONDS, self._lose_patience)
        elif not self.transport.is_closing():
            self._refuse(_TOO_SLOW)

    def _ending(self) -> bool:
        """Whether nothing more is read."""
        return self._due is not None or self.transport.is_closing()

    def _taking_a_body(self) -> bool:
        """Whether the message that is being read is the one that is being answered."""
        return self._answering is not None and self._answering is self.cycle and self._answering.more_body

    def _calm(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._answering = cycle
        super()._start_asgi_task(cycle, app)

    def on_response_complete(self) -> None:
        self._answering = None
        super().on_response_complete()
        if self._due is not None and not self.transport.is_closing():
            self._refuse(self._due)

    def connection_lost(self, exc: Exception | None) -> None:
        """Uvicorn tells the last request that was read, and what is being answered may be one before it."""
        if (answering := self._answering) is not None and not answering.response_complete:
            answering.disconnected = True
            answering.message_event.set()
        self._calm()
        super().connection_lost(exc)

    def on_headers_complete(self) -> None:
        self._unheard = 0
        if len(self.url) + sum(len(name) + len(value) for name, value in self.headers) > HEAD_BYTES:
            self._refusal = _TOO_LARGE
            raise ValueError  # the parser's error, which ends the connection
        upgrade = any(name == b"upgrade" for name, _ in self.headers)
        self._ignoring = upgrade and self.parser.should_upgrade() and not self._should_upgrade()
        if not self._ignoring:
            super().on_headers_complete()
            if not upgrade:  # trailers go where nobody looks
                self.headers = []

    def on_body(self, body: bytes) -> None:
        self._unheard = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._unheard = 0
        if not self._ignoring:
            super().on_message_complete()

    def plainly(self) -> bytes | None:
        """The head that was read, without the upgrade, for a new parser; None where it was to be upgraded."""
        if not self._ignoring:
            return None
        self._ignoring = False
        method, version = self.parser.get_method(), self.parser.get_http_version().encode()
        lines = [b"%s %s HTTP/%s" % (method, self.url, version)]
        for name, value in self.headers:
            kept = _without_upgrade(value) if name == b"connection" else value
            if name not in _ABOUT_UPGRADES and (kept or name != b"connection"):
                lines.append(b"%s: %s" % (name, kept))
        self.parser = _Parser(self)
        return b"\r\n".join((*lines, b"", b""))

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002  # uvicorn's, in plain text
        self._refuse(self._refusal)

    def _refuse(self, problem: Problem) -> None:
        """Say so and close; behind what was asked before, or it would be taken for the answer to that."""
        if self._answering is not None and not self._taking_a_body():
            self._due = problem
            self.flow.pause_reading()
            return
        if self._answering is not None and self._answering.response_started:
            self.transport.close()
            return
        body = problem.response()
        head = [b"HTTP/1.1 %d %s\r\n" % (problem.status, HTTPStatus(problem.status).phrase.encode())]
        for name, value in (*self.server_state.default_headers, *body.raw_headers, (b"connection", b"close")):
            head.append(b"%s: %s\r\n" % (name, value))
        self.transport.write(b"".join((*head, b"\r\n", bytes(body.body))))
        self.transport.close()


class _Parser(httptools.HttpRequestParser):
    """Goes on after a request to upgrade, where its protocol says so."""

    __slots__ = ("_protocol",)

    def __init__(self, protocol: PlainProtocol) -> None:
        super().__init__(protocol)
        self._protocol = protocol
        self.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn's

    def feed_data(self, data: bytes) -> None:  # type: ignore[override]  # uvicorn has nothing but bytes
        parser: httptools.HttpRequestParser = self
        rest: bytes | memoryview = data
        while True:  # not one within the other, with a copy each: thousands may come in one piece
            try:
                httptools.HttpRequestParser.feed_data(parser, rest)
            except httptools.HttpParserUpgrade as upgrade:
                head = self._protocol.plainly()
                if head is None:
                    raise
                place = cast(int, upgrade.args[0])
            else:
                return
            parser, rest = self._protocol.parser, memoryview(rest)[place:]
            httptools.HttpRequestParser.feed_data(parser, head)


def _without_upgrade(value: bytes) -> bytes:
    tokens = [token.strip() for token in value.split(b",")]
    return b", ".join(token for token in tokens if token.lower() not in _ABOUT_UPGRADES)
