"""The cache protocol: a cached answer is a hit only while no newer revision of its list has been announced.

One Redis hash per user, `tasklane:{<user>}:list`, with the fields `fence` (the highest revision announced), `lease`
(a random id given when the hash is made: it tells a reader whether the hash is still the one it opened) and
`v:<variant>` (a whole answer). Four operations, each atomic:

* read: `HMGET fence v:<variant>`; a hit if the value's revision equals the fence and its owner is the caller.
* open, before a query: make the hash if it is absent; returns the lease and the fence.
* fill, after the query: store the answer only if the lease is the same and its revision is not below the fence.
* raise, by every writer before COMMIT while it holds the list row, and again after it: fence = max(fence, revision).

docs/adr/0002-revision-fence.md says why no hit is ever stale; tests/consistency shows it.
"""

import asyncio
import random
import secrets
import time
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import structlog

from core.cache import scripts
from core.cache.answer import Answer
from core.cache.keys import JITTER, MAX_VALUE_BYTES, MAX_VARIANTS, PROBE, field, is_list, key, question
from core.cache.redis import Redis
from core.cache.wire import Argument, Send
from core.errors import RedisUnavailable
from core.types import Revision, UserId

log = structlog.get_logger()

BATCH = 500
"""Lists announced in one round trip."""

DRAWS = 10


@dataclass(frozen=True, slots=True)
class Opened:
    """What `open` saw: a later fill needs the lease; an answer older than the fence would be stale."""

    lease: bytes
    fence: Revision
    hit: Answer | None = None
    """What another reader has stored meanwhile: then there is nothing to query."""


