"""How PostgreSQL serves the very statements that the product sends: by an index, however long the list is.

The role and its policies are those of a request; the statements are caught on their way out of `core.tasks.pages`.
"""

import contextlib
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, cast, get_args

import pytest

from core.database.transaction import Transaction
from core.lists.lists import AS_USER
from core.tasks import pages
from core.tasks.questions.cursors import Cursor as Place
from core.tasks.questions.queries import KEY_KINDS, ListQuery, Sort, StatsQuery, Status
from core.types import TaskId
from tests.stack import Stack, migrate
from tests.steps import Cursor, outside

Plan = dict[str, Any]

OWNER = "owner-of-many"
TASKS = 20_000
LIMIT = 50
DEEP = 15_000

# Every order has ties; a third of the tasks has no due date, a tenth lies in the trash. The others came later: what the
# statistics say of all times together tells the planner little of the owner's.
FILL = """
    INSERT INTO task_lists (user_id, revision) SELECT 'other-' || n, 1 FROM generate_series(1, 30) AS n
    UNION ALL SELECT %(owner)s, 1;
    INSERT INTO tasks (user_id, title, description, completed, completed_at, priority, due_on, due_at, tags, revision,
        created_at, updated_at, deleted_at)
    SELECT user_id, title, description, n %% 2 = 0, CASE WHEN n %% 2 = 0 THEN now() END,
        (ARRAY['low', 'medium', 'high', 'urgent'])[1 + n %% 4],
        CASE WHEN n %% 3 = 0 THEN began::date + n %% 100 END,
        CASE WHEN n %% 3 = 1 THEN began + make_interval(hours => n %% 2000) END,
        ARRAY['tag ' || n %% 7], 1, began + make_interval(secs => n / 2), began + make_interval(secs => n %% 1000),
        CASE WHEN n %% 10 = 9 THEN began + make_interval(secs => n / 20) END
    FROM (
        SELECT %(owner)s AS user_id, n, md5((n / 3)::text) AS title, 'Note ' || n AS description,
            '2024-01-01T00:00Z'::timestamptz AS began
        FROM generate_series(1, %(tasks)s) AS n
        UNION ALL
        SELECT 'other-' || u, n, 'Walk', NULL, '2026-01-01T00:00Z'
        FROM generate_series(1, 30) AS u, generate_series(1, 30) AS n
    ) AS all_tasks;
"""

# Tells the plan of each statement that runs, also of one within a function.
WATCH = """
    LOAD 'auto_explain'; SET auto_explain.log_nested_statements = on; SET auto_explain.log_analyze = on;
    SET auto_explain.log_format = json; SET auto_explain.log_level = notice; SET auto_explain.log_min_duration = 0
"""

INDEXES = {
    ("created", False): "tasks_by_created",
    ("created", True): "tasks_by_created",
    ("due_date", False): "tasks_by_due_rising",
    ("due_date", True): "tasks_by_due_falling",
}

LOOKED_THROUGH: list[Sort] = ["updated", "priority", "title"]
"""What is changed day by day has no index (ADR 0027), nor what no server compares as another (ADR 0047)."""

BY_HAND: Sort = "position"
"""Of two indexes: what was moved, and what was not (ADR 0044)."""

MOVED = """
    UPDATE tasks SET position = lpad(to_hex(9223372036854775807 - id), 16, '0') || '8'
    WHERE user_id = %(owner)s AND id %% 3 = 0
"""


@pytest.fixture(scope="module")
def database(stack: Stack) -> Iterator[Cursor]:
    """A database in which nothing else happens."""
    with filled(stack, "plans") as cursor:
        yield cursor


@pytest.fixture(scope="module")
def moved(stack: Stack) -> Iterator[Cursor]:
    """One in which the owner has moved a third of the tasks."""
    with filled(stack, "plans_by_hand", MOVED) as cursor:
        yield cursor


