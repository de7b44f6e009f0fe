"""PostgreSQL servers that take the place of another, and what is lost with it.

What the server that died had recorded is read from its disk afterwards: so the checker knows every state that anyone
can have been shown, and which of them are lost.
"""

import asyncio
import contextlib
import shutil
import time
from collections.abc import AsyncIterator
from pathlib import Path

from tests.consistency.checking.history import Loss
from tests.consistency.parts import log
from tests.consistency.parts.cluster import Cluster
from tests.consistency.parts.proxy import Wire
from tests.servers.postgres import Server, base_backup

IN_THE_AIR_SECONDS = 3.0
"""For so long before a synchronous primary dies its standby hears nothing. Commits wait for it, some until their
deadline has passed: they are neither made nor not."""


@contextlib.asynccontextmanager
async def failed_over(cluster: Cluster, _target: str) -> AsyncIterator[None]:
    """The standby lags all the while, and takes over when the primary dies: what was committed meanwhile is lost."""
    primary = cluster.postgres
    async with _standby(cluster) as (standby, link):
        link.silent = "to client"
        yield
        loss = await _take_over(cluster, standby)
    cluster.losses.append(loss)
    _examine(cluster, loss, primary)


@contextlib.asynccontextmanager
async def failed_over_synchronously(cluster: Cluster, _target: str) -> AsyncIterator[None]:
    """A commit waits for the standby: nothing that was acknowledged is lost, and nobody has been shown more."""
    primary = cluster.postgres
    async with _standby(cluster) as (standby, link):
        await asyncio.to_thread(primary.wait_for_standby)
        yield
        link.silent = "to client"
        await asyncio.sleep(IN_THE_AIR_SECONDS)
        await _take_over(cluster, standby)
    await asyncio.to_thread(primary.end)


@contextlib.asynccontextmanager
async def restored(cluster: Cluster, _target: str) -> AsyncIterator[None]:
    """The disk is set back to where it was at the beginning; nothing but the server's start tells of it."""
    async with _restored(cluster, new_timeline=False):
        yield


@contextlib.asynccontextmanager
async def recovered(cluster: Cluster, _target: str) -> AsyncIterator[None]:
    """As a point-in-time recovery does it."""
    async with _restored(cluster, new_timeline=True):
        yield


@contextlib.asynccontextmanager
async def _restored(cluster: Cluster, *, new_timeline: bool) -> AsyncIterator[None]:
    server = cluster.postgres
    dead = _another(cluster)
    backup = await asyncio.to_thread(base_backup, server, cluster.stack.folder / f"backup-{dead.port}")
    yield
    await asyncio.to_thread(server.kill)
    loss = Loss(time.monotonic())
    await asyncio.to_thread(server.restore, backup, new_timeline=new_timeline, aside=dead.data)
    loss.served = time.monotonic()
    cluster.losses.append(loss)
    _examine(cluster, loss, dead, backup)


@contextlib.asynccontextmanager
async def _standby(cluster: Cluster) -> AsyncIterator[tuple[Server, Wire]]:
    """One that has everything, and the wire by which it hears of more."""
    standby = _another(cluster)
    async with Wire(cluster.postgres.port) as link:
        await asyncio.to_thread(standby.follow, cluster.postgres, through=link.port)
        await asyncio.to_thread(standby.catch_up_with, cluster.postgres)
        yield standby, link


async def _take_over(cluster: Cluster, standby: Server) -> Loss:
    await asyncio.to_thread(cluster.postgres.kill)
    loss = Loss(time.monotonic())
    await asyncio.to_thread(standby.promote)
    cluster.lead_to_postgres(standby)
    loss.served = time.monotonic()
    return loss


def _another(cluster: Cluster) -> Server:
    """Not started; beside the present one."""
    here = cluster.postgres
    server = Server(_room(cluster), settings={**here.settings})
    cluster.stack.adopt(server)
    return server


def _room(cluster: Cluster) -> Path:
    rooms = cluster.stack.folder / "postgres"
    return next(room for number in range(2, 10_000) if not (room := rooms / str(number)).exists())


def _examine(cluster: Cluster, loss: Loss, dead: Server, *waste: Path) -> None:
    """Start the dead one where nobody finds it, read its record, and bury it, with what else is of no more use."""

    def examine() -> None:
        dead.start()
        try:
            loss.log = log.read(dead.url())
        finally:
            dead.end()
            for folder in (dead.data, *waste):
                shutil.rmtree(folder)

    cluster.autopsies.append(asyncio.create_task(asyncio.to_thread(examine)))
