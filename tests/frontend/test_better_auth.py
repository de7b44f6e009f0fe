"""Tokens of a real Better Auth: what the API makes of them, over the life of a token, a key and an auth server."""

import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psycopg2
import pytest

from deploy.local.children.child import Launch
from deploy.local.programs import OPTIONS, UVICORN
from tests.frontend.auth import DEFAULTS, AuthServer, claims_of, header_of, running
from tests.frontend.impatient import LEEWAY
from tests.frontend.node import FRONTEND, environment, needs_auth_server
from tests.stack import TOP, ApiProcess, Stack, new_user
from tests.tokens import SECRET, shared_secret_token

pytestmark = needs_auth_server

LONG = 60

GUIDE = (TOP / "docs" / "frontend.md").read_text()
SIGN = """
import { writeFileSync } from "node:fs";
import ts from "typescript";
const { MODULE, EXAMPLE, USER } = process.env;
const compilerOptions = { module: "ESNext", target: "ES2022" };
writeFileSync(MODULE, ts.transpileModule(EXAMPLE, { compilerOptions }).outputText);
console.log(await (await import(MODULE)).tokenFor(USER));
"""
"""Prints the token that the guide's example signs."""


class ImpatientApi(ApiProcess):
    """Looks for unknown keys at once, each time, and honours a token for `LEEWAY` beyond its end."""

    def prepare(self) -> Launch:
        command = (*UVICORN, "tests.frontend.impatient:create_app", *OPTIONS, "--port", str(self.port))
        return Launch(command, cwd=self.log.parent, environment=self.variables)


@pytest.fixture(scope="module")
def auth(stack: Stack) -> Iterator[AuthServer]:
    with running(stack) as auth:
        yield auth


@pytest.fixture(scope="module")
def trusting(stack: Stack, auth: AuthServer) -> ApiProcess:
    """An API that takes the tokens of `auth`, and those of the shared secret."""
    return stack.api(start=True, **auth.trust)


@contextmanager
def impatient(stack: Stack, folder: Path, auth: AuthServer) -> Iterator[ApiProcess]:
    api = ImpatientApi(folder, stack.environment(**auth.trust))
    try:
        api.start()
        yield api
    finally:
        api.stop()


def status(api: ApiProcess, token: str) -> int:
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.get(f"{api.url}/api/tasks", headers=headers, timeout=LONG, trust_env=False).status_code


def test_a_token_is_issued_and_verified(auth: AuthServer, trusting: ApiProcess) -> None:
    """The user is Better Auth's, by whatever path they are named; the token says no more than it must."""
    ann, bob = auth.person(), auth.person()
    token = ann.token()
    user = ann.get("/get-session").json()["user"]["id"]
    assert header_of(token)["alg"] == "EdDSA"
    assert claims_of(token) == claims_of(token) | {"sub": user, "iss": auth.origin, "aud": auth.origin}
    assert claims_of(token).keys() == {"sub", "iss", "aud", "iat", "exp"}
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=trusting.url, headers=headers, timeout=LONG, trust_env=False) as client:
        made = client.post("/api/tasks", json={"title": "Water the plants"})
        assert (made.status_code, made.json()["user_id"]) == (201, user)
        assert len(client.get(f"/api/{user}/tasks").json()) == 1
        client.headers["Authorization"] = f"Bearer {bob.token()}"
        assert client.get("/api/tasks").json() == []
        assert client.get(f"/api/tasks/{made.json()['id']}").status_code == 404


def test_both_kinds_of_token_side_by_side(auth: AuthServer, trusting: ApiProcess) -> None:
    """The shared secret's tokens count as well, as long as issuer and audience are right."""
    assert status(trusting, shared_secret_token(new_user(), iss=auth.origin, aud=auth.origin)) == 200
    assert status(trusting, shared_secret_token(new_user())) == 401


def test_the_guides_shared_secret(stack: Stack) -> None:
    """What the guide's server signs is good where issuer and audience are what its table says, and nowhere else."""
    example = re.search(r"^```ts\n// src/token.ts\n(.*?)^```", GUIDE, re.DOTALL | re.MULTILINE)
    origin = re.search(r"^\| `AUTH_ISSUER` \|[^|]*\| `([^`]+)`", GUIDE, re.MULTILINE)
    assert example
    assert origin
    module = FRONTEND.folder / "node_modules" / ".cache" / "guide-token.mjs"
    module.parent.mkdir(exist_ok=True)
    variables = {"MODULE": str(module), "EXAMPLE": example[1], "USER": new_user(), "TASKLANE_SECRET": SECRET}
    command = ("node", "--input-type=module", "--eval", SIGN)
    token = subprocess.check_output(
        command, cwd=FRONTEND.folder, env=environment(variables), text=True, timeout=LONG
    ).strip()
    assert status(stack.api(AUTH_ISSUER=origin[1], AUTH_AUDIENCE=origin[1]), token) == 200
    assert status(stack.api(AUTH_ISSUER="tasklane", AUTH_AUDIENCE="tasklane"), token) == 401