@contextlib.contextmanager
def filled(stack: Stack, name: str, more: str = "") -> Iterator[Cursor]:
    url = stack.postgres.create_database(name)
    migrate(url)
    with outside(url) as cursor:
        cursor.execute(FILL + more, {"owner": OWNER, "tasks": TASKS})
        cursor.execute("VACUUM ANALYZE tasks, task_lists")
        cursor.execute(WATCH)
        yield cursor
    stack.postgres.drop_database(name)


class Caught(Exception):
    """Instead of an answer."""


class Catcher:
    """In place of a transaction: keeps what would be sent."""

    before = ""

    def with_next(self, sql: str) -> None:
        self.before += sql

    def execute(self, sql: str, **parameters: object) -> None:
        self.sql, self.parameters = sql, parameters
        raise Caught


def sent(query: ListQuery | None) -> Catcher:
    """The statement of a page, or of the statistics, with its parameters."""
    catcher = Catcher()
    transaction = cast(Transaction, catcher)
    with contextlib.suppress(Caught):
        pages.page(transaction, query) if query else pages.stats(transaction, StatsQuery())
    return catcher


@contextlib.contextmanager
def as_user(database: Cursor, before: str = "") -> Iterator[None]:
    """What opens a request's transaction."""
    limits = {"statement_timeout": "60000", "idle_timeout": "60000"}
    database.execute("BEGIN;" + AS_USER + before, {"owner": OWNER, **limits})
    try:
        yield
    finally:
        database.execute("ROLLBACK")


AS_ONE_OF_MANY = "SET LOCAL enable_seqscan = off;"
"""Here the owner has two fifths of all tasks, and whoever needs them all would read the table."""


def explained(database: Cursor, query: ListQuery | None, *, given: str = "") -> list[Plan]:
    """Every node of the plan, after it was carried out."""
    caught = sent(query)
    with as_user(database, given + caught.before):
        database.connection.notices.clear()
        database.execute(caught.sql, {**caught.parameters, "owner": OWNER})
        told = [json.loads(notice.split("plan:", 1)[1]) for notice in database.connection.notices]
    [found] = [one for one in told if "FROM tasks" in one["Query Text"]][-1:]
    return list(nodes(found["Plan"]))


def nodes(plan: Plan) -> Iterator[Plan]:
    yield plan
    for child in plan.get("Plans", ()):
        yield from nodes(child)


def place(database: Cursor, query: ListQuery, depth: int) -> Place:
    """Where the page ends that shows so many tasks."""
    caught = sent(replace(query, limit=1, offset=depth - 1))
    with as_user(database):
        database.execute(caught.sql, {**caught.parameters, "owner": OWNER})
        *_, key, id_, _history = database.fetchall()[0]
    return Place(key, TaskId(id_))


def total(database: Cursor, query: ListQuery) -> int:
    """How many tasks match, by the statement's own word."""
    caught = sent(query)
    with as_user(database, caught.before):
        database.execute(caught.sql, {**caught.parameters, "owner": OWNER})
        return int(database.fetchall()[0][1])


def sorts(plan: list[Plan]) -> list[Plan]:
    return [node for node in plan if "Sort" in node["Node Type"]]


def read_one_by_one(plan: list[Plan]) -> list[Plan]:
    return [node for node in plan if node["Node Type"] == "Seq Scan" and node["Relation Name"] == "tasks"]


def page_scan(plan: list[Plan]) -> Plan:
    """Where the page comes from, as opposed to the count; with an offset, where what is skipped comes from."""
    [limit] = [node for node in plan if node["Node Type"] == "Limit"]
    [scan] = [node for node in nodes(limit) if node.get("Relation Name") == "tasks"]
    return scan


def rows_read(scan: Plan) -> int:
    return int((scan["Actual Rows"] + scan.get("Rows Removed by Filter", 0)) * scan["Actual Loops"])


