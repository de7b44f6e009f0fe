"""One Redis server: a connection that any number of requests share, and that no read ever waits long for.

Commands issued in one turn of the event loop leave in one write, and their answers come back in order: concurrent
reads share a round trip. While the connection is down every command fails at once (that is the breaker), and a task
in the background tries to connect again.

Nobody reads over a connection before the generation of the server behind it has been adopted: what was cached for
another server (a replica that was promoted and may have missed raises) or under another history of PostgreSQL is
never a hit (`scripts.GENERATION`).
"""

import asyncio
import contextlib
import random
import secrets
import ssl
from dataclasses import dataclass
from typing import Any, Protocol, Self

import structlog

from core.addresses.redis import RedisAddress
from core.cache import scripts
from core.cache.keys import GENERATION
from core.cache.wire import PATIENCE_SECONDS, Argument, Send, Wire, packed
from core.errors import ConfigurationError, RedisUnavailable
from core.types import History, UserId

log = structlog.get_logger()

CONNECT_SECONDS = 1.0
"""What connecting may take at least; a longer `timeout` counts instead."""


@dataclass(frozen=True, slots=True)
class Generation:
    """What the values in a server are of: `id` is renewed when they must not be hits any more."""

    id: bytes
    history: History | None


class Recovery(Protocol):
    """What must be done on a new connection before anybody may use it, and again and again as long as it lives."""

    async def recover(self, redis: "Redis", send: Send) -> None:
        """Tell the server what it is owed; raises `RedisUnavailable` when it must not be used."""

    async def may_read(self) -> bool:
        """Whether all that was acknowledged without Redis has been told to it meanwhile."""

    def forget(self) -> None:
        """Another generation was adopted: what was a hit is none."""


