"""Imports that are made to hurt: small to send, large to read."""

import json
from collections.abc import Callable

LIMIT = 16 * 1024 * 1024
"""Of a body, in bytes."""


def faulty_tags() -> bytes:
    """A megabyte with 400,000 mistakes."""
    return json.dumps({"tasks": [{"tags": [0] * 20}] * 20_000}, separators=(",", ":")).encode()


def faulty_everywhere() -> bytes:
    """As large as may be, with a mistake in every member that a task has."""
    names = ("title", "description", "completed", "priority", "due_date", "created_at", "updated_at", "deleted_at")
    task: dict[str, object] = {name: {} for name in names} | {"tags": [0] * 20}
    return json.dumps({"version": 0, "tasks": [task] * 20_000}, separators=(",", ":")).encode()


def nested_beside() -> bytes:
    """Right in all that is looked at, with 16 MB of lists in a member that is not."""
    lists = "[" + ",".join(["[[[]]]"] * ((LIMIT - 100) // 7)) + "]"
    return f'{{"more":{lists},"tasks":[{{"title":"a"}}]}}'.encode()


def nested_within() -> bytes:
    """The same within one task."""
    lists = "[" + ",".join(["[[[]]]"] * ((LIMIT - 100) // 7)) + "]"
    return f'{{"tasks":[{{"title":"a","more":{lists}}}]}}'.encode()


def countless() -> bytes:
    """Four million tasks that are none."""
    return b'{"tasks":[' + b",".join([b"0"] * ((LIMIT - 20) // 2)) + b"]}"


def wide() -> bytes:
    """One letter that has Python keep all the others in four bytes each."""
    return ('{"tasks":[],"more":"\U0001f600' + "x" * (LIMIT - 100) + '"}').encode()


def members() -> bytes:
    """A million members beside the tasks."""
    names = ",".join(f'"{number:x}":0' for number in range(800_000))
    return f'{{{names},"tasks":[]}}'.encode()


def unending() -> bytes:
    """A string that never ends."""
    return b'{"tasks":[{"title":"' + b"x" * (LIMIT - 100)


def large_and_right() -> bytes:
    """As much as may be imported at once."""
    task = {"title": "x" * 100, "description": "y" * 120, "tags": ["one", "two"], "created_at": "2026-03-01T10:00:00Z"}
    return json.dumps({"tasks": [task] * 20_000}).encode()


KINDS: tuple[Callable[[], bytes], ...] = (
    faulty_tags,
    faulty_everywhere,
    nested_beside,
    nested_within,
    countless,
    wide,
    members,
    unending,
)
"""Those that are refused."""
