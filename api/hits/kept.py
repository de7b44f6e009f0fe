"""Answers that this process has seen to be hits, ready to be sent again while Redis says that nothing has changed."""

import time
from dataclasses import dataclass

from api.http.conditional import is_not_modified
from api.shares import Shares
from core.cache.answer import Header
from core.types import UserId

Question = tuple[UserId, str]
"""Owner and variant."""

OVERHEAD_BYTES = 1024
"""What an entry weighs beside its body, roughly."""

_JSON = (b"content-type", b"application/json")


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer with the lease and the fence under which it was a hit: it is one while both are the same, and the
    generation is.

    The revision makes it the state of the list; the lease tells a hash that was wiped from the one that the answer
    came from.
    """

    question: bytes
    """What asks Redis for its lease and its fence."""
    lease: bytes
    fence: bytes
    until: float | None
    etag: bytes
    headers: list[Header]
    body: bytes
    status: int = 200
    media: Header = _JSON

    def is_hit(self, lease: bytes | None, fence: bytes | None) -> bool:
        return lease == self.lease and fence == self.fence and (self.until is None or time.time() < self.until)


class KeptAnswers:
    """The last used of them, within `capacity` bytes, an eighth of them for one user."""

    def __init__(self, capacity: int) -> None:
        self._answers: Shares[Question, Kept] = Shares(capacity, capacity // 8)
        self.get = self._answers.get
        self.clear = self._answers.clear

    def put(self, question: Question, kept: Kept) -> None:
        self._answers.put(question[0], question, kept, len(kept.body) + OVERHEAD_BYTES)

    def drop(self, question: Question, kept: Kept | None = None) -> None:
        """Whatever is kept, or only `kept`: something newer may be kept by now."""
        if kept is None or self._answers.peek(question) is kept:
            self._answers.drop(question)


def as_response(kept: Kept, identity: bytes, if_none_match: bytes | None) -> tuple[int, list[Header], bytes]:
    """Status, headers and body for a client that has sent `if_none_match`, and named the request so."""
    headers = [*kept.headers, (b"x-request-id", identity)]
    if if_none_match is not None and (
        if_none_match == kept.etag or is_not_modified(if_none_match.decode("latin-1"), kept.etag.decode())
    ):
        return 304, headers, b""
    return kept.status, [*headers, kept.media, (b"content-length", b"%d" % len(kept.body))], kept.body
