"""How a personal token is written: `tl_`, 160 random bits, and a checksum of both.

All in small letters and digits, so that a double click takes it whole and a scanner of secrets finds `tl_[a-z2-7]{39}`;
by the checksum it tells one from what only looks like one, and so do we before anybody is asked.
"""

import re
import secrets
from base64 import b32encode
from hashlib import sha256
from zlib import crc32

PREFIX = b"tl_"
PATTERN = "tl_[a-z2-7]{39}"
SECRET_BYTES = 20

_SECRET_CHARACTERS = 32
_FORM = re.compile(PATTERN.encode())


def new() -> str:
    """A token that nobody has seen before."""
    secret = PREFIX + _letters(secrets.token_bytes(SECRET_BYTES))
    return (secret + _checksum(secret)).decode()


def is_whole(token: bytes) -> bool:
    """Whether it is one as it was made, as far as can be told without asking."""
    end = len(PREFIX) + _SECRET_CHARACTERS
    return _FORM.fullmatch(token) is not None and _checksum(token[:end]) == token[end:]


def digest(token: bytes) -> bytes:
    """What is kept of it. 160 bits need neither salt nor a slow hash."""
    return sha256(token).digest()


def _checksum(secret: bytes) -> bytes:
    return _letters(crc32(secret).to_bytes(4))


def _letters(value: bytes) -> bytes:
    return b32encode(value).rstrip(b"=").lower()
