"""One connection to Redis as a protocol of the event loop: answers come in the order of the questions, or it ends."""

import asyncio
import ssl
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol, cast

import hiredis

from core.addresses.redis import RedisAddress
from core.errors import RedisUnavailable

SILENT_PERIODS = 2
LATE_PERIODS = 6
"""Periods are a third of the time-out each."""

PATIENCE_SECONDS = 1.0
"""How long a silence lasts at least before the connection is given up."""

CONNECT_SECONDS = 1.0
"""What connecting may take at least; a longer time-out counts instead."""

Argument = bytes | str | int | float | memoryview
Send = Callable[..., "asyncio.Future[Any]"]
Refusal = Callable[[str], RedisUnavailable]
"""What to raise for an error that Redis answers with."""
Heard = Callable[[bytes, bytes], None]
"""Told of a message: its channel, and what it says."""


GaveUp = Callable[[str], None]
"""Told why somebody who waited was given up, though the connection goes on."""


class Asker(Protocol):
    """Who waits for one answer. A future is one.

    Any other is told while an answer is read, or while all who wait are told that there is none: it must not raise, and
    must not ask anything before it has returned.
    """

    def done(self) -> bool:
        """Whether it waits no more."""

    def set_result(self, result: Any, /) -> None: ...

    def set_exception(self, exception: BaseException, /) -> None: ...

    def exception(self) -> BaseException | None:
        """Asked of a future only so that it counts as read."""


def packed(*command: Argument) -> bytes:
    """A command as it is sent (RESP)."""
    sent: bytes = hiredis.pack_command(command)  # type: ignore[arg-type]  # its stub allows one argument only
    return sent


async def dial(address: RedisAddress, timeout: float, refusal: Refusal = RedisUnavailable, *, turns: int = 1) -> "Wire":
    """Connect to the one server that the address names, and introduce oneself; raises `OSError`, `TimeoutError` or
    `RedisUnavailable`. The rest as in `Wire`.
    """

    def wire() -> Wire:
        return Wire(timeout, refusal, turns=turns)

    loop = asyncio.get_running_loop()
    async with asyncio.timeout(max(timeout, CONNECT_SECONDS)):
        if address.path:
            _, made = await loop.create_unix_connection(wire, address.path)
        else:
            [node] = address.nodes
            tls = _tls(address)
            _, made = await loop.create_connection(wire, node.host, node.port, ssl=tls)
    try:
        await _greet(made, address)
    except BaseException:
        made.give_up("refused")
        raise
    return made


