"""What programs ask again and again: has anything changed? By the request alone, what that is and how it is answered.

The hot path answers it from what Redis says of the list, in front of everything else. What one token of a user may be
told, and another one not, is no such question.
"""

import asyncio
from collections.abc import Callable
from functools import lru_cache, partial
from hashlib import blake2b
from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.types import Receive, Scope

from api.auth import Principal
from api.calendars import places, transport
from api.calendars.answers import PRIVATE, Refused, multistatus, of_properties
from api.calendars.asked import MINIMAL, is_minimal, wanted_by
from api.calendars.places import Kind, Place
from api.calendars.properties import OF_THE_STAND, PRIVILEGES, Facts, Wanted, told
from api.calendars.reports import sync
from api.calendars.reports.view import view_of
from api.calendars.xml import write
from api.calendars.xml.names import dav
from api.calendars.xml.read import Element, NotXml, read_small
from api.hits.asked import Asked, Form
from api.http.again import again
from core.cache.answer import Header
from core.tasks import answers
from core.tasks.questions.queries import ChangesQuery, StandQuery

MEMO_ENTRIES = 1024
MAX_BODY_BYTES = 2048
"""Longer questions are rare, and the memo must stay small."""
PATIENCE_SECONDS = 5.0

_METHODS = frozenset({"PROPFIND", "REPORT"})
_MEDIA: Header = (b"content-type", write.MEDIA_TYPE.encode())


class HotQuestions:
    """As `api.hits.hot_path.Questions`."""

    def __init__(self, *, shape: answers.Shape, over_http: bool) -> None:
        self._shape: answers.Shape = shape
        self._over_http = over_http

    def may_be_one(self, scope: Scope) -> bool:
        """By the method; it has a short body, and nothing that is told to a page of some other origin."""
        return scope["type"] == "http" and scope["method"] in _METHODS and b"%2" not in scope.get("raw_path", b"")

    async def read(self, scope: Scope, receive: Receive) -> tuple[Asked | None, Receive]:
        """The body is looked at only if it has come as a whole, which a short one does."""
        headers = Headers(scope=scope)
        length = headers.get("content-length", "")
        if not length.isdigit() or int(length[:9]) > MAX_BODY_BYTES or "origin" in headers:
            return None, receive
        place = places.find(scope["raw_path"].decode("ascii"))
        if place.kind is not Kind.COLLECTION:
            return None, receive
        if not (self._over_http or transport.is_private(headers, scope.get("scheme", "http"))):
            return None, receive
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                message = await receive()
        except TimeoutError:
            return None, receive  # whoever reads it waits for as long again
        received = again(message, receive)
        if message["type"] != "http.request" or message.get("more_body"):
            return None, received
        depth, minimal = headers.get("depth", ""), is_minimal(headers)
        body = message.get("body", b"")
        asked = _asked(scope["method"], place, body, depth=depth, minimal=minimal, shape=self._shape)
        return asked, received


@lru_cache(MEMO_ENTRIES)
def _asked(method: str, place: Place, body: bytes, *, depth: str, minimal: bool, shape: answers.Shape) -> Asked | None:
    """None for what no hit answers."""
    try:
        root = read_small(body)
        if method == "PROPFIND":
            found = _stand(place, root, depth=depth, minimal=minimal)
        else:
            found = _nothing_new(place, root, minimal=minimal)
    except (NotXml, Refused):
        return None
    if found is None:
        return None
    query, made_of, more = found
    digest = blake2b(body, digest_size=16).hexdigest()
    headers = tuple((name.encode(), value.encode()) for name, value in {**PRIVATE, **more, "x-cache": "hit"}.items())
    form = Form(method, f"{digest}{minimal:d}", HTTPStatus.MULTI_STATUS, headers, _MEDIA, made_of)
    return Asked(place.user, query, answers.variant(query, shape=shape), place.kind.value, form)


Found = tuple[StandQuery | ChangesQuery, Callable[[bytes], bytes | None], dict[str, str]]
"""What it rests on, what the answer is made of that, and headers."""


def _stand(place: Place, root: Element, *, depth: str, minimal: bool) -> Found | None:
    """A PROPFIND of the collection alone, for its token among others."""
    if root.name != dav("propfind") or depth != "0":
        return None
    wanted = wanted_by(root, minimal=minimal)
    if wanted.everything or not wanted.asks_for(OF_THE_STAND) or wanted.asks_for([PRIVILEGES]):
        return None
    return StandQuery(), partial(_told, place, wanted), MINIMAL if minimal else {}


def _told(place: Place, wanted: Wanted, stand: bytes) -> bytes:
    assert place.user is not None
    facts = Facts(place, Principal(place.user, 0), stand.decode())
    return bytes(multistatus(of_properties(place.href, told(facts, wanted))).body)


def _nothing_new(place: Place, root: Element, *, minimal: bool) -> Found | None:
    """A sync-collection with a token from which on there may be nothing."""
    if root.name != dav("sync-collection") or place.user is None:
        return None
    view_of(root, Principal(place.user, 0), minimal=minimal)
    since, _ = sync.what_of(root)
    if since is None or since.place is not None:
        return None
    query = ChangesQuery(since)
    unchanged = answers.unchanged(place.user, query)
    if unchanged is None:
        return None
    body, nothing = sync.nothing_new(since), unchanged.body
    return query, lambda changes: body if changes == nothing else None, {}
