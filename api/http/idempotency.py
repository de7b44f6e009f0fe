"""The `Idempotency-Key` header (draft-ietf-httpapi-idempotency-key-header): quoted as the draft has it, or bare."""

import json
import re
from hashlib import blake2b
from typing import Any

from starlette.requests import Request

from api.http.bodies.pieces import pieces
from api.http.bodies.strict_json import TOO_DEEP
from api.turns import Turns
from core.errors import Fault, InvalidInput
from core.idempotency import FINGERPRINT_BYTES, Key

MAX_LENGTH = 255

_BARE = rf"[!#-~](?:[ -~]{{0,{MAX_LENGTH - 2}}}[!-~])?"
_QUOTED = rf'"(?:[ !#-\[\]-~]|\\["\\]){{1,{MAX_LENGTH}}}"'
KEY_PATTERN = f"^(?:{_BARE}|{_QUOTED})$"


async def key_of(request: Request, operation: str) -> Key | None:
    """The key with a digest of the request, if the client sent one; raises `InvalidInput`."""
    value = _value(request)
    if value is None:
        return None
    try:
        return Key.of(value, operation, await request.json())
    except RecursionError:  # writing JSON takes more of the stack than reading it
        raise InvalidInput(Fault("#", TOO_DEEP)) from None


async def key_of_pieces(request: Request, operation: str, document: bytes | bytearray, *, array: str) -> Key | None:
    """The same key, of a document that is never a value as a whole: `pieces` has read it once without a fault."""
    value = _value(request)
    if value is None:
        return None
    turns = Turns()
    members: dict[str, str] = {}
    streamed = False
    for piece in pieces(document, array):
        streamed = streamed or (piece.name == array and piece.number is None and piece.value == [])
        if piece.number is None:
            members[piece.name] = _canonical(piece.value)
        await turns.next()
    digest = blake2b(f"[{json.dumps(operation)},{{".encode(), digest_size=FINGERPRINT_BYTES)
    for place, name in enumerate(sorted(members)):
        digest.update(f"{',' * bool(place)}{json.dumps(name)}:".encode())
        if name != array or not streamed:
            digest.update(members[name].encode())
            continue
        digest.update(b"[")
        for piece in pieces(document, array):
            if piece.number is not None:
                digest.update(f"{',' * bool(piece.number)}{_canonical(piece.value)}".encode())
            await turns.next()
        digest.update(b"]")
    digest.update(b"}]")
    return Key(value, digest.digest())


def key_of_file(request: Request, operation: str, document: bytes | bytearray) -> Key | None:
    """The same for a body that is no JSON, or not ours: another byte is another file."""
    value = _value(request)
    if value is None:
        return None
    digest = blake2b(operation.encode(), digest_size=FINGERPRINT_BYTES)
    digest.update(b"\0")
    digest.update(document)
    return Key(value, digest.digest())


def _value(request: Request) -> str | None:
    values = request.headers.getlist("idempotency-key")
    if not values:
        return None
    text = values[0].strip()
    if len(values) > 1 or not re.fullmatch(KEY_PATTERN, text):
        raise InvalidInput(
            Fault("Idempotency-Key", f"must be 1 to {MAX_LENGTH} printable ASCII characters, given once")
        )
    return re.sub(r"\\(.)", r"\1", text[1:-1]) if text.startswith('"') else text


def _canonical(value: Any) -> str:
    try:
        return json.dumps(value, sort_keys=True, separators=(",", ":"))
    except RecursionError:
        raise InvalidInput(Fault("#", TOO_DEEP)) from None
