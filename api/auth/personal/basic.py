"""HTTP Basic (RFC 7617) as calendars' clients send it: any name, and a personal token as the password."""

import binascii
import re
from base64 import b64decode

from api.auth.refusal import refused

MAX_BYTES = 1024
"""A name, a token, and a third more for base64."""

_BASIC = re.compile(rb"(?i:basic) +([A-Za-z0-9+/]+={0,2})")


def password_of(authorization: bytes) -> bytes:
    """The password; raises `InvalidToken`. The name is the client's: we know nobody by a name."""
    found = _BASIC.fullmatch(authorization.strip(b" \t")) if len(authorization) <= MAX_BYTES else None
    if found is None:
        raise refused("malformed")
    try:
        _name, colon, password = b64decode(found[1], validate=True).partition(b":")
    except binascii.Error:
        raise refused("malformed") from None
    if not colon:
        raise refused("malformed")
    return password
