"""What is answered: multistatus (RFC 4918, section 13), and refusals with their preconditions (section 16)."""

from collections.abc import AsyncGenerator, Iterable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from http import HTTPStatus
from typing import cast

from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from api.calendars.xml import write
from api.calendars.xml.names import dav

DAV_HEADER = "1, 3, calendar-access"
"""What the service is: no locks (2)."""

PRIVATE = {"cache-control": "private, no-cache", "vary": "Authorization", "dav": DAV_HEADER}

WHOLE_BYTES = 256 * 1024
"""What is longer is sent as it is made."""

_END = "</D:multistatus>"
_BEGIN = f"{write.HEAD}<D:multistatus{write.DECLARED}>"

_STATUS = {
    status: f"<D:status>HTTP/1.1 {status.value} {status.phrase}</D:status>"
    for status in (
        HTTPStatus.OK,
        HTTPStatus.FORBIDDEN,
        HTTPStatus.NOT_FOUND,
        HTTPStatus.FAILED_DEPENDENCY,
        HTTPStatus.INSUFFICIENT_STORAGE,
    )
}


@dataclass
class Refused(Exception):
    """A request that this method or place does not take, by the name of what it would have to be."""

    status: HTTPStatus
    condition: str | None = None
    """`{namespace}name` of the precondition that does not hold."""
    content: str = ""
    """XML within it."""

    def response(self) -> Response:
        if self.condition is None:
            return Response(status_code=self.status, headers=PRIVATE)
        body = write.document(dav("error"), write.element(self.condition, self.content))
        return Response(body, self.status, PRIVATE, write.MEDIA_TYPE)


Propstats = Mapping[HTTPStatus, Iterable[str]]
"""Properties, as XML, by what became of them."""

NO_ERRORS: Mapping[HTTPStatus, str] = {}


def of_properties(href: str, found: Propstats, *, errors: Mapping[HTTPStatus, str] = NO_ERRORS) -> str:
    """What one place has, or has not, of what was asked; `errors` say why not, as XML."""
    why = {status: f"<D:error>{error}</D:error>" for status, error in errors.items()}
    stats = "".join(
        f"<D:propstat><D:prop>{properties}</D:prop>{_STATUS[status]}{why.get(status, '')}</D:propstat>"
        for status, each in found.items()
        if (properties := "".join(each))
    )
    return f"<D:response>{write.href(href)}{stats or _NOTHING}</D:response>"


_NOTHING = f"<D:propstat><D:prop/>{_STATUS[HTTPStatus.OK]}</D:propstat>"
"""Of a place that has nothing to say: a response without any is none."""


def of_status(href: str, status: HTTPStatus, *, error: str = "") -> str:
    """What became of a place that has no properties."""
    return f"<D:response>{write.href(href)}{_STATUS[status]}{error and f'<D:error>{error}</D:error>'}</D:response>"


def multistatus(*responses: str, end: str = "", headers: Mapping[str, str] | None = None) -> Response:
    """All of it at once; `end` stands behind the responses."""
    body = f"{_BEGIN}{''.join(responses)}{end}{_END}"
    return Response(body, HTTPStatus.MULTI_STATUS, {**PRIVATE, **(headers or {})}, write.MEDIA_TYPE)


def as_multistatus(body: bytes, headers: Mapping[str, str] | None = None) -> Response:
    """What `multistatus` has written before."""
    return Response(body, HTTPStatus.MULTI_STATUS, {**PRIVATE, **(headers or {})}, write.MEDIA_TYPE)


async def streamed(parts: AsyncGenerator[str], headers: Mapping[str, str] | None = None) -> Response:
    """As `multistatus`, but what is long is sent as it comes. What fails in its first part is still told."""
    begun: list[str] = []
    size = 0
    async for part in parts:
        begun.append(part)
        size += len(part)
        if size > WHOLE_BYTES:
            break
    else:
        return multistatus(*begun, headers=headers)
    return _Streamed("".join(begun), parts, {**PRIVATE, **(headers or {})})


class _Streamed(StreamingResponse):
    """Its source is closed with it, however it ends."""

    def __init__(self, begun: str, parts: AsyncGenerator[str], headers: Mapping[str, str]) -> None:
        async def chunks() -> AsyncGenerator[str]:
            async with aclosing(parts):
                yield _BEGIN + begun
                async for part in parts:
                    yield part
                yield _END

        super().__init__(chunks(), HTTPStatus.MULTI_STATUS, headers, write.MEDIA_TYPE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            await cast("AsyncGenerator[str]", self.body_iterator).aclose()
