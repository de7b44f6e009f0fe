"""The JOSE side of a token: its form, its header and its signature (RFC 7515, RFC 8725).

A token comes out of here proven by a key that the operator configured, with the algorithm that belongs to
that key, or not at all.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from jwt import PyJWS, PyJWTError
from jwt.utils import base64url_decode

from api.auth.keys import SAME, Key
from api.auth.refusal import refused
from api.http.bodies.strict_json import parse_object

MAX_AUTHORIZATION_BYTES = 8192
"""Of the whole header value; what common proxies let through."""

# Without padding, and with all three parts: a token has one spelling only.
_AUTHORIZATION = re.compile(rb"bearer +(([\w-]+)\.[\w-]+\.[\w-]+)", re.IGNORECASE)
_PERSONAL = re.compile(rb"[ \t]*(?i:bearer) +(tl_\S*)[ \t]*")

# Keys that a token brings along prove nothing, and no extension is understood here, so none may be critical.
_FORBIDDEN_PARAMETERS = frozenset({"b64", "crit", "jku", "jwk", "x5c", "x5u"})

# RFC 8725, section 3.11: a logout token or a DPoP proof of the same issuer is signed by the same keys.
_ACCESS_TOKEN_TYPES = frozenset({"jwt", "at+jwt", "application/jwt", "application/at+jwt"})

_JWS = PyJWS()
for _other, _usual in SAME.items():
    _JWS.register_algorithm(_other, _JWS.get_algorithm_by_name(_usual))


@dataclass(frozen=True, slots=True)
class UnverifiedToken:
    """What a token says of itself; good for finding the keys that may prove it, and for nothing else."""

    compact: bytes = field(repr=False)
    algorithm: str
    key_id: str | None


def compact(authorization: bytes) -> bytes | None:
    """The token alone: however the scheme is written, and the space around it. None for what `read` refuses."""
    if authorization.startswith(b"Bearer ") and len(authorization) <= MAX_AUTHORIZATION_BYTES:
        token = authorization[7:]
        if b" " not in token and b"\t" not in token:
            return token
    parts = _take_apart(authorization)
    return parts[1] if parts else None


def personal(authorization: bytes) -> bytes | None:
    """What it carries that begins as personal tokens do, and nothing else does; None where there is no such thing."""
    found = _PERSONAL.fullmatch(authorization) if len(authorization) <= MAX_AUTHORIZATION_BYTES else None
    return found[1] if found else None


def read(authorization: bytes) -> UnverifiedToken:
    """Take a `Bearer` token apart (RFC 6750, the scheme in any case); raises `InvalidToken`."""
    if len(authorization) > MAX_AUTHORIZATION_BYTES:
        raise refused("too_long")
    parts = _take_apart(authorization)
    if parts is None:
        raise refused("malformed")
    try:
        header = parse_object(base64url_decode(parts[2]))
    except ValueError:
        # `from None` here and below: the cause would carry pieces of the token into a traceback.
        raise refused("header_unreadable") from None
    _check_header(header)
    return UnverifiedToken(compact=parts[1], algorithm=SAME.get(header["alg"], header["alg"]), key_id=header.get("kid"))


def proven_claims(token: UnverifiedToken, keys: Sequence[Key]) -> dict[str, Any]:
    """The claims, signed by one of the keys with that key's own algorithm; raises `InvalidToken`."""
    if not keys:
        raise refused("no_key_fits")
    for key in keys:
        payload = _payload_signed_by(key, token)
        if payload is not None:
            try:
                return parse_object(payload)
            except ValueError:
                raise refused("claims_unreadable") from None
    raise refused("signature_wrong")


def _take_apart(authorization: bytes) -> re.Match[bytes] | None:
    if len(authorization) > MAX_AUTHORIZATION_BYTES:
        return None
    return _AUTHORIZATION.fullmatch(authorization.strip(b" \t"))


def _check_header(header: dict[str, Any]) -> None:
    if not header.keys().isdisjoint(_FORBIDDEN_PARAMETERS):
        raise refused("header_parameter_forbidden")
    if not isinstance(header.get("alg"), str):
        raise refused("algorithm_not_named")
    if "kid" in header and not isinstance(header["kid"], str):
        raise refused("key_id_not_a_string")
    kind = header.get("typ", "jwt")  # Better Auth leaves it out
    if not isinstance(kind, str) or kind.lower() not in _ACCESS_TOKEN_TYPES:
        raise refused("not_an_access_token")


def _payload_signed_by(key: Key, token: UnverifiedToken) -> bytes | None:
    try:
        verified = _JWS.decode_complete(token.compact, key.material, algorithms=_names(key.algorithm))
    except PyJWTError:
        return None
    payload: bytes = verified["payload"]
    return payload


def _names(algorithm: str) -> list[str]:
    return [algorithm, *(other for other, usual in SAME.items() if usual == algorithm)]
