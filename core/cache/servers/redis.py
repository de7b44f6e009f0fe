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
from typing import Any, Protocol, Self

import structlog

from core.cache import scripts
from core.cache.generation import Generation
from core.cache.keys import Names
from core.cache.servers.given_up import GivenUp
from core.cache.servers.route import Route
from core.cache.servers.wire import PATIENCE_SECONDS, Argument, Asker, Send, Wire, packed
from core.errors import Redirected, RedisUnavailable
from core.types import History, UserId

log = structlog.get_logger()


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

    def __init__(self, route: Route, *, timeout: float, retry_after: float) -> None:
        self._route = route
        self._timeout = timeout
        self._retry_after = retry_after
        self.generation: Generation | None = None
        """Adopted on the present connection; None while there is none to read from."""
        self.settled = True
        """False during an outage and for a while after it: others may need longer to connect again."""
        self._may_read = False
        self._doubts = 0
        self._doubted = asyncio.Event()
        self._wanted_history: History | None = None
        self._server = self._term = b""
        self._names = route.names
        self._wire: Wire | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._recovery: Recovery | None = None
        self._given_up = GivenUp(route.name)

    @property
    def up(self) -> bool:
        """Whether a command would be sent now."""
        return self._wire is not None and not self._wire.lost.is_set() and not self._wire.stalled

    @property
    def readable(self) -> bool:
        """Whether what it holds may be shown: its generation is adopted, and everybody has told it what they owe."""
        return self.settled and self._may_read and self.generation is not None

    @property
    def complete(self) -> bool:
        """Whether every user's keys have a server."""
        return True

    @property
    def route(self) -> Route:
        """How it is found."""
        return self._route

    @property
    def name(self) -> str:
        """Where it is, for the log."""
        return self._route.name

    @property
    def names(self) -> Names:
        """Of the keys that are its own."""
        return self._route.names

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

    def ask(self, command: bytes, asker: Asker) -> None:
        """As `send_packed`, for one who makes no future of it."""
        wire = self._wire
        if wire is None:
            raise RedisUnavailable("no connection")
        wire.ask(command, asker)

    def send_patiently(self, *command: Argument) -> asyncio.Future[Any]:
        """As `send`, but a silence makes it wait for as long as the connection lives."""
        wire = self._wire
        if wire is None:
            raise RedisUnavailable("no connection")
        return wire.send_patiently(packed(*command))

    def send_asking(self, *command: Argument) -> asyncio.Future[Any]:
        """As `send_patiently`, of a key whose slot is on its way here."""
        self.send_patiently("ASKING")
        return self.send_patiently(*command)

    async def tell(self, owner: UserId, *command: Argument) -> Any:
        """Have what belongs to `owner` changed, wherever it is by now; waits for as long as the connection lives."""
        return await self.of(owner).send_patiently(*command)

    def doubt(self) -> None:
        """Nobody reads before the generation was looked at again, which is at once."""
        self._doubts += 1
        self._may_read = False
        self._doubted.set()

    async def keep_up_with(self, history: History) -> None:
        """PostgreSQL has told its history: if it is another than the generation's, nothing of before is a hit any more.

        While Redis is away that is left for the next connection, which nobody reads from before.
        """
        if self.generation is not None and self.generation.history == history:
            return
        self._wanted_history = history
        wire = self._wire
        if wire is not None:
            with contextlib.suppress(RedisUnavailable):
                await self._adopt(wire, fresh=False)

    async def _keep_connected(self, tried: asyncio.Event) -> None:
        wire: Wire | None = None
        announced = False
        first = self.settled
        while True:
            try:
                before, doubts = self._server, self._doubts
                wire = await self._route.connect(self._timeout)
                wire.on_give_up = self._given_up.note
                await self._identify(wire)
                # Nobody can tell a server that hides its id from the one of before, nor what one has missed that was
                # left for another and is found again.
                await self._adopt(wire, fresh=not self._server or bool(before and before != self._server))
                await self._check(wire)
                self._wire = wire
                await self._check(wire)  # what became owed during the first one
                await self._permit(doubts)
                self.settled = self.settled or first
                log.info("redis_connected", server=self._route.name)
                announced = first = False
                tried.set()
                settled_at = asyncio.get_running_loop().time() + self._longest_absence
                while not await self._lost_within(wire, self._retry_after / 2):
                    await self._look_after(wire)
                    self.settled = self.settled or asyncio.get_running_loop().time() >= settled_at
                raise RedisUnavailable(wire.reason)  # noqa: TRY301  # so that no loss goes without a line
            except (OSError, RedisUnavailable, TimeoutError) as error:
                if not announced:
                    reason = type(error).__name__
                    log.warning("redis_unavailable", server=self._route.name, reason=reason, detail=str(error))
                announced = True
            except Exception:  # the next connection may find it right, and without one there is no cache any more
                if not announced:
                    log.exception("redis_connection_failed", server=self._route.name)
                announced = True
            finally:
                self._wire = self.generation = None
                self.settled = self._may_read = first = False
                if wire:
                    wire.give_up("lost")
                tried.set()
            await asyncio.sleep(self._retry_after * random.uniform(0.5, 1))  # noqa: S311  # jitter, not a secret

    async def _lost_within(self, wire: Wire, seconds: float) -> bool:
        """Returns before that when there is reason to look after it."""
        waits = [asyncio.create_task(event.wait()) for event in (wire.lost, self._doubted)]
        try:
            await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        self._doubted.clear()
        return wire.lost.is_set()

    async def _look_after(self, wire: Wire) -> None:
        doubts, server = self._doubts, self._server
        await self._route.check(wire)
        await self._identify(wire)
        try:
            await self._adopt(wire, fresh=False)
            await self._check(wire)
        except Redirected:  # the slot of its own keys is on its way to another server, but the server is the same
            self._may_read = False
        else:
            await self._permit(doubts)
        if self._server != server:
            raise RedisUnavailable("another server behind the same connection")

    async def _permit(self, doubts: int) -> None:
        """Let reads begin, unless something has cast doubt on what was looked at."""
        if not self._may_read and (self._recovery is None or await self._recovery.may_read()):
            self._may_read = doubts == self._doubts

    @property
    def _longest_absence(self) -> float:
        """Seconds after which everybody is connected, once Redis is there: a silence that is waited for to its end,
        one failed attempt, one pause, the next attempt.
        """
        silence, connecting = max(PATIENCE_SECONDS, self._timeout), self._route.longest(self._timeout)
        return silence + connecting + self._retry_after + 2 * self._timeout

    async def _identify(self, wire: Wire) -> None:
        """Learn which server this is: its `run_id` is new with each start. Some services keep it to themselves."""
        run = await self._told_of(wire, "server", b"run_id")
        # A server that was demoted and is promoted again has the same run_id, and another replication id.
        replication = await self._told_of(wire, "replication", b"master_replid")
        self._server = run and run + b"/" + replication
        self._term = await self._route.term(wire)

    async def _told_of(self, wire: Wire, section: str, name: bytes) -> bytes:
        try:
            information: bytes = await wire.send_patiently(packed("INFO", section))
        except RedisUnavailable:
            if wire.lost.is_set():
                raise
            return b""  # refused
        return dict(line.split(b":", 1) for line in information.splitlines() if b":" in line).get(name, b"")

    async def _adopt(self, wire: Wire, *, fresh: bool) -> None:
        """Take the generation of the server on, or give it one: for another server, for another history, or `fresh`."""
        names, wanted = self._route.names, self._wanted_history
        if wanted is None and self.generation and names != self._names:
            wanted = self.generation.history  # what lies under the other name may be left over from long ago
        arguments = (self._server + self._term, secrets.token_hex(4), "" if wanted is None else wanted, int(fresh))
        id_, history = await wire.send_patiently(packed("EVAL", scripts.GENERATION, 1, names.generation, *arguments))
        self._names = names
        if wanted is not None and wanted == self._wanted_history:
            self._wanted_history = None
        before, self.generation = self.generation, Generation(id_, History(int(history)) if history else None)
        if (before is None or before.id != id_) and self._recovery:
            self._recovery.forget()

    async def _check(self, wire: Wire) -> None:
        if self._recovery:
            await self._recovery.recover(self, lambda *command: wire.send_patiently(packed(*command)))
