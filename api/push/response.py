"""A stream as an answer: sent as it comes, and ended when its reader has left, does not read, or is to come back."""

import asyncio
import time
from functools import partial

import structlog
from fastapi.sse import EventSourceResponse
from starlette.types import Receive, Scope, Send

from api.auth import Principal
from api.observe.requests import FOLLOW, STREAMED_FROM
from api.push import events
from api.push.hub import Hub
from api.push.stream import Stream
from core.logs import user_hash
from core.tasks.sync.token import Token
from core.types import UserId

log = structlog.get_logger()

SLOW_SECONDS = 30.0
"""For so long a reader may take nothing. What waits for them is no more than 64 KiB and one event."""

PARTING_SECONDS = 1.0
"""The same once the stream has ended."""

HEADERS = {
    "cache-control": "private, no-store, no-transform",  # whoever compresses it holds it back: so does Next.js
    "vary": "Authorization",
    "x-accel-buffering": "no",
}


class EventStream(EventSourceResponse):
    """Raises what keeps a stream from beginning before anything is sent, so that it becomes a problem."""

    def __init__(self, hub: Hub, owner: UserId, since: Token | None) -> None:
        super().__init__(content=(), headers=HEADERS)
        self._hub = hub
        self._owner = owner
        self._since = since

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        principal: Principal = scope["tasklane.principal"]
        stream = await self._hub.enter(
            self._owner, self._since, expires_at=principal.expires_at, bearer=principal.token
        )
        more = not scope["tasklane.head"]
        try:
            first = await stream.begin()
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            await send({"type": "http.response.body", "body": events.beginning() + first, "more_body": more})
        except BaseException:
            self._hub.leave(stream)
            raise
        if more:
            scope[STREAMED_FROM] = time.perf_counter()
            scope[FOLLOW] = partial(_follow, self._hub, stream, scope["tasklane.transport"])
        else:
            self._hub.leave(stream)


async def _follow(hub: Hub, stream: Stream, transport: asyncio.Transport | None, receive: Receive, send: Send) -> None:
    """Until the stream ends."""
    began = time.perf_counter()
    connection = _Connection(transport, send)
    stream.on_end = connection.hurry
    leaving = asyncio.create_task(_left(receive))
    leaving.add_done_callback(lambda _: stream.end("left"))
    try:
        while True:
            event = await stream.next()
            if stream.ended:
                break
            await connection.send(event)
        await connection.send(event, last=True)
    except TimeoutError:
        stream.ended = stream.ended or "slow"
        connection.let_go()
        await asyncio.wait({leaving}, timeout=PARTING_SECONDS)  # until the server knows that the answer is over
    finally:
        leaving.cancel()
        hub.leave(stream)
        log.info(
            "stream_ended",
            reason=stream.ended or "failed",
            seconds=round(time.perf_counter() - began, 1),
            events=stream.events,
            user=user_hash(stream.owner),
        )


async def _left(receive: Receive) -> None:
    """Return when the reader is gone."""
    while (await receive())["type"] != "http.disconnect":
        pass


class _Connection:
    """Who does not read is let go of. ASGI has no word for that, and the server waits for them without end."""

    __slots__ = ("_send", "_transport", "_waiting")

    def __init__(self, transport: asyncio.Transport | None, send: Send) -> None:
        self._send = send
        self._transport = transport
        self._waiting: asyncio.Timeout | None = None

    async def send(self, event: bytes, *, last: bool = False) -> None:
        """Return when it is on its way; raises `TimeoutError` when the reader does not take what came before."""
        if not last and self._transport is not None and not self._unread:  # nobody has to be waited for
            await self._send({"type": "http.response.body", "body": event, "more_body": True})
            return
        try:
            async with asyncio.timeout(PARTING_SECONDS if last else SLOW_SECONDS) as self._waiting:
                await self._send({"type": "http.response.body", "body": event, "more_body": not last})
        finally:
            self._waiting = None
        if last and self._unread:
            asyncio.get_running_loop().call_later(PARTING_SECONDS, self._part)

    def hurry(self) -> None:
        """Wait no longer than at the end."""
        if self._waiting is not None:
            self._waiting.reschedule(asyncio.get_running_loop().time() + PARTING_SECONDS)

    def let_go(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    @property
    def _unread(self) -> bool:
        return self._transport is not None and self._transport.get_write_buffer_size() > 0

    def _part(self) -> None:
        if self._unread:
            self.let_go()
