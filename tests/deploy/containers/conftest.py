"""The images, built once, and one project for all tests that leave it as they found it."""

from collections.abc import Iterator

import pytest

from tests.deploy.containers.project import Project


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
