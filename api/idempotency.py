"""The `Idempotency-Key` header (draft-ietf-httpapi-idempotency-key-header): quoted as the draft has it, or bare."""

import re

from starlette.requests import Request

from core.errors import Fault, InvalidInput
from core.idempotency import Key

MAX_LENGTH = 255

_BARE = re.compile(r"[\x21\x23-\x7e]([\x20-\x7e]*[\x21-\x7e])?")
_QUOTED = re.compile(r'"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])+)"')


async def key_of(request: Request, operation: str) -> Key | None:
    """The key with a digest of the request, if the client sent one; raises `InvalidInput`."""
    values = request.headers.getlist("idempotency-key")
    if not values:
        return None
    text = values[0].strip()
    quoted = _QUOTED.fullmatch(text)
    value = re.sub(r"\\(.)", r"\1", quoted[1]) if quoted else text
    if len(values) > 1 or not (quoted or _BARE.fullmatch(text)) or len(value) > MAX_LENGTH:
        raise InvalidInput(
            Fault("Idempotency-Key", f"must be 1 to {MAX_LENGTH} printable ASCII characters, given once")
        )
    return Key.of(value, operation, await request.json())
