"""Whether a password may come this way: over TLS, or from this very machine, unless a setting allows any."""

import re

from starlette.datastructures import Headers

_LOOPBACK = re.compile(r"(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?", re.IGNORECASE)


def is_private(headers: Headers, scheme: str) -> bool:
    """As a gateway in front says, or else as the server itself sees it.

    Who lies about it harms nobody else: what is refused is to take their own password.
    """
    said = headers.get("x-forwarded-proto", "").partition(",")[0].strip().lower()
    if (said or scheme) == "https":
        return True
    return _LOOPBACK.fullmatch(headers.get("host", "")) is not None
