"""A reader of a user's event stream, in a thread of its own."""

import contextlib
import json
import queue
import socket
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

import httpx

from tests.mirrors import Document, Mirror
from tests.steps import PATIENCE

EVENTS = "/api/tasks/events"


@dataclass(frozen=True, slots=True)
class Event:
    """As `EventSource` would hand it over."""

    name: str
    data: Document
    id: str | None
    retry: int | None


class Watcher:
    """All that a stream sends, in order; leave it (`with`) and the connection is closed."""

    def __init__(self, frontend: httpx.Client, path: str = EVENTS, **options: Any) -> None:
        self._request = frontend.stream("GET", path, **options)
        self._events: queue.SimpleQueue[Event | None] = queue.SimpleQueue()
        self.mirror = Mirror()

    def __enter__(self) -> Self:
        self.answer = self._request.__enter__()
        assert self.answer.status_code == 200, self.answer.read()
        self._lines = self.answer.iter_lines()
        self.retry = next(int(line.removeprefix("retry: ")) for line in self._lines if line.startswith("retry: "))
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Shut down first: what another thread waits for stays open when it is closed, until something comes."""
        connection: socket.socket = self.answer.extensions["network_stream"].get_extra_info("socket")
        with contextlib.suppress(OSError):  # it has ended already
            connection.shutdown(socket.SHUT_RDWR)
        self._listener.join(PATIENCE)
        with contextlib.suppress(httpx.HTTPError):
            self._request.__exit__(None, None, None)

    def _listen(self) -> None:
        with contextlib.suppress(httpx.HTTPError):  # shut down meanwhile
            for event in _parsed(self._lines):
                if event.name:
                    self._events.put(event)
        self._events.put(None)

    def event(self) -> Event:
        """The next one; waits for it."""
        event = self._events.get(timeout=PATIENCE)
        assert event is not None, "the stream has ended"
        return event

    def changes(self) -> list[Document]:
        """Of the next event, which is applied to the mirror."""
        event = self.event()
        assert event.name == "changes"
        assert event.id == event.data["next"]
        self.mirror.apply(event.data)
        changes: list[Document] = event.data["changes"]
        return changes

    def follow(self, token: str) -> None:
        """Apply events until the mirror stands at that token."""
        while not (self.mirror.whole and self.mirror.since == token):
            self.changes()

    def rest(self) -> list[Event]:
        """All until the stream ends."""
        events = []
        while (event := self._events.get(timeout=PATIENCE)) is not None:
            events.append(event)
        return events


def begun(frontend: httpx.Client, path: str = EVENTS, **headers: str) -> httpx.Response:
    """The answer with what comes first, and no more of it."""
    with frontend.stream("GET", path, headers=headers) as answer:
        first = next(answer.iter_bytes(), b"")
        return httpx.Response(answer.status_code, headers=_whole(answer.headers), content=first)


def _whole(headers: httpx.Headers) -> Mapping[str, str]:
    return {name: value for name, value in headers.items() if name not in ("content-length", "transfer-encoding")}


def _parsed(lines: Iterable[str]) -> Iterator[Event]:
    fields: dict[str, str] = {}
    for line in lines:
        if line:
            name, _, value = line.partition(":")
            fields[name] = value.removeprefix(" ")
        elif fields:
            retry = fields.get("retry")
            data = json.loads(fields.get("data", "{}"))
            if fields.keys() - {""}:  # not a comment alone
                yield Event(fields.get("event", ""), data, fields.get("id"), int(retry) if retry else None)
            fields = {}
