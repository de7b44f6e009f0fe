"""`frontend/auth` as whoever deploys it meets it: settings, replicas, a database that is away, attempts to guess."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import psycopg2
import pytest

from deploy.local.programs import SERVE
from deploy.local.servers.postgres import PostgresServer
from tests.frontend.auth import OURS, PASSWORD, AuthServer, Person, running
from tests.frontend.node import environment, needs_auth_server
from tests.servers.address import until
from tests.stack import Stack

pytestmark = needs_auth_server

LONG = 60
SETTINGS = {
    "AUTH_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
    "BETTER_AUTH_URL": "https://tasks.example.com",
    "BETTER_AUTH_SECRET": "s" * 40,
}


@pytest.fixture(scope="module")
def auth(stack: Stack) -> Iterator[AuthServer]:
    with running(stack) as auth:
        yield auth


def test_a_session_begins_and_ends(auth: AuthServer) -> None:
    """The cookie is out of reach of scripts and other sites; after signing out there are no tokens."""
    ann = Person(auth)
    cookie = ann.sign_up().headers["set-cookie"]
    assert cookie.startswith("tasklane.session_token=")
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))
    assert ann.get("/token").headers["cache-control"] == "no-store"
    ann.sign_out()
    assert ann.get("/token").status_code == 401
    assert ann.sign_in("wrong" * 3).status_code == 401
    assert ann.sign_in().status_code == 200
    assert ann.token()


def test_whoever_has_the_password_may_leave_for_good(auth: AuthServer) -> None:
    """A wrong password leaves all as it is; the right one leaves neither a session nor a way to sign in."""
    ann = auth.person()
    assert ann.post("/delete-user", json={"password": "wrong" * 3}).status_code == 400
    assert ann.token()
    assert ann.post("/delete-user", json={"password": PASSWORD}).status_code == 200
    assert ann.get("/token").status_code == 401
    assert ann.sign_in().status_code == 401
    assert ann.sign_up().status_code == 200


def test_cookies_behind_https(stack: Stack) -> None:
    """Where the page comes over https, the cookie goes over nothing else."""
    with running(stack, origin="https://tasks.example.com") as auth:
        cookie = Person(auth).sign_up().headers["set-cookie"]
        assert cookie.startswith("__Secure-tasklane.session_token=")
        assert "Secure" in cookie.split("; ")


def test_pages_of_others_cannot_sign_in(auth: AuthServer) -> None:
    """Nor do they get leave to read anything."""
    ann = auth.person()
    ann.headers["Origin"] = "https://evil.example"
    answer = ann.sign_in()
    assert answer.status_code == 403
    assert "access-control-allow-origin" not in answer.headers


def test_guessing_is_slow(stack: Stack) -> None:
    """Attempts are counted by address, in the database, so by all replicas together; and who waits may try again."""
    with (
        running(stack, AUTH_SIGN_IN_LIMIT="2") as auth,
        running(
            stack, database_url=auth.variables["AUTH_DATABASE_URL"], origin=auth.origin, AUTH_SIGN_IN_LIMIT="2"
        ) as replica,
    ):
        guesser = Person(auth)
        assert [guesser.sign_in("wrong" * 3).status_code for _ in range(2)] == [401, 401]
        guesser.base_url = httpx.URL(f"{replica.url}/api/auth/")
        refused = guesser.sign_in("wrong" * 3)
        assert refused.status_code == 429
        assert 0 < int(refused.headers["retry-after"]) <= 10
        assert Person(auth).sign_up().status_code == 200


def test_pages_that_renew_their_tokens_are_not_told_to_wait(auth: AuthServer) -> None:
    """However many there are behind one address."""
    ann = Person(auth)
    ann.sign_up()
    assert {ann.get(path).status_code for _ in range(110) for path in ("/get-session", "/token")} == {200}


def test_a_whole_fleet_starts_at_once(stack: Stack) -> None:
    """On an empty database, too: one makes the tables, the others wait; and they share the sessions."""
    database_url = stack.postgres.create_database("auth_fleet")
    variables = {"AUTH_DATABASE_URL": database_url, "AUTH_SIGN_IN_LIMIT": "1000"}
    fleet = [AuthServer(stack.folder, variables, origin="http://127.0.0.1:3000") for _ in range(3)]
    try:
        with ThreadPoolExecutor() as pool:
            list(pool.map(AuthServer.start, fleet))
        made = sum('"tables_created":0' not in server.log.read_text() for server in fleet)
        assert made == 1
        ann = fleet[0].person()
        ann.base_url = httpx.URL(f"{fleet[1].url}/api/auth/")
        assert ann.token()
    finally:
        for server in fleet:
            server.stop()


def test_the_tasks_have_a_database_of_their_own(stack: Stack, auth: AuthServer) -> None:
    """No table of the sign-in is among the tasks'."""
    assert _tables(stack.database_url).isdisjoint(_tables(auth.variables["AUTH_DATABASE_URL"]))
    assert {"user", "session", "jwks"} <= _tables(auth.variables["AUTH_DATABASE_URL"])


