"""The `Idempotency-Key` header (draft-ietf-httpapi-idempotency-key-header): quoted as the draft has it, or bare."""

import asyncio
import re
from functools import partial

from starlette.requests import Request

from api.http.bodies import LARGE_BODY
from api.http.strict_json import TOO_DEEP
from core.errors import Fault, InvalidInput
from core.idempotency import Key

MAX_LENGTH = 255

_BARE = rf"[!#-~](?:[ -~]{{0,{MAX_LENGTH - 2}}}[!-~])?"
_QUOTED = rf'"(?:[ !#-\[\]-~]|\\["\\]){{1,{MAX_LENGTH}}}"'
KEY_PATTERN = f"^(?:{_BARE}|{_QUOTED})$"


async def key_of(request: Request, operation: str) -> Key | None:
    """The key with a digest of the request, if the client sent one; raises `InvalidInput`."""
    values = request.headers.getlist("idempotency-key")
    if not values:
        return None
    text = values[0].strip()
    if len(values) > 1 or not re.fullmatch(KEY_PATTERN, text):
        raise InvalidInput(
            Fault("Idempotency-Key", f"must be 1 to {MAX_LENGTH} printable ASCII characters, given once")
        )
    value = re.sub(r"\\(.)", r"\1", text[1:-1]) if text.startswith('"') else text
    make = partial(Key.of, value, operation, await request.json())
    try:
        return await asyncio.to_thread(make) if len(await request.body()) >= LARGE_BODY else make()
    except RecursionError:  # writing JSON takes more of the stack than reading it
        raise InvalidInput(Fault("#", TOO_DEEP)) from None
