"""A client that holds the list and asks for what has changed: what it holds is compared with what the list was."""

import json
from dataclasses import dataclass, field
from http import HTTPStatus

from core.errors import Resynchronise
from core.tasks.sync.token import decode
from tests.consistency.checking.answers import refused
from tests.consistency.checking.history import LIST, Item, Operation, Shown
from tests.consistency.clients.client import Response

CHANGES = f"{LIST}/changes"
BEGINS_ANEW = "begins anew"
"""The kind of an operation that was answered so."""
FOLLOWS = "follow"
TOLD = "is told"
"""Of what came without being asked for; it begins when it ends."""


@dataclass(slots=True)
class Mirror:
    """One session's."""

    items: dict[int, Item] = field(default_factory=dict)
    since: str = ""
    etag: str = ""
    """Of the last answer, if the question that it answered is the next one, too."""
    shown: Shown | None = None
    """As the list would be shown; None between two pages."""
    revision: int = -1
    """The list's, by the last token."""

    def path(self, limit: int) -> str:
        """Of the next request."""
        return f"{CHANGES}?limit={limit}" + (f"&since={self.since}" if self.since else "")

    def take(self, operation: Operation, response: Response) -> None:
        """Apply an answer. With the last page the operation shows the whole list, as any other way of asking for it."""
        operation.cache = response.header(b"x-cache")
        match response.status:
            case HTTPStatus.OK:
                since = self.since
                self._read(operation, response.body)
                self.etag = response.header(b"etag") if self.since == since else ""
                if operation.fault:
                    return
            case HTTPStatus.NOT_MODIFIED if self.etag:
                operation.revision = self.revision
            case HTTPStatus.GONE:
                self.begin_anew(operation)
            case _:
                operation.outcome = refused(operation, response)
                return
        operation.outcome, operation.shown = "ok", self.shown

    def hear(self, operation: Operation, event: bytes) -> None:
        """As `take`, of an event: it tells something, and something else than the one before."""
        since = self.since
        self._read(operation, event)
        if not operation.fault and self.since == since:
            operation.fault = "an event tells what was told before"
        operation.outcome, operation.shown = "ok", self.shown

    def begin_anew(self, operation: Operation) -> None:
        """It was said that this one cannot be brought up to date."""
        operation.kind, operation.outcome = BEGINS_ANEW, "ok"
        operation.revision = decode(self.since).floor if self.since else 0
        self.items, self.since, self.etag, self.shown, self.revision = {}, "", "", None, -1

    def _read(self, operation: Operation, body: bytes) -> None:
        try:
            page = json.loads(body)
            operation.told = tuple(
                change["id"] if "deleted_at" in change else Item.of(change) for change in page["changes"]
            )
            operation.revision = decode(page["next"]).revision
            self._apply(operation.told, page["next"], more=page["more"])
            self.revision = operation.revision
        except (ValueError, KeyError, TypeError, Resynchronise) as error:
            operation.fault = f"not the JSON of the contract: {error!r}"
        ids = [told if isinstance(told, int) else told.id for told in operation.told]
        if len(set(ids)) < len(ids):
            operation.fault = "a page tells of a task twice"

    def _apply(self, told: tuple[Item | int, ...], following: str, *, more: bool) -> None:
        for change in told:
            if isinstance(change, int):
                self.items.pop(change, None)
            else:
                self.items[change.id] = change
        self.since = following
        if more:
            self.shown = None
        elif told or self.shown is None:
            newest_first = sorted(self.items.values(), key=lambda item: (item.created_at, item.id), reverse=True)
            self.shown = (len(newest_first), *newest_first)