def test_a_database_that_is_away_is_told(tmp_path: Path, stack: Stack) -> None:
    """503 and when to ask again, never 401: nobody is signed out by it; and all is well when it is back."""
    with PostgresServer(stack.folder / "auth-postgres", durable=False) as postgres:
        server = AuthServer(tmp_path, {"AUTH_DATABASE_URL": postgres.create_database("auth")})
        server.start()
        try:
            ann = server.person()
            postgres.kill()
            for answer in (ann.get("/token"), ann.get("/get-session"), ann.sign_in()):
                assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
                assert answer.headers["content-type"] == "application/problem+json"
            with httpx.Client(base_url=server.url, timeout=LONG, trust_env=False) as client:
                assert [client.get(path).status_code for path in ("/livez", "/readyz")] == [200, 503]
            postgres.start()
            assert ann.token()
            postgres.freeze()
            assert ann.get("/token").status_code == 503
            postgres.thaw()
            assert ann.token()
        finally:
            server.stop()


def test_it_ends_in_order(stack: Stack) -> None:
    """SIGTERM, and what was asked before is answered."""
    with running(stack) as auth, ThreadPoolExecutor() as pool:
        with _connected(auth.variables["AUTH_DATABASE_URL"]) as cursor:
            cursor.execute('LOCK TABLE "user"')
            answer = pool.submit(Person(auth).sign_up)
            until(lambda: _waiters(cursor) == 1)
            os.kill(auth.pid, signal.SIGTERM)
            until(lambda: "auth_stopping" in auth.log.read_text())
            assert auth.running
        assert answer.result().status_code == 200
        until(lambda: not auth.running)
        assert auth.exit_code == 0


def test_a_connection_is_closed_by_whoever_asks(auth: AuthServer) -> None:
    """Or a request now and then runs into one that the server is closing: it keeps them as long as the API does."""
    kept_by_api = SERVE[SERVE.index("--timeout-keep-alive") + 1]
    assert Person(auth).get("/get-session").headers["keep-alive"] == f"timeout={kept_by_api}"


def test_odd_requests(auth: AuthServer) -> None:
    """Too large, of unknown length, with a Host that is none: refused, and the server goes on."""
    ann = Person(auth)
    large = ann.post("/sign-in/email", content=b"x" * 70_000, headers={"Content-Type": "application/json"})
    unknown = ann.post("/sign-in/email", content=iter([b"{}"]), headers={"Content-Type": "application/json"})
    odd = ann.get("/token", headers={"Host": "a b"})
    assert [large.status_code, unknown.status_code, odd.status_code] == [413, 411, 400]
    assert ann.get("/nonsense").status_code == 404
    assert ann.sign_up().status_code == 200


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AUTH_DATABASE_URL", ""),
        ("AUTH_DATABASE_URL", "mysql://here/tasks"),
        ("BETTER_AUTH_URL", "tasks.example.com"),
        ("BETTER_AUTH_SECRET", "short"),
        ("BETTER_AUTH_SECRET_FILE", "/nowhere"),
        ("AUTH_TOKEN_LIFETIME", "0"),
        ("AUTH_TRUSTED_ORIGINS", "http://localhost:8000,*"),
        ("PORT", "http"),
    ],
)
def test_a_setting_that_cannot_work(name: str, value: str) -> None:
    """It stops the start with a sentence that names it."""
    settings = {key: given for key, given in SETTINGS.items() if f"{key}_FILE" != name}
    result = _start({**settings, name: value})
    assert result.returncode == 1
    assert result.stderr.startswith(f"The auth server cannot start: {name}: ")
    assert len(result.stderr.splitlines()) == 1


