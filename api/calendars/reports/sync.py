"""sync-collection (RFC 6578): what has changed since a token of `changes`. That nothing has costs no database."""

from hashlib import blake2b
from http import HTTPStatus

from starlette.responses import Response

from api.calendars.answers import Refused, as_multistatus, multistatus, of_status
from api.calendars.places import Kind, Place
from api.calendars.properties import SYNC_TOKEN
from api.calendars.reports.view import View
from api.calendars.source import Source
from api.calendars.xml.names import dav
from api.calendars.xml.read import Element
from api.calendars.xml.write import element, of_text
from api.turns import Turns
from core.calendars.sync import SyncPage
from core.errors import Resynchronise
from core.tasks.sync import token
from core.tasks.sync.token import Token

MOST = 20_000
"""Of what one answer tells, where nobody asks for fewer."""
MOST_WHOLE = 1000
"""With their files."""
MOST_BYTES = 16 * 1024 * 1024
"""Of an answer without files, roughly: it goes out as a whole."""
MOST_DIGITS = 9

_USUAL_BYTES = 400
"""Of an address, and of what is around the properties."""


class Sync:
    def __init__(self, source: Source) -> None:
        self._source = source

    async def answer(self, place: Place, root: Element, view: View) -> Response:
        """The pages of `core.calendars.sync`, each with the token of what follows."""
        if place.kind is not Kind.COLLECTION:
            raise Refused(HTTPStatus.FORBIDDEN, dav("supported-report"))
        since, asked_for = what_of(root)
        limit = min(asked_for or MOST, MOST_WHOLE if view.whole else MOST, MOST_BYTES // _bytes_of(view))
        owner = view.principal.user_id

        async def render(page: SyncPage) -> bytes:
            return await _rendered(page, place, view)

        asked = f"{since.encode() if since else ''} {limit} {view.whole} {view.wanted} {view.data}"
        digest = blake2b(asked.encode(), digest_size=16).hexdigest()
        nothing = nothing_new(since) if since else b""
        try:
            body = await self._source.sync(
                owner, since, digest, render, nothing_new=nothing, limit=limit, whole=view.whole
            )
        except Resynchronise:
            raise _outdated() from None
        return as_multistatus(body)


def _bytes_of(view: View) -> int:
    """What each resource may take, without its file: a name is there twice, and a value or a namespace."""
    return _USUAL_BYTES + sum(2 * len(name) + _USUAL_BYTES // 10 for name in view.wanted.names)


def what_of(root: Element) -> tuple[Token | None, int | None]:
    """What the client has seen, and the most that it wants to hear of; raises `Refused`."""
    return _since(root), _limit(root)


def nothing_new(since: Token) -> bytes:
    """The answer while the list stands where the token says."""
    return bytes(multistatus(end=_token(since)).body)


async def _rendered(page: SyncPage, place: Place, view: View) -> bytes:
    """Others have their turn while a long one is written."""
    parts, turns = [], Turns()
    for name in page.gone:
        parts.append(view.missing(Place(Kind.RESOURCE, place.user, name).href))
        await turns.next()
    for resource in page.changed:
        parts.append(view.of(resource))
        await turns.next()
    if page.more:
        error = element(dav("number-of-matches-within-limits"))
        parts.append(of_status(place.href, HTTPStatus.INSUFFICIENT_STORAGE, error=error))
    return bytes(multistatus(*parts, end=_token(page.next)).body)


def _token(following: Token) -> str:
    return of_text(dav("sync-token"), SYNC_TOKEN + following.encode())


def _since(root: Element) -> Token | None:
    """What the client has seen; None where that is nothing."""
    found = root.find(dav("sync-token"))
    if found is None:
        raise Refused(HTTPStatus.BAD_REQUEST)
    said = found.text.strip()
    if not said:
        return None
    try:
        if not said.startswith(SYNC_TOKEN):
            raise _outdated()
        return token.decode(said.removeprefix(SYNC_TOKEN))
    except (ValueError, Resynchronise):
        raise _outdated() from None


def _outdated() -> Refused:
    return Refused(HTTPStatus.FORBIDDEN, dav("valid-sync-token"))


def _limit(root: Element) -> int | None:
    found = root.find(dav("limit"))
    results = found.find(dav("nresults")) if found else None
    if results is None:
        return None
    said = results.text.strip()
    if not (said.isascii() and said.isdigit() and len(said) <= MOST_DIGITS) or not int(said):
        raise Refused(HTTPStatus.BAD_REQUEST)
    return int(said)
