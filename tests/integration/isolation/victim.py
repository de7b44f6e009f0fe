"""Someone with tasks that nobody else may see or touch."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, LiteralString
from urllib.parse import parse_qs, urlsplit

from core.database.transaction import Row
from core.types import UserId
from tests.stack import ApiProcess, client, new_user

MARK = "alice-only-7f3a"
KEY = "the-same-key"
RECURRING = {"due_date": "2026-03-01", "recurrence": {"rule": "FREQ=DAILY"}}


@dataclass(frozen=True, slots=True)
class Victim:
    """What is Alice's, and the names that others could use for it."""

    user: UserId
    live: int
    deleted: int
    etag: str
    cursor: str
    since: str
    database: Any

    @property
    def rows(self) -> list[Row]:
        """Every row of hers."""
        found: list[Row] = []
        for table in ROWS:
            columns = "revision" if table == "task_lists" else "*"  # what is published is the worker's affair
            self.database.execute(f"SELECT {columns} FROM {table} t WHERE user_id = %s ORDER BY t", (self.user,))
            found += self.database.fetchall()
        return found


def new_victim(api: ApiProcess, database: Any) -> Victim:
    """A user with two live tasks and a deleted one, all recurring, who has used a key and has all in the cache."""
    user = new_user()
    with client(api.url, user) as alice:
        made = [
            alice.post(
                "/api/tasks",
                json={"title": f"{MARK} {number}", "description": MARK, "tags": [MARK], **RECURRING},
                headers={"idempotency-key": f"{KEY}-{number}" if number else KEY},
            ).json()["id"]
            for number in range(3)
        ]
        alice.delete(f"/api/tasks/{made[2]}")
        for path in ("", "/changes", "/trash", "/stats", f"/{made[0]}"):
            alice.get(f"/api/tasks{path}")
        link = urlsplit(alice.get("/api/tasks?limit=1").headers["link"].partition(">")[0].removeprefix("<"))
        etag = alice.get(f"/api/tasks/{made[0]}").headers["etag"]
        since = alice.get("/api/tasks/changes").json()["next"]
    return Victim(user, made[0], made[2], etag, parse_qs(link.query)["cursor"][0], since, database)


ROWS: Mapping[str, LiteralString] = {
    "task_lists": "INSERT INTO task_lists (user_id) VALUES (%(user)s);",
    "tasks": "INSERT INTO tasks (user_id, title) VALUES (%(user)s, 'x');",
    "idempotency_keys": "INSERT INTO idempotency_keys VALUES (%(user)s, 'x', '', 201, '{}', '', now());",
    "account_erasures": "INSERT INTO account_erasures (user_id) VALUES (%(user)s);",
    "access_tokens": "INSERT INTO access_tokens (user_id, digest, name, scopes)"
    " VALUES (%(user)s, sha256(convert_to(%(user)s, 'UTF8')), 'x', '{tasks:read}');",
    "crowded_lists": "INSERT INTO crowded_lists (user_id) VALUES (%(user)s);",
    "calendar_objects": "INSERT INTO calendar_objects (user_id, task_id, kept)"
    " SELECT %(user)s, coalesce((SELECT max(id) FROM tasks WHERE user_id = %(user)s), 0), 'x';",
}
