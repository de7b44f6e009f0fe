"""Personal access tokens: made, shown once, listed and taken back, by their owner and nobody else."""

import base64
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import httpx
import pytest

from core.access import form
from core.access.rows import MOST
from core.types import UserId
from tests.access.making import BOTH, TOKENS, listed, make, revoke
from tests.integration.wires import Cursor, rows
from tests.stack import ApiProcess, Stack, WorkerProcess
from tests.steps import outside, until

NEVER_MADE = "tl_" + "a" * 39


@pytest.fixture
def database(stack: Stack) -> Iterator[Cursor]:
    with outside(stack.database_url) as database:
        yield database


def test_a_token_is_shown_once(alice: httpx.Client, database: Cursor, user: UserId) -> None:
    """Its maker gets it with all that was asked for, nobody can show it again, and its digest alone is kept."""
    answer = alice.post(TOKENS, json={"name": " Thunderbird ", "scopes": ["tasks:write", "tasks:read"]})
    made = answer.json()
    assert (answer.status_code, answer.headers["cache-control"]) == (201, "no-store")
    assert form.is_whole(made["token"].encode())
    shown = {name: value for name, value in made.items() if name != "token"}
    assert shown["name"] == "Thunderbird"
    assert shown["scopes"] == BOTH
    assert (shown["expires_at"], shown["last_used_at"]) == (None, None)
    assert listed(alice) == [shown]
    [row] = rows(database, "SELECT t::text FROM access_tokens t WHERE user_id = %s", user)
    assert sha256(made["token"].encode()).hexdigest() in row
    assert made["token"].removeprefix("tl_") not in row


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"scopes": BOTH}, "#/name"),
        ({"name": " ", "scopes": BOTH}, "#/name"),
        ({"name": "x" * 101, "scopes": BOTH}, "#/name"),
        ({"name": "a\u0007b", "scopes": BOTH}, "#/name"),
        ({"name": "x"}, "#/scopes"),
        ({"name": "x", "scopes": []}, "#/scopes"),
        ({"name": "x", "scopes": "tasks:read"}, "#/scopes"),
        ({"name": "x", "scopes": ["tasks:all"]}, "#/scopes/0"),
        ({"name": "x", "scopes": BOTH, "expires_at": "2020-01-01T00:00:00Z"}, "#/expires_at"),
        ({"name": "x", "scopes": BOTH, "expires_at": "tomorrow"}, "#/expires_at"),
        ({"name": "x", "scopes": BOTH, "expires_at": 4_102_444_800}, "#/expires_at"),
    ],
)
def test_a_token_that_cannot_be_made_is_not(alice: httpx.Client, body: dict[str, object], pointer: str) -> None:
    """What is wrong is said, and nothing is there afterwards."""
    answer = alice.post(TOKENS, json=body)
    assert answer.status_code == 422
    assert [fault["pointer"] for fault in answer.json()["errors"]] == [pointer]
    assert listed(alice) == []


def test_members_that_nobody_knows_are_named(alice: httpx.Client) -> None:
    """As of every body."""
    answer = alice.post(TOKENS, json={"name": "x", "scopes": BOTH, "admin": True})
    assert (answer.status_code, answer.headers["tasklane-ignored"]) == (201, "admin")


def test_a_token_stands_for_its_owner(api: ApiProcess, alice: httpx.Client, user: UserId) -> None:
    """However the scheme is written; what a program makes with it is theirs."""
    made = make(alice)
    with made.client(api.url) as program:
        task = program.post("/api/tasks", json={"title": "Mine"}).json()
        assert task["user_id"] == user
        assert alice.get("/api/tasks").json() == [task]
        for written in ("bearer", "BEARER", "Bearer  "):
            answer = program.get("/api/tasks", headers={"authorization": f"{written} {made.token}"})
            assert answer.json() == [task], written
        assert program.get(f"/api/{user}/tasks").json() == [task]
        assert program.get("/api/somebody-else/tasks").status_code == 404


@pytest.mark.parametrize(
    "change", [str.upper, lambda token: token[:-1], lambda token: token + "a", lambda token: token[:3]]
)
def test_what_only_looks_like_a_token_is_refused(
    api: ApiProcess, alice: httpx.Client, change: Callable[[str], str]
) -> None:
    """In the words for any token that proves nothing."""
    made = make(alice)
    answer = httpx.get(f"{api.url}/api/tasks", headers={"authorization": f"Bearer {change(made.token)}"}, timeout=60)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, 'Bearer error="invalid_token"')


