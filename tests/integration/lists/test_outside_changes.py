"""Changes made past the API (psql, an import, another service): seen through it soon, one revision per transaction."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from core.types import UserId
from tests import steps
from tests.ports import steady_port
from tests.servers.address import until
from tests.stack import ApiProcess, Stack, WorkerProcess, client, folder, new_user


@pytest.fixture(scope="module")
def whole() -> Iterator[Stack]:
    with folder() as path, Stack(path) as stack:
        yield stack


@pytest.fixture(scope="module", autouse=True)
def worker(whole: Stack) -> WorkerProcess:
    """Which is what tells the cache."""
    return whole.worker(WORKER_METRICS_PORT=str(steady_port()))


@pytest.fixture(scope="module")
def frontage(whole: Stack) -> ApiProcess:
    return whole.api()


@pytest.fixture(scope="module")
def hands(whole: Stack) -> Iterator[steps.Cursor]:
    with steps.outside(whole.database_url) as cursor:
        cursor.execute(steps.COUNT_REVISIONS)
        yield cursor


@pytest.fixture
def someone(frontage: ApiProcess, user: UserId) -> Iterator[httpx.Client]:
    with client(frontage.url, user) as someone:
        yield someone


def revision(hands: steps.Cursor, user: str) -> int:
    hands.execute("SELECT coalesce(max(revision), 0) FROM task_lists WHERE user_id = %s", (user,))
    return int(hands.fetchall()[0][0])


def titles(frontend: httpx.Client) -> list[str]:
    return sorted(task["title"] for task in frontend.get("/api/tasks").raise_for_status().json())


Changes = dict[str, tuple[str, list[str]]]

STATEMENTS: Changes = {
    "insert": ("INSERT INTO tasks (user_id, title) VALUES (%(user)s, 'by hand')", ["by hand", "one", "two"]),
    "update": ("UPDATE tasks SET title = 'changed' WHERE user_id = %(user)s AND title = 'one'", ["changed", "two"]),
    "delete": ("DELETE FROM tasks WHERE user_id = %(user)s AND title = 'one'", ["two"]),
    "to the trash": ("UPDATE tasks SET deleted_at = now() WHERE user_id = %(user)s AND title = 'one'", ["two"]),
    "upsert": (
        """INSERT INTO tasks (user_id, id, title) SELECT user_id, id, 'x' FROM tasks WHERE user_id = %(user)s
        ON CONFLICT (user_id, id) DO UPDATE SET title = tasks.title || '!'""",
        ["one!", "two!"],
    ),
    "merge": (
        """MERGE INTO tasks t USING (VALUES ('one'), ('three')) AS v (title)
        ON t.user_id = %(user)s AND t.title = v.title WHEN MATCHED THEN DELETE
        WHEN NOT MATCHED THEN INSERT (user_id, title) VALUES (%(user)s, v.title)""",
        ["three", "two"],
    ),
    "moved away": ("UPDATE tasks SET user_id = user_id || '-2' WHERE user_id = %(user)s AND title = 'one'", ["two"]),
    "moved here": ("UPDATE tasks SET user_id = %(user)s WHERE user_id = %(user)s || '-1'", ["here", "one", "two"]),
}


def test_changes_of_every_kind_are_seen(frontage: ApiProcess, worker: WorkerProcess, hands: steps.Cursor) -> None:
    """Each list was a hit before; each shows the change when the worker has published once, which it does each second.

    It says when it has: of two runs that end after the change the second has begun after it.
    """
    cases = {name: new_user() for name in STATEMENTS}
    hands.execute("INSERT INTO tasks (user_id, title) VALUES (%s, 'here')", (f"{cases['moved here']}-1",))
    frontends = {name: client(frontage.url, user) for name, user in cases.items()}
    for frontend in frontends.values():
        for title in ("one", "two"):
            frontend.post("/api/tasks", json={"title": title})
        _warm(frontend)
    for name, (statement, _) in STATEMENTS.items():
        hands.execute(statement, {"user": cases[name]})
    goal = runs(worker) + 2
    until(lambda: runs(worker) >= goal, "the worker has published")
    for name, frontend in frontends.items():
        assert titles(frontend) == STATEMENTS[name][1]
        frontend.close()


def runs(worker: WorkerProcess) -> int:
    """How often it has published what there was."""
    name = 'tasklane_worker_jobs_total{job="publish_revisions",outcome="succeeded"} '
    found = [line for line in worker.get("/metrics").text.splitlines() if line.startswith(name)]
    return int(float(found[0].removeprefix(name))) if found else 0


@pytest.mark.parametrize(
    "statements",
    [
        ["INSERT INTO tasks (user_id, title) SELECT %(user)s, 'x' FROM generate_series(1, 500)"],
        ["INSERT INTO tasks (user_id, title) VALUES (%(user)s, 'x')"] * 3,
        ["UPDATE tasks SET title = 'x' WHERE user_id = %(user)s"] * 2,
        ["DELETE FROM tasks WHERE user_id = %(user)s"],
        [
            "INSERT INTO tasks (user_id, title) VALUES (%(user)s, 'x')",
            "UPDATE tasks SET title = 'y' WHERE user_id = %(user)s",
            "DELETE FROM tasks WHERE user_id = %(user)s AND id IN (SELECT min(id) FROM tasks)",
        ],
    ],
    ids=["500 rows", "3 statements", "updates", "delete", "mixed"],
)
def test_a_transaction_takes_one_revision(
    someone: httpx.Client, hands: steps.Cursor, user: UserId, statements: list[str]
) -> None:
    """However many rows it changes; and the changed tasks carry it."""
    for _ in range(3):
        someone.post("/api/tasks", json={"title": "old"})
    before = steps.revisions_taken(hands, user)
    hands.execute("BEGIN")
    for statement in statements:
        hands.execute(statement, {"user": user})
    hands.execute("COMMIT")
    assert steps.revisions_taken(hands, user) == before + 1
    hands.execute("SELECT count(*) FROM tasks WHERE user_id = %s AND revision > %s", (user, revision(hands, user)))
    assert hands.fetchall() == [(0,)]


def test_nothing_changed_takes_none(someone: httpx.Client, hands: steps.Cursor, user: UserId) -> None:
    """A statement that finds no row, an insert that gives way, a transaction that is rolled back."""
    task = someone.post("/api/tasks", json={"title": "old"}).json()
    before = steps.revisions_taken(hands, user)
    hands.execute("UPDATE tasks SET title = 'x' WHERE user_id = %s AND title = 'none'", (user,))
    hands.execute("DELETE FROM tasks WHERE user_id = %s AND title = 'none'", (user,))
    hands.execute("BEGIN")
    hands.execute("INSERT INTO tasks (user_id, title) VALUES (%s, 'x')", (user,))
    hands.execute("ROLLBACK")
    assert steps.revisions_taken(hands, user) == before
    hands.execute(
        "INSERT INTO tasks (user_id, id, title) VALUES (%s, %s, 'x') ON CONFLICT DO NOTHING", (user, task["id"])
    )
    assert steps.revisions_taken(hands, user) <= before + 1  # a trigger that runs before the conflict cannot know of it
    assert titles(someone) == ["old"]


def test_both_lists_of_a_moved_task_change(someone: httpx.Client, hands: steps.Cursor, user: UserId) -> None:
    """It leaves one and comes into the other; its ETag is new, in the list where it is now."""
    task = someone.post("/api/tasks", json={"title": "old"}).json()
    other = f"{user}-other"
    before = steps.revisions_taken(hands, user)
    hands.execute("UPDATE tasks SET user_id = %s WHERE user_id = %s", (other, user))
    assert steps.revisions_taken(hands, user) == before + 1
    hands.execute("SELECT revision FROM tasks WHERE user_id = %s AND id = %s", (other, task["id"]))
    assert hands.fetchall() == [(revision(hands, other),)]


WRITES: dict[str, Callable[[httpx.Client, dict[str, Any]], httpx.Response]] = {
    "create": lambda api, _: api.post("/api/tasks", json={"title": "new"}),
    "update": lambda api, task: api.patch(f"/api/tasks/{task['id']}", json={"title": "new"}),
    "an update that changes nothing": lambda api, task: api.patch(f"/api/tasks/{task['id']}", json={}),
    "put": lambda api, task: api.put(f"/api/tasks/{task['id']}", json=task),
    "toggle": lambda api, task: api.patch(f"/api/tasks/{task['id']}/complete"),
    "complete": lambda api, task: api.patch(f"/api/tasks/{task['id']}/complete", json={"completed": True}),
    "delete": lambda api, task: api.delete(f"/api/tasks/{task['id']}"),
}


@pytest.mark.parametrize("name", WRITES)
def test_the_apis_own_write_takes_exactly_one(
    someone: httpx.Client, hands: steps.Cursor, user: UserId, name: str
) -> None:
    """The triggers leave it alone: it sets the revision itself."""
    task = someone.post("/api/tasks", json={"title": "old"}).json()
    before = steps.revisions_taken(hands, user)
    assert WRITES[name](someone, task).is_success
    assert steps.revisions_taken(hands, user) == before + 1


@pytest.mark.parametrize("path", ["/api/tasks/{id}", "/api/tasks/9223372036854775807"])
def test_a_write_that_fails_takes_none(someone: httpx.Client, hands: steps.Cursor, user: UserId, path: str) -> None:
    """Neither a task that is not there nor a precondition that does not hold changes the list."""
    task = someone.post("/api/tasks", json={"title": "old"}).json()
    before = steps.revisions_taken(hands, user)
    response = someone.patch(path.format(id=task["id"]), json={"title": "x"}, headers={"if-match": '"other"'})
    assert response.status_code in (404, 412)
    assert steps.revisions_taken(hands, user) == before


def test_truncate_empties_every_list(frontage: ApiProcess, hands: steps.Cursor) -> None:
    """Without a row there is no row trigger: the statement itself tells all lists."""
    frontends = [client(frontage.url, new_user()) for _ in range(3)]
    for frontend in frontends:
        frontend.post("/api/tasks", json={"title": "old"})
        _warm(frontend)
    hands.execute("TRUNCATE tasks")
    until(lambda: not any(titles(frontend) for frontend in frontends), "all are seen to be empty")
    for frontend in frontends:
        frontend.close()


def _warm(frontend: httpx.Client) -> None:
    """Read until it is a hit: the worker may publish the write in between."""
    until(lambda: frontend.get("/api/tasks").headers["x-cache"] == "hit", "it is a hit")
