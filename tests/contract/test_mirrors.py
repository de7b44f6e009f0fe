"""Mirrors built from pages over any interleaving of writers, purges, emptied trash and erasure equal the list.

`TASKLANE_EXAMPLES` is the number of interleavings; without it there are few, and the same ones every time.
"""

import os

import httpx
import redis
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from core.cache.keys import key
from core.types import UserId
from tests.mirrors import Mirror, everything
from tests.stack import Stack, new_user
from tests.steps import Cursor, outside
from tests.tokens import shared_secret_token

EXAMPLES = os.environ.get("TASKLANE_EXAMPLES")
SETTINGS = settings(
    max_examples=int(EXAMPLES or 80),
    stateful_step_count=30,
    derandomize=EXAMPLES is None,
    deadline=None,
    report_multiple_bugs=False,
    phases=[Phase.generate, Phase.shrink],
    database=None,
    suppress_health_check=list(HealthCheck),
)
MIRRORS = 3
WHO, LIMITS = st.integers(0, MIRRORS - 1), st.integers(1, 3)
NUMBERS = st.integers(0, 9)
"""Which of the tasks there are."""

OUTSIDE = (
    "DELETE FROM tasks WHERE user_id = %(user)s AND id = %(task)s",
    "UPDATE tasks SET title = title || '!' WHERE user_id = %(user)s AND id >= %(task)s",
    "UPDATE tasks SET deleted_at = now() WHERE user_id = %(user)s AND id = %(task)s AND deleted_at IS NULL",
    "UPDATE tasks SET deleted_at = NULL WHERE user_id = %(user)s AND id = %(task)s",
    "UPDATE tasks SET user_id = user_id || '-2' WHERE user_id = %(user)s AND id = %(task)s",
    "UPDATE tasks SET user_id = %(user)s WHERE user_id = %(user)s || '-2'",
    "UPDATE tasks SET id = id + 1000000 WHERE user_id = %(user)s AND id = %(task)s",
    "INSERT INTO tasks (user_id, title) SELECT %(user)s, 'by hand' FROM generate_series(1, 3)",
)
ERASE = "DELETE FROM tasks WHERE user_id = %(user)s; DELETE FROM task_lists WHERE user_id = %(user)s"
PURGE = """DELETE FROM tasks WHERE user_id = %(user)s AND id IN (
    SELECT id FROM tasks WHERE user_id = %(user)s AND deleted_at IS NOT NULL ORDER BY deleted_at LIMIT 2)"""
"""As the worker does it: not everything at once."""


class Interleaving(RuleBasedStateMachine):
    """A user whom nobody else knows, what is done to their tasks, and who follows it."""

    http: httpx.Client
    hands: Cursor
    cache: redis.Redis

    def __init__(self) -> None:
        super().__init__()
        self.user = new_user()
        self.http.headers["authorization"] = f"Bearer {shared_secret_token(self.user)}"
        self.mirrors = [Mirror() for _ in range(MIRRORS)]
        self.ids: list[int] = []

    @initialize(count=st.integers(0, 6))
    def begin(self, count: int) -> None:
        if count:
            self.make_many(count)

    @rule(count=st.integers(1, 4))
    def make_many(self, count: int) -> None:
        """In one revision."""
        create = {"op": "create", "task": {"title": "new"}}
        made = self.http.post("/api/tasks/batch", json={"operations": [create] * count}).raise_for_status().json()
        self.ids += [result["task"]["id"] for result in made["results"]]

    @rule(number=NUMBERS)
    def change(self, number: int) -> None:
        self.http.patch(f"/api/tasks/{self.task(number)}", json={"title": f"changed {number}"})

    @rule(number=NUMBERS)
    def delete(self, number: int) -> None:
        self.http.delete(f"/api/tasks/{self.task(number)}")

    @rule(number=NUMBERS)
    def restore(self, number: int) -> None:
        self.http.post(f"/api/tasks/{self.task(number)}/restore")

    @rule(one=NUMBERS, two=NUMBERS)
    def change_many(self, one: int, two: int) -> None:
        """What is deleted, what is changed and what is new share a revision."""
        operations = [
            {"op": "create", "task": {"title": "new"}},
            {"op": "complete", "id": self.task(one)},
            {"op": "delete", "id": self.task(two)},
        ]
        self.http.post("/api/tasks/batch", json={"atomic": False, "operations": operations}).raise_for_status()

    @rule()
    def import_some(self) -> None:
        tasks = [{"title": "old"}, {"title": "gone", "deleted_at": "2026-01-01T00:00:00Z"}, {"title": "old"}]
        self.http.post("/api/tasks/import", json={"tasks": tasks}).raise_for_status()

    @rule(number=WHO, limit=LIMITS, task=NUMBERS)
    def read_around_an_erased_task(self, number: int, limit: int, task: int) -> None:
        self.look(number, limit)
        self.delete(task)
        self.http.delete("/api/tasks/trash").raise_for_status()
        self.look(number, limit)

    @rule(what=st.sampled_from((PURGE, PURGE, ERASE, *OUTSIDE)), number=NUMBERS)
    def change_outside(self, what: str, number: int) -> None:
        """One rule for all: with more of them hardly a mirror would come to its end."""
        self.hands.execute(what, {"user": self.user, "task": self.task(number)})
        self.cache.delete(key(self.user), key(UserId(f"{self.user}-2")))  # as when it has been published

    @rule(number=WHO, limit=LIMITS)
    def read_a_page(self, number: int, limit: int) -> None:
        self.look(number, limit)

    @rule(number=WHO, limit=LIMITS, task=NUMBERS, gone=st.booleans())
    def read_around_a_change(self, number: int, limit: int, task: int, *, gone: bool) -> None:
        self.look(number, limit)
        (self.delete if gone else self.change)(task)
        self.look(number, limit)

    @rule(number=WHO, limit=LIMITS)
    def read_on(self, number: int, limit: int) -> None:
        self.look(number, limit)
        while not self.mirrors[number].whole:
            self.look(number, limit)

    def look(self, number: int, limit: int) -> None:
        mirror = self.mirrors[number]
        page = mirror.ask(self.http, limit=limit)
        if page.status_code == httpx.codes.OK:
            assert len(page.json()["changes"]) <= limit
            assert page.json()["changes"] or mirror.whole
        if mirror.whole:
            assert mirror.tasks == everything(self.http)

    def task(self, number: int) -> int:
        return self.ids[-1 - number % len(self.ids)] if self.ids else 1


def test_a_mirror_is_the_list(stack: Stack) -> None:
    """Whenever nothing is left."""
    api = stack.api(LIMIT_READS_RATE="0", LIMIT_WRITES_RATE="0")
    with (
        httpx.Client(base_url=api.url, timeout=60) as http,
        outside(stack.database_url) as hands,
        redis.Redis.from_url(stack.redis.url) as cache,
    ):
        machine = type("Bound", (Interleaving,), {"http": http, "hands": hands, "cache": cache})
        run_state_machine_as_test(machine, settings=SETTINGS)
    api.stop()
