"""The counters of a list are what its tasks come to, whoever writes, and are put right where they are not."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest

from core.tasks import crud
from core.types import UserId
from deploy.local.servers.postgres import PostgresServer
from tests.integration.wires import Cursor, blocked, rows
from tests.stack import ApiProcess, Stack, client, environment, folder, migrate, new_user, settings
from tests.steps import Process, outside, process
from worker.jobs.audit import audit_cache
from worker.jobs.context import Context
from worker.jobs.count import count_lists
from worker.main import make_context

COUNTERS = "live, completed, low, medium, high, urgent, in_trash"

COUNTED = """
    SELECT l.user_id, l.live, l.completed, l.low, l.medium, l.high, l.urgent, l.in_trash,
        count(t.id) FILTER (WHERE deleted_at IS NULL), count(t.id) FILTER (WHERE deleted_at IS NULL AND t.completed),
        count(t.id) FILTER (WHERE deleted_at IS NULL AND priority = 'low'),
        count(t.id) FILTER (WHERE deleted_at IS NULL AND priority = 'medium'),
        count(t.id) FILTER (WHERE deleted_at IS NULL AND priority = 'high'),
        count(t.id) FILTER (WHERE deleted_at IS NULL AND priority = 'urgent'),
        count(t.id) FILTER (WHERE deleted_at IS NOT NULL)
    FROM task_lists l LEFT JOIN tasks t USING (user_id) GROUP BY l.user_id
"""


@pytest.fixture(scope="module")
def workshop() -> Iterator[Stack]:
    """A stack whose tables these tests may empty, and in which nobody else looks at them."""
    with folder() as path:
        postgres = PostgresServer(path / "postgres", durable=False, settings={"autovacuum": "off"})
        with Stack(path, postgres=postgres) as stack:
            yield stack


@pytest.fixture
def hands(workshop: Stack) -> Iterator[Cursor]:
    """psql's; at the end every list is what its tasks come to, or says that it was not counted."""
    with outside(workshop.database_url) as hands:
        yield hands
        assert wrong(hands) == []


def wrong(hands: Cursor) -> list[Any]:
    """The lists that say something else than their tasks."""
    return [row for row in rows(hands, COUNTED) if row[1] is not None and row[1:8] != row[8:]]


def counters(hands: Cursor, user: str) -> tuple[int | None, ...]:
    [found] = rows(hands, f"SELECT {COUNTERS} FROM task_lists WHERE user_id = %s", user)
    return tuple(found)


@pytest.fixture(scope="module")
def api(workshop: Stack) -> ApiProcess:
    return workshop.api()


def test_every_way_of_the_api_is_counted(api: ApiProcess, hands: Cursor, user: UserId) -> None:
    """One task through all its life, several at once, and all of them gone."""
    with client(api.url, user) as frontend:

        def send(method: str, path: str, body: object = None) -> httpx.Response:
            return frontend.request(method, f"/api/tasks{path}", json=body).raise_for_status()

        path = "/" + str(send("POST", "", {"title": "a", "priority": "high"}).json()["id"])
        assert counters(hands, user) == (1, 0, 0, 0, 1, 0, 0)
        send("PATCH", f"{path}/complete")
        assert counters(hands, user) == (1, 1, 0, 0, 1, 0, 0)
        send("PATCH", path, {"priority": "low", "title": "b"})
        assert counters(hands, user) == (1, 1, 1, 0, 0, 0, 0)
        send("DELETE", path)
        assert counters(hands, user) == (0, 0, 0, 0, 0, 0, 1)
        send("POST", f"{path}/restore")
        assert counters(hands, user) == (1, 1, 1, 0, 0, 0, 0)
        tasks = [{"title": str(number), "completed": number % 2 == 0, "priority": "urgent"} for number in range(7)]
        send("POST", "/import", {"tasks": [*tasks, {"title": "gone", "deleted_at": "2026-01-01T00:00:00Z"}]})
        assert counters(hands, user) == (8, 5, 1, 0, 0, 7, 1)
        operations = [{"op": "create", "task": {"title": "x"}}, {"op": "delete", "id": int(path[1:])}]
        send("POST", "/batch", {"operations": operations})
        assert counters(hands, user) == (8, 4, 0, 1, 0, 7, 2)
        send("DELETE", "/trash")
        assert counters(hands, user) == (8, 4, 0, 1, 0, 7, 0)


