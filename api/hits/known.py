"""Requests by their very bytes: what was once read as a whole, plain one, and was a hit, is known when it comes again.

The value of `X-Request-ID` is no part of them, so that a gateway that gives each request its own does no harm.
"""

import re
from dataclasses import dataclass
from typing import NamedTuple

from api.hits.asked import Asked
from api.shares import Shares
from core.cache.answer import Header
from core.types import UserId

KNOWN_BYTES = 16 * 1024 * 1024
SHARE_BYTES = 512 * 1024
MAX_REQUEST_BYTES = 8192
"""Longer requests are rare, and are not remembered."""

OVERHEAD_BYTES = 2048
"""What an entry weighs beside its request, roughly: most of it is the answer's head."""

_PLAIN = re.compile(
    rb"(?P<method>GET|PROPFIND|REPORT) [\x21-\x7e]+ HTTP/1\.1\r\n"
    rb"(?:[A-Za-z0-9_-]+:[ \t]*(?:[\x21-\x7e][\x20-\x7e]*)?\r\n)+\r\n"
)
_UNUSUAL = re.compile(rb"\r\n(?:expect|transfer-encoding|upgrade|x-request-id):", re.IGNORECASE)
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*([^\r]*)", re.IGNORECASE)
_END = b"\r\n\r\n"
"""Of the head."""
_IDENTITY = re.compile(rb"\r\nx-request-id: ([A-Za-z0-9._-]{1,64})(?=\r\n[^ \t])", re.IGNORECASE)
"""A header of its own in whatever `_PLAIN` matches with it and without it; the value is one that is used as it is."""


MARK = "tasklane.mark"


class Mark(NamedTuple):
    """What the hot path has looked at of the headers of a request that it has answered; the scope has it at `MARK`."""

    authorization: bytes
    asked: Asked
    if_none_match: bytes | None
    origin: bytes | None


class Head(NamedTuple):
    """An answer's head around the request's id; before it come the status line and the server's own headers."""

    status: int
    before: bytes
    after: bytes


@dataclass(slots=True)
class Known:
    """What the bytes of a request ask, and the head of the answer that they got last."""

    authorization: bytes
    named_user: str | None
    variant: str
    route: str
    if_none_match: bytes | None
    browser: list[Header] | None
    """All headers, if `Origin` is among them."""
    method: str = "GET"
    made_of: list[Header] | None = None
    """The headers of the kept answer that `head` was made for. Not the answer itself, whose memory has bounds of its
    own.
    """
    head: Head | None = None


class KnownRequests:
    """The last used of them, within `capacity` bytes, and of one user within `share`."""

    def __init__(self, capacity: int = KNOWN_BYTES, share: int = SHARE_BYTES) -> None:
        self._requests: Shares[bytes, Known] = Shares(capacity, share)
        self._get = self._requests.get

    @property
    def size(self) -> int:
        """Bytes, roughly."""
        return self._requests.size

    def find(self, request: bytes) -> tuple[Known, bytes | None] | None:
        """What these bytes ask, and the id that the client gives the request."""
        identity = None
        known = self._get(request)
        if known is None:
            named = _identity(request)
            if named is None:
                return None
            request, identity = _without(request, named), named[1]
            known = self._get(request)
            if known is None:
                return None
        return known, identity

    def learn(self, request: bytes, mark: Mark, headers: list[Header], *, owner: UserId) -> None:
        """Remember a request of `owner` that was read as one whole message with these headers, if it is as plain as
        can be.
        """
        if len(request) > MAX_REQUEST_BYTES:
            return
        if named := _identity(request):
            request = _without(request, named)
        if request in self._requests or not _is_plain(request):
            return
        asked = mark.asked
        browser = None if mark.origin is None else headers
        known = Known(
            mark.authorization, asked.named_user, asked.kept_as, asked.route, mark.if_none_match, browser, asked.method
        )
        self._requests.put(owner, request, known, _weight(request))


def _identity(request: bytes) -> re.Match[bytes] | None:
    """Of the head: what a body says is no header."""
    return _IDENTITY.search(request, 0, request.find(_END) + len(_END))


def _is_plain(request: bytes) -> bool:
    """Whether it is as plain as can be: its body, where it may have one, is as long as its only length says."""
    found = _PLAIN.match(request)
    if found is None or _UNUSUAL.search(found[0]):
        return False
    lengths = _LENGTH.findall(found[0])
    body = b"%d" % (len(request) - found.end())
    return lengths == [body] if found["method"] != b"GET" else not lengths and body == b"0"


def _without(request: bytes, header: re.Match[bytes]) -> bytes:
    return request[: header.start()] + request[header.end() :]


def _weight(request: bytes) -> int:
    """Its headers are kept apart, too."""
    return 3 * len(request) + OVERHEAD_BYTES
