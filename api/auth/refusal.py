"""The one way to say no: the caller learns nothing, the operator a fixed word, and neither of them the token."""

import time
from collections import Counter
from collections.abc import Callable

import structlog

from core.errors import InvalidToken

LOG_PAUSE = 60.0
"""Seconds between two lines on one reason, however many are refused."""

_USUAL = frozenset({"no_token", "expired"})
"""What clients do every day: counted, and of no other interest."""

_log = structlog.get_logger()

OnRefusal = Callable[[str], None]


def refused(reason: str) -> InvalidToken:
    """The error to raise; `reason` is a fixed snake_case word, never a part of the token."""
    _log.debug("token_refused", reason=reason)
    error = InvalidToken()
    error.reason = reason
    return error


class Refusals:
    """Counts them, and logs a reason when it comes up, at most once a minute."""

    def __init__(self, on_refusal: OnRefusal, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._on_refusal = on_refusal
        self._clock = clock
        self._logged_at: dict[str, float] = {}
        self._since: Counter[str] = Counter()

    def note(self, reason: str) -> None:
        self._on_refusal(reason)
        if reason in _USUAL:
            return
        self._since[reason] += 1
        now = self._clock()
        if now - self._logged_at.get(reason, -LOG_PAUSE) >= LOG_PAUSE:
            self._logged_at[reason] = now
            _log.warning("tokens_refused", reason=reason, tokens=self._since.pop(reason))