STATEMENTS: dict[str, tuple[str, tuple[int, ...]]] = {
    "insert": (
        "INSERT INTO tasks (user_id, title, priority) SELECT %(user)s, 'x', 'low' FROM generate_series(1, 300)",
        (302, 1, 300, 1, 1, 0, 0),
    ),
    "to the trash": ("UPDATE tasks SET deleted_at = now() WHERE user_id = %(user)s", (0, 0, 0, 0, 0, 0, 2)),
    "delete": ("DELETE FROM tasks WHERE user_id = %(user)s AND completed", (1, 0, 0, 1, 0, 0, 0)),
    "upsert": (
        """INSERT INTO tasks (user_id, id, title) SELECT user_id, id, title FROM tasks WHERE user_id = %(user)s
        ON CONFLICT (user_id, id) DO UPDATE SET priority = 'urgent'""",
        (2, 1, 0, 0, 0, 2, 0),
    ),
    "merge": (
        """MERGE INTO tasks t USING (VALUES ('one'), ('three'), ('four')) AS v (title)
        ON t.user_id = %(user)s AND t.title = v.title WHEN MATCHED THEN DELETE
        WHEN NOT MATCHED THEN INSERT (user_id, title) VALUES (%(user)s, v.title)""",
        (3, 1, 0, 2, 1, 0, 0),
    ),
    "moved away": ("UPDATE tasks SET user_id = user_id || '-2' WHERE user_id = %(user)s", (0, 0, 0, 0, 0, 0, 0)),
    "with a revision of its own": (
        "INSERT INTO tasks (user_id, title, revision) VALUES (%(user)s, 'x', 1)",
        (3, 1, 0, 2, 1, 0, 0),
    ),
    "a savepoint that is given up": (
        """BEGIN; DELETE FROM tasks WHERE user_id = %(user)s AND completed; SAVEPOINT here;
        DELETE FROM tasks WHERE user_id = %(user)s; ROLLBACK TO here; COMMIT""",
        (1, 0, 0, 1, 0, 0, 0),
    ),
    "nothing that is counted": ("UPDATE tasks SET title = 'x' WHERE user_id = %(user)s", (2, 1, 0, 1, 1, 0, 0)),
    "truncate": ("TRUNCATE tasks", (0, 0, 0, 0, 0, 0, 0)),
}


@pytest.mark.parametrize("name", STATEMENTS)
def test_every_change_made_outside_is_counted(hands: Cursor, user: UserId, name: str) -> None:
    """Whatever the statement, of however many tasks and lists."""
    rows(hands, "INSERT INTO tasks (user_id, title) VALUES (%s, 'one')", user)
    rows(
        hands,
        "INSERT INTO tasks (user_id, title, completed, completed_at, priority) VALUES (%s, 'two', true, now(), 'high')",
        user,
    )
    assert counters(hands, user) == (2, 1, 0, 1, 1, 0, 0)
    statement, expected = STATEMENTS[name]
    hands.execute(statement, {"user": user})
    assert counters(hands, user) == expected
    assert wrong(hands) == []


def test_a_statement_counts_once_for_each_list(hands: Cursor, user: UserId) -> None:
    """However many tasks it makes: with a version of the list for each, an import would take time by its square."""
    rows(hands, "INSERT INTO task_lists (user_id) VALUES (%s)", user)
    updated = "SELECT n_tup_upd FROM pg_stat_xact_user_tables WHERE relname = 'task_lists'"
    rows(hands, "BEGIN")
    [before] = rows(hands, updated)
    rows(hands, "INSERT INTO tasks (user_id, title) SELECT %s, 'x' FROM generate_series(1, 500)", user)
    [after] = rows(hands, updated)
    rows(hands, "COMMIT")
    assert after - before == 2  # the revision, and the counters


def test_a_list_that_comes_after_its_tasks_is_not_counted(hands: Cursor, user: UserId) -> None:
    """Its zeroes would be wrong; what says so stays so until somebody counts."""
    rows(hands, "INSERT INTO tasks (user_id, title, revision) VALUES (%s, 'x', 1)", user)
    rows(hands, "INSERT INTO task_lists (user_id) VALUES (%s)", user)
    rows(hands, "INSERT INTO tasks (user_id, title) VALUES (%s, 'y')", user)
    assert counters(hands, user) == (None,) * 7
    assert rows(hands, "SELECT tasklane_count(ARRAY[%s])", user) == [1]
    assert counters(hands, user) == (2, 0, 0, 2, 0, 0, 0)


