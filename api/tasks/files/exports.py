"""Exports, each of which holds a session with PostgreSQL for as long as its reader takes: few, and nobody for ever."""

import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import structlog

from core.errors import TooBusy
from core.types import UserId

log = structlog.get_logger()

AT_ONCE = 4
LONG_SECONDS = 60.0
"""Who takes longer gives way to whoever comes."""


@dataclass(frozen=True, slots=True)
class _Export:
    began: float
    let_go: Callable[[], None]


class Exports:
    """Those that are under way in this process, the oldest first."""

    def __init__(self, slots: int) -> None:
        """Half of the sessions are left to others."""
        self._most = max(1, min(AT_ONCE, slots // 2))
        self._running: OrderedDict[UserId, _Export] = OrderedDict()

    @contextmanager
    def place(self, owner: UserId, *, let_go: Callable[[], None]) -> Iterator[None]:
        """For one of `owner`; raises `TooBusy` when they have one, or enough others do. `let_go` ends it."""
        if owner in self._running:
            raise TooBusy
        if len(self._running) >= self._most:
            self._end_the_oldest()
            raise TooBusy
        self._running[owner] = _Export(time.monotonic(), let_go)
        try:
            yield
        finally:
            del self._running[owner]

    def _end_the_oldest(self) -> None:
        oldest = next(iter(self._running.values()))
        seconds = time.monotonic() - oldest.began
        if seconds > LONG_SECONDS:
            log.info("export_let_go", seconds=round(seconds))
            oldest.let_go()
