"""What a body asks for: properties, in whatever order; raises `Refused` for what is no such question."""

from http import HTTPStatus
from typing import Literal

from starlette.datastructures import Headers
from starlette.requests import Request

from api.calendars.answers import Refused
from api.calendars.properties import Wanted
from api.calendars.xml import read
from api.calendars.xml.names import dav
from api.calendars.xml.read import Element, NotXml
from api.http.bodies import received

Depth = Literal["0", "1", "infinity"]

MINIMAL = {"preference-applied": "return=minimal"}


async def body_of(request: Request, most: int, *, condition: str | None = None) -> bytes | bytearray:
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

    body = await received(request.receive, make_room=grow)
    if len(body) > most:
        raise excess
    return body


async def xml_of(request: Request) -> Element | None:
    """The root of the body; None where there is none."""
    body = await body_of(request, read.MAX_BYTES)
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
        names = tuple(child.name for child in included.children) if included else ()
        return Wanted(names, everything=True, minimal=minimal)
    return Wanted(tuple(child.name for child in kind.children), minimal=minimal)


_KINDS = frozenset(map(dav, ("prop", "allprop", "propname")))
