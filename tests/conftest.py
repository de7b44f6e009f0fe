"""Fixtures of all tests: one PostgreSQL, Redis and API per test process; users, not databases, keep tests apart."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from core.types import UserId
from tests.stack import TOP, ApiProcess, Stack, client, folder, new_user

SLOW = (
    "frontend/test_page.py",
    "deploy/local/test_local.py",
    "deploy/test_observe.py",
    "consistency/model/test_model.py",
    "deploy/test_load.py",
    "consistency/runs/test_service.py",
    "recurrence/test_others.py",
    "calendars/clients/test_laptop.py",
    "calendars/clients/test_rounds.py",
    "calendars/clients/test_tester.py",
    "frontend/test_package.py",
    "frontend/test_better_auth.py",
    "frontend/test_client.py",
    "calendars/clients/test_phone.py",
    "calendars/clients/test_repeating.py",
    "servers/test_postgres.py",
    "deploy/local/test_local_page.py",
    "deploy/local/test_local_servers.py",
    "integration/redis/test_cluster.py",
    "integration/redis/test_redis_faults.py",
    "integration/redis/test_sentinel.py",
    "assistants/test_two_clients.py",
    "calendars/clients/test_together.py",
    "calendars/clients/test_script.py",
    "calendars/clients/test_names.py",
    "integration/worker/test_process.py",
    "integration/schema/test_migrations.py",
    "contract/test_schemathesis.py",
    "frontend/test_auth_server.py",
    "contract/test_list_model.py",
    "integration/lists/test_account.py",
    "servers/test_redis.py",
    "servers/test_cluster.py",
    "integration/schema/test_upgrade.py",
    "deploy/local/test_readme.py",
    "deploy/k8s/test_k8s_wait.py",
    "integration/requests/test_idempotency.py::test_an_api_killed_before_its_answer_has_done_it_once_or_not_at_all",
    "integration/worker/test_jobs.py::TestPurge::test_a_hundred_thousand_deleted_tasks_go_while_requests_go_on",
    "unit/settings/test_settings.py::test_a_process_ends_with_the_sentence_alone",
)
"""Files and tests with whole stacks, browsers, long searches and long waits, the longest first."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what `make test-fast` leaves out, and begin with it: begun last, it would keep one process busy alone."""
    for name in SLOW:
        if not (TOP / "tests" / name.partition("::")[0]).exists():
            raise pytest.UsageError(f"tests/conftest.py names tests/{name}, which is not there")
    files: dict[Path, int] = {}
    for item in items:
        place = next((place for place, name in enumerate(SLOW) if item.nodeid.startswith(f"tests/{name}")), len(SLOW))
        files[item.path] = min(place, files.get(item.path, place))
        if place < len(SLOW):
            item.add_marker("slow")
    items.sort(key=lambda item: files[item.path])


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """Shared by all tests that leave it as it is."""
    with folder() as path, Stack(path) as stack:
        yield stack


@pytest.fixture
def own_stack() -> Iterator[Stack]:
    """For a test that stops, wipes or breaks a part; a second's start."""
    with folder() as path, Stack(path) as stack:
        yield stack


@pytest.fixture(scope="session")
def api(stack: Stack) -> ApiProcess:
    return stack.api(CORS_ORIGINS="http://localhost:3000")


@pytest.fixture
def user() -> UserId:
    return new_user()


@pytest.fixture
def alice(api: ApiProcess, user: UserId) -> Iterator[httpx.Client]:
    """A frontend of a user whom no other test knows."""
    with client(api.url, user) as alice:
        yield alice


@pytest.fixture
def bob(api: ApiProcess) -> Iterator[httpx.Client]:
    """A frontend of someone else."""
    with client(api.url, new_user()) as bob:
        yield bob
