"""The cache protocol: a cached answer is a hit only while no newer revision of its list has been announced.

One Redis hash per user, `tasklane:{<user>}:list`, with the fields `fence` (the highest revision announced), `lease`
(an id given when the hash is made: it tells a reader whether the hash is still the one it opened, and of which
generation its values are), `v:<variant>` (a whole answer) and `seen` (the fence that a fill has proven). Atomic are:

* read: `HMGET lease fence v:<variant>`; a hit if the lease is of the present generation, the value's revision equals
  the fence, and its owner is the caller.
* open, before a query: make the hash if it is absent or of another generation; returns the lease and the fence.
* fill, after the query: store the answer only if the lease is the same and its revision is not below the fence; the
  fence is raised to it in any case.
* raise, by every writer before COMMIT while it holds the list row, and again after it: fence = max(fence, revision).

docs/adr/0002-revision-fence.md and 0020-generations.md say why no hit is ever stale; tests/consistency shows it.
"""

import asyncio
import contextlib
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

import structlog

from core.cache import keys, scripts
from core.cache.answer import Answer, Opened, judged
from core.cache.generation import new_lease
from core.cache.keys import JITTER, OWN_FIELDS, channel, field, jittered, key, question
from core.cache.servers.connect import Servers
from core.cache.servers.redis import Redis
from core.cache.servers.wire import Argument, Asker, Send
from core.errors import Redirected, RedisUnavailable
from core.types import History, Revision, Stand, UserId

log = structlog.get_logger()

BATCH = 500
"""Lists announced in one round trip."""

REMEMBERED = 10_000
"""Users of whom a process remembers what it has told Redis last."""


