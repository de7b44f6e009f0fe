"""A client that holds the list and asks for what has changed: what it holds is compared with what the list was."""

import json
from dataclasses import dataclass, field
from http import HTTPStatus

from tests.consistency.answers import refused
from tests.consistency.client import Response
from tests.consistency.history import LIST, Item, Operation, Shown

CHANGES = f"{LIST}/changes"
BEGINS_ANEW = "begins anew"
"""The kind of an operation that was answered so."""


@dataclass(slots=True)
class Mirror:
    """One session's."""

    items: dict[int, Item] = field(default_factory=dict)
    since: str = ""
    etag: str = ""
    """Of the last answer, if the question that it answered is the next one, too."""
    shown: Shown | None = None
    """As the list would be shown; None between two pages."""

    def path(self, limit: int) -> str:
        """Of the next request."""
        return f"{CHANGES}?limit={limit}" + (f"&since={self.since}" if self.since else "")

    def take(self, operation: Operation, response: Response) -> None:
        """Apply an answer. With the last page the operation shows the whole list, as any other way of asking for it."""
        operation.cache = response.header(b"x-cache")
        match response.status:
            case HTTPStatus.OK:
                try:
                    self._apply(response)
                except (ValueError, KeyError, TypeError) as error:
                    operation.fault = f"not the JSON of the contract: {error!r}"
                    return
            case HTTPStatus.NOT_MODIFIED if self.etag:
                pass
            case HTTPStatus.GONE:
                self.items, self.since, self.etag, self.shown = {}, "", "", None
                operation.kind = BEGINS_ANEW
            case _:
                operation.outcome = refused(operation, response)
                return
        operation.outcome, operation.shown = "ok", self.shown

    def _apply(self, response: Response) -> None:
        page = json.loads(response.body)
        for change in page["changes"]:
            if "deleted_at" in change:
                self.items.pop(change["id"], None)
            else:
                self.items[change["id"]] = Item.of(change)
        same = self.since == page["next"]
        self.etag = response.header(b"etag") if same else ""
        self.since = page["next"]
        if page["more"]:
            self.shown = None
        elif page["changes"] or self.shown is None:
            newest_first = sorted(self.items.values(), key=lambda item: (item.created_at, item.id), reverse=True)
            self.shown = (len(newest_first), *newest_first)
