"""Long work in the event loop, in slices so short that nobody else has to wait for it."""

import asyncio
import time

SLICE_SECONDS = 0.002
"""A request takes some turns of the loop, each of which may find a slice before it."""


class Turns:
    """To be asked between any two small steps of the work."""

    def __init__(self) -> None:
        self._until = time.perf_counter() + SLICE_SECONDS

    async def next(self) -> None:
        """Let all others have their turn, if the slice is over."""
        if time.perf_counter() >= self._until:
            await asyncio.sleep(0)
            self._until = time.perf_counter() + SLICE_SECONDS
