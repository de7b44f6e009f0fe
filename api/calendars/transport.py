"""Whether a password may come this way: over TLS, or from this very machine, unless a setting allows any."""

import re

from starlette.requests import Request

_LOOPBACK = re.compile(r"(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?", re.IGNORECASE)


def is_private(request: Request) -> bool:
    """As a gateway in front says, or else as the server itself sees it.

    Who lies about it harms nobody else: what is refused is to take their own password.
    """
    said = request.headers.get("x-forwarded-proto", "").partition(",")[0].strip().lower()
    if (said or request.scope.get("scheme", "http")) == "https":
        return True
    return _LOOPBACK.fullmatch(request.headers.get("host", "")) is not None
