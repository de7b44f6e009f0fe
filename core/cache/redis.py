"""One connection to Redis that any number of requests share, and that no request ever waits long for.

Commands issued in one turn of the event loop leave in one write, and their answers come back in order: concurrent
reads share a round trip. While the connection is down every command fails at once (that is the breaker), and a task
in the background tries to connect again.
"""

import asyncio
import contextlib
import random
import ssl
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import structlog
from redis.asyncio.connection import SSLConnection, parse_url

from core.cache.wire import Argument, Send, Wire, packed
from core.errors import RedisUnavailable

log = structlog.get_logger()

CONNECT_SECONDS = 1.0
"""What connecting may take at least; a longer `timeout` counts instead."""


class Redis:
    """Pipelined commands over one connection, which is given up when Redis is silent for `timeout` seconds.

    A Redis that does answer, but ever later, is given up too: nobody waits longer than four times as long.
    """

    def __init__(self, url: str, *, timeout: float, retry_after: float) -> None:
        self._address = parse_url(url)
        self._timeout = timeout
        self._retry_after = retry_after
        self.settled = True
        """False during an outage and for a while after it: others may need longer to connect again."""
        self._wire: Wire | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._recover: Callable[[Send], Awaitable[None]] | None = None

    @property
    def up(self) -> bool:
        """Whether a command would be sent now."""
        return self._wire is not None and not self._wire.lost.is_set()

    async def start(self, *, recover: Callable[[Send], Awaitable[None]] | None = None) -> None:
        """Connect, or leave it to the background.

        `recover` uses each new connection before anyone else may, and as soon as everybody may, and from then on twice
        in `retry_after` seconds, so that an outage is noticed even while nobody asks anything. What it raises ends the
        connection: then nobody uses it until a later one has recovered.
        """
        self._recover = recover
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

    async def _keep_connected(self, tried: asyncio.Event) -> None:
        wire: Wire | None = None
        announced = False
        while True:
            try:
                wire = await self._connect()
                await self._check(wire)
                self._wire = wire
                await self._check(wire)  # what became owed during the first one
                log.info("redis_connected")
                announced = False
                tried.set()
                settled_at = asyncio.get_running_loop().time() + self._longest_absence
                while not await _set_within(wire.lost, self._retry_after / 2):
                    await self._check(wire)
                    self.settled = self.settled or asyncio.get_running_loop().time() >= settled_at
            except (OSError, RedisUnavailable, TimeoutError) as error:
                if not announced:
                    log.warning("redis_unavailable", reason=type(error).__name__, detail=str(error))
                announced = True
            finally:
                self._wire, self.settled = None, False
                if wire:
                    wire.give_up("lost")
                tried.set()
            await asyncio.sleep(self._retry_after * random.uniform(0.5, 1))  # noqa: S311  # jitter, not a secret

    @property
    def _connect_timeout(self) -> float:
        return max(self._timeout, CONNECT_SECONDS)

    @property
    def _longest_absence(self) -> float:
        """Seconds after which everybody is connected, once Redis is there: one failed attempt, one pause, the next."""
        return self._connect_timeout + self._retry_after + 2 * self._timeout

    async def _check(self, wire: "Wire") -> None:
        if self._recover:
            await self._recover(_sender(wire))

    async def _connect(self) -> "Wire":
        address = self._address
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(self._connect_timeout):
            if path := address.get("path"):
                _, wire = await loop.create_unix_connection(lambda: Wire(self._timeout), path)
            else:
                _, wire = await loop.create_connection(
                    lambda: Wire(self._timeout),
                    address.get("host", "localhost"),
                    int(address.get("port", 6379)),
                    ssl=_tls(address),
                )
        try:
            await self._greet(wire)
        except BaseException:
            wire.give_up("refused")
            raise
        return wire

    async def _greet(self, wire: "Wire") -> None:
        address = self._address
        commands: list[tuple[Argument, ...]] = []
        if password := address.get("password"):
            commands.append(("AUTH", address.get("username") or "default", password))
        if database := address.get("db"):
            commands.append(("SELECT", database))
        commands.append(("PING",))
        for answer in [wire.send(packed(*command)) for command in commands]:
            await answer


async def _set_within(event: asyncio.Event, seconds: float) -> bool:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
    return event.is_set()


def _sender(wire: Wire) -> Send:
    return lambda *command: wire.send(packed(*command))


def _tls(address: Mapping[str, Any]) -> ssl.SSLContext | None:
    if address.get("connection_class") is not SSLConnection:
        return None
    context = ssl.create_default_context(cafile=address.get("ssl_ca_certs"))
    if address.get("ssl_cert_reqs") == "none":
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
