"""Whether a personal token is good: what was found is believed for half a second, and beyond that as long as Redis says
that its owner's list stands where it stood. Revoking is a change of the list, so the fence tells of it (ADR 0043).

Where neither can be asked nobody is let in: raises `DatabaseUnavailable`.
"""

import asyncio
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import structlog

from api.auth.claims import NO_WARRANT, Principal, Warrant
from api.auth.personal.memo import FRESH_SECONDS, UNKNOWN_SECONDS, Known, KnownTokens, UnknownTokens, end_of_hour
from api.auth.refusal import refused
from core.access import form, rows
from core.access.rows import BATCH, BEARERS, NOBODY, Found
from core.cache.answer import Answer, Opened
from core.cache.fence import Fence
from core.cache.keys import question
from core.errors import DatabaseUnavailable, RedisUnavailable
from core.lists.lists import Lists
from core.logs import frames

log = structlog.get_logger()

LOOK_SECONDS = 0.4
"""What `look_again` takes at most; with the pause of whoever calls it that is less than a second."""


@dataclass(frozen=True, slots=True)
class Verdicts:
    """Of tokens that were good a moment ago."""

    gone: set[bytes] = field(default_factory=set)
    """They are not good any more."""
    untold: set[bytes] = field(default_factory=set)
    """Nobody could tell in time."""


@dataclass(frozen=True, slots=True)
class _Flight:
    began: float
    outcome: asyncio.Task[Known | None]


