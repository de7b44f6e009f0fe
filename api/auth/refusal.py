"""The one way to say no: the caller learns nothing, the debug log a fixed word, and neither the token."""

import structlog

from core.errors import InvalidToken

_log = structlog.get_logger()


def refused(reason: str) -> InvalidToken:
    """The error to raise; `reason` is a fixed snake_case word, never a part of the token."""
    _log.debug("token_refused", reason=reason)
    return InvalidToken()
