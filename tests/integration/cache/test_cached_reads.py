"""Reads through the cache: who runs a query, who shares one, and what a hit needs."""

import asyncio
import contextlib
import gc
import signal
from collections.abc import Callable, Iterator

import pytest

from api.hits.reads import CachedReads
from api.observe.metrics import Metrics
from core.cache.answer import Answer, Opened
from core.cache.fence import Fence
from core.cache.keys import key
from core.cache.servers.redis import Redis
from core.errors import DatabaseUnavailable, NotFound, RedisUnavailable
from core.types import Revision, UserId
from tests import steps
from tests.stack import Stack
from tests.steps import Gate

pytestmark = pytest.mark.anyio

V = "/a"


class Queries:
    """A database of one list whose queries a test can count, hold and fail."""

    def __init__(self, owner: UserId) -> None:
        self.owner = owner
        self.count = 0
        self.revision = 1
        self.error: Exception | None = None
        self.pauses: list[Gate] = []

    async def make(self) -> Answer:
        """Sees the state of the moment in which it began, as a statement's snapshot does."""
        self.count += 1
        revision, error = self.revision, self.error
        if self.pauses:
            await self.pauses.pop(0).arrive()
        if error:
            raise error
        return Answer(self.owner, Revision(revision), '"e"', (), b"at %d" % revision)


@pytest.fixture
def queries(user: UserId) -> Queries:
    return Queries(user)


@pytest.fixture
def ask(fence: Fence, queries: Queries) -> Callable[[], "asyncio.Task[tuple[Answer, str]]"]:
    """Begin a read, as a request does: a task of its own that can be cancelled."""
    reads = CachedReads(fence, Metrics(), steps.shown)

    def begin() -> asyncio.Task[tuple[Answer, str]]:
        async def read() -> tuple[Answer, str]:
            return await reads.answer(queries.owner, V, queries.make)

        return asyncio.create_task(read())

    return begin


Ask = Callable[[], "asyncio.Task[tuple[Answer, str]]"]


async def test_256_identical_misses_are_one_query(ask: Ask, queries: Queries) -> None:
    """A crowd that asks the same at once costs the database one query, and the next reader none."""
    answers = await asyncio.gather(*(ask() for _ in range(256)))
    assert queries.count == 1
    assert {(answer.body, result) for answer, result in answers} == {(b"at 1", "miss")}
    assert (await ask())[1] == "hit"
    assert queries.count == 1


async def test_different_questions_are_different_queries(fence: Fence, user: UserId) -> None:
    """Only the same variant of the same user is shared."""
    reads = CachedReads(fence, Metrics(), steps.shown)
    mine, other = Queries(user), Queries(UserId(f"{user}-other"))
    answers = await asyncio.gather(
        reads.answer(mine.owner, "/a", mine.make),
        reads.answer(mine.owner, "/b", mine.make),
        reads.answer(other.owner, "/a", other.make),
    )
    assert (mine.count, other.count) == (2, 1)
    assert [answer.owner for answer, _ in answers] == [user, user, other.owner]


async def test_who_asks_after_a_write_never_gets_the_query_of_before(ask: Ask, queries: Queries, fence: Fence) -> None:
    """A query under way when the write was acknowledged does for those who asked before it, and for nobody else."""
    queries.pauses = [old := Gate(), new := Gate()]
    early = ask()
    await old.arrival()
    queries.revision = 2
    await fence.raise_to(queries.owner, steps.at(2))
    late = [ask() for _ in range(8)]
    await _until_they_wait(fence, queries)
    old.open()
    assert (await early)[0].body == b"at 1"
    await new.arrival()
    new.open()
    assert {(await each)[0].body for each in late} == {b"at 2"}
    assert queries.count == 2
    assert ((await ask())[0].body, queries.count) == (b"at 2", 2)


