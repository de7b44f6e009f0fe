"""A list with everything that a format could stumble over."""

import httpx
import pytest

from tests.integration.files.lists import NASTY, Document


@pytest.fixture
def tasks(alice: httpx.Client) -> list[Document]:
    """Tasks with everything that a format could stumble over; the last one lies in the trash."""
    made = [alice.post("/api/tasks", json=task) for task in NASTY]
    alice.delete(made[-1].headers["location"])
    return [*(task.json() for task in made[:-1]), *alice.get("/api/tasks/trash").json()]
