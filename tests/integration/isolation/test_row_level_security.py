"""The second wall: under the product's roles PostgreSQL itself keeps users apart, whatever a statement asks for."""

from collections.abc import Iterator
from functools import partial

import pytest
from psycopg2 import errors

from core.database.transaction import Transaction
from core.errors import NotFound
from core.lists.lists import AS_WORKER, Change, Lists
from core.tasks import crud, pages
from core.tasks.questions.queries import ListQuery
from core.types import TaskId, UserId
from tests.integration.wires import Cursor, database, look, rows
from tests.stack import Stack, migrate, new_user
from tests.steps import fence, outside

INSERT = {
    "tasks": "INSERT INTO tasks (user_id, title, revision) VALUES (%s, 'Buy milk', 1)",
    "task_lists": "INSERT INTO task_lists (user_id, revision) VALUES (%s, 0)",
    "unpublished_lists": "INSERT INTO unpublished_lists (revision, user_id) VALUES (1, %s)",
    "idempotency_keys": (
        "INSERT INTO idempotency_keys (user_id, key, fingerprint, status, headers, body)"
        " VALUES (%s, 'key', '', 201, '{}', '')"
    ),
    "account_erasures": "INSERT INTO account_erasures (user_id) VALUES (%s)",
    "access_tokens": (
        "INSERT INTO access_tokens (user_id, digest, name, scopes)"
        " VALUES (%s, sha256(gen_random_uuid()::text::bytea), 'x', '{tasks:read}')"
    ),
    "crowded_lists": "INSERT INTO crowded_lists (user_id) VALUES (%s)",
    "calendar_objects": (
        "INSERT INTO calendar_objects (user_id, task_id)"
        " SELECT owner, coalesce((SELECT max(id) FROM tasks WHERE user_id = owner), 0) FROM (VALUES (%s)) o (owner)"
    ),
}

CHANGEABLE = {"access_tokens": "last_used_at"}
"""What the API's role may change of a row, where that is not all."""

every_table = pytest.mark.parametrize("table", INSERT)


@pytest.fixture(scope="module")
def url(stack: Stack) -> str:
    """A database of these tests' own: no worker is at work in it."""
    url = stack.postgres.create_database("walls")
    migrate(url)
    return url


@pytest.fixture
def outsider(url: str) -> Iterator[Cursor]:
    """A superuser's session, whom no policy binds until they take a role on."""
    with outside(url) as outsider:
        yield outsider


@pytest.fixture
def other(outsider: Cursor, user: UserId) -> Iterator[UserId]:
    """Someone else; both have a row in every table."""
    other = new_user()
    for statement in INSERT.values():
        for owner in (user, other):
            rows(outsider, statement, owner)
    yield other
    rows(outsider, "RESET ROLE")
    for table in reversed(INSERT):
        rows(outsider, f"DELETE FROM {table} WHERE user_id IN (%s, %s)", user, other)


def become(outsider: Cursor, user: str | None) -> None:
    """As a transaction of the API's begins; without a user where it forgot to say whose it is."""
    rows(outsider, "SET ROLE tasklane_user")
    if user is not None:
        rows(outsider, "SELECT set_config('app.user_id', %s, false)", user)


def test_row_level_security_is_forced_on_every_table(outsider: Cursor) -> None:
    """Whatever belongs to a user is behind a policy that binds the table's owner too."""
    sql = """
        SELECT relname, relrowsecurity AND relforcerowsecurity
        FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid
        WHERE attname = 'user_id' AND relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace
    """
    assert dict(rows(outsider, sql)) == dict.fromkeys(INSERT, True)


@pytest.mark.parametrize("role", ["tasklane_user", "tasklane_worker"])
def test_the_roles_have_no_power_of_their_own(outsider: Cursor, role: str) -> None:
    """Nobody logs in as one of them, and they neither pass the policies nor change the schema."""
    powers = "rolcanlogin, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolinherit"
    assert rows(outsider, f"SELECT {powers} FROM pg_roles WHERE rolname = %s", role) == [(False,) * 6]
    rows(outsider, f"SET ROLE {role}")
    for statement in (
        "TRUNCATE tasks",
        "DROP TABLE tasks",
        "ALTER TABLE tasks DISABLE ROW LEVEL SECURITY",
        "SELECT FROM alembic_version",
        "CREATE TABLE mine ()",
    ):
        with pytest.raises(errors.InsufficientPrivilege):
            rows(outsider, statement)


@every_table
def test_a_user_sees_their_own_rows_alone(outsider: Cursor, user: UserId, other: UserId, table: str) -> None:
    """Also a statement that names no owner, or someone else, finds nothing of anyone else's."""
    become(outsider, user)
    assert rows(outsider, f"SELECT user_id FROM {table}") == [user]
    assert rows(outsider, f"SELECT user_id FROM {table} WHERE user_id = %s", other) == []


@every_table
def test_a_user_changes_their_own_rows_alone(outsider: Cursor, user: UserId, other: UserId, table: str) -> None:
    """UPDATE and DELETE pass by what is not theirs."""
    become(outsider, user)
    for owner, touched in ((other, []), (user, [user])):
        column = CHANGEABLE.get(table, "user_id")
        statement = f"UPDATE {table} SET {column} = {column} WHERE user_id = %s RETURNING user_id"
        assert rows(outsider, statement, owner) == touched
        assert rows(outsider, f"DELETE FROM {table} WHERE user_id = %s RETURNING user_id", owner) == touched
    rows(outsider, "RESET ROLE")
    assert rows(outsider, f"SELECT user_id FROM {table} WHERE user_id IN (%s, %s)", user, other) == [other]