class Fence:
    """The four operations, and the memory of what could not be announced while Redis was away."""

    def __init__(self, redis: Servers, *, ttl: int, share: int = keys.SHARE_BYTES) -> None:
        self._redis = redis
        self._share = share  # bytes of one user's answers
        self._ttl = ttl
        self._unannounced: OrderedDict[UserId, _Owed] = OrderedDict()
        self._told: OrderedDict[UserId, Revision] = OrderedDict()
        self._listeners: list[Callable[[], None]] = []
        self._all_told: Callable[[], Awaitable[bool]] | None = None

    async def start(self, *, all_told: Callable[[], Awaitable[bool]] | None = None) -> None:
        """Connect. A connection is used only while everything that this process owes Redis can be announced on it.

        After an outage nothing is read before `all_told` says that Redis knows what others have acknowledged meanwhile.
        """
        self._all_told = all_told
        await self._redis.start(recovery=self)

    async def close(self) -> None:
        await self._redis.close()

    @property
    def up(self) -> bool:
        """Whether all reads ask Redis now: in a cluster, of every master."""
        return self._redis.complete and all(node.up and node.readable for node in self._redis.nodes)

    @property
    def connected(self) -> bool:
        """Whether Redis can be told something now."""
        return self._redis.complete and all(node.up for node in self._redis.nodes)

    @property
    def partly_connected(self) -> bool:
        """Whether of some users, if not of all, Redis can be told something now."""
        return any(node.up for node in self._redis.nodes)

    @property
    def longest_life(self) -> float:
        """Seconds after which nothing that was in Redis before is still there, unless it was confirmed meanwhile."""
        return self._ttl * (1 + JITTER)

    def on_forgetting(self, listener: Callable[[], None]) -> None:
        """Call `listener` whenever what was a hit may be none any more, whatever its lease and its fence."""
        self._listeners.append(listener)

    def is_current(self, owner: UserId, lease: bytes | None) -> bool:
        """Whether what lies beside this lease is of the present generation."""
        generation = self._redis.of(owner).generation
        return lease is not None and generation is not None and lease.startswith(generation.id + b".")

    async def look(self, owner: UserId, question: bytes) -> list[bytes | None]:
        """Fields of the hash, as `question` names them, for whoever judges them; raises `RedisUnavailable`."""
        node = self._redis.of(owner)
        if owner in self._unannounced or not node.readable:
            await self._before_reading(node, owner)
        found: list[bytes | None] = await node.send_packed(question)
        return found

    def ask(self, owner: UserId, question: bytes, asker: Asker) -> bool:
        """As `look`, for one who makes no future of it; False where nobody may read at this moment: `look` can help."""
        try:
            node = self._redis.of(owner)
            if owner in self._unannounced or not node.readable:
                return False
            node.ask(question, asker)
        except RedisUnavailable:
            return False
        return True

    async def read(self, owner: UserId, variant: str) -> Answer | None:
        """The cached answer, or None; raises `RedisUnavailable` when the cache must not be asked."""
        lease, fence, value = await self.look(owner, question(owner, b"lease", b"fence", field(variant)))
        answer = judged(fence, value) if self.is_current(owner, lease) else None
        return answer if answer and answer.owner == owner else None

    async def stands_at(self, owner: UserId, revision: Revision) -> bool:
        """Whether an answer of that revision would be a hit, without one; raises `RedisUnavailable`."""
        lease, fence, seen = await self.look(owner, question(owner, *OWN_FIELDS))
        return seen == b"%d" % revision and seen == fence and self.is_current(owner, lease)

    async def open(self, owner: UserId, variant: str = "") -> Opened:
        """A read, and what must come before the query whose answer is to be stored; raises `RedisUnavailable`."""
        node = self._redis.of(owner)
        if owner in self._unannounced or not node.readable:
            await self._before_reading(node, owner)
        generation = node.generation
        if generation is None:
            raise RedisUnavailable("no generation")
        arguments = (generation.id, new_lease(generation), jittered(self._ttl), field(variant))
        lease, fence, value = await node.send("EVAL", scripts.OPEN, 1, key(owner), *arguments)
        hit = judged(fence, value)
        return Opened(lease, Revision(int(fence)), hit if hit and hit.owner == owner else None)

    async def fill(self, opened: Opened, variant: str, answer: Answer) -> bool:
        """Store the answer for the next reader, if nothing newer was announced meanwhile; announce what it shows.

        Raises `RedisUnavailable`; then the answer is not to be shown before it was announced in another way.
        """
        node = await self._meet(answer.owner, answer.history)
        value = answer.encode() if answer.stored else b""
        arguments = (
            # A generation without a history keeps its id when it gets one: of two that met at once, one is of another.
            opened.lease if self.is_current(answer.owner, opened.lease) else b"",
            answer.revision,
            field(variant),
            value if len(value) <= keys.MAX_VALUE_BYTES else b"",
            jittered(self._ttl),
            keys.MOST_FIELDS,
            new_lease(node.generation),
            self._share,
        )
        return bool(await node.send("EVAL", scripts.FILL, 1, key(answer.owner), *arguments))

    async def raise_to(self, owner: UserId, stand: Stand, *, committed: bool = False) -> bool:
        """Announce how far a list has come, what is `committed` to whoever listens, too.

        False if Redis could not be told, after waiting for it: then this process reads past the cache.
        """
        try:
            await self._raise(await self._meet(owner, stand.history), owner, stand.revision, tell=committed)
        except RedisUnavailable:
            self._owe(owner, stand.revision)
            return False
        except asyncio.CancelledError:
            self._owe(owner, stand.revision)  # nobody will learn whether Redis was told
            raise
        return True

    async def raise_all(self, lists: Iterable[tuple[UserId, Stand]]) -> list[tuple[UserId, Stand]]:
        """Announce many that are committed, in as few round trips as possible; returns those that were told.

        Not told is what belongs to a server of a cluster that is away. Raises `RedisUnavailable` when none was told.
        Repeating it does no harm.
        """
        everything = list(lists)
        told: list[tuple[UserId, Stand]] = []
        for start in range(0, len(everything), BATCH):
            sent = []
            for owner, stand in everything[start : start + BATCH]:  # without a task for each: half of what it costs
                with contextlib.suppress(RedisUnavailable):
                    node = await self._meet(owner, stand.history)
                    announcement = self._announcement(node, owner, stand.revision, make=False, tell=True)
                    answer = node.send_patiently(*announcement)
                    sent.append((owner, stand, self._unannounced.get(owner), answer))
            for owner, stand, owed, answer in sent:
                try:
                    await answer
                except Redirected:
                    if not await self.raise_to(owner, stand, committed=True):
                        continue
                except RedisUnavailable:
                    continue
                else:
                    self._settle(owner, stand.revision, owed)
                    self.remember(owner, stand.revision)
                told.append((owner, stand))
        if everything and not told:
            raise RedisUnavailable("none could be told")
        return told

    async def meet(self, history: History) -> None:
        """PostgreSQL has told its history: if it is another than the cache knows, nothing of before is a hit."""
        for node in self._redis.nodes:
            await node.keep_up_with(history)

    def knows(self, owner: UserId, revision: Revision) -> bool:
        """Whether this process has told Redis of this revision, or a newer one, since it was committed."""
        return owner not in self._unannounced and self._told.get(owner, -1) >= revision

    async def recover(self, redis: Redis, send: Send) -> None:
        """As `redis.Recovery`. One that takes no writes could be told nothing, so it must not be read: it is probed."""
        await send(*redis.names.probe)
        owed = [item for item in self._unannounced.items() if self._belongs(item[0], redis)]
        for start in range(0, len(owed), BATCH):
            batch = owed[start : start + BATCH]
            announcements = (send(*self._announcement(redis, owner, item.revision)) for owner, item in batch)
            told = await asyncio.gather(*announcements, return_exceptions=True)
            for (owner, item), outcome in zip(batch, told, strict=True):
                if isinstance(outcome, Redirected):
                    continue  # it goes on being owed, to whoever has the slot
                if isinstance(outcome, BaseException):
                    raise outcome
                self._settle(owner, item.revision, item)

    async def may_read(self) -> bool:
        """As `redis.Recovery`."""
        return await self._all_told() if self._all_told else True

    def forget(self) -> None:
        """As `redis.Recovery`."""
        self._told.clear()
        for listener in self._listeners:
            listener()

    def _belongs(self, owner: UserId, redis: Redis) -> bool:
        try:
            return self._redis.of(owner) is redis
        except RedisUnavailable:
            return False

    async def _meet(self, owner: UserId, history: History | None) -> Redis:
        node = self._redis.of(owner)
        generation = node.generation
        if history is not None and (generation is None or generation.history != history):
            await node.keep_up_with(history)
        if node.generation is None:
            raise RedisUnavailable("no generation")
        return node

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

    async def _before_reading(self, node: Redis, owner: UserId) -> None:
        """Let Redis know what this process owes it; after an outage, wait for the others to have done so."""
        if not node.readable:
            raise RedisUnavailable("others may still owe it something")
        owed = self._unannounced.get(owner)
        if owed is not None:
            await self._raise(node, owner, owed.revision)

    async def _raise(self, node: Redis, owner: UserId, revision: Revision, *, tell: bool = False) -> None:
        owed = self._unannounced.get(owner)
        await self._redis.tell(owner, *self._announcement(node, owner, revision, tell=tell))
        self._settle(owner, revision, owed)

    def _settle(self, owner: UserId, revision: Revision, owed: "_Owed | None") -> None:
        if owed is not None and owed.revision <= revision and self._unannounced.get(owner) is owed:
            del self._unannounced[owner]

    def remember(self, owner: UserId, revision: Revision) -> None:
        """Redis was told of a committed revision; what it hears before COMMIT may be evicted before anybody sees it."""
        self._told[owner] = max(revision, self._told.pop(owner, revision))
        if len(self._told) > REMEMBERED:
            self._told.popitem(last=False)

    def _announcement(
        self, node: Redis, owner: UserId, revision: Revision, *, make: bool = True, tell: bool = False
    ) -> tuple[Argument, ...]:
        told = channel(owner) if tell else b""
        arguments = (revision, new_lease(node.generation), jittered(self._ttl), int(not make), told)
        return ("EVAL", scripts.RAISE, 1, key(owner), *arguments)


@dataclass(frozen=True, slots=True)
class _Owed:
    revision: Revision
    since: float