class Fence:
    """The four operations, and the memory of what could not be announced while Redis was away."""

    def __init__(self, redis: Redis, *, ttl: int) -> None:
        self._redis = redis
        self._ttl = ttl
        self._unannounced: OrderedDict[UserId, _Owed] = OrderedDict()

    async def start(self) -> None:
        """Connect. A connection is used only while everything that this process owes Redis can be announced on it."""
        await self._redis.start(recover=self._announce_all)

    async def close(self) -> None:
        await self._redis.close()

    @property
    def up(self) -> bool:
        """Whether reads ask Redis now."""
        return self._redis.up and self._redis.settled

    @property
    def longest_life(self) -> float:
        """Seconds after which nothing that was in Redis before is still there, unless it was confirmed meanwhile."""
        return self._ttl * (1 + JITTER)

    async def look(self, owner: UserId, question: bytes) -> list[bytes | None]:
        """Fields of the hash, as `question` names them, for whoever judges them; raises `RedisUnavailable`."""
        if owner in self._unannounced or not self._redis.settled:
            await self._before_reading(owner)
        found: list[bytes | None] = await self._redis.send_packed(question)
        return found

    async def read(self, owner: UserId, variant: str) -> Answer | None:
        """The cached answer, or None; raises `RedisUnavailable` when the cache must not be asked."""
        fence, value = await self.look(owner, question(owner, b"fence", field(variant)))
        answer = _hit(fence, value)
        return answer if answer and answer.owner == owner else None

    async def open(self, owner: UserId, variant: str = "") -> Opened:
        """A read, and what must come before the query whose answer is to be stored; raises `RedisUnavailable`."""
        if owner in self._unannounced or not self._redis.settled:
            await self._before_reading(owner)
        arguments = (secrets.token_hex(8), self._jittered_ttl(), field(variant))
        lease, fence, value = await self._script(scripts.OPEN, owner, *arguments)
        hit = _hit(fence, value)
        return Opened(lease, Revision(int(fence)), hit if hit and hit.owner == owner else None)

    async def fill(self, opened: Opened, variant: str, answer: Answer) -> bool:
        """Store the answer for the next reader, if nothing newer was announced meanwhile."""
        value = answer.encode()
        if len(value) > MAX_VALUE_BYTES:
            return False
        arguments = (
            opened.lease,
            answer.revision,
            field(variant),
            value,
            self._jittered_ttl(),
            MAX_VARIANTS + 2,
        )
        return bool(await self._script(scripts.FILL, answer.owner, *arguments))

    async def raise_to(self, owner: UserId, revision: Revision) -> bool:
        """Announce a revision; False if Redis could not be told. Then this process reads past the cache until it can.

        Other processes may serve what they have until the worker's next round: it publishes whatever is not recorded.
        """
        try:
            await self._raise(self._redis.send, owner, revision)
        except RedisUnavailable:
            self._owe(owner, revision)
            return False
        except asyncio.CancelledError:
            self._owe(owner, revision)  # nobody will learn whether Redis was told
            raise
        return True

    async def raise_all(self, lists: Iterable[tuple[UserId, Revision]]) -> None:
        """Announce many in as few round trips as possible; raises `RedisUnavailable`. Repeating it does no harm."""
        await self._raise_all(self._redis.send, lists)

    async def identity(self) -> str:
        """Changes when Redis has restarted or another one has taken its place; raises `RedisUnavailable`."""
        information: bytes = await self._redis.call("INFO", "server")
        fields = dict(line.split(b":", 1) for line in information.splitlines() if b":" in line)
        return fields.get(b"run_id", b"").decode()  # some services keep it to themselves

    async def sample(self, count: int) -> list[tuple[str, Answer]]:
        """Up to `count` cached answers that are hits now, drawn at random, each with its variant.

        Most keys hold none (a list that nobody has read since it changed), so several times as many are drawn.
        """
        found: dict[tuple[bytes, bytes], Answer] = {}
        for _ in range(DRAWS):
            names = {name for name in await self._each(("RANDOMKEY",) for _ in range(count)) if is_list(name)}
            fields = await self._each(("HKEYS", name) for name in names)
            drawn = [
                (name, random.choice(variants))  # noqa: S311  # a sample, not a secret
                for name, items in zip(names, fields, strict=True)
                if (variants := [item for item in items if item.startswith(b"v:")])
            ]
            values = await self._each(("HMGET", name, "fence", variant) for name, variant in drawn)
            hits = ((which, _hit(*value)) for which, value in zip(drawn, values, strict=True))
            found.update((which, answer) for which, answer in hits if answer)
            if len(found) >= count:
                break
        return [(variant[2:].decode(errors="replace"), answer) for (_, variant), answer in found.items()][:count]

    async def _each(self, commands: Iterable[tuple[Argument, ...]]) -> list[Any]:
        return await asyncio.gather(*(self._redis.call(*command) for command in commands))

    def _owe(self, owner: UserId, revision: Revision) -> None:
        """Remember what Redis must be told before this process reads from it; the oldest come first.

        What is forgotten is no longer needed: whatever Redis held when it was owed has expired there, even if
        somebody confirmed it once more. So the memory is bounded by the writes of that time.
        """
        before = self._unannounced.pop(owner, None)
        now = time.monotonic()
        self._unannounced[owner] = _Owed(max(revision, before.revision) if before else revision, now)
        while now - next(iter(self._unannounced.values())).since > 2 * self.longest_life:
            self._unannounced.popitem(last=False)

    async def _before_reading(self, owner: UserId) -> None:
        """Let Redis know what this process owes it; after an outage, wait for the others to have done so."""
        if not self._redis.settled:
            raise RedisUnavailable("others may still owe it something")
        owed = self._unannounced.get(owner)
        if owed is not None:
            await self._raise(self._redis.send, owner, owed.revision)
            self._settle(owner, owed)

    async def _announce_all(self, send: Send) -> None:
        """Also sees that Redis takes writes: one that does not could be told nothing, so it must not be read."""
        await send(*PROBE)
        owed = list(self._unannounced.items())
        await self._raise_all(send, [(owner, item.revision) for owner, item in owed])
        for owner, item in owed:
            self._settle(owner, item)

    def _settle(self, owner: UserId, owed: "_Owed") -> None:
        if self._unannounced.get(owner) is owed:
            del self._unannounced[owner]

    async def _raise(self, send: Send, owner: UserId, revision: Revision) -> None:
        await send("EVAL", scripts.RAISE, 1, key(owner), revision, secrets.token_hex(8), self._jittered_ttl())

    async def _raise_all(self, send: Send, lists: Iterable[tuple[UserId, Revision]]) -> None:
        everything = list(lists)
        for start in range(0, len(everything), BATCH):
            await asyncio.gather(*(self._raise(send, *item) for item in everything[start : start + BATCH]))

    async def _script(self, source: str, owner: UserId, *arguments: Argument) -> Any:
        return await self._redis.send("EVAL", source, 1, key(owner), *arguments)

    def _jittered_ttl(self) -> int:
        return round(self._ttl * random.uniform(1 - JITTER, 1 + JITTER))  # noqa: S311  # spreads expiry only


@dataclass(frozen=True, slots=True)
class _Owed:
    revision: Revision
    since: float


def _hit(fence: bytes | None, value: bytes | None) -> Answer | None:
    """The answer, if nothing newer was announced; what is not ours to read is no hit either."""
    if fence is None or value is None:
        return None
    try:
        answer = Answer.decode(value)
        return answer if answer.revision == int(fence) and answer.lasts else None
    except (ValueError, TypeError):
        return None