def test_a_token_ends(stack: Stack, tmp_path: Path) -> None:
    """It serves until its end and the leeway are over, and a new one serves then."""
    with running(stack, AUTH_TOKEN_LIFETIME="1") as auth, impatient(stack, tmp_path, auth) as api:
        ann = auth.person()
        token = ann.token()
        ends = claims_of(token)["exp"]
        assert ends - claims_of(token)["iat"] == 1
        assert status(api, token) == 200
        while status(api, token) == 200:
            assert time.time() < ends + LEEWAY + LONG
            time.sleep(0.2)
        assert time.time() > ends + LEEWAY - 1
        assert status(api, ann.token()) == 200


def test_a_token_for_someone_else(stack: Stack, auth: AuthServer) -> None:
    """A good signature is not enough."""
    api = stack.api(start=True, **{**auth.trust, "AUTH_AUDIENCE": "https://elsewhere.example"})
    assert status(api, auth.person().token()) == 401


def test_a_token_of_another_instance(stack: Stack, auth: AuthServer, trusting: ApiProcess) -> None:
    """One that claims the same origin, and has the same secret even, but not the keys, is refused."""
    with running(stack, origin=auth.origin) as other:
        token = other.person().token()
    assert claims_of(token)["iss"] == auth.origin
    assert status(trusting, token) == 401
    assert status(trusting, auth.person().token()) == 200


def test_the_plugin_with_its_defaults(stack: Stack) -> None:
    """A project's own Better Auth, whose tokens carry the whole user, needs the three settings and nothing more."""
    with running(stack, program=DEFAULTS) as auth:
        api = stack.api(start=True, **auth.trust)
        ann = auth.person()
        token = ann.token()
        assert claims_of(token)["email"] == ann.email
        assert status(api, token) == 200


def test_a_key_gives_way_to_its_successor_unseen(stack: Stack) -> None:
    """The next key is published before it signs, so an API that fetched the keys before needs no other look."""
    database_url = stack.postgres.create_database("auth_rotation")
    with running(stack, database_url=database_url, AUTH_KEY_LIFETIME="3600") as auth:
        first = header_of(auth.person().token())["kid"]
    _execute(database_url, "UPDATE jwks SET \"expiresAt\" = now() + interval '1000 s'")
    with running(stack, database_url=database_url, AUTH_KEY_LIFETIME="3600") as auth:
        _wait_for_keys(auth, 2)
        api = stack.api(start=True, **auth.trust)
        ann = auth.person()
        old = ann.token()
        assert header_of(old)["kid"] == first
        _execute(database_url, f"UPDATE jwks SET \"expiresAt\" = now() WHERE id = '{first}'")
        new = ann.token()
        assert header_of(new)["kid"] != first
        assert [status(api, new), status(api, old)] == [200, 200]


def test_lost_keys_are_replaced_without_a_restart(stack: Stack, tmp_path: Path) -> None:
    """When all keys are thrown away, the API takes the new one's tokens, and no longer those of the old one."""
    database_url = stack.postgres.create_database("auth_lost_keys")
    with running(stack, database_url=database_url) as auth, impatient(stack, tmp_path, auth) as api:
        ann = auth.person()
        old = ann.token()
        assert status(api, old) == 200
        _execute(database_url, "DELETE FROM jwks")
        assert [status(api, ann.token()), status(api, old)] == [200, 401]


def test_the_auth_server_away(stack: Stack) -> None:
    """Whoever has a token goes on; the API never asks the auth server about a user. Back, it goes on with its keys."""
    with running(stack) as auth:
        api = stack.api(start=True, **auth.trust)
        ann = auth.person()
        token = ann.token()
        auth.kill()
        assert status(api, token) == 200
        auth.start()
        assert status(api, ann.token()) == 200


def _execute(url: str, statement: str) -> None:
    connection = psycopg2.connect(url, connect_timeout=30)
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
    finally:
        connection.close()


def _wait_for_keys(auth: AuthServer, count: int) -> None:
    deadline = time.monotonic() + LONG
    while len(auth.key_ids()) < count:
        assert time.monotonic() < deadline
        time.sleep(0.05)
