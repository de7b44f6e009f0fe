"""A cache on several Redis servers: an election, a slot that moves, a master that dies; the replicas lag."""

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator

from core.cache.keys import key
from core.types import UserId
from tests.consistency.parts.cluster import Cluster
from tests.servers.cluster import Node, RedisCluster

KEYS_AT_ONCE = 2
"""Moved while the slot is on its way; the source sends whoever asks for one on to the target."""


@contextlib.asynccontextmanager
async def elected(cluster: Cluster, _target: str) -> AsyncIterator[None]:
    """The primary dies, and the Sentinels elect its replica, which has missed what came last."""
    sentinels = cluster.sentinels
    assert sentinels
    if not sentinels.primary.running:
        await asyncio.to_thread(sentinels.renew)
    await asyncio.to_thread(sentinels.lag)
    yield
    await asyncio.to_thread(sentinels.elect)


@contextlib.asynccontextmanager
async def moved(cluster: Cluster, _target: str) -> AsyncIterator[None]:
    """The slot of a user who is asked for moves to another master."""
    masters, name = await _whole(cluster), _a_list(cluster)
    moving = masters.migrating(name)
    move = await asyncio.to_thread(moving.__enter__)
    try:
        yield
        await asyncio.to_thread(move.move_keys, KEYS_AT_ONCE)
    finally:
        await asyncio.to_thread(moving.__exit__, None, None, None)


@contextlib.asynccontextmanager
async def replaced(cluster: Cluster, _target: str) -> AsyncIterator[None]:
    """A master dies, and its replica takes its place, which has missed what came last."""
    masters = await _whole(cluster)
    master = await asyncio.to_thread(masters.owner, _a_list(cluster))
    await asyncio.to_thread(masters.lag, master)
    yield
    await asyncio.to_thread(masters.fail_over, master, kill=True)


async def _whole(cluster: Cluster) -> RedisCluster:
    """With everyone who died before back as a replica."""
    masters = cluster.masters
    assert masters
    for node in _dead(masters):
        await asyncio.to_thread(masters.rejoin, node)
    return masters


def _dead(masters: RedisCluster) -> list[Node]:
    return [node for node in masters.replicas if not node.running]


def _a_list(cluster: Cluster) -> str:
    """The key of one that is cached, of a user who only looks when it matters."""
    return key(UserId(secrets.choice(cluster.users[1::2])))
