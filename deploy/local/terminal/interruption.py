"""Ctrl-C, SIGTERM and a closed terminal: a question asked at safe points, never an exception from nowhere."""

import signal
import time
from types import FrameType
from typing import Any, Self

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

SAME_WISH = 0.5
"""Seconds within which a second signal is the same wish: a process group may be told once by itself, once by make."""


class Interrupted(BaseException):
    """The user wants the stack to stop; not an error."""


class Interruption:
    """While entered, the signals are counted instead of obeyed."""

    def __init__(self) -> None:
        self.requested = False
        self.hurried = False
        self._first = 0.0
        self._former: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        self._former = {number: signal.signal(number, self._note) for number in SIGNALS}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._former.items():
            signal.signal(number, handler)

    def sleep(self, seconds: float) -> None:
        """Raises `Interrupted` once a stop is wanted."""
        self.check()
        time.sleep(seconds)
        self.check()

    def check(self) -> None:
        """Raises `Interrupted` once a stop is wanted."""
        if self.requested:
            raise Interrupted

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        now = time.monotonic()
        if not self.requested:
            self.requested, self._first = True, now
        elif now - self._first > SAME_WISH:
            self.hurried = True