def test_basic_is_refused(api: ApiProcess, alice: httpx.Client) -> None:
    """On every route: a password is for calendars."""
    made = make(alice)
    for name in ("alice", ""):
        answer = httpx.get(f"{api.url}/api/tasks", auth=(name, made.token), timeout=60)
        assert answer.status_code == 401


def test_a_revoked_token_is_gone(api: ApiProcess, alice: httpx.Client) -> None:
    """It is listed no more, cannot be revoked twice, and proves nothing; the other one goes on."""
    first, second = make(alice, name="First"), make(alice, name="Second")
    assert [token["name"] for token in listed(alice)] == ["Second", "First"]
    revoke(alice, first)
    assert [token["name"] for token in listed(alice)] == ["Second"]
    assert alice.delete(f"{TOKENS}/{first.id}").status_code == 404
    assert httpx.get(f"{api.url}/api/tasks", headers=first.headers, timeout=60).status_code == 401
    assert httpx.get(f"{api.url}/api/tasks", headers=second.headers, timeout=60).status_code == 200


@pytest.mark.parametrize("name", ["0", "x", "9" * 30])
def test_what_names_no_token_is_said(alice: httpx.Client, name: str) -> None:
    """As of a task's id."""
    assert alice.delete(f"{TOKENS}/{name}").status_code == 422


def test_tokens_are_ones_own(alice: httpx.Client, bob: httpx.Client) -> None:
    """Nobody sees or revokes another's."""
    made = make(alice)
    assert listed(bob) == []
    assert bob.delete(f"{TOKENS}/{made.id}").status_code == 404
    assert [token["id"] for token in listed(alice)] == [made.id]


def test_a_user_has_no_more_than_so_many(alice: httpx.Client, database: Cursor, user: UserId) -> None:
    """The next one is refused until one is revoked; what expired a month ago makes room by itself."""
    fill = """
        INSERT INTO access_tokens (user_id, digest, name, scopes, expires_at)
        SELECT %s, sha256(convert_to(%s || n, 'UTF8')), 'Token ' || n, '{tasks:read}', now() - interval '29 days'
        FROM generate_series(1, %s) n
    """
    rows(database, fill, user, user, MOST)
    refused = alice.post(TOKENS, json={"name": "x", "scopes": BOTH})
    assert (refused.status_code, refused.json()["type"]) == (422, "urn:tasklane:problem:too-many-tokens")
    assert alice.delete(f"{TOKENS}/{listed(alice)[0]['id']}").status_code == 204
    make(alice)
    assert alice.post(TOKENS, json={"name": "x", "scopes": BOTH}).status_code == 422
    rows(database, "UPDATE access_tokens SET expires_at = now() - interval '31 days' WHERE user_id = %s", user)
    make(alice)
    assert len(listed(alice)) == 1


def test_a_token_expires(api: ApiProcess, alice: httpx.Client, database: Cursor) -> None:
    """It says when, to the millisecond and never later than was asked for; afterwards it is listed and refused."""
    at = datetime.now(UTC) + timedelta(hours=1)
    made = make(alice, expires_at=at.isoformat())
    [shown] = listed(alice)
    said = datetime.fromisoformat(shown["expires_at"])
    assert timedelta() <= at - said < timedelta(milliseconds=1)
    rows(database, "UPDATE access_tokens SET expires_at = now() WHERE id = %s", made.id)
    with made.client(api.url) as program:
        assert program.get("/api/tasks").status_code == 401
    assert [token["id"] for token in listed(alice)] == [made.id]


def until_refused(program: httpx.Client) -> int:
    """The first status that is no success."""
    while (answer := program.get("/api/tasks")).is_success:
        pass
    return answer.status_code


def test_its_use_is_noted_to_the_hour(api: ApiProcess, alice: httpx.Client, database: Cursor) -> None:
    """Once in the hour: however often it is used, its row is written no more."""
    made = make(alice)
    with made.client(api.url) as program:
        hours = {hour(datetime.now(UTC))}
        program.get("/api/tasks")
        hours.add(hour(datetime.now(UTC)))
        assert listed(alice)[0]["last_used_at"] in hours
        written = rows(database, "SELECT xmin::text FROM access_tokens WHERE id = %s", made.id)
        for number in range(5):  # each of them is looked for anew: the list has changed
            program.post("/api/tasks", json={"title": str(number)}).raise_for_status()
        assert rows(database, "SELECT xmin::text FROM access_tokens WHERE id = %s", made.id) == written or (
            hour(datetime.now(UTC)) not in hours
        )


