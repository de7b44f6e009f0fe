"""Auth servers as processes, and people who sign in to them."""

import base64
import contextlib
import json
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx

from deploy.local.children.child import Child, Launch
from tests.frontend.node import FRONTEND, environment
from tests.ports import steady_port
from tests.stack import Stack

PASSWORD = "correct horse battery staple"
OURS = FRONTEND.auth_server
DEFAULTS = FRONTEND.folder / "tests" / "defaults.mjs"


class AuthServer(Child):
    """A Better Auth on a port of its own; where the browser thinks it is (`origin`) may be elsewhere."""

    def __init__(
        self, folder: Path, variables: Mapping[str, str], *, program: Path = OURS, origin: str | None = None
    ) -> None:
        self.port = steady_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.origin = origin or self.url
        super().__init__("the auth server", log=folder / f"auth-{self.port}.log")
        own = {"PORT": str(self.port), "BETTER_AUTH_URL": self.origin, "BETTER_AUTH_SECRET": "s" * 40}
        self.variables = environment(own | dict(variables))
        self._program = program

    def prepare(self) -> Launch:
        return Launch(("node", self._program), cwd=FRONTEND.folder, environment=self.variables)

    def ready(self) -> bool:
        with contextlib.suppress(httpx.HTTPError):
            return httpx.get(f"{self.url}/readyz", timeout=5, trust_env=False).is_success
        return False

    @property
    def trust(self) -> dict[str, str]:
        """The API's settings that trust this server."""
        keys = f"{self.url}/api/auth/jwks"
        return {"AUTH_JWKS_URL": keys, "AUTH_ISSUER": self.origin, "AUTH_AUDIENCE": self.origin}

    def person(self) -> "Person":
        """Someone new, signed in."""
        person = Person(self)
        person.sign_up().raise_for_status()
        return person

    def key_ids(self) -> list[str]:
        """Of the published keys."""
        answer = httpx.get(f"{self.url}/api/auth/jwks", timeout=60, trust_env=False).raise_for_status()
        return [key["kid"] for key in answer.json()["keys"]]


class Person(httpx.Client):
    """A browser with its cookies, on a machine with an address of its own."""

    def __init__(self, auth: AuthServer) -> None:
        address = ".".join(str(secrets.randbelow(256)) for _ in range(3))
        headers = {"Origin": auth.origin, "X-Forwarded-For": f"10.{address}"}
        none_kept = httpx.Limits(max_keepalive_connections=0)  # so there is nothing to close
        super().__init__(
            base_url=f"{auth.url}/api/auth", headers=headers, timeout=60, trust_env=False, limits=none_kept
        )
        self.email = f"{secrets.token_hex(8)}@example.com"

    def sign_up(self) -> httpx.Response:
        return self.post("/sign-up/email", json={"name": "Ann", "email": self.email, "password": PASSWORD})

    def sign_in(self, password: str = PASSWORD) -> httpx.Response:
        return self.post("/sign-in/email", json={"email": self.email, "password": password})

    def sign_out(self) -> None:
        self.post("/sign-out", json={}).raise_for_status()

    def token(self) -> str:
        return str(self.get("/token").raise_for_status().json()["token"])


@contextlib.contextmanager
def running(
    stack: Stack, *, program: Path = OURS, origin: str | None = None, database_url: str | None = None, **variables: str
) -> Iterator[AuthServer]:
    """An auth server with a database of its own, unless it is to share one."""
    url = database_url or stack.postgres.create_database(f"auth_{secrets.token_hex(4)}")
    server = AuthServer(
        stack.folder,
        {"AUTH_DATABASE_URL": url, "AUTH_SIGN_IN_LIMIT": "1000", **variables},
        program=program,
        origin=origin,
    )
    try:
        server.start()
        yield server
    finally:
        server.stop()


def header_of(token: str) -> dict[str, Any]:
    return _part(token, 0)


def claims_of(token: str) -> dict[str, Any]:
    return _part(token, 1)


def _part(token: str, index: int) -> dict[str, Any]:
    part: dict[str, Any] = json.loads(base64.urlsafe_b64decode(token.split(".")[index] + "=="))
    return part
