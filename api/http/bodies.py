"""JSON as it comes from anywhere: whatever is sent, the outcome is a value or a clear 4xx."""

import asyncio
from typing import Any

from starlette.requests import Request

from api.http import strict_json
from api.http.strict_json import NotJson
from core.errors import Fault, InvalidInput, UnsupportedMediaType

LARGE_BODY = 131_072
JSON_TYPES = ("application/json", "application/merge-patch+json")


class JsonRequest(Request):
    """A request whose `json()` is strict, and done once: FastAPI's own reading of the body finds the result."""

    _value: Any = None

    async def read(self) -> None:
        """Read the body; raises `UnsupportedMediaType` or `InvalidInput`."""
        body = await self.body()
        if body:
            media_type = self.headers.get("content-type", "").partition(";")[0].strip().lower()
            if media_type not in JSON_TYPES:
                raise UnsupportedMediaType
            # A large body is read in a thread: others wait for the event loop.
            self._value = _parsed(body) if len(body) < LARGE_BODY else await asyncio.to_thread(_parsed, body)

    async def json(self) -> Any:
        return self._value


def _parsed(body: bytes) -> Any:
    try:
        return strict_json.parse(body)
    except NotJson as error:
        raise InvalidInput(Fault("#", str(error))) from None
