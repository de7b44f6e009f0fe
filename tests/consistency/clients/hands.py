"""What is done to a user's tasks behind the API's back, as with psql, and what leaves no tombstone behind.

Nobody is told of it before the worker has published it, so its outcome counts as unknown: anybody may be shown it from
its beginning on, and whoever was shown it makes it known.
"""

import asyncio
import random
import time
from collections.abc import Callable, Mapping

import psycopg2

from tests.consistency.checking.history import ERASES, LIST, Change, Operation
from tests.consistency.clients.writes import Planned, new_token
from tests.steps import Cursor

NOW = time.monotonic
SESSION = -50
"""Of the one who does it."""

FEWEST_TASKS = 4
_PURGE = """DELETE FROM tasks WHERE user_id = %(user)s AND id IN (
    SELECT id FROM tasks WHERE user_id = %(user)s AND deleted_at IS NOT NULL ORDER BY deleted_at LIMIT 2)"""
"""As the worker does it: not everything at once."""

EMPTY = Planned("empty the trash", "DELETE", f"{LIST}/trash", ())
ERASE = Planned(ERASES, "DELETE", "/api/account", ())
"""Through the API; the worker erases."""


class Hands:
    """One connection of the tables' owner."""

    def __init__(self, cursor: Cursor, chance: random.Random) -> None:
        self._cursor = cursor
        self._random = chance
        self._one_at_a_time = asyncio.Lock()

    async def change(self, user: str, tasks: Mapping[int, str]) -> Operation:
        """Something, to a user who probably has these tasks."""
        kinds: list[tuple[Callable[[str, Mapping[int, str]], tuple[str, tuple[Change, ...]]], int]]
        kinds = [(self._purge, 3), (self._insert, 1)]
        if len(tasks) > FEWEST_TASKS:
            kinds += [(self._update, 3), (self._delete, 1)]
        [make] = self._random.choices([kind for kind, _ in kinds], [weight for _, weight in kinds])
        async with self._one_at_a_time:
            operation = Operation(user, SESSION, 0, "by hand", NOW())
            try:
                operation.kind, operation.changes = await asyncio.to_thread(make, user, tasks)
            except psycopg2.errors.DeadlockDetected:  # psql locks the task before the list, the API the list before it
                operation.outcome = "fail"
            operation.end = NOW()
        return operation

    def _purge(self, user: str, _tasks: Mapping[int, str]) -> tuple[str, tuple[Change, ...]]:
        self._cursor.execute(_PURGE, {"user": user})
        return "purge by hand", ()

    def _insert(self, user: str, _tasks: Mapping[int, str]) -> tuple[str, tuple[Change, ...]]:
        token = new_token()
        sql = "INSERT INTO tasks (user_id, title, description) VALUES (%s, %s, %s)"
        self._cursor.execute(sql, (user, token, f"{token} red"))
        return "create by hand", (Change("create", token),)

    def _update(self, user: str, tasks: Mapping[int, str]) -> tuple[str, tuple[Change, ...]]:
        token, task = new_token(), self._random.choice(list(tasks))
        sql = "UPDATE tasks SET title = %s WHERE user_id = %s AND id = %s AND deleted_at IS NULL RETURNING 1"
        self._cursor.execute(sql, (token, user, task))
        return "update by hand", (Change("update", token, task),) if self._cursor.fetchall() else ()

    def _delete(self, user: str, tasks: Mapping[int, str]) -> tuple[str, tuple[Change, ...]]:
        task = self._random.choice(list(tasks))
        sql = "DELETE FROM tasks WHERE user_id = %s AND id = %s AND deleted_at IS NULL RETURNING 1"
        self._cursor.execute(sql, (user, task))
        return "delete by hand", (Change("delete", task=task),) if self._cursor.fetchall() else ()
