"""What we write is what other libraries read: VTODOs by chance, changed by chance, each with its task.

`TASKLANE_VTODOS` is their number, 10,000 with `make calendars`; without it there are a few hundred.
"""

import os
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import pytest

from api.tasks.objects import write
from core.recurrence.rule import parse
from tests.calendars import others
from tests.calendars.generate import cases
from tests.calendars.objects import Document, task_of
from tests.calendars.others import Found
from tests.frontend.node import FRONTEND

NUMBER = int(os.environ.get("TASKLANE_VTODOS", "400"))
SEED = 5545
PRIORITIES = {0: "medium", 1: "urgent", 2: "high", 3: "high", 4: "high", 5: "medium"}

no_node = FRONTEND.obstacle() or (None if others.INSTALLED.exists() else "ical.js is not installed: make libraries")


class Written(NamedTuple):
    task: Document
    body: bytes


@pytest.fixture(scope="module")
def all_written() -> Sequence[Written]:
    tasks = [task_of(case.body, **case.changes) for case in cases(NUMBER, seed=SEED)]
    return [Written(task, write(task)) for task in tasks]


def differences(written: Written, found: Found) -> Iterator[str]:
    """In what the task and what is found do not agree."""
    task = written.task
    wanted: dict[str, Any] = {
        "due": task["due_date"] and task["due_date"].replace(".000Z", "Z"),
        "priority": task["priority"],
        "completed": task["completed"],
        "parent": task["parent_uid"],
        "rule": task["recurrence"] and task["recurrence"]["rule"],
        "minutes": task["reminders"] if task["due_date"] else [],
    }
    known: dict[str, Any] = {
        "due": found["due"],
        "priority": PRIORITIES.get(found["priority"] or 0, "low"),
        "completed": found["status"] in ("COMPLETED", "CANCELLED"),
        "parent": found["parent"],
        "rule": str(parse(found["rule"])) if found["rule"] else None,
        "minutes": found["minutes"] if task["due_date"] else [],
    }
    if task["recurrence"] is None:  # where the rule is none that a task can have, or has ended here
        del wanted["rule"], known["rule"]
    yield from (f"{name}: {known[name]!r}, not {wanted[name]!r}" for name in wanted if known[name] != wanted[name])
    if (
        task["completed"]
        and found["completed_at"]
        and found["completed_at"] != task["completed_at"].replace(".000Z", "Z")
    ):
        yield f"completed_at: {found['completed_at']}"
    for name in ("title", "description"):
        if not (same_but_cut(found[name], task[name])):
            yield f"{name}: {found[name]!r}, not {task[name]!r}"
    shown = list(dict.fromkeys(found["tags"]))
    if len(shown) != len(task["tags"]) or not all(map(same_but_cut, shown, task["tags"])):
        yield f"tags: {shown!r}, not {task['tags']!r}"


def same_but_cut(whole: str | None, shown: str | None) -> bool:
    if whole == (shown or None):
        return True
    return bool(whole and shown and shown.endswith("…") and whole.startswith(shown.removesuffix("…")))


def expect_agreement(all_written: Sequence[Written], found: Iterator[Found]) -> None:
    told = [
        f"{written.body.decode()}\n{wrong}"
        for written, one in zip(all_written, found, strict=True)
        if (wrong := list(differences(written, one)))
    ]
    assert not told, f"{len(told)} of {len(all_written)}\n" + "\n\n".join(told[:5])


def test_icalendar_agrees(all_written: Sequence[Written]) -> None:
    """Python's own."""
    expect_agreement(all_written, (others.icalendar(written.body) for written in all_written))


def test_vobject_agrees(all_written: Sequence[Written]) -> None:
    """That of older programs in Python."""
    expect_agreement(all_written, (others.vobject_(written.body) for written in all_written))


@pytest.mark.skipif(no_node is not None, reason=str(no_node))
def test_ical_js_agrees(all_written: Sequence[Written]) -> None:
    """That of Thunderbird and Nextcloud."""
    expect_agreement(all_written, others.ical_js([written.body for written in all_written]))


def test_what_is_written_is_read_as_the_same_task(all_written: Sequence[Written]) -> None:
    """By ourselves: so two devices and we never write the same thing back and forth."""
    members = (
        "title",
        "description",
        "completed",
        "priority",
        "due_date",
        "tags",
        "parent_uid",
        "recurrence",
        "position",
    )
    for task, body in all_written:
        again = task_of(body)
        assert {name: again[name] for name in members} == {name: task[name] for name in members}, body.decode()
        assert write({**again, "updated_at": task["updated_at"]}) == body