@pytest.mark.anyio
async def test_counting_misses_no_writer(workshop: Stack, hands: Cursor, user: UserId) -> None:
    """One who has changed tasks and not committed is left alone, or adds their own when it is their turn."""
    rows(hands, "INSERT INTO tasks (user_id, title) VALUES (%s, 'old')", user)
    rows(hands, "UPDATE task_lists SET live = NULL, low = 7 WHERE user_id = %s", user)
    with outside(workshop.database_url) as writer:
        rows(writer, "BEGIN; INSERT INTO tasks (user_id, title) VALUES (%s, 'new')", user)
        assert rows(hands, "SELECT tasklane_count(ARRAY[%s])", user) == [0]
        rows(writer, "COMMIT")
        rows(hands, "BEGIN")
        assert rows(hands, "SELECT tasklane_count(ARRAY[%s])", user) == [1]
        # With a revision of its own nothing takes the list's lock before the counters do.
        late = "INSERT INTO tasks (user_id, title, revision) VALUES (%s, 'late', 1)"
        waiting = asyncio.create_task(asyncio.to_thread(rows, writer, late, user))
        await blocked(workshop.database_url)
        rows(hands, "COMMIT")
        await waiting
    assert counters(hands, user) == (3, 0, 0, 3, 0, 0, 0)


@pytest.fixture
async def ctx(workshop: Stack) -> AsyncIterator[tuple[Context, Process]]:
    async with process(workshop.settings(DATABASE_POOL_SIZE="4")) as running:
        configured = workshop.settings(WORKER_AUDIT_SAMPLE="50")
        yield make_context(configured, running.redis, running.fence, running.lists._database), running


def wrong_lists(ctx: Context) -> float:
    return ctx.metrics.registry.get_sample_value("tasklane_worker_wrong_counters_total") or 0


@pytest.mark.anyio
@pytest.mark.parametrize("counter", COUNTERS.split(", "))
async def test_the_audit_puts_a_wrong_counter_right(
    ctx: tuple[Context, Process], hands: Cursor, user: UserId, counter: str
) -> None:
    """It is counted once, and what was answered with it is no hit any more."""
    context, running = ctx
    await running.lists.write(user, lambda change: crud.insert(change, {"title": "first"}))
    rows(hands, f"UPDATE task_lists SET {counter} = {counter} + 5 WHERE user_id = %s", user)
    await running.list_tasks(user)
    assert (await running.list_tasks(user))[1] == "hit"
    await audit_cache(context)
    assert wrong_lists(context) == 1
    assert counters(hands, user) == (1, 0, 0, 1, 0, 0, 0)
    answer, how = await running.list_tasks(user)
    assert (how, dict(answer.headers)["x-total-count"]) == ("miss", "1")
    await audit_cache(context)
    assert wrong_lists(context) == 1


@pytest.mark.anyio
async def test_the_audit_counts_what_was_not_counted(ctx: tuple[Context, Process], hands: Cursor, user: UserId) -> None:
    """That is no difference: the answers were right, and stay hits."""
    context, running = ctx
    await running.lists.write(user, lambda change: crud.insert(change, {"title": "first"}))
    rows(hands, "UPDATE task_lists SET live = NULL, completed = NULL WHERE user_id = %s", user)
    await running.list_tasks(user)
    await audit_cache(context)
    assert (counters(hands, user)[0], wrong_lists(context)) == (1, 0)
    assert (await running.list_tasks(user))[1] == "hit"


UNPUBLISHED = """
    SELECT coalesce(l.user_id, u.user_id) FROM (SELECT * FROM task_lists WHERE revision > published_revision) l
    FULL JOIN unpublished_lists u USING (user_id, revision) WHERE l.user_id IS NULL OR u.user_id IS NULL
"""


