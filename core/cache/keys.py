"""Every name that Redis knows us by, and the bounds of what lies there; lives are in seconds."""

import random
from binascii import crc_hqx
from dataclasses import dataclass
from functools import lru_cache
from itertools import count
from urllib.parse import quote

from redis.crc import key_slot

from core.cache.servers.wire import packed
from core.types import UserId

MAX_VARIANTS = 32
"""Answers kept per user; past it one of the others, drawn at random, makes room."""

OWN_FIELDS = (b"lease", b"fence", b"seen")
"""What a list's hash has beside the answers."""

MOST_FIELDS = MAX_VARIANTS + len(OWN_FIELDS) + 1
"""With the one that says how many bytes they are."""

MAX_VALUE_BYTES = 256 * 1024
SHARE_BYTES = 1024 * 1024
"""Of one user's answers, unless a setting says else."""
JITTER = 0.1
"""The part of the TTL by which an entry may live longer or shorter, so that not all of them end at once."""

SLOTS = 16_384
"""Of a Redis Cluster."""


@dataclass(frozen=True, slots=True)
class Names:
    """What each server has of its own, beside the users' keys."""

    generation: str
    """See `scripts.GENERATION`."""
    probed: str
    """Never there."""

    @property
    def probe(self) -> tuple[str, str]:
        """Takes nothing, but no replica and no Redis that refuses writes will do it; unlike a SET, a full memory
        allows it.
        """
        return ("DEL", self.probed)


GENERATION = "tasklane:generation"
ALONE = Names(GENERATION, "tasklane:probe")
"""Of a server that is no part of a cluster."""

PREFIX = b"tasklane:{"
SUFFIX = b"}:list"
LISTS = PREFIX + b"*" + SUFFIX
"""All of them, as a pattern."""


def jittered(ttl: float) -> int:
    return round(ttl * random.uniform(1 - JITTER, 1 + JITTER))  # noqa: S311  # spreads expiry only


def is_list(name: bytes | None) -> bool:
    return name is not None and name.startswith(PREFIX) and name.endswith(SUFFIX)


def key(owner: UserId) -> str:
    return user_key(owner, "list")


@lru_cache(maxsize=10_000)
def user_key(owner: UserId, name: str) -> str:
    """The braces keep a user's keys on one slot of a Redis Cluster; quoting keeps the owner's own braces out."""
    return f"tasklane:{{{quote(owner, safe='')}}}:{name}"


@lru_cache(maxsize=10_000)
def channel(owner: UserId) -> str:
    """Where it is told that the user's list has come to a revision."""
    return user_key(owner, "revision")


@lru_cache(maxsize=10_000)
def slot(owner: UserId) -> int:
    """In which slot of a Redis Cluster a user's keys lie."""
    return key_slot(key(owner).encode())


@lru_cache(maxsize=1000)
def names_in(slot: int) -> Names:
    """The names whose keys lie in that slot."""
    tag = next(number for number in count() if crc_hqx(b"%d" % number, 0) % SLOTS == slot)
    return Names(f"tasklane:{{{tag}}}:generation", f"tasklane:{{{tag}}}:probe")


def question(owner: UserId, *fields: bytes) -> bytes:
    """What `Fence.look` asks Redis, to be made once for what is asked often."""
    return packed("HMGET", key(owner), *fields)


def field(variant: str) -> bytes:
    return b"v:" + variant.encode()
