"""What a body asks for: properties, in whatever order; raises `Refused` for what is no such question."""

from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Literal

from starlette.datastructures import Headers
from starlette.requests import Request

from api.calendars.answers import Refused
from api.calendars.properties import Wanted
from api.calendars.xml import read
from api.calendars.xml.names import dav
from api.calendars.xml.read import Element, NotXml
from api.http.bodies.intake import Intake
from api.http.bodies.read import received

Depth = Literal["0", "1", "infinity"]

MAX_PROPERTIES = 200
"""For each place of an answer."""
MAX_NAMES = 4096
"""Characters of their names with the namespaces, which are told back there."""
SHORT_BYTES = 128 * 1024
"""Of a question that takes no room of its own; also of one that does not say how long it is."""
INTAKE = "tasklane.intake"
"""In the scope: the room for what is longer."""

MINIMAL = {"preference-applied": "return=minimal"}


async def body_of(
    request: Request, most: int, *, condition: str | None = None, make_room: Callable[[int], None] | None = None
) -> bytes | bytearray:
    """The whole of it; raises `Refused` beyond `most` bytes, for that precondition, as soon as that shows."""
    excess = Refused(HTTPStatus.FORBIDDEN if condition else HTTPStatus.REQUEST_ENTITY_TOO_LARGE, condition)
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced[:18]) > most:
        raise excess
    size = 0

    def grow(part: int) -> None:
        nonlocal size
        size += part
        if size > most:
            raise excess
        if make_room is not None:
            make_room(part)

    body = await received(request.receive, make_room=grow)
    if len(body) > most:
        raise excess
    return body


async def xml_of(request: Request) -> Element | None:
    """The root of the body; None where there is none. Of long ones a user sends one at a time: raises `TooBusy`."""
    announced = request.headers.get("content-length")
    if announced is None or not announced.isdigit() or int(announced[:18]) <= SHORT_BYTES:
        return await _parsed(await body_of(request, SHORT_BYTES))
    intake: Intake = request.scope[INTAKE]
    async with intake.place(request.scope["tasklane.user"]) as place:
        return await _parsed(await body_of(request, read.MAX_BYTES, make_room=place.grow))


async def _parsed(body: bytes | bytearray) -> Element | None:
    if not body:
        return None
    try:
        return await read.read(body)
    except NotXml:
        raise Refused(HTTPStatus.BAD_REQUEST) from None


def depth_of(headers: Headers, *, default: Depth = "infinity") -> Depth:
    """As the header says."""
    depth = headers.get("depth", default).strip().lower()
    if depth not in ("0", "1", "infinity"):
        raise Refused(HTTPStatus.BAD_REQUEST)
    return depth  # type: ignore[return-value]  # it is one of these


def is_minimal(headers: Headers) -> bool:
    """Whether what is not there need not be told (RFC 8144, and what was before it)."""
    preferred = ",".join(headers.getlist("prefer")).replace(" ", "").lower()
    return "return=minimal" in preferred.split(",") or headers.get("brief", "").strip().lower() == "t"


def wanted_by(root: Element | None, *, minimal: bool = False) -> Wanted:
    """What a `propfind` or a report asks of each place; without a body it is everything (RFC 4918, 9.1)."""
    if root is None:
        return Wanted(everything=True, minimal=minimal)
    kinds = [child for child in root.children if child.name in _KINDS]
    if len(kinds) != 1:
        raise Refused(HTTPStatus.BAD_REQUEST)
    [kind] = kinds
    if kind.name == dav("propname"):
        return Wanted(names_only=True)
    if kind.name == dav("allprop"):
        included = root.find(dav("include"))
        return Wanted(names_of(included.children) if included else (), everything=True, minimal=minimal)
    return Wanted(names_of(kind.children), minimal=minimal)


def names_of(properties: Iterable[Element]) -> tuple[str, ...]:
    """Each once."""
    names = tuple(dict.fromkeys(one.name for one in properties))
    if len(names) > MAX_PROPERTIES or sum(map(len, names)) > MAX_NAMES:
        raise Refused(HTTPStatus.BAD_REQUEST)
    return names


_KINDS = frozenset(map(dav, ("prop", "allprop", "propname")))
