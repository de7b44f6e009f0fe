"""A token bucket per user and kind of request, in Redis: one script, by its clock; without Redis there is no limit."""

import math
from dataclasses import dataclass
from typing import Literal

from core.cache.keys import user_key
from core.cache.servers.connect import Servers
from core.errors import RateLimited, RedisUnavailable
from core.types import UserId

Kind = Literal["reads", "writes"]

# KEYS[1] the bucket, a hash. ARGV: tokens per second, the most it holds. Returns {1 if a token was taken, what is left,
# milliseconds until there is a token}. A bucket that nobody touches goes away when it would be full again.
TAKE = """
local rate, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1000000
local found = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local tokens = burst
if found[1] then tokens = math.min(burst, tonumber(found[1]) + math.max(0, now - tonumber(found[2])) * rate) end
local taken = 0
if tokens >= 1 then tokens = tokens - 1 taken = 1 end
redis.call('HSET', KEYS[1], 'tokens', string.format('%.6f', tokens), 'at', string.format('%.6f', now))
redis.call('PEXPIRE', KEYS[1], math.ceil((burst - tokens) / rate * 1000) + 1000)
return {taken, math.floor(tokens), math.ceil(math.max(0, 1 - tokens) / rate * 1000)}
"""


@dataclass(frozen=True, slots=True)
class Bucket:
    """`rate` tokens per second, `burst` at most; a rate of 0 is no limit."""

    rate: float
    burst: int

    @property
    def window(self) -> int:
        """Seconds in which an empty bucket fills up."""
        return max(1, math.ceil(self.burst / self.rate))


class Limiter:
    """Spends one token per request that reaches a route."""

    def __init__(self, redis: Servers, *, reads: Bucket, writes: Bucket) -> None:
        self._redis = redis
        self._buckets: dict[Kind, Bucket] = {"reads": reads, "writes": writes}

    async def spend(self, owner: UserId, kind: Kind) -> dict[str, str]:
        """Take a token; returns the headers that tell the client where it stands; raises `RateLimited`.

        Headers after draft-ietf-httpapi-ratelimit-headers-10.
        """
        bucket = self._buckets[kind]
        if not bucket.rate:
            return {}
        try:
            answer = await self._redis.of(owner).call("EVAL", TAKE, 1, user_key(owner, kind), bucket.rate, bucket.burst)
        except RedisUnavailable:
            return {}
        taken, left, wait = answer
        reset = math.ceil((bucket.burst - left) / bucket.rate)
        headers = {
            "ratelimit-policy": f'"{kind}";q={bucket.burst};w={bucket.window}',
            "ratelimit": f'"{kind}";r={left};t={reset}',
        }
        if not taken:
            raise RateLimited(kind, max(1, math.ceil(wait / 1000)), headers)
        return headers