class Redis:
    """Pipelined commands over one connection; reads wait for `timeout` seconds of silence at most."""

    def __init__(self, url: str, *, timeout: float, retry_after: float) -> None:
        self._address = RedisAddress.parse(url)
        if self._address.kind != "single":
            raise ConfigurationError("REDIS_URL: so far a single Redis can be connected to, and nothing else")
        self._timeout = timeout
        self._retry_after = retry_after
        self.generation: Generation | None = None
        """Adopted on the present connection; None while there is none to read from."""
        self.settled = True
        """False during an outage and for a while after it: others may need longer to connect again."""
        self._may_read = False
        self._wanted_history: History | None = None
        self._server = b""
        self._wire: Wire | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._recovery: Recovery | None = None

    @property
    def up(self) -> bool:
        """Whether a command would be sent now."""
        return self._wire is not None and not self._wire.lost.is_set() and not self._wire.stalled

    @property
    def readable(self) -> bool:
        """Whether what it holds may be shown: its generation is adopted, and everybody has told it what they owe."""
        return self.settled and self._may_read and self.generation is not None

    @property
    def nodes(self) -> tuple[Self, ...]:
        """All servers, of which this is the only one."""
        return (self,)

    def of(self, owner: UserId) -> Self:  # noqa: ARG002  # a cluster asks
        """The server that has what belongs to `owner`; raises `RedisUnavailable` when none has."""
        return self

    async def start(self, *, recovery: Recovery | None = None) -> None:
        """Connect, or leave it to the background.

        `recovery` uses each new connection before anyone else may, and as soon as everybody may, and from then on twice
        in `retry_after` seconds, so that an outage is noticed even while nobody asks anything. What it raises ends the
        connection: then nobody uses it until a later one has recovered.
        """
        self._recovery = recovery
        connected = asyncio.Event()
        self._keeper = asyncio.create_task(self._keep_connected(connected))
        await connected.wait()

    async def close(self) -> None:
        if self._keeper:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
        if self._wire:
            self._wire.give_up("closed")

    async def call(self, *command: Argument) -> Any:
        """Send one command and await its answer; raises `RedisUnavailable` at once when there is no connection."""
        return await self.send(*command)

    def send(self, *command: Argument) -> asyncio.Future[Any]:
        """As `call`, but leaves the waiting to the caller."""
        return self.send_packed(packed(*command))

    def send_packed(self, command: bytes) -> asyncio.Future[Any]:
        """As `send`, of what `packed` has made: worth it for what is asked again and again."""
        wire = self._wire
        if wire is None:
            raise RedisUnavailable("no connection")
        return wire.send(command)

    def send_patiently(self, *command: Argument) -> asyncio.Future[Any]:
        """As `send`, but a silence makes it wait for as long as the connection lives."""
        wire = self._wire
        if wire is None:
            raise RedisUnavailable("no connection")
        return wire.send_patiently(packed(*command))

    async def renew(self, history: History) -> None:
        """PostgreSQL has told another history than the generation's: from now on nothing of before is a hit.

        While Redis is away it is left for the next connection, which nobody reads from before.
        """
        self._wanted_history = history
        wire = self._wire
        if wire is not None:
            with contextlib.suppress(RedisUnavailable):
                await self._adopt(wire, fresh=False)

    async def _keep_connected(self, tried: asyncio.Event) -> None:
        wire: Wire | None = None
        announced = False
        first = True
        while True:
            try:
                before = self._server
                wire = await self._connect()
                await self._identify(wire)
                # Nobody can tell a server that hides its id from the one of before, nor what one has missed that was
                # left for another and is found again.
                await self._adopt(wire, fresh=not self._server or bool(before and before != self._server))
                await self._check(wire)
                self._wire = wire
                await self._check(wire)  # what became owed during the first one
                self._may_read = await self._recovery.may_read() if self._recovery else True
                self.settled = self.settled or first
                log.info("redis_connected")
                announced = first = False
                tried.set()
                settled_at = asyncio.get_running_loop().time() + self._longest_absence
                while not await _set_within(wire.lost, self._retry_after / 2):
                    await self._look_after(wire)
                    self.settled = self.settled or asyncio.get_running_loop().time() >= settled_at
            except (OSError, RedisUnavailable, TimeoutError) as error:
                if not announced:
                    log.warning("redis_unavailable", reason=type(error).__name__, detail=str(error))
                announced = True
            finally:
                self._wire = self.generation = None
                self.settled = self._may_read = first = False
                if wire:
                    wire.give_up("lost")
                tried.set()
            await asyncio.sleep(self._retry_after * random.uniform(0.5, 1))  # noqa: S311  # jitter, not a secret

    async def _look_after(self, wire: Wire) -> None:
        server = self._server
        await self._identify(wire)
        await self._adopt(wire, fresh=False)
        await self._check(wire)
        if self._server != server:
            raise RedisUnavailable("another server behind the same connection")
        if not self._may_read and self._recovery:
            self._may_read = await self._recovery.may_read()

    @property
    def _connect_timeout(self) -> float:
        return max(self._timeout, CONNECT_SECONDS)

    @property
    def _longest_absence(self) -> float:
        """Seconds after which everybody is connected, once Redis is there: a silence that is waited for to its end,
        one failed attempt, one pause, the next attempt.
        """
        return max(PATIENCE_SECONDS, self._timeout) + self._connect_timeout + self._retry_after + 2 * self._timeout

    async def _identify(self, wire: Wire) -> None:
        """Learn which server this is: its `run_id` is new with each start. Some services keep it to themselves."""
        try:
            information: bytes = await wire.send_patiently(packed("INFO", "server"))
        except RedisUnavailable:
            if wire.lost.is_set():
                raise
            information = b""  # refused
        fields = dict(line.split(b":", 1) for line in information.splitlines() if b":" in line)
        self._server = fields.get(b"run_id", b"")

    async def _adopt(self, wire: Wire, *, fresh: bool) -> None:
        """Take the generation of the server on, or give it one: for another server, for another history, or `fresh`."""
        wanted = self._wanted_history
        arguments = (self._server, secrets.token_hex(4), "" if wanted is None else wanted, int(fresh))
        id_, history = await wire.send_patiently(packed("EVAL", scripts.GENERATION, 1, GENERATION, *arguments))
        if wanted is not None and wanted == self._wanted_history:
            self._wanted_history = None
        before, self.generation = self.generation, Generation(id_, History(int(history)) if history else None)
        if (before is None or before.id != id_) and self._recovery:
            self._recovery.forget()

    async def _check(self, wire: Wire) -> None:
        if self._recovery:
            await self._recovery.recover(self, lambda *command: wire.send_patiently(packed(*command)))

    async def _connect(self) -> Wire:
        address = self._address
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(self._connect_timeout):
            if address.path:
                _, wire = await loop.create_unix_connection(lambda: Wire(self._timeout), address.path)
            else:
                [node] = address.nodes
                tls = _tls(address)
                _, wire = await loop.create_connection(lambda: Wire(self._timeout), node.host, node.port, ssl=tls)
        try:
            await self._greet(wire)
        except BaseException:
            wire.give_up("refused")
            raise
        return wire

    async def _greet(self, wire: Wire) -> None:
        address = self._address
        commands: list[tuple[Argument, ...]] = []
        if address.password:
            commands.append(("AUTH", address.username or "default", address.password))
        if address.db:
            commands.append(("SELECT", address.db))
        commands.append(("PING",))
        for answer in [wire.send(packed(*command)) for command in commands]:
            await answer


async def _set_within(event: asyncio.Event, seconds: float) -> bool:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
    return event.is_set()


def _tls(address: RedisAddress) -> ssl.SSLContext | None:
    try:
        return address.tls.context() if address.tls else None
    except ValueError as error:  # the files changed since the start
        raise RedisUnavailable(str(error)) from error