def test_secrets_may_come_in_files(stack: Stack, tmp_path: Path) -> None:
    """As a container's secrets do."""
    (tmp_path / "secret").write_text("s" * 40 + "\n")
    (tmp_path / "url").write_text(stack.postgres.create_database("auth_files"))
    server = AuthServer(
        stack.folder,
        {
            "AUTH_DATABASE_URL_FILE": str(tmp_path / "url"),
            "BETTER_AUTH_SECRET": "",
            "BETTER_AUTH_SECRET_FILE": str(tmp_path / "secret"),
        },
    )
    try:
        server.start()
        assert server.person().token()
    finally:
        server.stop()


def _start(settings: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = ("node", str(OURS))
    return subprocess.run(command, env=environment(settings), capture_output=True, text=True, check=False, timeout=LONG)


def _tables(url: str) -> set[str]:
    with _connected(url) as cursor:
        cursor.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
        return {str(name) for (name,) in cursor.fetchall()}


def _waiters(cursor: "psycopg2.extensions.cursor") -> int:
    """How many queries wait for a lock."""
    cursor.execute(
        "SELECT count(*) FROM pg_locks WHERE NOT granted AND database = (SELECT oid FROM pg_database"
        " WHERE datname = current_database())"
    )
    [(count,)] = cursor.fetchall()
    return int(count)


@contextlib.contextmanager
def _connected(url: str) -> Iterator["psycopg2.extensions.cursor"]:
    """One transaction."""
    connection = psycopg2.connect(url, connect_timeout=30)
    try:
        with connection, connection.cursor() as cursor:
            yield cursor
    finally:
        connection.close()


@pytest.fixture(scope="module")
def plain(stack: Stack) -> Iterator[AuthServer]:
    with running(stack, AUTH_PLAIN_SIGN_IN="true") as auth:
        yield auth


def test_pages_without_better_auth_sign_in(stack: Stack, plain: AuthServer) -> None:
    """By JSON or by a form, for a token in the answer with which the tasks are theirs."""
    api = stack.api(start=True, BETTER_AUTH_SECRET="", **plain.trust).url
    ann = Person(plain)
    made = ann.post("/signup", json={"email": ann.email, "password": PASSWORD})
    assert made.status_code == 201
    user = made.json()["user"]
    ann.cookies.clear()
    form = {"username": ann.email, "password": PASSWORD}
    for answer in (ann.post("/login", data=form), ann.post("/login", json={"email": ann.email, "password": PASSWORD})):
        assert (answer.status_code, answer.json()["token_type"], answer.json()["user"]) == (200, "bearer", user)
        assert answer.headers["cache-control"] == "no-store"
        bearer = {"authorization": f"Bearer {answer.json()['access_token']}"}
        task = httpx.post(f"{api}/api/tasks", json={"title": "Buy milk"}, headers=bearer, timeout=60, trust_env=False)
        assert (task.status_code, task.json()["user_id"]) == (201, user["id"])
        ann.cookies.clear()
        assert ann.get("/me", headers=bearer).json() == user
    assert ann.get("/me").status_code == 401
    assert ann.get("/me", headers={"authorization": "Bearer a.b.c"}).status_code == 401


def test_the_plain_sign_in_is_as_strict(plain: AuthServer, auth: AuthServer) -> None:
    """What Better Auth refuses is refused, in members that such pages read; where it is not wanted it is not there."""
    ann = plain.person()
    wrong = ann.post("/login", json={"email": ann.email, "password": "wrong" * 3})
    assert (wrong.status_code, wrong.json()["detail"]) == (401, wrong.json()["message"])
    assert "token" not in wrong.json()
    for body in ({}, {"email": 7, "password": PASSWORD}, {"email": ann.email}):
        assert ann.post("/login", json=body).status_code == 422
    assert ann.post("/login", content=b"{", headers={"content-type": "application/json"}).status_code == 422
    assert ann.get("/me").json()["email"] == ann.email
    assert ann.post("/logout").json() == {"success": True}
    assert ann.get("/me").status_code == 401
    ann.post("/login", json={"email": ann.email, "password": PASSWORD}).raise_for_status()
    ann.headers["Origin"] = "https://evil.example"
    for path in ("/login", "/logout"):
        assert ann.post(path, json={"email": ann.email, "password": PASSWORD}).status_code == 403
    assert ann.get("/me").json()["email"] == ann.email
    bob = auth.person()
    assert bob.post("/login", json={"email": bob.email, "password": PASSWORD}).status_code == 404