@every_table
def test_a_user_gives_nothing_to_another(outsider: Cursor, user: UserId, other: UserId, table: str) -> None:
    """Neither a new row nor one of their own can be put under another name."""
    become(outsider, user)
    with pytest.raises(errors.InsufficientPrivilege, match="row-level security"):
        rows(outsider, INSERT[table], new_user())
    with pytest.raises(errors.InsufficientPrivilege, match="denied" if table in CHANGEABLE else "row-level security"):
        rows(outsider, f"UPDATE {table} SET user_id = %s WHERE user_id = %s", new_user(), user)


@every_table
@pytest.mark.parametrize("nobody", [None, ""])
def test_nobody_sees_nothing(outsider: Cursor, user: UserId, other: UserId, table: str, nobody: str | None) -> None:
    """A transaction that does not say whose it is neither finds nor makes a row, on a new connection or a used one."""
    become(outsider, nobody)
    assert rows(outsider, f"SELECT user_id FROM {table}") == []
    assert rows(outsider, f"DELETE FROM {table} RETURNING user_id") == []
    for owner in (user, new_user(), ""):
        with pytest.raises(errors.InsufficientPrivilege, match="row-level security"):
            rows(outsider, INSERT[table], owner)


@every_table
def test_the_worker_sees_everyone(outsider: Cursor, user: UserId, other: UserId, table: str) -> None:
    """Its role repairs and cleans up for all users."""
    rows(outsider, "SET ROLE tasklane_worker")
    found = rows(outsider, f"SELECT user_id FROM {table} WHERE user_id IN (%s, %s)", user, other)
    assert sorted(found) == sorted([user, other])


def test_whoever_names_a_token_sees_its_row_alone(outsider: Cursor, user: UserId, other: UserId) -> None:
    """By its digest, which is how the API learns whose it is; they change nothing by that."""
    [digest] = rows(outsider, "SELECT encode(digest, 'hex') FROM access_tokens WHERE user_id = %s", other)
    become(outsider, "")
    rows(outsider, "SELECT set_config('app.token', %s, false)", digest)
    assert rows(outsider, "SELECT user_id FROM access_tokens") == [other]
    assert rows(outsider, "UPDATE access_tokens SET last_used_at = now() RETURNING id") == []
    assert rows(outsider, "DELETE FROM access_tokens RETURNING id") == []
    for named in ("", "00" * 32):
        rows(outsider, "SELECT set_config('app.token', %s, false)", named)
        assert rows(outsider, "SELECT user_id FROM access_tokens") == []


def test_the_worker_writes_no_tasks(outsider: Cursor, user: UserId, other: UserId) -> None:
    """It erases, and that is all it may do to them."""
    rows(outsider, "SET ROLE tasklane_worker")
    with pytest.raises(errors.InsufficientPrivilege):
        rows(outsider, INSERT["tasks"], user)
    with pytest.raises(errors.InsufficientPrivilege):
        rows(outsider, "UPDATE tasks SET title = 'changed' WHERE user_id = %s", other)


def test_the_search_finds_their_own_alone(outsider: Cursor, user: UserId, other: UserId) -> None:
    """The function that searches has more rights than who calls it, and uses them for their own tasks only."""
    found = "SELECT tasklane_search('%MILK%')"
    become(outsider, user)
    assert rows(outsider, found) == rows(outsider, "SELECT id FROM tasks")
    become(outsider, "")
    assert rows(outsider, found) == []
    rows(outsider, "SET ROLE tasklane_worker")
    assert rows(outsider, found) == []


def succeed(change: Change) -> None:
    crud.insert(change, {"title": "whole"})


def stumble(change: Change) -> None:
    crud.insert(change, {"title": "half"})
    raise NotFound


def fail(change: Change) -> None:
    crud.insert(change, {"title": "half"})
    change.look("SELECT 1 / 0")


@pytest.mark.anyio
async def test_a_transaction_takes_its_settings_with_it(stack: Stack, url: str, user: UserId) -> None:
    """However it ends, the pooled connection has neither its role, nor its user, nor its limits."""
    async with fence(stack.redis.url) as (_, fence_), database(url, DATABASE_POOL_SIZE="1") as layer:
        lists = Lists(layer, fence_)
        bare = partial(layer.run, look, opening="", parameters={})
        before = await bare()
        assert before[1:] == ("postgres", "", "0", "0")
        assert await lists.read(user, look) == (before[0], "tasklane_user", user, "15s", "14s")
        assert await bare() == before
        worker = Lists(layer, fence_, AS_WORKER)
        assert await worker.read(user, look) == (before[0], "tasklane_worker", "", "15s", "14s")
        assert await bare() == before
        await lists.write(user, succeed)
        assert await bare() == before
        with pytest.raises(NotFound):
            await lists.write(user, stumble)
        assert await bare() == before
        with pytest.raises(errors.DivisionByZero):
            await lists.write(user, fail)
        assert await bare() == before


@pytest.mark.anyio
async def test_users_who_share_a_connection_share_nothing_else(stack: Stack, url: str) -> None:
    """One after another on the same connection, each sees and changes their own list alone."""
    users = [new_user() for _ in range(3)]
    async with fence(stack.redis.url) as (_, fence_), database(url, DATABASE_POOL_SIZE="1") as layer:
        lists = Lists(layer, fence_)
        made: dict[UserId, TaskId] = {}
        for owner in users:
            made[owner] = (await lists.write(owner, partial(crud.insert, columns={"title": "mine"}))).id
        for owner in users:
            everything = partial(Transaction.execute, sql="SELECT id FROM tasks")
            assert await lists.read(owner, everything) == [(made[owner],)]
            page = await lists.read(owner, partial(pages.page, query=ListQuery()))
            assert page.total == 1
            for stranger in set(users) - {owner}:
                with pytest.raises(NotFound):
                    await lists.write(owner, partial(crud.delete, task=made[stranger]))
