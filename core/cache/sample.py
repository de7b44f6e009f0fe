"""Some of what the cache holds, for whoever compares it with the database."""

import asyncio
import random
from collections.abc import Iterable
from typing import Any

from core.cache.answer import Answer, judged
from core.cache.fence import Fence
from core.cache.keys import is_list
from core.cache.servers.connect import Servers
from core.cache.servers.redis import Redis
from core.cache.servers.wire import Argument

DRAWS = 10


async def sample(servers: Servers, fence: Fence, count: int) -> list[tuple[str, Answer]]:
    """Up to `count` cached answers that are hits now, drawn at random, each with its variant.

    Raises `RedisUnavailable`. Most keys hold none (a list that nobody has read since it changed), so several times as
    many are drawn.
    """
    found: dict[tuple[bytes, bytes], Answer] = {}
    for _ in range(DRAWS):
        for node in servers.nodes:
            found.update(await _draw(node, fence, count))
        if len(found) >= count:
            break
    return [(variant[2:].decode(errors="replace"), answer) for (_, variant), answer in found.items()][:count]


async def _draw(node: Redis, fence: Fence, count: int) -> dict[tuple[bytes, bytes], Answer]:
    names = {name for name in await _each(node, (("RANDOMKEY",) for _ in range(count))) if is_list(name)}
    fields = await _each(node, (("HKEYS", name) for name in names))
    drawn = [
        (name, random.choice(variants))  # noqa: S311  # a sample, not a secret
        for name, items in zip(names, fields, strict=True)
        if (variants := [item for item in items if item.startswith(b"v:")])
    ]
    values = await _each(node, (("HMGET", name, "lease", "fence", variant) for name, variant in drawn))
    hits: dict[tuple[bytes, bytes], Answer] = {}
    for which, (lease, revision, value) in zip(drawn, values, strict=True):
        answer = judged(revision, value)
        if answer and fence.is_current(answer.owner, lease):
            hits[which] = answer
    return hits


async def _each(node: Redis, commands: Iterable[tuple[Argument, ...]]) -> list[Any]:
    return await asyncio.gather(*(node.call(*command) for command in commands))
