"""The parts of an API process inside the test's own, and gates at which a test holds them between any two steps."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, LiteralString, Self, cast

import hiredis
import psycopg2
import psycopg2.extensions

from api.hits.reads import CachedReads
from api.observe.metrics import Metrics
from core.addresses.redis import RedisAddress
from core.cache.answer import Answer
from core.cache.fence import Fence
from core.cache.keys import GENERATION
from core.cache.servers.connect import servers
from core.cache.servers.redis import Redis
from core.database import driver
from core.database.pool import Database
from core.database.transaction import Transaction
from core.lists.lists import Change, Lists
from core.lists.stand import HISTORY, REVISION
from core.settings import Settings
from core.tasks import answers, crud
from core.tasks.questions.queries import ListQuery
from core.types import History, Revision, Stand, UserId

PATIENCE = 60
"""Seconds after which a step that does not come is a failure, on however slow a machine."""

Cursor = psycopg2.extensions.cursor

ALL_TASKS = answers.variant(ListQuery(), shape="array")


@contextlib.contextmanager
def written(redis: Redis) -> Iterator[list[bytes]]:
    """What leaves meanwhile, write by write."""
    wire = redis._wire
    assert wire
    transport = wire._transport
    writes: list[bytes] = []

    class Recording:
        def write(self, packed: bytes) -> None:
            writes.append(packed)
            assert transport
            transport.write(packed)

    wire._transport = Recording()  # type: ignore[assignment]  # all that a flush uses
    yield writes
    wire._transport = transport


async def echoed(redis: Redis, *, turns: int) -> None:
    """One is asked in each turn of the event loop."""
    answers = []
    for number in range(turns):
        answers.append(redis.send("ECHO", number))
        await asyncio.sleep(0)
    assert await asyncio.gather(*answers) == [b"%d" % number for number in range(turns)]


class Gate:
    """Whoever comes by waits here until the test opens it."""

    def __init__(self) -> None:
        self._arrived = asyncio.Event()
        self._open = asyncio.Event()

    async def arrive(self) -> None:
        self._arrived.set()
        await self._open.wait()

    def hold(self) -> None:
        """For work within a transaction."""
        driver.wait_for(self.arrive())

    async def arrival(self) -> None:
        """Wait until somebody stands here."""
        async with asyncio.timeout(PATIENCE):
            await self._arrived.wait()

    def open(self) -> None:
        self._open.set()


@dataclass(frozen=True, slots=True)
class Process:
    """What an API process is made of, without HTTP."""

    redis: Redis
    fence: Fence
    lists: Lists
    reads: CachedReads

    async def list_tasks(self, owner: UserId, *, pause: Gate | None = None) -> tuple[Answer, str]:
        """As a GET does it; with `pause`, held between its query and its fill."""

        async def make() -> Answer:
            answer = await self.lists.read(owner, lambda tx: answers.make(tx, owner, ListQuery(), shape="array"))
            if pause:
                await pause.arrive()
            return answer

        return await self.reads.answer(owner, ALL_TASKS, make)

    async def add_task(self, owner: UserId, title: str, *, pause: Gate | None = None) -> None:
        """As a POST does it; with `pause`, held inside the transaction, with its change made."""

        def change(change: Change) -> None:
            crud.insert(change, {"title": title})
            if pause:
                pause.hold()

        await self.lists.write(owner, change)

    async def stand(self, owner: UserId) -> Stand:
        """The list's, as everyone can see it in PostgreSQL now."""

        def look(transaction: Transaction) -> Stand:
            sql: LiteralString = "SELECT coalesce(" + REVISION + ", 0), " + HISTORY
            return Stand(*transaction.execute(sql)[0])

        return await self.lists.read(owner, look)

    async def revision(self, owner: UserId) -> Revision:
        return (await self.stand(owner)).revision


@contextlib.asynccontextmanager
async def process(
    settings: Settings, fence_class: type[Fence] = Fence, *, retry_after: float = 0.1
) -> AsyncIterator[Process]:
    """One that has connected to Redis."""
    url, timeout = settings.redis_url.get_secret_value(), settings.redis_timeout
    async with fence(url, timeout=timeout, retry_after=retry_after, fence_class=fence_class) as (redis, fence_):
        database = Database(settings)
        try:
            lists = Lists(database, fence_)
            yield Process(redis, fence_, lists, CachedReads(fence_, Metrics(), lists.may_show))
        finally:
            await database.close()