@pytest.mark.parametrize("depth", [0, 1000, DEEP])
@pytest.mark.parametrize(("sort", "descending"), INDEXES)
def test_a_page_is_read_from_the_index_of_its_order(
    database: Cursor, sort: Sort, depth: int, *, descending: bool
) -> None:
    """No sort, no scan of the table, and not a task more than it needs, however deep it lies."""
    query = ListQuery(sort=sort, descending=descending, limit=LIMIT)
    plan = explained(database, replace(query, cursor=place(database, query, depth) if depth else None))
    scan = page_scan(plan)
    assert (scan["Node Type"], scan["Index Name"]) == ("Index Scan", INDEXES[sort, descending])
    assert rows_read(scan) == LIMIT + 1
    assert ("ROW(" in scan["Index Cond"]) == bool(depth)
    assert not sorts(plan)
    assert not read_one_by_one(plan)


def test_every_order_is_looked_at() -> None:
    """Also one that is added later."""
    seen = {sort for sort, _ in INDEXES} | set(LOOKED_THROUGH) | {BY_HAND}
    assert seen == set(get_args(Sort)) == set(KEY_KINDS)


@pytest.mark.parametrize("depth", [0, DEEP])
@pytest.mark.parametrize("descending", [False, True])
def test_the_order_by_hand_is_read_from_the_beginnings_of_two_indexes(
    moved: Cursor, depth: int, *, descending: bool
) -> None:
    """Of what was moved and of what was not no more than a page, and what lies between them in the trash."""
    query = ListQuery(sort=BY_HAND, descending=descending, limit=LIMIT)
    asked = replace(query, cursor=place(moved, query, depth) if depth else None)
    plan = explained(moved, asked, given=AS_ONE_OF_MANY)
    read = [node for node in plan if node.get("Relation Name") == "tasks" and node["Actual Loops"]]
    scans = {node["Index Name"]: node for node in read}
    assert scans.keys() == {"tasks_by_position", "tasks_pkey"}
    assert rows_read(scans["tasks_by_position"]) <= LIMIT + 1
    assert rows_read(scans["tasks_pkey"]) <= 2 * (LIMIT + 1)
    assert not read_one_by_one(plan)


@pytest.mark.parametrize("depth", [0, DEEP])
@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("sort", LOOKED_THROUGH)
def test_an_order_by_what_changes_looks_through_the_users_own_tasks(
    database: Cursor, sort: Sort, depth: int, *, descending: bool
) -> None:
    """By an index, each of them once at most, and keeps no more of them than the page."""
    query = ListQuery(sort=sort, descending=descending, limit=LIMIT)
    asked = replace(query, cursor=place(database, query, depth) if depth else None)
    plan = explained(database, asked, given=AS_ONE_OF_MANY)
    assert rows_read(page_scan(plan)) <= TASKS
    assert [node["Sort Method"] for node in sorts(plan)] == ["top-N heapsort"]
    assert not read_one_by_one(plan)


@pytest.mark.parametrize("status", get_args(Status))
@pytest.mark.parametrize("sort", ["created", "due_date"])
def test_the_total_of_a_list_is_not_counted(database: Cursor, sort: Sort, status: Status) -> None:
    """The list knows it: no task is read but those of the page."""
    plan = explained(database, ListQuery(sort=sort, status=status, limit=LIMIT))
    read = [rows_read(node) for node in plan if node.get("Relation Name") == "tasks" and node["Actual Loops"]]
    assert sum(read) <= 4 * LIMIT


