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
from functools import lru_cache
from typing import Any
from urllib.parse import quote

import structlog

from core.answer import Answer
from core.errors import RedisUnavailable
from core.redis import Argument, Redis, Send, packed
from core.types import Revision, UserId

log = structlog.get_logger()

MAX_VARIANTS = 32
"""Answers kept per user; past it one of the others, drawn at random, makes room."""

MAX_VALUE_BYTES = 256 * 1024
BATCH = 500
"""Lists announced in one round trip."""

DRAWS = 10

JITTER = 0.1
"""The part of the TTL by which an entry may live longer or shorter, so that not all of them end at once."""

# Takes nothing, but no replica and no Redis that refuses writes will do it; unlike a SET, a full memory allows it.
PROBE = ("DEL", "tasklane:probe")

# KEYS[1] the hash. ARGV: a fresh lease, the TTL in seconds, the variant's field. Returns {lease, fence, value}.
# The TTL is renewed only with the hash: an entry that nobody fills or raises goes away.
OPEN = """
local found = redis.call('HMGET', KEYS[1], 'lease', 'fence', ARGV[3])
if found[1] then return found end
redis.call('HSET', KEYS[1], 'lease', ARGV[1], 'fence', 0)
redis.call('EXPIRE', KEYS[1], ARGV[2])
return {ARGV[1], '0', false}
"""

# KEYS[1] the hash. ARGV: the lease of the open, the value's revision, the variant's field, the value, the TTL in
# seconds, the most fields that a hash may have. Returns 1 if it was stored.
FILL = """
local found = redis.call('HMGET', KEYS[1], 'lease', 'fence')
if found[1] ~= ARGV[1] then return 0 end
local fence, revision = tonumber(found[2]), tonumber(ARGV[2])
if revision < fence then return 0 end
if revision > fence then
    redis.call('DEL', KEYS[1])
    redis.call('HSET', KEYS[1], 'lease', ARGV[1], 'fence', ARGV[2])
elseif redis.call('HEXISTS', KEYS[1], ARGV[3]) == 0 and redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[6]) then
    for _, field in ipairs(redis.call('HRANDFIELD', KEYS[1], 3)) do
        if field ~= 'lease' and field ~= 'fence' then redis.call('HDEL', KEYS[1], field) break end
    end
end
redis.call('HSET', KEYS[1], ARGV[3], ARGV[4])
redis.call('EXPIRE', KEYS[1], ARGV[5])
return 1
"""

# KEYS[1] the hash. ARGV: the revision, a fresh lease, the TTL in seconds. Returns 1 if the fence moved.
# Made when absent: a reader that opens after this and queries before the COMMIT must find the fence in its way.
# Made anew when it is no hash of ours (pcall): what somebody else put there must not keep a write from being announced.
# DEL comes first: it needs no memory, and after a script's first write Redis refuses it none (maxmemory).
RAISE = """
local found = redis.pcall('HMGET', KEYS[1], 'lease', 'fence')
local fence = tonumber(found[2])
if fence and fence >= tonumber(ARGV[1]) then
    redis.call('EXPIRE', KEYS[1], ARGV[3])  -- outlives the transaction in any case
    return 0
end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'lease', found[1] or ARGV[2], 'fence', ARGV[1])
redis.call('EXPIRE', KEYS[1], ARGV[3])
return 1
"""


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
        lease, fence, value = await self._script(OPEN, owner, *arguments)
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
        return bool(await self._script(FILL, answer.owner, *arguments))

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
            names = {name for name in await self._each(("RANDOMKEY",) for _ in range(count)) if _is_list(name)}
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
        await send("EVAL", RAISE, 1, key(owner), revision, secrets.token_hex(8), self._jittered_ttl())

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


PREFIX = b"tasklane:{"
SUFFIX = b"}:list"


def _is_list(name: bytes | None) -> bool:
    return name is not None and name.startswith(PREFIX) and name.endswith(SUFFIX)


def key(owner: UserId) -> str:
    return user_key(owner, "list")


@lru_cache(maxsize=10_000)
def user_key(owner: UserId, name: str) -> str:
    """The braces keep a user's keys on one slot of a Redis Cluster; quoting keeps the owner's own braces out."""
    return f"tasklane:{{{quote(owner, safe='')}}}:{name}"


def question(owner: UserId, *fields: bytes) -> bytes:
    """What `Fence.look` asks Redis, to be made once for what is asked often."""
    return packed("HMGET", key(owner), *fields)


def field(variant: str) -> bytes:
    return b"v:" + variant.encode()
