"""The images, built once, and one project for all tests that leave it as they found it."""

from collections.abc import Callable, Iterator

import pytest

from tests.deploy.containers.project import Project

_figures = pytest.StashKey[list[str]]()


@pytest.fixture(scope="session")
def images() -> None:
    """As `docker compose build` makes them."""
    Project().compose("--profile", "*", "build")


@pytest.fixture(scope="session")
def project(images: None) -> Iterator[Project]:
    """Up from nothing, with nothing set."""
    with Project() as project:
        project.up()
        yield project


@pytest.fixture
def figure(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Tells something measured, which the run prints at its end: a test does not depend on it."""
    return request.config.stash.setdefault(_figures, []).append


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for line in config.stash.get(_figures, []):
        terminalreporter.write_line(f"measured: {line}")