def test_a_list_that_was_not_counted_yet_is_counted_when_it_is_read(database: Cursor) -> None:
    """As one that is older than its counters."""
    queries = [ListQuery(limit=LIMIT), ListQuery(sort="due_date", status="pending", limit=LIMIT)]
    counted, plainly = ([total(database, query) for query in queries] for _ in range(2))
    for found in (counted, plainly):
        assert list(found) == [TASKS * 9 // 10, TASKS * 4 // 10]
        database.execute("UPDATE task_lists SET live = NULL, completed = NULL WHERE user_id = %s", (OWNER,))
    database.execute("SELECT tasklane_count(ARRAY[%s])", (OWNER,))


@pytest.mark.parametrize(("sort", "descending"), INDEXES)
def test_an_offset_is_skipped_in_the_index(database: Cursor, sort: Sort, *, descending: bool) -> None:
    """What is skipped is not fetched from the table, and nothing is sorted."""
    plan = explained(database, ListQuery(sort=sort, descending=descending, limit=LIMIT, offset=9000))
    scan = page_scan(plan)
    assert (scan["Node Type"], scan["Index Name"]) == ("Index Only Scan", INDEXES[sort, descending])
    assert rows_read(scan) == 9000 + LIMIT + 1
    [fetched] = [node for node in plan if node.get("Index Name") == "tasks_pkey"]
    assert rows_read(fetched) == LIMIT + 1
    assert not sorts(plan)
    assert not read_one_by_one(plan)


@pytest.mark.parametrize(
    "filters",
    [{"status": "pending"}, {"priority": "high"}, {"tags": ("tag 3",)}, {"status": "completed", "priority": "high"}],
)
def test_a_common_filter_does_not_sort_the_list(database: Cursor, filters: dict[str, Any]) -> None:
    """The index of the order is read until the page is full."""
    plan = explained(database, ListQuery(limit=LIMIT, **filters), given=AS_ONE_OF_MANY)
    assert page_scan(plan)["Index Name"] == "tasks_by_created"
    assert rows_read(page_scan(plan)) < 20 * LIMIT
    assert not sorts(plan)
    assert not read_one_by_one(plan)


@pytest.mark.parametrize("limit", [1, LIMIT, TASKS])
@pytest.mark.parametrize("status", get_args(Status))
def test_the_function_shows_what_the_statement_would(database: Cursor, status: Status, limit: int) -> None:
    """The list that most ask for and all others show a task in the same way."""
    query = ListQuery(status=status, limit=limit)
    with as_user(database):
        found = []
        for sql in (sent(query).sql, pages._statement(query)):
            parameters = {**pages._parameters(query), **sent(query).parameters, "owner": OWNER}
            database.execute(sql, parameters)
            found += database.fetchall()
    assert found[0] == found[1]
    assert found[0][1] > 1


@pytest.mark.parametrize("depth", [0, 500, 1000])
def test_the_trash_has_an_index_of_its_own(database: Cursor, depth: int) -> None:
    """The live tasks are not looked at, and nothing is sorted, however deep the page lies."""
    query = ListQuery(trash=True, limit=LIMIT)
    plan = explained(database, replace(query, cursor=place(database, query, depth) if depth else None))
    assert page_scan(plan)["Index Name"] == "tasks_trash"
    assert rows_read(page_scan(plan)) == LIMIT + 1
    assert not sorts(plan)
    assert not read_one_by_one(plan)


@pytest.mark.parametrize(("sought", "found"), [("00ec53c4", 3), ("NOTE 1", 10_000)])
@pytest.mark.parametrize("sort", get_args(Sort))
def test_a_search_looks_through_the_users_own_tasks_once(database: Cursor, sort: Sort, sought: str, found: int) -> None:
    """For the page and for the total, whatever all others have, and fetches no more than the page a second time."""
    plan = explained(database, ListQuery(search=sought, sort=sort, limit=LIMIT), given=AS_ONE_OF_MANY)
    fetched, read = sorted(rows_read(node) for node in plan if node.get("Relation Name") == "tasks")
    assert fetched == min(found, LIMIT + 1)
    assert TASKS * 9 // 10 <= read <= TASKS
    assert not read_one_by_one(plan)
    assert total(database, ListQuery(search=sought, sort=sort, limit=LIMIT)) == found


def test_the_statistics_read_no_other_users_tasks(database: Cursor) -> None:
    """Each of the user's own tasks once at most."""
    plan = explained(database, None, given=AS_ONE_OF_MANY)
    assert not read_one_by_one(plan)
    [scan] = [node for node in plan if node.get("Relation Name") == "tasks"]
    assert TASKS * 9 // 10 <= rows_read(scan) <= TASKS
