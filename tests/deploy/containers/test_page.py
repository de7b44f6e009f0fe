"""The page in a real browser, through the gateway: the specs of `frontend/e2e`, outage included."""

from collections.abc import Iterator

import pytest

from tests.deploy.containers.project import Project, docker
from tests.frontend.control import control
from tests.frontend.node import FRONTEND
from tests.frontend.node import run as run_in_frontend
from tests.frontend.test_page import CHROMIUM, TOKEN_LIFETIME, VITEST, _quietly

pytestmark = [
    pytest.mark.containers,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium here"),
    pytest.mark.skipif(FRONTEND.obstacle() is not None, reason=str(FRONTEND.obstacle())),
]


@pytest.fixture(scope="module")
def project(images: None) -> Iterator[Project]:
    """Tokens run out all the time, and nobody who signs up is told to wait."""
    with Project(AUTH_TOKEN_LIFETIME=TOKEN_LIFETIME, AUTH_SIGN_IN_LIMIT="1000") as project:
        project.up()
        yield project


def test_the_page(project: Project) -> None:
    """What a person does and sees."""
    failure = FRONTEND.build(_quietly, install=True)
    assert failure is None, failure
    replicas = project.containers("api")

    def stop() -> None:
        docker("stop", *(replica.id for replica in replicas))

    def start() -> None:
        docker("start", *(replica.id for replica in replicas))
        for replica in replicas:
            replica.wait_until_healthy()

    with control(stop=stop, start=start) as (stop_command, start_command):
        run_in_frontend(
            *("node", VITEST, "run", "--config", "e2e/vitest.config.ts", "--project=steady", "--project=outage"),
            TASKLANE_URL=project.url,
            TASKLANE_STOP_API=stop_command,
            TASKLANE_START_API=start_command,
            TASKLANE_CHROMIUM=str(CHROMIUM),
        )
