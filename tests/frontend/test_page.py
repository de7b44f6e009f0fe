"""The page in a real browser: the specs of `frontend/e2e` against the embedded stack's parts on ports of their own."""

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import pytest

from deploy.local.children.child import Launch
from deploy.local.children.guardian import shared_guardian
from deploy.local.programs import AUTH, PAGE, SERVE_ALL, Service, auth_server
from tests.frontend.control import control
from tests.frontend.node import FRONTEND, needs_node, run
from tests.ports import steady_port
from tests.stack import TOP, ApiProcess, Stack

CHROMIUM = os.environ.get("TASKLANE_CHROMIUM") or shutil.which("chromium")
PICTURES = os.environ.get("TASKLANE_PICTURES")
VITEST = FRONTEND.folder / "node_modules" / "vitest" / "vitest.mjs"

TOKEN_LIFETIME = "3"
"""Seconds: under every test tokens run out all the time."""

pytestmark = [needs_node, pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium here")]


class Site(NamedTuple):
    """Where the specs find what they need."""

    url: str
    limited_url: str
    stop: str
    start: str


class Front(ApiProcess):
    """The API with the page and the sign-in around it, as `make up` serves it."""

    def prepare(self) -> Launch:
        return Launch((*SERVE_ALL, "--port", str(self.port)), cwd=self.log.parent, environment=self.variables)


@pytest.fixture(scope="module")
def site(stack: Stack) -> Iterator[Site]:
    """The page of these sources before an API as it is set by default, and before one that takes a few writes only."""
    failure = FRONTEND.build(_quietly)
    assert failure is None, failure
    with _fronts(stack) as (front, limited), control(stop=front.stop, start=front.start) as (stop, start):
        yield Site(front.url, limited.url, stop, start)


def test_page(site: Site) -> None:
    """What a person does and sees."""
    _specs(site, "steady", "outage")


@pytest.mark.skipif(not PICTURES, reason="taken when asked for: make screenshots")
def test_pictures(site: Site) -> None:
    """The pictures of the docs."""
    _specs(site, "pictures", TASKLANE_PICTURES=str(PICTURES))


def _specs(site: Site, *projects: str, **variables: str) -> None:
    chosen = [f"--project={project}" for project in projects]
    variables |= {
        "TASKLANE_URL": site.url,
        "TASKLANE_LIMITED_URL": site.limited_url,
        "TASKLANE_STOP_API": site.stop,
        "TASKLANE_START_API": site.start,
        "TASKLANE_CHROMIUM": str(CHROMIUM),
    }
    run("node", VITEST, "run", "--config", "e2e/vitest.config.ts", *chosen, **variables)


@contextmanager
def _fronts(stack: Stack) -> Iterator[tuple[Front, Front]]:
    front, limited = (Front(stack.folder, {}) for _ in range(2))
    auth = _auth(stack, url=front.url, others=limited.url)
    settings = {
        "AUTH_JWKS_URL": f"{auth.url}/api/auth/jwks",
        "AUTH_ISSUER": front.url,
        "AUTH_AUDIENCE": front.url,
        AUTH: auth.url,
        PAGE: str(FRONTEND.page),
    }
    front.variables = stack.environment(**settings)
    limited.variables = stack.environment(**settings, LIMIT_WRITES_RATE="0.5", LIMIT_WRITES_BURST="3")
    stack.adopt(auth, front, limited)
    for process in (auth, front, limited):
        process.start()
    try:
        yield front, limited
    finally:
        for process in (limited, front, auth):
            process.stop()


def _auth(stack: Stack, *, url: str, others: str) -> Service:
    environment = {
        "PATH": os.environ["PATH"],
        "AUTH_DATABASE_URL": stack.postgres.create_database("tasklane_page_auth"),
        "AUTH_TRUSTED_ORIGINS": others,
        "AUTH_TOKEN_LIFETIME": TOKEN_LIFETIME,
        "AUTH_SIGN_IN_LIMIT": "1000",
        "BETTER_AUTH_URL": url,
        "BETTER_AUTH_SECRET": "s" * 40,
    }
    log = stack.folder / "page-auth.log"
    return auth_server(
        FRONTEND.auth_server, steady_port(), environment=environment, log=log, guardian=shared_guardian()
    )


def _quietly(_text: str, command: Sequence[str]) -> bool:
    return subprocess.run(command, cwd=TOP, capture_output=True, check=False).returncode == 0
