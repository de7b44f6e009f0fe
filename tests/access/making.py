"""Personal tokens for tests: made as a person makes them, used as a program does."""

from dataclasses import dataclass
from typing import Any

import httpx

from core.types import UserId

TOKENS = "/api/account/tokens"
BOTH = ["tasks:read", "tasks:write"]


@dataclass(frozen=True, slots=True)
class Made:
    """A token, and by which number its maker knows it."""

    id: int
    token: str

    def client(self, url: str) -> httpx.Client:
        """A program that has it."""
        return httpx.Client(base_url=url, headers=self.headers, timeout=60)

    @property
    def headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token}"}


def make(session: httpx.Client, scopes: list[str] | None = None, **members: object) -> Made:
    answer = session.post(TOKENS, json={"name": "A program", "scopes": scopes or BOTH, **members})
    assert answer.status_code == 201, answer.text
    made = answer.json()
    return Made(made["id"], made["token"])


def revoke(session: httpx.Client, made: Made) -> None:
    assert session.delete(f"{TOKENS}/{made.id}").status_code == 204


def listed(session: httpx.Client) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = session.get(TOKENS).json()["tokens"]
    return found


def owner_of(session: httpx.Client) -> UserId:
    return UserId(session.get("/api/account").json()["user_id"])