async def test_a_wipe_in_between_changes_nothing_of_it(ask: Ask, queries: Queries, fence: Fence, redis: Redis) -> None:
    """With the announcement went the lease: a query of before the wipe is another question's."""
    queries.pauses = [old := Gate()]
    early = ask()
    await old.arrival()
    queries.revision = 2
    await fence.raise_to(queries.owner, steps.at(2))
    await redis.call("DEL", key(queries.owner))
    late = ask()
    await _until_they_wait(fence, queries)
    old.open()
    assert (await early)[0].body == b"at 1"
    assert (await late)[0].body == b"at 2"


async def test_a_query_that_saw_the_write_serves_those_who_asked_after_it(
    ask: Ask, queries: Queries, fence: Fence
) -> None:
    """It began before they asked, but what it found is as new as what they may expect."""
    queries.revision = 2
    queries.pauses = [pause := Gate()]
    early = ask()
    await pause.arrival()
    await fence.raise_to(queries.owner, steps.at(2))
    late = ask()
    await _until_they_wait(fence, queries)
    pause.open()
    assert (await early)[0].body == (await late)[0].body == b"at 2"
    assert queries.count == 1


async def test_after_an_aborted_write_a_crowd_still_shares(ask: Ask, queries: Queries, fence: Fence) -> None:
    """The fence stays above every state; whoever asked before a query began takes what it finds."""
    await fence.raise_to(queries.owner, steps.at(9))
    answers = await asyncio.gather(*(ask() for _ in range(64)))
    assert {answer.body for answer, _ in answers} == {b"at 1"}
    assert queries.count <= 2


@pytest.mark.parametrize("error", [NotFound(), DatabaseUnavailable("away")])
async def test_an_older_failure_is_not_a_later_readers(
    ask: Ask, queries: Queries, fence: Fence, error: Exception
) -> None:
    """Whoever asks for a task after it was made does not get the NotFound of a query that began before."""
    queries.error = error
    queries.pauses = [pause := Gate()]
    early = ask()
    await pause.arrival()
    queries.error = None
    late = ask()
    await _until_they_wait(fence, queries)
    pause.open()
    with pytest.raises(type(error)):
        await early
    assert (await late)[0].body == b"at 1"


class HeldAfterOpen(Fence):
    """A reader that has seen the fence and goes on when the test says so."""

    pauses: list[Gate]

    async def open(self, owner: UserId, variant: str = "") -> Opened:
        opened = await super().open(owner, variant)
        if self.pauses:
            await self.pauses.pop(0).arrive()
        return opened


async def test_a_query_that_failed_at_this_very_moment_is_waited_for_by_nobody(stack: Stack, user: UserId) -> None:
    """It is over, and its end not yet told to anyone, when a reader comes by: they ask anew, and the loop goes on."""
    queries = Queries(user)
    async with steps.fence(stack.redis.url, fence_class=HeldAfterOpen) as (_, fence):
        assert isinstance(fence, HeldAfterOpen)
        fence.pauses = []
        reads = CachedReads(fence, Metrics(), steps.shown)
        queried, opened = Gate(), Gate()
        queries.pauses, queries.error = [queried], DatabaseUnavailable("gone")
        first = asyncio.create_task(reads.answer(user, V, queries.make))
        await queried.arrival()
        queries.error = None
        fence.pauses = [opened]
        second = asyncio.create_task(reads.answer(user, V, queries.make))
        await opened.arrival()
        with _impatience():
            queried.open()  # the query ends first in the next turn of the loop, and the reader comes by in the same
            opened.open()
            assert (await second)[0].body == b"at 1"
        with pytest.raises(DatabaseUnavailable):
            await first


@contextlib.contextmanager
def _impatience() -> Iterator[None]:
    """A loop that does not turn cannot be timed out by itself."""

    def give_up(*_: object) -> None:
        raise AssertionError("the event loop stands still")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(10)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


async def test_a_failure_is_everyones_who_waited_for_it_and_nobody_elses(ask: Ask, queries: Queries) -> None:
    """A failed query is not stored, and the next reader asks again."""
    queries.error = NotFound()
    outcomes = await asyncio.gather(*(ask() for _ in range(16)), return_exceptions=True)
    assert all(isinstance(outcome, NotFound) for outcome in outcomes)
    queries.error = None
    assert (await ask())[1] == "miss"
    assert (await ask())[1] == "hit"


