"""Lists on their way out and in: a nasty one, and long ones."""

from typing import Any

import httpx

from core.types import UserId
from tests.integration.wires import rows
from tests.stack import Stack
from tests.steps import outside

Document = dict[str, Any]

EXPORT = "/api/tasks/export"

IMPORT = "/api/tasks/import"

SEED = """
    INSERT INTO task_lists (user_id, revision) VALUES (%s, 1);
    INSERT INTO tasks (user_id, title, description, revision)
    SELECT %s, 'Task ' || n, %s, 1 FROM generate_series(1, %s) AS n
"""

MANY = 10_000
"""Of them more than the sockets on the way hold, whatever their buffers."""

NASTY: list[Document] = [
    {"title": "Walk"},
    {"title": "=HYPERLINK(1)", "description": "+1\n2", "tags": ["@SUM(1)"]},
    {"title": "-1", "description": "\tTab", "tags": ["a,b", 'quo"te', "semi;colon", "back\\slash"]},
    {"title": "@cmd", "description": "\rReturn", "tags": ["-"]},
    {"title": 'Say "hello", twice; a \\ and \\n', "description": "one\r\ntwo\rthree\nfour", "priority": "urgent"},
    {"title": "\u00e4" * 200, "description": "\U0001f600" * 1000, "priority": "low", "due_date": "2026-03-01"},
    {"title": "\u202eRight\u2028to\u0085left\u00a0", "description": "\x01bell\x07 and del\x7f", "priority": "high"},
    {"title": "\uff1d1+1", "description": "- one\n=1+1\r\n@x\n\ttab", "tags": ["\x0b\x1c\x0c"]},
    {"title": "a\u2029b\x1ec", "description": "one\x0btwo\x0cthree\x1dfour\x1ffive\x9fsix"},
    {"title": "'", "completed": True, "due_date": "2026-03-01T10:20:30.123Z"},
    {"title": "Exact", "due_date": "2026-03-01T10:20:30.123456+02:00"},
    {"title": "First", "due_date": "0001-01-01"},
    {"title": "Early", "due_date": "0999-12-31T23:59:59Z"},
    {"title": "Last", "due_date": "9999-12-31T23:59:59.999Z", "completed": True},
    {"title": "Ring", "due_date": "2026-03-01", "reminders": [30, "2026-02-28T17:00:00.500Z", "0001-01-01T00:00:00Z"]},
    {"title": "Often", "due_date": "2026-03-06", "recurrence": {"rule": "FREQ=WEEKLY;BYDAY=FR;UNTIL=20261231T000000Z"}},
    {"title": "Daily", "due_date": "2026-03-01T10:20:30Z", "recurrence": {"rule": "FREQ=DAILY;COUNT=3"}},
    {
        "title": "Last Friday",
        "due_date": "2026-03-27T09:00:00+01:00",
        "recurrence": {"rule": "FREQ=MONTHLY;BYDAY=-1FR;UNTIL=20270101", "time_zone": "Europe/Berlin"},
    },
    {"title": "Deleted", "description": "BEGIN:VTODO\r\nEND:VCALENDAR", "tags": ["gone"]},
]


def seed(stack: Stack, user: UserId, count: int, description: str = "x" * 1000) -> None:
    with outside(stack.database_url) as other:
        rows(other, SEED, user, user, description, count)


def export(frontend: httpx.Client) -> httpx.Response:
    return frontend.get(EXPORT)
