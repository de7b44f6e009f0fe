"""The migrations: from nothing to the schema and back, by whoever may, one at a time, and never long in the way."""

import re
import subprocess
import sys
from collections.abc import Iterator
from functools import partial

import pytest
from alembic import command
from alembic.config import Config
from psycopg2 import errors

from core.tasks import crud, pages
from core.tasks.questions.queries import ListQuery
from deploy.local.servers.postgres import PostgresServer
from tests.integration.wires import Cursor, blocked, rows
from tests.stack import TOP, Stack, environ, environment, folder, migrate, new_user, settings
from tests.steps import PATIENCE, outside, process, until

ADVISORY_LOCK = 0x7461736B
"""What every runner takes first."""

SCHEMA = """
SELECT concat_ws(' ', relname, relkind, relrowsecurity, relforcerowsecurity)
    FROM pg_class WHERE relnamespace = 'public'::regnamespace
UNION ALL SELECT concat_ws(' ', proname, prosrc) FROM pg_proc JOIN pg_language l ON l.oid = prolang
    WHERE pronamespace = 'public'::regnamespace AND lanname IN ('sql', 'plpgsql')
UNION ALL SELECT concat_ws(' ', tablename, policyname, roles, qual) FROM pg_policies
UNION ALL SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
UNION ALL SELECT concat_ws(' ', conname, pg_get_constraintdef(oid))
    FROM pg_constraint WHERE connamespace = 'public'::regnamespace
"""


@pytest.fixture(scope="module")
def cluster() -> Iterator[PostgresServer]:
    """A server of these tests' own: roles belong to all databases of one."""
    with folder() as path, PostgresServer(path / "postgres", durable=False) as server:
        yield server


@pytest.fixture
def admin(cluster: PostgresServer) -> Iterator[Cursor]:
    """The superuser, before a cluster without any role or database of the product's."""
    with outside(cluster.url("postgres")) as admin:
        rows(admin, "CREATE ROLE alice LOGIN CREATEROLE; CREATE ROLE bob LOGIN")
        rows(admin, "CREATE DATABASE one OWNER alice")
        rows(admin, "CREATE DATABASE two OWNER bob")
        yield admin
        rows(admin, "DROP DATABASE one WITH (FORCE)")
        rows(admin, "DROP DATABASE two WITH (FORCE)")
        rows(admin, "DROP ROLE IF EXISTS tasklane_user, tasklane_worker")
        rows(admin, "DROP ROLE alice, bob")


@pytest.fixture
def url(cluster: PostgresServer, admin: Cursor) -> str:
    """An empty database, as its superuser sees it."""
    return cluster.url("one")


def login(url: str, role: str) -> str:
    return url.replace("postgres@", f"{role}@", 1)