@contextlib.asynccontextmanager
async def fence(
    url: str, *, timeout: float = 5, retry_after: float = 0.1, ttl: int = 300, fence_class: type[Fence] = Fence
) -> AsyncIterator[tuple[Redis, Fence]]:
    redis = cast(Redis, servers(RedisAddress.parse(url), timeout=timeout, retry_after=retry_after))  # or a `Cluster`
    fence_ = fence_class(redis, ttl=ttl)
    await fence_.start()
    try:
        yield redis, fence_
    finally:
        await fence_.close()


async def wipe(redis: Redis) -> None:
    """Empty it, and have this process notice."""
    await redis.call("FLUSHALL")
    assert redis._wire
    await redis._adopt(redis._wire, fresh=False)


async def until(condition: Callable[[], bool]) -> None:
    """Wait for something that no event tells of."""
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110  # another process makes it true
            await asyncio.sleep(0.01)


@contextlib.contextmanager
def outside(database_url: str) -> Iterator[Cursor]:
    """A connection as whoever owns the tables, like psql's: each statement is a transaction."""
    connection = psycopg2.connect(database_url)
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            yield cursor
    finally:
        connection.close()


COUNT_REVISIONS = """
CREATE TABLE IF NOT EXISTS revisions_taken (n bigint GENERATED ALWAYS AS IDENTITY, user_id text, revision bigint);
CREATE OR REPLACE FUNCTION note_revision() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
    BEGIN INSERT INTO revisions_taken (user_id, revision) VALUES (NEW.user_id, NEW.revision); RETURN NULL; END
$$;
CREATE OR REPLACE TRIGGER note_revision AFTER INSERT OR UPDATE OF revision ON task_lists
    FOR EACH ROW EXECUTE FUNCTION note_revision();
"""
"""A revision is a time, so its number does not tell how many were taken: a trigger of the test's counts them."""

COUNT_NO_MORE = "DROP FUNCTION note_revision CASCADE; DROP TABLE revisions_taken"
"""Where the database is shared: other tests look at its tables."""


def revisions_taken(cursor: Cursor, owner: str) -> int:
    """How many since `COUNT_REVISIONS`; none may come twice or fall."""
    cursor.execute("SELECT revision FROM revisions_taken WHERE user_id = %s ORDER BY n", (owner,))
    taken = [row[0] for row in cursor.fetchall()]
    assert taken == sorted(set(taken))
    return len(taken)


Command = tuple[bytes, ...]


def at(revision: int, history: int = 1) -> Stand:
    """How far a list has come, where a test makes revisions up."""
    return Stand(Revision(revision), History(history))


async def shown(_owner: UserId, _stand: Stand) -> None:
    """Nothing has to be waited for."""


def ok(_command: Command) -> bytes:
    return b"+OK\r\n"


@dataclass
class StubRedis:
    """Speaks RESP on a port of its own and answers as the test says; `None` is silence, from then on."""

    answer: Callable[[Command], bytes | None] = ok
    tls: ssl.SSLContext | None = None
    connections: list["_StubConnection"] = field(default_factory=list)
    port: int = 0

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _StubConnection(self), "127.0.0.1", self.port, ssl=self.tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for connection in self.connections:
            connection.transport.abort()
        await self._server.wait_closed()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    @property
    def commands(self) -> list[Command]:
        """All that came, in order, over all connections."""
        return [command for connection in self.connections for command in connection.commands]


class _StubConnection(asyncio.Protocol):
    def __init__(self, server: StubRedis) -> None:
        self._server = server
        self._reader = hiredis.Reader()
        self._hung = False
        self.commands: list[Command] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self._server.connections.append(self)

    def data_received(self, data: bytes) -> None:
        self._reader.feed(data)
        while (parsed := self._reader.gets()) is not False:
            command: Command = tuple(cast(list[Any], parsed))
            introduction = (
                _INTRODUCTIONS.get(command[0]) if GENERATION.encode() in command or len(command) < 3 else None
            )
            if introduction is None:
                self.commands.append(command)
            answer = self._server.answer((b"PING",) if introduction else command)
            self._hung = self._hung or answer is None
            if answer is not None and not self._hung:
                self.transport.write(introduction or answer)


_INTRODUCTIONS = {
    b"INFO": b"$13\r\nrun_id:stub\r\n\r\n",
    b"EVAL": b"*2\r\n$4\r\nfade\r\n$0\r\n\r\n",
}
"""What every connection asks first and now and then, which server it is and of which generation: answered like PING."""
