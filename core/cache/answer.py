"""A whole response as it lies in the cache, laid out so that a hit costs next to nothing to check and to send."""

import time
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Self
from urllib.parse import quote, unquote

from core.types import History, Revision, UserId

Header = tuple[bytes, bytes]

ALWAYS = b"-"
"""In the place of a time: true until the list changes."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A response made from the state of the owner's list at `revision`."""

    owner: UserId
    revision: Revision
    etag: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    until: float | None = None
    """Unix time from which it is not true any more even if nothing changes; None for most."""
    history: History | None = field(default=None, compare=False)
    """Of the server that gave it; None once it has come out of the cache."""
    stored: bool = field(default=True, compare=False)
    """Whether it is worth its room: somebody else will ask the same."""

    @property
    def lasts(self) -> bool:
        return self.until is None or time.time() < self.until

    def encode(self) -> bytes:
        """A line `revision owner until`, a line with the ETag, one per header, an empty one, the body."""
        until = ALWAYS.decode() if self.until is None else repr(self.until)
        lines = [f"{self.revision} {quote(self.owner, safe='')} {until}", self.etag]
        lines += [f"{name}: {value}" for name, value in self.headers]
        return "\n".join(lines).encode() + b"\n\n" + self.body

    @classmethod
    def decode(cls, value: bytes) -> Self:
        """The inverse; raises `ValueError` for what `encode` did not make."""
        head, _, body = value.partition(b"\n\n")
        first, etag, *lines = head.decode().split("\n")
        revision, owner, until = first.split(" ")
        headers = tuple((name, content) for name, _, content in (line.partition(": ") for line in lines))
        lasting = None if until == ALWAYS.decode() else float(until)
        return cls(UserId(unquote(owner)), Revision(int(revision)), etag, headers, body, lasting)


@dataclass(frozen=True, slots=True)
class Opened:
    """What `Fence.open` saw: a later fill needs the lease; an answer older than the fence would be stale."""

    lease: bytes
    fence: Revision
    hit: Answer | None = None
    """What another reader has stored meanwhile: then there is nothing to query."""


@lru_cache(maxsize=10_000)
def _owner_token(owner: UserId) -> bytes:
    return b" " + quote(owner, safe="").encode() + b" "


def as_hit(value: bytes, fence: bytes, owner: UserId) -> tuple[bytes, list[Header], bytes, float | None] | None:
    """ETag, further headers, body and end, if the value is of the revision at which the fence stands and of this owner.

    The same test as for a decoded answer, without making one.
    """
    prefix = fence + _owner_token(owner)
    if not value.startswith(prefix):
        return None
    head, _, body = value.partition(b"\n\n")
    first, etag, *lines = head.split(b"\n")
    ending = first[len(prefix) :]
    try:
        until = None if ending == ALWAYS else float(ending)
    except ValueError:
        return None  # not what `encode` made
    if until is not None and time.time() >= until:
        return None
    headers = []
    for line in lines:
        name, _, content = line.partition(b": ")
        headers.append((name, content))
    return etag, headers, body, until


def judged(fence: bytes | None, value: bytes | None) -> Answer | None:
    """The answer, if nothing newer was announced; what is not ours to read is no hit either."""
    if fence is None or value is None:
        return None
    try:
        answer = Answer.decode(value)
        return answer if answer.revision == int(fence) and answer.lasts else None
    except (ValueError, TypeError):
        return None
