"""Event streams of one process, from inside: what they hear, when they look, and what they hold."""

import asyncio
import contextlib
import gc
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import cast

import pytest
import redis as redis_py

from api.observe.metrics import Metrics
from api.push import hub, response
from api.push.stream import Stream
from core.cache.answer import Answer
from core.cache.fence import Fence
from core.cache.hints import Hints
from core.cache.keys import channel
from core.cache.servers.connect import listening
from core.tasks import answers
from core.tasks.questions.queries import MAX_CHANGES, ChangesQuery
from core.types import Revision, Stand, UserId
from tests import steps
from tests.served import deaf, metrics, served, with_much
from tests.servers.address import until
from tests.stack import Stack, new_user
from tests.steps import PATIENCE, Gate


class HeldBeforeCommit(Fence):
    """A writer that has raised the fence and not committed."""

    gate: Gate

    async def raise_to(self, owner: UserId, stand: Stand, *, committed: bool = False) -> bool:
        told = await super().raise_to(owner, stand, committed=committed)
        await self.gate.arrive()
        return told


@pytest.mark.anyio
async def test_nobody_is_told_before_the_commit(stack: Stack, user: UserId) -> None:
    """They would look for what nobody can see yet, and never again."""
    async with steps.process(stack.settings(), HeldBeforeCommit) as writer:
        held = cast(HeldBeforeCommit, writer.fence)
        held.gate = Gate()
        with redis_py.Redis.from_url(stack.redis.url) as listener, listener.pubsub() as heard:
            heard.subscribe(channel(user))
            assert heard.get_message(timeout=PATIENCE)
            writing = asyncio.create_task(writer.add_task(user, "one"))
            await held.gate.arrival()
            listener.publish(channel(user), "nothing was told before this")
            held.gate.open()
            await writing
            told = [message["data"] for _ in range(2) if (message := heard.get_message(timeout=PATIENCE))]
            assert told == [b"nothing was told before this", b"%d" % await writer.revision(user)]


@pytest.mark.anyio
async def test_a_write_between_asking_and_listening_is_told(stack: Stack, user: UserId) -> None:
    """The list is looked at after the subscription was confirmed: what nobody heard is seen then."""
    settings = stack.settings()
    async with steps.process(settings) as process:

        async def ask(owner: UserId, query: ChangesQuery, *, changed: bool) -> Answer:
            return await process.lists.read(owner, lambda tx: answers.make(tx, owner, query, shape="array"))

        streams = hub.Hub(ask, process.lists.revisions, settings, Metrics())
        route = listening(settings.redis, process.redis)
        hints = WrittenMeanwhile(route, timeout=5, retry_after=1, on_hint=streams.hear, on_change=lambda: None)
        hints.write = lambda: process.add_task(user, "meanwhile")
        streams.start(hints)
        stream = await streams.enter(user, None, expires_at=time.time() + 900)
        assert b"meanwhile" in await stream.begin()
        await process.add_task(user, "afterwards")
        assert b"afterwards" in await stream.next()
        streams.leave(stream)
        await streams.close()


@pytest.mark.anyio
async def test_who_comes_while_the_process_ends_is_told_to_come_back(stack: Stack, user: UserId) -> None:
    """As those who are there: a browser never comes back from a refusal."""
    settings = stack.settings()
    async with steps.process(settings) as process:

        async def ask(owner: UserId, query: ChangesQuery, *, changed: bool) -> Answer:
            return await process.lists.read(owner, lambda tx: answers.make(tx, owner, query, shape="array"))

        streams = hub.Hub(ask, process.lists.revisions, settings, Metrics())
        route = listening(settings.redis, process.redis)
        streams.start(Hints(route, timeout=5, retry_after=1, on_hint=streams.hear, on_change=lambda: None))
        await process.add_task(user, "one")
        streams.stop()
        stream = await streams.enter(user, None, expires_at=time.time() + 900)
        assert b"one" in await stream.begin()
        assert b"event: reconnect" in await stream.next()
        streams.leave(stream)
        await streams.close()


@pytest.mark.anyio
async def test_without_redis_changes_are_told_within_two_periods(
    own_stack: Stack, user: UserId, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A look in each of the worker's: the second one that begins after the acknowledgement has seen the change."""
    monkeypatch.setattr(hub, "LOOK_SECONDS", 10_000)
    settings = own_stack.settings(REDIS_TIMEOUT="0.5", REDIS_RETRY_AFTER="0.2")
    own_stack.worker(REDIS_RETRY_AFTER="0.2")
    async with steps.process(settings) as process:
        looks = looked = 0

        async def ask(owner: UserId, query: ChangesQuery, *, changed: bool) -> Answer:
            nonlocal looked
            looked = looks  # while it is read, and until the test hears of it, there may be another look
            return await process.lists.read(owner, lambda tx: answers.make(tx, owner, query, shape="array"))

        async def look(owners: Sequence[UserId]) -> dict[UserId, Revision]:
            nonlocal looks
            looks += 1
            return await process.lists.revisions(owners)

        streams = hub.Hub(ask, look, settings, Metrics())
        route = listening(settings.redis, process.redis)
        hints = Hints(route, timeout=0.5, retry_after=60, on_hint=streams.hear, on_change=streams.look_again)
        streams.start(hints)
        stream = await streams.enter(user, None, expires_at=time.time() + 900)
        await stream.begin()
        await asyncio.to_thread(own_stack.redis.stop)
        await steps.until(lambda: not hints.up)
        for number in range(3):
            await process.add_task(user, f"task {number}")
            before = looks
            assert b"task %d" % number in await stream.next()
            assert looked - before <= 2
        streams.leave(stream)
        await streams.close()


class WrittenMeanwhile(Hints):
    """A list is written to right before it is listened for."""

    write: Callable[[], Awaitable[None]]

    async def listen(self, owner: UserId) -> bool:
        await self.write()
        return await super().listen(owner)


def test_streams_burden_no_collection(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that are there are taken out of it, and need it for nothing when they end."""
    monkeypatch.setattr(hub, "SPARED", 10)
    with served(stack) as api, contextlib.ExitStack() as open_, uncollected():
        spared = gc.get_freeze_count()
        for user in [new_user() for _ in range(5)]:
            for _ in range(5):
                open_.enter_context(deaf(api, user))
        until(lambda: "tasklane_streams 25.0" in metrics(api), "all are there")
        assert gc.get_freeze_count() > spared
        gc.unfreeze()  # so that they can be counted
        assert sum(isinstance(thing, Stream) for thing in gc.get_objects()) == 25
        open_.close()
        until(lambda: "tasklane_streams 0.0" in metrics(api), "all have left")
        until(lambda: not any(isinstance(thing, Stream) for thing in gc.get_objects()), "nothing holds them")


@contextlib.contextmanager
def uncollected() -> Iterator[None]:
    """Nothing is collected meanwhile but by word."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.unfreeze()


def test_what_waits_for_a_hung_reader_is_bounded(stack: Stack) -> None:
    """No more than the server buffers, and one event; nothing is read for them meanwhile."""
    with served(stack) as api, deaf(api, with_much(stack)):
        until(lambda: any(one._waiting for one in connections()), "nothing more is taken")
        [connection] = connections()
        assert connection._transport is not None
        assert connection._transport.get_write_buffer_size() < 2**16 + MAX_CHANGES * 1500


def connections() -> list[response._Connection]:
    """Of the streams in this process."""
    return [thing for thing in gc.get_objects() if isinstance(thing, response._Connection)]