@pytest.mark.anyio
async def test_what_is_unpublished_is_kept_whoever_writes(
    ctx: tuple[Context, Process], hands: Cursor, user: UserId
) -> None:
    """Exactly the lists whose revision is ahead: after a write, another, the worker's record, an erasure, by hand."""
    context, running = ctx
    look = "SELECT revision FROM unpublished_lists WHERE user_id = %s"
    for _ in range(2):
        made = await running.lists.write(user, lambda change: crud.insert(change, {"title": "first"}))
        assert rows(hands, look, user) == [made.revision]
    await context.publisher.run()
    assert rows(hands, look, user) == []
    other = new_user()
    for statement in (
        "INSERT INTO task_lists (user_id, revision, published_revision) VALUES (%(other)s, 5, 3)",
        "UPDATE task_lists SET revision = revision + 1",
        "UPDATE task_lists SET user_id = user_id || '-2' WHERE user_id = %(other)s",
        "UPDATE task_lists SET published_revision = 5 WHERE user_id = %(other)s || '-2'",
        "UPDATE task_lists SET published_revision = revision WHERE user_id = %(user)s",
        "DELETE FROM task_lists WHERE user_id = %(other)s || '-2'",
        "TRUNCATE tasks",
        "TRUNCATE task_lists",
    ):
        hands.execute(statement, {"user": user, "other": other})
        assert rows(hands, UNPUBLISHED) == []
    assert rows(hands, "SELECT count(*) FROM unpublished_lists") == [0]


HOT = """
    SELECT sum(n_tup_upd)::int, sum(n_tup_hot_upd)::int FROM pg_stat_xact_user_tables
    WHERE relname IN ('tasks', 'task_lists')
"""


def test_a_change_day_by_day_writes_no_index(hands: Cursor) -> None:
    """Completing, another priority, a title that sorts alike: task and list stay where the indexes find them."""
    users = [new_user() for _ in range(20)]
    for user in users:
        rows(hands, "INSERT INTO tasks (user_id, title) SELECT %s, 'Call ' || n FROM generate_series(1, 20) n", user)
    rows(hands, "VACUUM tasks, task_lists")
    changed = hot = 0
    for change in ("completed = true, completed_at = now()", "priority = 'urgent'", "title = upper(title)"):
        one = f"UPDATE tasks SET {change} WHERE user_id = %s AND id = (SELECT min(id) FROM tasks WHERE user_id = %s)"
        for user in users:
            rows(hands, "BEGIN")
            [before] = rows(hands, HOT)
            rows(hands, one, user, user)
            [after] = rows(hands, HOT)
            rows(hands, "COMMIT")
            changed, hot = changed + after[0] - before[0], hot + after[1] - before[1]
    assert changed >= 3 * 2 * len(users)
    assert hot >= 0.95 * changed


@pytest.mark.anyio
async def test_lists_that_are_older_than_their_counters_are_counted(stack: Stack) -> None:
    """Many in batches, and one that a writer holds the next time; until then it is counted whenever it is read."""
    url = stack.postgres.create_database("counted")
    migrate(url, "0003")
    with outside(url) as hands:
        rows(hands, "INSERT INTO tasks (user_id, title) SELECT 'u' || n % 2500, 'x' FROM generate_series(1, 6000) n")
        rows(hands, "UPDATE task_lists SET published_revision = revision WHERE user_id < 'u2'")
        migrate(url)
        assert rows(hands, "SELECT count(*) FROM task_lists WHERE live IS NOT NULL") == [0]
        assert rows(hands, UNPUBLISHED) == []
        configured = settings(environment(url, stack.redis.url))
        async with process(configured) as running:
            context = make_context(configured, running.redis, running.fence, running.lists._database)
            with outside(url) as writer:
                rows(writer, "BEGIN; INSERT INTO tasks (user_id, title) VALUES ('u7', 'x')")
                assert await count_lists(context) == 2499
                rows(writer, "COMMIT")
            assert rows(hands, "SELECT user_id FROM task_lists WHERE live IS NULL") == ["u7"]
            assert dict((await running.list_tasks(UserId("u7")))[0].headers)["x-total-count"] == "4"
            assert await count_lists(context) == 1
            assert await count_lists(context) == 0
        assert wrong(hands) == []
        assert rows(hands, "SELECT count(*) FROM task_lists WHERE live IS NULL") == [0]
    stack.postgres.drop_database("counted")


def test_what_the_api_shows_is_what_is_counted(api: ApiProcess, hands: Cursor, user: UserId) -> None:
    """The totals of the lists and of the trash."""
    with client(api.url, user) as frontend:
        for number in range(5):
            made = frontend.post("/api/tasks", json={"title": str(number), "completed": number < 2}).json()
        frontend.delete(f"/api/tasks/{made['id']}")
        asked = ["?limit=1", "?limit=1&completed=true", "?limit=1&status=pending&sort=title", "/trash?limit=1"]
        totals = [frontend.get(f"/api/tasks{path}").headers["x-total-count"] for path in asked]
        assert totals == ["4", "2", "2", "1"]
        assert frontend.get("/api/account").json()["tasks"] == 5
