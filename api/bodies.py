"""JSON as it comes from anywhere: whatever is sent, the outcome is a value or a clear 4xx."""

import asyncio
import json
from typing import Any, NoReturn

from starlette.requests import Request

from core.errors import Fault, InvalidInput, UnsupportedMediaType

LARGE_BODY = 131_072
JSON_TYPES = ("application/json", "application/merge-patch+json")


class JsonRequest(Request):
    """A request whose `json()` is strict, and done once: FastAPI's own reading of the body finds the result."""

    _parsed: Any = None

    async def read(self) -> None:
        """Read the body; raises `UnsupportedMediaType` or `InvalidInput`."""
        body = await self.body()
        if body:
            media_type = self.headers.get("content-type", "").partition(";")[0].strip().lower()
            if media_type not in JSON_TYPES:
                raise UnsupportedMediaType
            # A large body is read in a thread: others wait for the event loop.
            self._parsed = parse(body) if len(body) < LARGE_BODY else await asyncio.to_thread(parse, body)

    async def json(self) -> Any:
        return self._parsed


def parse(body: bytes) -> Any:
    """RFC 8259 with the ambiguous parts refused: duplicate names, NaN, anything but UTF-8; raises `InvalidInput`."""
    try:
        return json.loads(body.decode(), object_pairs_hook=_object, parse_constant=_refuse_constant)
    except UnicodeDecodeError:
        detail = "must be UTF-8"
    except RecursionError:
        detail = "is nested too deeply"
    except json.JSONDecodeError:
        detail = "is not valid JSON"
    except ValueError as error:
        # The interpreter's limit on the digits of an integer has no class of its own.
        detail = str(error) if isinstance(error, _Refused) else "has a number that is too long"
    raise InvalidInput(Fault("#", detail))


class _Refused(ValueError):
    pass


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _Refused("names a member twice")
    return members


def _refuse_constant(_name: str) -> NoReturn:
    raise _Refused("has a number that JSON does not know")
