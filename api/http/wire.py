"""uvicorn's HTTP protocol, as RFC 9110 has it where uvicorn has not.

A request to upgrade to what nobody here speaks is a plain request (section 7.8), with its body: httptools takes what
follows the head for the other protocol. What cannot be parsed is answered as every other error is.
"""

from http import HTTPStatus
from typing import Any, cast

import httptools
from uvicorn._types import ASGI3Application
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from api.http.problems import Problem

_ABOUT_UPGRADES = (b"upgrade", b"http2-settings")


class PlainProtocol(HttpToolsProtocol):
    """Everything else is uvicorn's."""

    __slots__ = ("_answering", "_ignoring")

    def __init__(self, config: Config, *arguments: Any, **named: Any) -> None:
        super().__init__(config, *arguments, **named)
        self._ignoring = False
        """Whether the head of a request to upgrade was read, and is to be read again without."""
        self._answering: RequestResponseCycle | None = None
        self.parser = _Parser(self)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._answering = cycle
        super()._start_asgi_task(cycle, app)

    def on_response_complete(self) -> None:
        self._answering = None
        super().on_response_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Uvicorn tells the last request that was read, and what is being answered may be one before it."""
        if (answering := self._answering) is not None and not answering.response_complete:
            answering.disconnected = True
            answering.message_event.set()
        super().connection_lost(exc)

    def on_headers_complete(self) -> None:
        upgrade = any(name == b"upgrade" for name, _ in self.headers)
        self._ignoring = upgrade and self.parser.should_upgrade() and not self._should_upgrade()
        if not self._ignoring:
            super().on_headers_complete()

    def on_message_complete(self) -> None:
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
        body = Problem(HTTPStatus.BAD_REQUEST, "The request is not HTTP as it is understood here.").response()
        head = [b"HTTP/1.1 400 Bad Request\r\n"]
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