@pytest.mark.parametrize("leaver", [0, 1])
async def test_whoever_leaves_does_not_take_the_query_along(
    ask: Ask, queries: Queries, fence: Fence, leaver: int
) -> None:
    """A client that hangs up, be it the one that began the query, costs the others nothing."""
    queries.pauses = [pause := Gate()]
    readers = [ask()]
    await pause.arrival()
    readers.append(ask())
    await _until_they_wait(fence, queries)
    readers[leaver].cancel()
    with pytest.raises(asyncio.CancelledError):
        await readers[leaver]
    pause.open()
    assert (await readers[1 - leaver])[0].body == b"at 1"
    assert queries.count == 1


async def test_a_failure_that_nobody_waited_for_is_silent(ask: Ask, queries: Queries) -> None:
    """Everyone left before the query failed: no complaint of an exception that was never retrieved."""
    complaints: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: complaints.append(context))
    queries.error = NotFound()
    queries.pauses = [pause := Gate()]
    reader = ask()
    await pause.arrival()
    reader.cancel()
    pause.open()
    await asyncio.gather(reader, return_exceptions=True)
    del reader
    queries.error = None
    assert (await ask())[0].body == b"at 1"
    gc.collect()
    assert complaints == []


async def test_an_error_of_redis_is_a_bypass(ask: Ask, queries: Queries, redis: Redis) -> None:
    """When an error reply is all that Redis gives, the database answers."""
    await redis.call("SET", key(queries.owner), "of another type")
    answer, result = await ask()
    assert (answer.body, result) == (b"at 1", "bypass")


async def test_redis_lost_between_query_and_fill_costs_nothing(
    ask: Ask, queries: Queries, fence: Fence, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer is there; that it could not be stored is nobody's concern."""

    async def lost(*_: object) -> bool:
        raise RedisUnavailable("gone")

    monkeypatch.setattr(fence, "fill", lost)
    answer, result = await ask()
    assert (answer.body, result) == (b"at 1", "miss")
    assert (await ask())[1] == "miss"


async def test_without_redis_every_read_is_a_query(queries: Queries, stack: Stack) -> None:
    """A bypass shares nothing: without the fence nobody can tell how old a query may be."""
    async with steps.fence(f"unix://{stack.folder}/nothing.sock") as (_, fence):
        reads = CachedReads(fence, Metrics(), steps.shown)
        answers = await asyncio.gather(*(reads.answer(queries.owner, V, queries.make) for _ in range(4)))
    assert [result for _, result in answers] == ["bypass"] * 4
    assert queries.count == 4


async def test_a_hit_asks_no_database(own_stack: Stack, user: UserId) -> None:
    """With PostgreSQL stopped, hits and their 304s go on; what is not cached is a 503."""
    api = own_stack.api()
    with api.client(user) as client:
        task = client.post("/api/tasks", json={"title": "Buy milk"}).json()
        for path in ("/api/tasks", f"/api/tasks/{task['id']}"):
            client.get(path)
        own_stack.postgres.stop()
        for path, body in (("/api/tasks", [task]), (f"/api/tasks/{task['id']}", task)):
            hit = client.get(path)
            assert (hit.status_code, hit.headers["x-cache"], hit.json()) == (200, "hit", body)
            unchanged = client.get(path, headers={"if-none-match": hit.headers["etag"]})
            assert (unchanged.status_code, unchanged.headers["x-cache"]) == (304, "hit")
        assert client.get("/api/tasks?status=completed").status_code == 503
        own_stack.postgres.start()
        assert client.get("/api/tasks?status=completed").json() == []


async def _until_they_wait(fence: Fence, queries: Queries) -> None:
    """Until everyone who has begun to read waits for a query: the answers of Redis come back in order."""
    for _ in range(3):  # read, open, and the turn in which they find the query under way
        await fence.open(queries.owner)
