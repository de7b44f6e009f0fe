"""What stands between a program and the service: it notes what is asked, and loses the connection when told to."""

import contextlib
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import httpx

METHODS = (
    *("GET", "HEAD", "OPTIONS", "PUT", "DELETE", "POST", "PATCH", "MOVE", "COPY", "LOCK", "UNLOCK", "MKCOL"),
    *("MKCALENDAR", "PROPFIND", "PROPPATCH", "REPORT", "ACL", "SEARCH"),
)
WRITES = frozenset({"PUT", "DELETE", "PROPPATCH", "MKCALENDAR", "MKCOL", "MOVE", "POST"})

_OF_A_CONNECTION = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length", "content-encoding"})


@dataclass(frozen=True, slots=True)
class Message:
    """A request, or with a status the answer to it."""

    method: str
    path: str
    headers: httpx.Headers
    body: bytes
    status: int = 0
    asked: bytes = b""
    """The body of the request that it answers."""


Way = Callable[[Message], Message]
"""What becomes of a request on its way, or of an answer; a request that gets a status is answered here."""


def as_it_is(message: Message) -> Message:
    return message


class Between:
    """`url` is the service's, as the program knows it."""

    def __init__(self, service: str, *, there: Way = as_it_is, back: Way = as_it_is) -> None:
        self.service = service
        self.told: list[Message] = []
        """What was answered, in order."""
        self.url = ""
        self._there, self._back = there, back
        self._lost_at: tuple[str, int, bool] | None = None
        self._is_down = self._loses_once = False
        self._lock = threading.Lock()

    def count(self, *methods: str) -> int:
        return sum(each.method in methods for each in self.told)

    def writes(self) -> dict[str, int]:
        """How many of each kind."""
        return dict(Counter(each.method for each in self.told if each.method in WRITES))

    def refusals(self) -> list[tuple[str, str, int]]:
        """What the service refused or failed to do."""
        return [(each.method, each.path, each.status) for each in self.told if each.status >= 400]

    def lose(self, method: str, nth: int, *, arrives: bool, once: bool = False) -> None:
        """From the nth request of that kind on nothing passes, or `once`; it `arrives`, and its answer does not."""
        self._lost_at = (method, nth, arrives)
        self._loses_once = once

    def heal(self) -> None:
        assert self._is_down, "nothing was lost"
        self._is_down, self._lost_at = False, None

    @contextlib.contextmanager
    def open(self) -> Iterator["Between"]:
        with httpx.Client(base_url=self.service, timeout=120, limits=httpx.Limits(max_connections=16)) as service:
            server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self, service))
            server.daemon_threads = True
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
            thread.start()
            self.url = f"http://127.0.0.1:{server.server_port}"
            try:
                yield self
            finally:
                server.shutdown()
                thread.join()
                server.server_close()

    def answer(self, asked: Message, service: httpx.Client) -> Message | None:
        """None where the connection is lost."""
        with self._lock:
            lost = self._is_down
            arrives = False
            if not lost and self._lost_at and self._lost_at[0] == asked.method:
                method, nth, arrives = self._lost_at
                lost = nth == 1
                self._is_down = lost and not self._loses_once
                self._lost_at = None if lost else (method, nth - 1, arrives)
        if lost and not arrives:
            return None
        asked = self._there(asked)
        told = asked if asked.status else self._ask(asked, service)
        told = self._back(told)
        self.told.append(told)
        return None if lost else told

    def _ask(self, asked: Message, service: httpx.Client) -> Message:
        answer = service.request(asked.method, asked.path, headers=asked.headers, content=asked.body)
        return Message(asked.method, asked.path, answer.headers, answer.content, answer.status_code, asked.body)


def _handler(between: Between, service: httpx.Client) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm: ClassVar[bool] = True

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            kept = [(name, value) for name, value in self.headers.items() if name.lower() not in _OF_A_CONNECTION]
            headers = httpx.Headers([each for each in kept if each[0].lower() not in ("host", "accept-encoding")])
            told = between.answer(Message(self.command, self.path, headers, body), service)
            if told is None:
                self.close_connection = True
                return
            self.send_response(told.status)
            for name, value in told.headers.multi_items():
                if name.lower() not in (*_OF_A_CONNECTION, "date", "server"):
                    self.send_header(name, value)
            if told.status not in (204, 304):
                self.send_header("Content-Length", str(len(told.body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(told.body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # its base's name
            pass

    for method in METHODS:
        setattr(Handler, f"do_{method}", Handler.answer)
    return Handler