class Wire(asyncio.Protocol):
    """One connection: what was sent, in order, and who waits for the answer.

    Whoever sends impatiently waits for `timeout` seconds of silence at most. Then the connection is *stalled*: what
    was asked impatiently has failed, and fails at once from now on, until Redis has answered all that came before. A
    busy machine stalls now and then, so the connection is kept, and whoever is patient goes on waiting; a silence of
    `PATIENCE_SECONDS` ends it.

    What is sent within so many `turns` of the event loop leaves in one write.
    """

    def __init__(self, timeout: float, refusal: Refusal = RedisUnavailable, *, turns: int = 1) -> None:
        self._refusal = refusal
        self.on_give_up: GaveUp | None = None
        self.lost = asyncio.Event()
        self.reason = ""
        """Why it was lost."""
        self.stalled = False
        self._timeout = timeout
        self._turns = turns
        self._loop = asyncio.get_running_loop()
        self._reader = hiredis.Reader()
        self._next: Callable[[], Any] = self._reader.gets
        self._outgoing: list[bytes] = []
        self._waiting: deque[Asker] = deque()
        self._patient: set[Asker] = set()
        self._asked = 0
        self._answered = 0
        self._due = 0
        self._silent_periods = 0
        self._late_periods = 0
        self._stalled_since = 0.0
        self._watch: asyncio.TimerHandle | None = None
        self._transport: asyncio.Transport | None = None

    def send(self, packed: bytes) -> asyncio.Future[Any]:
        """Ask impatiently; raises `RedisUnavailable` when the connection is lost or stalled."""
        answer: asyncio.Future[Any] = self._loop.create_future()
        self.ask(packed, answer)
        return answer

    def ask(self, packed: bytes, asker: Asker) -> None:
        """As `send`, for one who makes no future of it."""
        if self.stalled:
            raise RedisUnavailable("stalled")
        self._send(packed, asker)

    def send_patiently(self, packed: bytes) -> asyncio.Future[Any]:
        """Ask, and wait for as long as the connection lives; raises `RedisUnavailable` when it is lost."""
        answer: asyncio.Future[Any] = self._loop.create_future()
        self._send(packed, answer)
        self._patient.add(answer)
        return answer

    def listen(self, heard: Heard) -> None:
        """From now on nothing is asked but SUBSCRIBE and UNSUBSCRIBE, of one channel each, and PING.

        Those are answered in order, as everything is; the messages come in between.
        """
        take = self._reader.gets

        def next_answer() -> Any:
            while type(value := take()) is list and value[0] == b"message":
                heard(value[1], value[2])
            return value

        self._next = next_answer

    def give_up(self, reason: str) -> None:
        """Fail everyone who waits; nobody is left hanging."""
        if self._watch:
            self._watch.cancel()
            self._watch = None
        self.reason = self.reason or reason
        self.lost.set()
        if self._transport:
            self._transport.abort()
        self._patient.clear()
        while self._waiting:
            _fail(self._waiting.popleft(), RedisUnavailable(reason))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by inheritance

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # asyncio's signature
        self.give_up("connection lost")

    def data_received(self, data: bytes) -> None:
        self._reader.feed(data)
        take = self._next
        while True:
            try:
                value = take()
            except hiredis.ProtocolError:
                self.give_up("protocol error")
                return
            if value is False:  # nothing complete yet: RESP2 has no booleans
                break
            if not self._waiting:
                self.give_up("an answer that nobody asked for")
                return
            self._answered += 1
            answer = self._waiting.popleft()
            if self._patient:
                self._patient.discard(answer)
            if answer.done():  # its caller was cancelled, or gave up
                continue
            if isinstance(value, hiredis.ReplyError):
                _fail(answer, self._refusal(str(value)))
                self._tell(str(value))
            else:
                answer.set_result(value)
        if self.stalled and self._answered >= self._due:
            self.stalled = False

    def _send(self, packed: bytes, asker: Asker) -> None:
        if self.lost.is_set():
            raise RedisUnavailable("connection lost")
        if not self._outgoing:
            self._loop.call_soon(self._flush, self._turns - 1)
        self._outgoing.append(packed)
        self._waiting.append(asker)
        self._asked += 1

    def _flush(self, turns: int) -> None:
        """After so many more."""
        if turns:
            self._loop.call_soon(self._flush, turns - 1)
            return
        if self._transport and not self.lost.is_set():
            self._transport.write(b"".join(self._outgoing))
            if self._watch is None:
                self._watch_over()
        self._outgoing.clear()

    def _watch_over(self) -> None:
        """Redis answers in order, so one timer watches over all that was asked, a third of the time-out each."""
        self._watch = self._loop.call_later(self._timeout / 3, self._expect_progress, self._answered)

    def _expect_progress(self, answered_before: int) -> None:
        """Stall after two silent periods in a row: one may be this process's own, with the answer unread.

        Or when what had been asked is not answered after six: Redis is slower than what is asked of it, and a queue
        that only grows would be waited for longer and longer.
        """
        self._watch = None
        if not self._waiting:
            self._silent_periods = self._late_periods = 0
            self._due = self._asked
            return
        self._silent_periods = self._silent_periods + 1 if self._answered == answered_before else 0
        if self.stalled:
            if self._loop.time() - self._stalled_since > max(PATIENCE_SECONDS, self._timeout):
                self.give_up("no answer in time")
                return
        else:
            self._late_periods += 1
            if self._answered >= self._due:
                self._due, self._late_periods = self._asked, 0
            if self._silent_periods >= SILENT_PERIODS or self._late_periods >= LATE_PERIODS:
                self._stall()
        self._watch_over()

    def _stall(self) -> None:
        self.stalled = True
        self._stalled_since = self._loop.time()
        self._late_periods = 0
        self._due = self._asked
        for answer in self._waiting:
            if answer not in self._patient:
                _fail(answer, RedisUnavailable("no answer in time"))
        self._tell("no answer in time")

    def _tell(self, reason: str) -> None:
        if self.on_give_up:
            self.on_give_up(reason)


async def _greet(wire: Wire, address: RedisAddress) -> None:
    commands: list[tuple[Argument, ...]] = []
    if address.password:
        commands.append(("AUTH", address.username or "default", address.password))
    if address.db:
        commands.append(("SELECT", address.db))
    commands.append(("PING",))
    for answer in [wire.send(packed(*command)) for command in commands]:
        await answer


def _tls(address: RedisAddress) -> ssl.SSLContext | None:
    try:
        return address.tls.context() if address.tls else None
    except ValueError as error:  # the files changed since the start
        raise RedisUnavailable(str(error)) from error


def _fail(answer: Asker, error: RedisUnavailable) -> None:
    if not answer.done():
        answer.set_exception(error)
        answer.exception()  # a caller that went away leaves no warning behind
