"""The product behind PgBouncer in transaction mode, as behind Neon's pooler: nothing outlives its transaction."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg2
import pytest
from psycopg2 import errors

from core.database.transaction import Transaction
from core.errors import DatabaseUnavailable, NotFound
from core.lists.lists import Change
from core.tasks import crud, pages
from core.tasks.questions.queries import ListQuery
from core.types import UserId
from deploy.local.children.child import Child, Launch
from deploy.local.children.privileges import server_account
from tests.integration.wires import STATE, end, look, rows, unwatched, write
from tests.ports import steady_port
from tests.stack import Stack, folder, migrate, new_user
from tests.steps import Gate, Process, outside, process

PGBOUNCER = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(PGBOUNCER is None, reason="there is no pgbouncer; Debian's package has that name"),
]

CONFIGURATION = """
[databases]
pooled = host={host} port=5432 dbname=pooled user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 1
server_login_retry = 1
"""


class PgBouncer(Child):
    """One server connection for everyone, so that whatever one client left on it the next would find."""

    def __init__(self, path: Path, server_url: str) -> None:
        super().__init__("PgBouncer", log=path / "pgbouncer.log")
        self._path = path
        self._port = steady_port()
        [host] = parse_qs(urlsplit(server_url).query)["host"]
        self._configuration = CONFIGURATION.format(host=host, port=self._port)
        self.url = f"postgresql://anyone@127.0.0.1:{self._port}/pooled"

    def prepare(self) -> Launch:
        file = self._path / "pgbouncer.ini"
        file.write_text(self._configuration)
        return Launch([str(PGBOUNCER), file], cwd=self._path, account=server_account(self._path))

    def ready(self) -> bool:
        try:
            psycopg2.connect(self.url).close()
        except psycopg2.OperationalError:
            return False
        return True


@pytest.fixture(scope="module")
def direct(stack: Stack) -> str:
    """The URL of the database itself."""
    return stack.postgres.create_database("pooled")


@pytest.fixture(scope="module")
def pooler(stack: Stack, direct: str) -> Iterator[PgBouncer]:
    with folder() as path:
        pooler = PgBouncer(path, direct)
        pooler.start()
        try:
            migrate(pooler.url)
            yield pooler
        finally:
            pooler.stop()


@pytest.fixture
async def api(stack: Stack, pooler: PgBouncer) -> AsyncIterator[Process]:
    async with process(stack.settings(DATABASE_URL=pooler.url)) as api:
        yield api


@pytest.fixture
async def other(stack: Stack, pooler: PgBouncer) -> AsyncIterator[Process]:
    """Another client of the same pooler."""
    async with process(stack.settings(DATABASE_URL=pooler.url)) as other:
        yield other


def add(change: Change) -> crud.StoredTask:
    return crud.insert(change, {"title": "Buy milk"})


page = partial(pages.page, query=ListQuery())


def test_the_migrations_have_run_through_the_pooler(pooler: PgBouncer, direct: str) -> None:
    """They hold their lock by the transaction; run again, they find nothing to do."""
    migrate(pooler.url)
    with outside(direct) as outsider:
        assert rows(outsider, "SELECT count(*) FROM alembic_version") == [1]


async def test_what_is_written_is_read(api: Process, other: Process, user: UserId) -> None:
    """A write through one client is there for the next read through another, with its revision."""
    made = await api.lists.write(user, add)
    found = await other.lists.read(user, page)
    assert (found.stand.revision, found.total) == (made.revision, 1)
    changed = await other.lists.write(user, partial(crud.complete, task=made.id, completed=None))
    assert changed.revision > made.revision
    assert (await api.lists.read(user, partial(crud.get, task=made.id)))[0] == changed


async def test_many_writers_share_one_server_connection(api: Process, other: Process, user: UserId) -> None:
    """They wait for their turn, no revision is given twice, and the highest is the list's."""
    made = await asyncio.gather(*((api, other)[i % 2].lists.write(user, add) for i in range(32)))
    revisions = sorted(task.revision for task in made)
    assert len(set(revisions)) == 32
    assert (await api.lists.read(user, page)).stand.revision == revisions[-1]


