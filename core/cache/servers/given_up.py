"""What Redis has refused, or not answered in time, while the connection went on: told now and then, not per request."""

import time

import structlog

log = structlog.get_logger()

PERIOD_SECONDS = 60.0
"""Between two lines for the same reason."""

_OF_NO_INTEREST = ("NOPERM", "MOVED", "ASK")
"""What an account may not ask is done without, and who else is to be asked is asked."""


class GivenUp:
    """For one server."""

    def __init__(self, server: str) -> None:
        self._server = server
        self._told: dict[str, float] = {}
        self._untold: dict[str, int] = {}

    def note(self, reason: str) -> None:
        """`reason` as Redis says it; its first word names its kind."""
        kind = reason.partition(" ")[0] if reason[:1].isupper() else reason
        if kind in _OF_NO_INTEREST:
            return
        now = time.monotonic()
        self._untold[kind] = self._untold.get(kind, 0) + 1
        if now - self._told.get(kind, -PERIOD_SECONDS) >= PERIOD_SECONDS:
            self._told[kind] = now
            log.warning("redis_gave_up", server=self._server, reason=kind, times=self._untold.pop(kind))
