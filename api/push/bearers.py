"""The streams that personal tokens have opened: one that is revoked ends them within a second, in every process.

Nothing that a hint could tell is relied upon: the tokens are looked at again and again. What cannot be told in time
ends a stream as well, to come back when it can.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import structlog

from api.auth.personal import Verdicts
from api.push.events import Ending
from api.push.stream import Stream

log = structlog.get_logger()

PAUSE_SECONDS = 0.4
"""Between two looks, which take as long at most."""

LookAgain = Callable[[Sequence[bytes]], Awaitable[Verdicts]]


class Bearers:
    """The streams by the token that was shown for them."""

    def __init__(self, look_again: LookAgain) -> None:
        self._look_again = look_again
        self._streams: dict[bytes, set[Stream]] = {}
        self._keeper: asyncio.Task[None] | None = None

    def enter(self, token: bytes, stream: Stream) -> None:
        self._streams.setdefault(token, set()).add(stream)
        if self._keeper is None or self._keeper.done():
            self._keeper = asyncio.create_task(self._keep_looking())

    def leave(self, token: bytes, stream: Stream) -> None:
        streams = self._streams.get(token, set())
        streams.discard(stream)
        if not streams:
            self._streams.pop(token, None)

    async def close(self) -> None:
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)

    async def _keep_looking(self) -> None:
        """While there are any."""
        while self._streams:
            await asyncio.sleep(PAUSE_SECONDS)
            tokens = list(self._streams)
            try:
                verdicts = await self._look_again(tokens)
            except Exception:  # nobody would be found out any more
                log.exception("bearers_look_failed")
                verdicts = Verdicts(untold=set(tokens))
            self._end(verdicts.gone, "expired")
            self._end(verdicts.untold, "reconnect")

    def _end(self, tokens: set[bytes], reason: Ending) -> None:
        for token in tokens:
            for stream in self._streams.get(token, ()):
                stream.end(reason)
