"""An API for a page elsewhere, by both protocols, and what its paths name."""

from collections.abc import Iterator, Mapping

import httpx
import pytest

from tests.stack import ApiProcess, Stack

ORIGIN = "http://localhost:3000"


@pytest.fixture(scope="module", params=["true", "false"], ids=["direct", "plain"])
def api(request: pytest.FixtureRequest, stack: Stack) -> ApiProcess:
    """With the protocol that answers hits where the bytes arrive, and without."""
    return stack.api(CORS_ORIGINS=ORIGIN, DIRECT_HITS=request.param)


@pytest.fixture
def place(alice: httpx.Client) -> Mapping[str, str]:
    """What the paths name: Alice and a task of hers."""
    task = alice.post("/api/tasks", json={"title": "x"}).json()
    return {"user": task["user_id"], "task": str(task["id"])}


@pytest.fixture
def browser(api: ApiProcess) -> Iterator[httpx.Client]:
    """It sends no token with a preflight."""
    with httpx.Client(base_url=api.url, timeout=60, verify=False) as browser:
        yield browser