async def test_clients_who_share_a_connection_share_nothing_else(
    pooler: PgBouncer, api: Process, other: Process
) -> None:
    """Users take turns on the same server connection and each sees their own list alone."""
    everything = partial(Transaction.execute, sql="SELECT user_id FROM tasks")
    one, two = new_user(), new_user()
    for _ in range(5):
        mine = await api.lists.write(one, add)
        assert set(await api.lists.read(one, everything)) == {(one,)}
        await other.lists.write(two, add)
        assert set(await other.lists.read(two, everything)) == {(two,)}
        with pytest.raises(NotFound):
            await other.lists.write(two, partial(crud.delete, task=mine.id))
        assert (await api.lists.read(one, look))[1:3] == ("tasklane_user", one)


async def test_a_transaction_leaves_nothing_on_the_server_connection(
    pooler: PgBouncer, api: Process, user: UserId
) -> None:
    """However one ends, the next client finds neither its role, nor its user, nor its limits."""

    def stumble(change: Change) -> None:
        add(change)
        raise NotFound

    def fail(change: Change) -> None:
        add(change)
        change.look("SELECT 1 / 0")

    with outside(pooler.url) as stranger:
        [before] = rows(stranger, STATE)
        assert before[1:] == ("postgres", "", "0", "0")
        inside = await api.lists.read(user, look)
        assert inside[0] == before[0]
        assert inside[1:] == ("tasklane_user", user, "15s", "14s")
        assert rows(stranger, STATE) == [before]
        await api.lists.write(user, add)
        assert rows(stranger, STATE) == [before]
        with pytest.raises(NotFound):
            await api.lists.write(user, stumble)
        assert rows(stranger, STATE) == [before]
        with pytest.raises(errors.DivisionByZero):
            await api.lists.write(user, fail)
        assert rows(stranger, STATE) == [before]
    assert (await api.lists.read(user, page)).total == 1


async def test_a_read_holds_the_server_connection_no_longer_than_its_message(
    api: Process, other: Process, user: UserId
) -> None:
    """Several statements in one message are one transaction, whose end frees the connection for others."""
    for _ in range(3):
        await api.lists.read(user, page)
        await other.lists.write(user, add)


async def test_whoever_waits_for_the_pooler_gives_up_in_time(
    pooler: PgBouncer, api: Process, user: UserId, direct: str
) -> None:
    """The only server connection is taken: the wait ends, and nothing of it is done later."""
    gate = Gate()
    writing = asyncio.create_task(api.add_task(user, "slow", pause=gate))
    await gate.arrival()

    def work(transaction: Transaction) -> None:
        transaction.execute("CREATE TABLE late ()")
        transaction.commit()

    async with unwatched(pooler.url, DATABASE_TIMEOUT="0.3") as hurried:
        with pytest.raises(DatabaseUnavailable):
            await write(hurried, work)
    gate.open()
    await writing
    await api.lists.write(user, add)
    with outside(direct) as outsider:
        assert rows(outsider, "SELECT to_regclass('late')") == [None]


async def test_a_server_connection_that_is_lost_is_replaced(api: Process, user: UserId, direct: str) -> None:
    """Idle or in the middle of a transaction: the write happens, once."""
    [idle, *_] = await api.lists.read(user, look)
    ended: list[int] = []

    def change(change: Change) -> None:
        add(change)
        if not ended:
            ended.extend(change.look("SELECT pg_backend_pid()")[0])
            end(outsider, ended[0])
        change.look("SELECT 1")

    with outside(direct) as outsider:
        end(outsider, idle)
        await api.lists.write(user, add)
        await api.lists.write(user, change)
    assert (await api.lists.read(user, page)).total == 2
    assert idle not in ended


async def test_a_restart_of_the_pooler_while_idle_goes_unnoticed(pooler: PgBouncer, api: Process, user: UserId) -> None:
    """Its clients' connections are gone, and no work is begun twice."""
    begun: list[int] = []

    def change(change: Change) -> None:
        begun.append(1)
        add(change)

    await api.lists.write(user, add)
    pooler.stop()
    with pytest.raises(DatabaseUnavailable):
        await api.lists.write(user, change)
    pooler.start()
    await api.lists.write(user, change)
    assert begun == [1]
