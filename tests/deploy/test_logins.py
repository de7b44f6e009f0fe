"""The logins of compose's own database: the services own nothing, and what an earlier release made is set right."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import psycopg2
import pytest
from psycopg2 import errors

from deploy.compose import make_logins
from deploy.local.servers.postgres import PostgresServer
from tests.integration.wires import rows
from tests.stack import ApiProcess, Stack, WorkerProcess, environment, folder, migrate
from tests.steps import outside, until

OWNER, SERVICES, AUTH = "tasklane", "tasklane_services", "auth"

BEFORE = (
    "CREATE ROLE tasklane LOGIN CREATEROLE PASSWORD 'before'",
    "CREATE DATABASE tasklane OWNER tasklane",
    "REVOKE CONNECT ON DATABASE tasklane FROM PUBLIC",
    "CREATE ROLE auth LOGIN PASSWORD 'before'",
    "CREATE DATABASE auth OWNER auth",
)
"""What 0.1.0 made when its volume was new; its migrations and its services logged in as the owner."""


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    """A server of the test's own: roles belong to all databases of one."""
    with folder() as path, PostgresServer(path / "postgres", durable=False) as server:
        yield server


@pytest.fixture
def passwords(tmp_path: Path) -> Path:
    for login in (OWNER, SERVICES, AUTH):
        (tmp_path / f"{login}_password").write_text(f"the password of {login}\n")
    return tmp_path


def make(server: PostgresServer, passwords: Path) -> None:
    make_logins.main(server.url("postgres"), passwords)


def url(server: PostgresServer, login: str, database: str = "tasklane") -> str:
    return server.url(database).replace("postgres@", f"{login}@", 1)


def used(frontend: httpx.Client) -> None:
    """All that a user does: write, read, throw away, and at last ask for everything to be erased."""
    assert frontend.get("/readyz").status_code == 200
    made = frontend.post("/api/tasks", json={"title": "Buy milk"}, headers={"idempotency-key": "milk"})
    assert made.status_code == 201
    assert [task["title"] for task in frontend.get("/api/tasks").json()] == ["Buy milk"]
    path = made.headers["location"]
    family = [{"title": "Parent", "id": 1}, {"title": "Child", "parent_id": 1, "tags": ["home"]}]
    assert frontend.post("/api/tasks/import", json={"tasks": family}).json() == {"imported": 2}
    assert frontend.post(f"{path}/move", json={"after": None}).status_code == 200
    assert frontend.post("/api/tasks/tags/rename", json={"from": "home", "to": "house"}).status_code == 200
    token = frontend.post("/api/account/tokens", json={"name": "A program", "scopes": ["tasks:read"]}).json()
    bearer = {"authorization": f"Bearer {token['token']}"}
    by_position = frontend.get("/api/tasks?sort=position", headers=bearer)
    assert by_position.json()[0]["title"] == "Buy milk"
    assert frontend.delete(f"/api/account/tokens/{token['id']}").status_code == 204
    assert frontend.delete(path).status_code == 204
    assert frontend.delete("/api/tasks/trash").status_code == 204
    assert frontend.delete("/api/account").status_code == 202


@pytest.mark.anyio
async def test_the_services_work_with_a_login_that_owns_nothing(
    server: PostgresServer, passwords: Path, stack: Stack
) -> None:
    """The API and the worker do all that they do; made a second time, nothing is another."""
    make(server, passwords)
    migrate(url(server, OWNER))
    make(server, passwords)
    variables = environment(url(server, SERVICES), stack.redis.url, WORKER_ERASE_PERIOD="1")
    api, worker = ApiProcess(stack.folder, variables), WorkerProcess(stack.folder, variables)
    stack.adopt(api, worker)
    api.start()
    worker.start()
    try:
        with api.client() as frontend:
            used(frontend)
            await until(lambda: bool(frontend.get("/api/account").json()["status"] == "active"))
    finally:
        worker.stop()
        api.stop()


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT FROM tasks",
        "ALTER TABLE tasks DISABLE ROW LEVEL SECURITY",
        "DROP TABLE tasks",
        "CREATE ROLE another",
        "CREATE TABLE another ()",
        "GRANT tasklane_worker TO auth",
        "SET ROLE tasklane",
    ],
)
def test_what_the_services_login_may_not(server: PostgresServer, passwords: Path, statement: str) -> None:
    """Without one of the two roles it sees nothing, and it changes nothing of how things are."""
    make(server, passwords)
    migrate(url(server, OWNER))
    with outside(url(server, SERVICES)) as services, pytest.raises(errors.InsufficientPrivilege):
        rows(services, statement)


def test_nobody_enters_anothers_database(server: PostgresServer, passwords: Path) -> None:
    """The sign-in not the tasks', and neither login of theirs the sign-in's."""
    make(server, passwords)
    for login, database in ((AUTH, "tasklane"), (OWNER, "auth"), (SERVICES, "auth")):
        with pytest.raises(psycopg2.OperationalError, match="permission denied for database"):
            psycopg2.connect(url(server, login, database))


def test_what_an_earlier_release_made_is_set_right_beside_it(
    server: PostgresServer, passwords: Path, stack: Stack
) -> None:
    """Its API goes on serving as the owner, which makes no roles any more, nor lets others have those of the tables."""
    with outside(server.url("postgres")) as admin:
        for statement in BEFORE:
            rows(admin, statement)
    migrate(url(server, OWNER))
    api = ApiProcess(stack.folder, environment(url(server, OWNER), stack.redis.url))
    stack.adopt(api)
    api.start()
    try:
        with api.client() as frontend:
            assert frontend.post("/api/tasks", json={"title": "Before"}).status_code == 201
            make(server, passwords)
            assert frontend.post("/api/tasks", json={"title": "Since"}).status_code == 201
            assert len(frontend.get("/api/tasks?sort=title").json()) == 2
    finally:
        api.stop()
    migrate(url(server, OWNER))
    with outside(url(server, OWNER)) as owner:
        for statement in ("CREATE ROLE another", "GRANT tasklane_worker TO auth"):
            with pytest.raises(errors.InsufficientPrivilege):
                rows(owner, statement)
    with outside(url(server, SERVICES)) as services:
        rows(services, "SET ROLE tasklane_worker")
        assert sorted(rows(services, "SELECT title FROM tasks")) == ["Before", "Since"]


def test_passwords_are_kept_as_their_proofs(server: PostgresServer, passwords: Path) -> None:
    """No statement that a log might show holds one."""
    make(server, passwords)
    with outside(server.url("postgres")) as admin:
        kept = rows(admin, "SELECT rolpassword FROM pg_authid WHERE rolname = ANY(%s)", [OWNER, SERVICES, AUTH])
    assert [secret.split("$")[0] for secret in kept] == ["SCRAM-SHA-256"] * 3