def hour(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:00:00.000Z")


def test_an_idempotency_key_keeps_no_token(alice: httpx.Client, database: Cursor, user: UserId) -> None:
    """What was kept for a repetition would be the token itself: each call makes another one."""
    headers = {"idempotency-key": "once"}
    made = [alice.post(TOKENS, json={"name": "x", "scopes": BOTH}, headers=headers).json() for _ in range(2)]
    assert made[0]["token"] != made[1]["token"]
    assert rows(database, "SELECT count(*) FROM idempotency_keys WHERE user_id = %s", user) == [0]


@pytest.mark.anyio
async def test_an_erased_account_has_no_tokens(
    stack: Stack, api: ApiProcess, alice: httpx.Client, database: Cursor, user: UserId
) -> None:
    """From the moment on at which it is asked for; a token that is made meanwhile is gone at the end."""
    made = make(alice)
    worker: WorkerProcess = stack.worker(WORKER_ERASE_PERIOD="1", start=False)
    with made.client(api.url) as program:
        assert program.get("/api/tasks").status_code == 200
        erase(alice)
        assert rows(database, "SELECT count(*) FROM access_tokens WHERE user_id = %s", user) == [0]
        assert until_refused(program) == 401
    make(alice)
    worker.start()
    await until(lambda: is_erased(alice))
    assert rows(database, "SELECT count(*) FROM access_tokens WHERE user_id = %s", user) == [0]
    worker.stop()


def is_erased(session: httpx.Client) -> bool:
    return bool(session.get("/api/account").json()["status"] == "active")


def erase(session: httpx.Client) -> None:
    assert session.delete("/api/account").status_code == 202


def test_no_token_is_in_a_log_or_an_error(stack: Stack) -> None:
    """Whatever is done with it, right or wrong, and though everything is logged that can be."""
    api = stack.api(LOG_FORMAT="json", LOG_LEVEL="debug", SLOW_REQUEST="0.000001", MCP="true")
    answers: list[httpx.Response] = []
    with api.client() as alice:
        made, reader = make(alice), make(alice, ["tasks:read"])
        mistyped = made.token[:-1] + ("a" if made.token[-1] != "a" else "b")
        tokens = (made.token, reader.token, mistyped, NEVER_MADE)
        for token in tokens:
            encoded = base64.b64encode(f"x:{token}".encode()).decode()
            for authorization in (f"Bearer {token}", f"bearer  {token}", f"Basic {encoded}", f"Token {token}"):
                headers = {"authorization": authorization, "x-request-id": "a"}
                with httpx.Client(base_url=api.url, headers=headers, timeout=60) as program:
                    answers += [
                        program.get("/api/tasks"),
                        program.post("/api/tasks", json={"title": "x"}),
                        program.post("/api/tasks", content=b"{"),
                        program.get(TOKENS),
                        program.post("/mcp", json={"jsonrpc": "2.0", "id": 1, "method": "tools/list"}),
                    ]
        revoke(alice, made)
        answers.append(httpx.get(f"{api.url}/api/tasks", headers=made.headers, timeout=60))
        answers.append(alice.delete(f"{TOKENS}/{made.token}"))
        encoded_tokens = [base64.b64encode(f"x:{token}".encode()).decode() for token in tokens]
    api.stop()
    log = api.log.read_text()
    assert any(json.loads(line)["event"] == "token_refused" for line in log.splitlines() if line.startswith("{"))
    for secret in (*tokens, *(token[3:20] for token in tokens), *encoded_tokens):
        assert secret not in log
        assert not [answer for answer in answers if secret in answer.text + str(answer.headers)]


def test_the_form_is_told_in_one_place(request: pytest.FixtureRequest) -> None:
    """The expression that the documentation gives to scanners of secrets finds what is made."""
    documented = (Path(str(request.config.rootpath)) / "docs/tokens.md").read_text(encoding="utf-8")
    assert "`tl_[a-z2-7]{39}`" in documented
    made = {form.new() for _ in range(1000)}
    assert len(made) == 1000
    assert all(form.is_whole(token.encode()) for token in made)
    one = made.pop()
    assert not any(form.is_whole(one.replace(letter, "a" if letter != "a" else "b", 1).encode()) for letter in one[3:])
