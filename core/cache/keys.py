"""Every name that Redis knows us by, and the bounds of what lies there; lives are in seconds."""

from functools import lru_cache
from urllib.parse import quote

from core.cache.wire import packed
from core.types import UserId

MAX_VARIANTS = 32
"""Answers kept per user; past it one of the others, drawn at random, makes room."""

MAX_VALUE_BYTES = 256 * 1024
JITTER = 0.1
"""The part of the TTL by which an entry may live longer or shorter, so that not all of them end at once."""

# Takes nothing, but no replica and no Redis that refuses writes will do it; unlike a SET, a full memory allows it.
PROBE = ("DEL", "tasklane:probe")

GENERATION = "tasklane:generation"
"""One per Redis server; see `scripts.GENERATION`."""

PREFIX = b"tasklane:{"
SUFFIX = b"}:list"


def is_list(name: bytes | None) -> bool:
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