class PersonalTokens:
    """All of them, as this process knows them."""

    def __init__(self, lists: Lists, fence: Fence, *, clock: Callable[[], float] = time.time) -> None:
        self._lists = lists
        self._fence = fence
        self._clock = clock
        self._known = KnownTokens()
        self._unknown = UnknownTokens()
        self._flights: dict[bytes, _Flight] = {}

    def remembered(self, token: bytes, *, now: float) -> Principal | None:
        """Whom it has proved before: still, if Redis says what is in the principal's warrant, and not otherwise."""
        return self._known.recall(token, now=now)

    async def judge(self, token: bytes) -> Principal:
        """Whom this token, which looks like one, proves; raises `InvalidToken` and `DatabaseUnavailable`."""
        if not form.is_whole(token):
            raise refused("token_mistyped")
        known = self._known.get(token)
        if known is not None and self._is_over(known):
            raise refused("expired")
        if known is None or not (self._is_fresh(known) or await self._is_vouched_for(known)):
            known = await self._ask(token)
        if known is None:
            raise refused("token_unknown")
        if self._clock() >= known.principal.expires_at:
            raise refused("expired")
        return known.principal

    async def look_again(self, tokens: Sequence[bytes]) -> Verdicts:
        """What has become of these, within `LOOK_SECONDS`; raises nothing."""
        deadline = time.monotonic() + LOOK_SECONDS
        verdicts = Verdicts()
        unsure = await self._unsure(tokens, deadline=deadline)
        batches = [unsure[start : start + BATCH] for start in range(0, len(unsure), BATCH)]
        looks = {asyncio.create_task(self._look(batch)): batch for batch in batches}
        await _settled(looks, deadline=deadline)
        for look, batch in looks.items():
            error = look.exception() if look.done() and not look.cancelled() else None
            if look.done() and error is None:
                found = zip(batch, look.result(), strict=True)
                verdicts.gone.update(token for token, known in found if known is None)
            else:
                verdicts.untold.update(batch)
                if error and not isinstance(error, DatabaseUnavailable):
                    log.error("tokens_look_failed", error=type(error).__name__, frames=frames(error))
        return verdicts

    async def _unsure(self, tokens: Sequence[bytes], *, deadline: float) -> list[bytes]:
        """Those for which Redis does not vouch in time."""
        asked = {
            token: asyncio.create_task(self._is_vouched_for(known))
            for token in tokens
            if (known := self._known.get(token))
        }
        await _settled(asked.values(), deadline=deadline)
        sure = {
            token for token, vouched in asked.items() if vouched.done() and not vouched.exception() and vouched.result()
        }
        return [token for token in tokens if token not in sure]

    async def _is_vouched_for(self, known: Known) -> bool:
        """Whether Redis says that the list stands where it stood when the token was found."""
        owner = known.principal.user_id
        if known.warrant is None or self._clock() >= known.until:
            return False
        began = time.monotonic()
        try:
            lease, fence = await self._fence.look(owner, question(owner, b"lease", b"fence"))
        except RedisUnavailable:
            return False
        if known.warrant != (lease, fence) or not self._fence.is_current(owner, lease):
            return False
        known.seen_at = began
        return True

    def _is_fresh(self, known: Known) -> bool:
        return time.monotonic() - known.seen_at < FRESH_SECONDS and self._clock() < known.until

    def _is_over(self, known: Known) -> bool:
        """Whether it has expired; believed as long as that there is none, so that who goes on with it costs no look."""
        recently = time.monotonic() - known.seen_at < UNKNOWN_SECONDS
        return recently and self._clock() >= known.principal.expires_at

    async def _ask(self, token: bytes) -> Known | None:
        """The database, once for all who ask at the same time; whoever leaves does not take it with them."""
        if form.digest(token) in self._unknown:
            return None
        flight = self._flights.get(token)
        if flight is None or time.monotonic() - flight.began >= FRESH_SECONDS:
            flight = self._flights[token] = _Flight(time.monotonic(), asyncio.create_task(self._fly(token)))
            flight.outcome.add_done_callback(_heed)
        return await asyncio.shield(flight.outcome)

    async def _fly(self, token: bytes) -> Known | None:
        """One that is new here is looked for twice: whose list Redis is to watch nobody knew before."""
        is_new = self._known.get(token) is None
        try:
            [known] = await self._look([token])
            if is_new and known is not None and self._fence.connected:
                [known] = await self._look([token])
            return known
        finally:
            flight = self._flights.get(token)
            if flight is not None and flight.outcome is asyncio.current_task():
                del self._flights[token]

    async def _look(self, tokens: Sequence[bytes]) -> list[Known | None]:
        """What the database says; noted, for Redis to repeat it from now on.

        In the order of a read that is to be cached: what Redis says first is the lease under which it may say later
        that nothing has changed.
        """
        began, now = time.monotonic(), self._clock()
        opened = await asyncio.gather(*(self._open(self._known.get(token)) for token in tokens))
        digests = [form.digest(token) for token in tokens]
        asker = NOBODY if any(self._known.get(token) is None for token in tokens) else BEARERS
        found = await self._lists.read(asker, partial(rows.find, digests=digests))
        warrants = await asyncio.gather(*(self._warranted(*pair) for pair in zip(opened, found, strict=True)))
        looked: list[Known | None] = []
        for token, digest, one, warrant in zip(tokens, digests, found, warrants, strict=True):
            if one is None:
                self._known.drop(token)
                self._unknown.add(digest)
                looked.append(None)
                continue
            until = min(end_of_hour(now), one.expires_at)
            known = Known(_principal(token, one, warrant), warrant, began, until)
            self._known.put(token, known)
            looked.append(known)
        return looked

    async def _open(self, known: Known | None) -> Opened | None:
        if known is None:
            return None
        try:
            return await self._fence.open(known.principal.user_id)
        except RedisUnavailable:
            return None

    async def _warranted(self, opened: Opened | None, found: Found | None) -> Warrant | None:
        """What Redis is to say from now on for as long as the list stands where it stood in that look."""
        if opened is None or found is None:
            return None
        revision, history = found.stand
        stand = Answer(found.owner, revision, "", (), b"", history=history, stored=False)
        try:
            await self._fence.fill(opened, "", stand)
        except RedisUnavailable:
            return None
        return Warrant(opened.lease, b"%d" % revision)


def _principal(token: bytes, found: Found, warrant: Warrant | None) -> Principal:
    """Only what may read is answered where hits are."""
    reads = "tasks:read" in found.scopes
    return Principal(
        found.owner,
        found.expires_at,
        scopes=found.scopes,
        warrant=(warrant if reads else None) or NO_WARRANT,
        token=token,
    )


async def _settled(tasks: "Collection[asyncio.Task[Any]]", *, deadline: float) -> None:
    """Wait for all of them, until the deadline; what goes on then nobody waits for."""
    if tasks:
        _, late = await asyncio.wait(tasks, timeout=max(0.0, deadline - time.monotonic()))
        for task in late:
            task.add_done_callback(_heed)


def _heed(task: "asyncio.Task[Any]") -> None:
    if not task.cancelled():
        task.exception()
