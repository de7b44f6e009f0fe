"""Bodies as they come from anywhere: whatever is sent, the outcome is a value or a clear 4xx, in bounded time."""

import asyncio
from collections.abc import Callable
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.types import Receive

from api.http.bodies import strict_json
from api.http.bodies.strict_json import NotJson
from core.errors import Fault, InvalidInput, TooSlow, UnsupportedMediaType

JSON_TYPES = ("application/json", "application/merge-patch+json")

WHOLE_SECONDS = 30.0
"""What a body may take; a gateway in front takes it in at its own pace, and passes it on at once."""
PAUSE_SECONDS = 5.0
"""For so long nothing of it may come."""


class JsonRequest(Request):
    """A request whose `json()` is strict, and done once: FastAPI's own reading of the body finds the result."""

    _value: Any = None

    async def read(self) -> None:
        """Read the body; raises `UnsupportedMediaType`, `TooSlow` or `InvalidInput`."""
        self._body = body = bytes(await received(self.receive))
        if body:
            check_type(self)
            try:
                self._value = strict_json.parse(body)
            except NotJson as error:
                raise InvalidInput(Fault("#", str(error))) from None

    async def json(self) -> Any:
        return self._value


def check_type(request: Request, types: tuple[str, ...] = JSON_TYPES) -> None:
    """Raises `UnsupportedMediaType` where the body is not said to be of one of these."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in types:
        raise UnsupportedMediaType(types)


def _welcome(_size: int) -> None:
    pass


async def received(receive: Receive, *, make_room: Callable[[int], None] = _welcome) -> bytes | bytearray:
    """The whole body; raises `TooSlow`, `ClientDisconnect`, and what `make_room` raises, which is told of each part."""
    loop = asyncio.get_running_loop()
    begun = loop.time()
    body = bytearray()
    try:
        async with asyncio.timeout(PAUSE_SECONDS) as pause:
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise ClientDisconnect
                part: bytes = message.get("body", b"")
                if not (body or message.get("more_body")):
                    return part  # nearly every body comes in one
                make_room(len(part))
                body += part
                if not message.get("more_body"):
                    return body
                if part:
                    pause.reschedule(min(begun + WHOLE_SECONDS, loop.time() + PAUSE_SECONDS))
    except TimeoutError:
        raise TooSlow from None
