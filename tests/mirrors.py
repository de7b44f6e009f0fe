"""A list as somebody holds it who asks for what has changed, and how it is to be kept."""

from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import httpx

Document = dict[str, Any]

CHANGES = "/api/tasks/changes"


@dataclass(slots=True)
class Mirror:
    """The tasks that were told, by id, and the token for what comes next."""

    tasks: dict[int, Document] = field(default_factory=dict)
    since: str | None = None
    whole: bool = False
    """Nothing was left when it was last brought up to date."""

    def parameters(self, limit: int | None = None) -> dict[str, str]:
        """Of the next request."""
        asked = {} if self.since is None else {"since": self.since}
        return asked if limit is None else {**asked, "limit": str(limit)}

    def apply(self, page: Document) -> None:
        """As the contract says, and no better."""
        for change in page["changes"]:
            if "deleted_at" in change:
                self.tasks.pop(change["id"], None)
            else:
                self.tasks[change["id"]] = change
        self.since, self.whole = page["next"], not page["more"]

    def begin_anew(self) -> None:
        self.tasks, self.since, self.whole = {}, None, False

    def ask(self, frontend: httpx.Client, *, limit: int | None = None) -> httpx.Response:
        """For one page, and apply it; begin anew at 410."""
        answer = frontend.get(CHANGES, params=self.parameters(limit))
        if answer.status_code == HTTPStatus.GONE:
            self.begin_anew()
        else:
            self.apply(answer.raise_for_status().json())
        return answer

    def follow(self, frontend: httpx.Client, *, limit: int | None = None) -> list[Document]:
        """All pages, until nothing is left; returns what has changed. Raises what is no page, 410 too."""
        changes: list[Document] = []
        while True:
            page = frontend.get(CHANGES, params=self.parameters(limit)).raise_for_status().json()
            self.apply(page)
            changes += page["changes"]
            if self.whole:
                return changes


def everything(frontend: httpx.Client) -> dict[int, Document]:
    """All pages of the list, as it is shown."""
    tasks: list[Document] = []
    path: str | None = "/api/tasks?limit=1000"
    while path:
        answer = frontend.get(path).raise_for_status()
        tasks += answer.json()
        path = answer.links.get("next", {}).get("url")
    return {task["id"]: task for task in tasks}