def alembic(url: str, *arguments: str) -> "subprocess.Popen[str]":
    """A runner of its own, as a deployment starts it; in a folder without a developer's `.env`."""
    return subprocess.Popen(
        [sys.executable, "-m", "alembic", "-c", str(TOP / "alembic.ini"), *arguments],
        cwd=TOP / "tests",
        env=environment(url, ""),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def ended(runner: "subprocess.Popen[str]") -> tuple[int, str]:
    output, _ = runner.communicate(timeout=PATIENCE)
    return runner.returncode, output


def schema(url: str) -> list[str]:
    """All that a migration can leave in a database, but for the number that it draws for each."""
    with outside(url) as outsider:
        return sorted(
            re.sub(r"'[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}'", "'…'", row) for row in rows(outsider, SCHEMA)
        )


def test_down_and_up_again_is_the_same(url: str) -> None:
    """The schema can be taken back, to nothing but Alembic's own table, and made anew."""
    migrate(url)
    made = schema(url)
    migrate(url, "base")
    left = schema(url)
    migrate(url)
    assert schema(url) == made
    assert {line for line in left if "alembic" not in line} == set()


def test_the_models_say_what_the_migrations_make(url: str) -> None:
    """`alembic check` finds nothing to do, also where trigram indexes cannot be had; and it would find something."""
    migrate(url)
    with environ({"DATABASE_URL": url}):
        command.check(Config(TOP / "alembic.ini"))
        with outside(url) as outsider:
            rows(outsider, "DROP INDEX IF EXISTS tasks_search")
            command.check(Config(TOP / "alembic.ini"))
            rows(outsider, "ALTER TABLE tasks ADD surprise text")
        with pytest.raises(Exception, match="surprise"):
            command.check(Config(TOP / "alembic.ini"))


@pytest.mark.anyio
async def test_runners_wait_for_one_another(url: str) -> None:
    """Of several that start at once one migrates, and the others find it done."""
    waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = %s AND NOT granted"
    with outside(url) as outsider:
        rows(outsider, "BEGIN; SELECT pg_advisory_xact_lock(%s)", ADVISORY_LOCK)
        runners = [alembic(url, "upgrade", "head") for _ in range(3)]
        await until(lambda: rows(outsider, waiting, ADVISORY_LOCK) == [3])
        assert rows(outsider, "SELECT to_regclass('tasks')") == [None]
        rows(outsider, "COMMIT")
        assert [code for code, _ in map(ended, runners)] == [0, 0, 0]
        assert rows(outsider, "SELECT count(*) FROM alembic_version") == [1]


@pytest.mark.anyio
async def test_a_migration_does_not_hold_up_the_traffic(url: str) -> None:
    """A runner that cannot have a table soon gives up, having changed nothing: behind it every request would wait."""
    migrate(url)
    made = schema(url)
    with outside(url) as outsider:
        rows(outsider, "BEGIN; LOCK TABLE tasks IN ACCESS SHARE MODE")
        runner = alembic(url, "downgrade", "base")
        await blocked(url)
        code, output = ended(runner)
        rows(outsider, "COMMIT")
    assert code != 0
    assert "lock timeout" in output
    assert schema(url) == made


@pytest.mark.anyio
@pytest.mark.parametrize("tables", [("tasks", "task_lists"), ("task_lists", "tasks")])
@pytest.mark.parametrize("mode", ["ACCESS SHARE", "ROW EXCLUSIVE"])
async def test_a_migration_stands_across_no_request(url: str, tables: tuple[str, str], mode: str) -> None:
    """Whoever has one of the tables gets the other, in whatever order, and the migration both when they are done."""
    migrate(url, "0001")
    trying = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE %s AND pid <> pg_backend_pid()"
    with outside(url) as request, outside(url) as watcher:
        rows(request, f"BEGIN; LOCK TABLE {tables[0]} IN {mode} MODE")
        runner = alembic(url, "upgrade", "head")
        await until(lambda: rows(watcher, trying, "%LOCK TABLE task_lists IN ACCESS EXCLUSIVE MODE NOWAIT%") == [1])
        rows(request, f"SET LOCAL deadlock_timeout = '10ms'; LOCK TABLE {tables[1]} IN {mode} MODE; COMMIT")
        assert ended(runner)[0] == 0
        assert rows(watcher, "SELECT version_num FROM alembic_version") != ["0001"]


def test_offline_is_refused(url: str) -> None:
    """SQL on paper would take no lock; the refusal says so in a sentence."""
    code, output = ended(alembic(url, "upgrade", "head", "--sql"))
    assert code != 0
    assert output.strip() == "tasklane's migrations run online only: they take a lock first"


def test_a_missing_url_is_a_sentence() -> None:
    """Whoever forgot the setting reads its name, and no traceback."""
    code, output = ended(alembic("", "upgrade", "head"))
    assert code != 0
    assert output.strip() == "NEON_DB_URL (or DATABASE_URL): is not set"


@pytest.mark.anyio
@pytest.mark.parametrize("privilege", ["CREATEROLE", "none: an administrator has made the roles"])
async def test_an_owner_who_is_no_superuser_can_migrate_and_serve(
    url: str, admin: Cursor, stack: Stack, privilege: str
) -> None:
    """The owner of the database needs no more than to make roles, or to be given them; then the services work."""
    if privilege != "CREATEROLE":
        rows(admin, "ALTER ROLE alice NOCREATEROLE; CREATE ROLE tasklane_user; CREATE ROLE tasklane_worker")
        rows(admin, "GRANT tasklane_user, tasklane_worker TO alice WITH INHERIT FALSE, SET TRUE")
    owners = login(url, "alice")
    migrate(owners)
    user = new_user()
    async with process(settings(environment(owners, stack.redis.url))) as api:
        made = await api.lists.write(user, lambda change: crud.insert(change, {"title": "Buy milk"}))
        for query in (ListQuery(), ListQuery(search="MILK")):
            page = await api.lists.read(user, partial(pages.page, query=query))
            assert (page.total, page.stand.revision) == (1, made.revision)
        assert (await api.lists.read(new_user(), partial(pages.page, query=ListQuery()))).total == 0
    with outside(owners) as outsider:
        assert rows(outsider, "SELECT title FROM tasks") == []  # without a role not even the owner sees anything
        rows(outsider, "BEGIN; SET LOCAL ROLE tasklane_worker")
        assert rows(outsider, "SELECT title FROM tasks") == ["Buy milk"]


def test_a_second_database_of_the_same_owner_can_be_migrated(url: str, cluster: PostgresServer, admin: Cursor) -> None:
    """The roles are there already, and that is all right; going back in one leaves the other whole."""
    rows(admin, "ALTER DATABASE two OWNER TO alice")
    one, two = login(url, "alice"), login(cluster.url("two"), "alice")
    migrate(one)
    migrate(two)
    made = schema(two)
    assert made == schema(one)
    migrate(one, "base")
    assert schema(two) == made
    with outside(two) as outsider:
        rows(outsider, "SET ROLE tasklane_user; SELECT FROM tasks")


def test_a_second_owner_is_told_what_is_missing(url: str, cluster: PostgresServer, admin: Cursor) -> None:
    """The roles are someone else's: the refusal names them, and the grant that it asks for suffices."""
    migrate(login(url, "alice"))
    bobs = login(cluster.url("two"), "bob")
    with pytest.raises(Exception, match='permission denied to grant role "tasklane_user"') as refused:
        migrate(bobs)
    assert isinstance(refused.value.__cause__, errors.InsufficientPrivilege)
    rows(admin, "GRANT tasklane_user, tasklane_worker TO bob WITH INHERIT FALSE, SET TRUE")
    migrate(bobs)
