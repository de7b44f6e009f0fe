"""Hears which users' lists have changed, on one connection of its own, while somebody listens.

What is heard is a hint. A message reaches who listens at that moment and nobody else; whoever relies on it must look
once after `listen` has returned, again whenever `on_change` is called, and now and then for no reason.
"""

import asyncio
import contextlib
import random
from collections.abc import Callable

import structlog

from core.cache.keys import channel
from core.cache.servers.route import Route
from core.cache.servers.wire import Wire, packed
from core.errors import RedisUnavailable
from core.types import Revision, UserId

log = structlog.get_logger()

WAIT_SECONDS = 0.5
"""For how long at most whoever begins to listen waits for that to be confirmed."""

LOITER_SECONDS = 5.0
"""For how long the connection is kept when nobody listens any more."""


class Hints:
    """The channels of the users that are listened for; `timeout` and `retry_after` as in `Redis`."""

    def __init__(
        self,
        route: Route,
        *,
        timeout: float,
        retry_after: float,
        on_hint: Callable[[UserId, Revision], None],
        on_change: Callable[[], None],
    ) -> None:
        self._route = route
        self._timeout = timeout
        self._retry_after = retry_after
        self._on_hint = on_hint
        self._on_change = on_change
        self._owners: dict[bytes, UserId] = {}
        self._confirmed: dict[UserId, asyncio.Future[None]] = {}
        self._wire: Wire | None = None
        self._keeper: asyncio.Task[None] | None = None

    @property
    def up(self) -> bool:
        """Whether everybody who listens would hear now what is published."""
        return self._wire is not None and not self._wire.lost.is_set()

    async def listen(self, owner: UserId) -> bool:
        """Begin to listen; True when that is confirmed, False when it does not come soon: then it comes later."""
        confirmed = self._confirmed.get(owner)
        if confirmed is None:
            confirmed = self._confirmed[owner] = asyncio.get_running_loop().create_future()
            self._owners[channel(owner).encode()] = owner
            if self._keeper is None or self._keeper.done():
                self._keeper = asyncio.create_task(self._keep_listening())
            elif self._wire is not None:
                with contextlib.suppress(RedisUnavailable):
                    self._subscribe(self._wire, owner)
        if not confirmed.done():
            await asyncio.wait({confirmed}, timeout=WAIT_SECONDS)
        return confirmed.done()

    def leave(self, owner: UserId) -> None:
        """Listen no more."""
        if self._confirmed.pop(owner, None) is None:
            return
        del self._owners[channel(owner).encode()]
        if self._wire is not None:
            with contextlib.suppress(RedisUnavailable):
                self._wire.send_patiently(packed("UNSUBSCRIBE", channel(owner)))

    def renew(self) -> None:
        """Connect anew: the server may be another by now."""
        if self._wire is not None:
            self._wire.give_up("renewed")

    async def close(self) -> None:
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)

    async def _keep_listening(self) -> None:
        """Until nobody has listened for a while."""
        announced = False
        while True:
            wire: Wire | None = None
            try:
                wire = await self._route.connect(self._timeout)
                wire.listen(self._hear)
                await self._subscribe_all(wire)
                announced = False
                self._on_change()
                await self._stay(wire)
            except (OSError, RedisUnavailable, TimeoutError) as error:
                if not announced:
                    log.warning("hints_unavailable", reason=type(error).__name__, detail=str(error))
                announced = True
            except Exception:  # nobody would be told of anything any more
                if not announced:
                    log.exception("hints_failed")
                announced = True
            else:
                return  # nobody listens
            finally:
                self._wire = None
                for owner, confirmed in self._confirmed.items():
                    if confirmed.done():
                        self._confirmed[owner] = asyncio.get_running_loop().create_future()
                if wire:
                    wire.give_up("lost")
                self._on_change()
            await asyncio.sleep(self._retry_after * random.uniform(0.5, 1))  # noqa: S311  # jitter, not a secret

    async def _subscribe_all(self, wire: Wire) -> None:
        """Those who come meanwhile as well."""
        answers = [self._subscribe(wire, owner) for owner in self._confirmed]
        self._wire = wire
        for answer in answers:
            await answer

    def _subscribe(self, wire: Wire, owner: UserId) -> asyncio.Future[None]:
        confirmed = self._confirmed[owner]
        answer = wire.send_patiently(packed("SUBSCRIBE", channel(owner)))

        def confirm(answered: asyncio.Future[None]) -> None:
            if answered.cancelled() or self._wire is not wire:
                return
            if answered.exception() is None:
                if not confirmed.done():
                    confirmed.set_result(None)
            else:  # it may not listen: that no later connection would mend, but it may be allowed to one day
                wire.give_up(str(answered.exception()))

        answer.add_done_callback(confirm)
        return answer

    async def _stay(self, wire: Wire) -> None:
        """Raises when the connection is lost; returns when nobody has listened for a while."""
        idle = 0.0
        while idle < LOITER_SECONDS:
            period = min(self._retry_after, LOITER_SECONDS) / 2
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(period):
                    await wire.lost.wait()
            await wire.send_patiently(packed("PING"))
            idle = 0.0 if self._confirmed else idle + period

    def _hear(self, name: bytes, said: bytes) -> None:
        owner = self._owners.get(name)
        if owner is not None and said.isdigit():
            self._on_hint(owner, Revision(int(said)))
