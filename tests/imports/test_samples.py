"""What people bring: each sample gives the tasks that stand beside it, and is known for what it is."""

import asyncio
import json
import zipfile
from collections.abc import Iterator
from datetime import UTC, date, datetime
from io import BytesIO
from operator import itemgetter
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from api.imports.detect import Format
from api.imports.parsed import Asked, Moment
from api.imports.read import READERS, Found, format_of, read

SAMPLES = Path(__file__).parent / "samples"
BERLIN = ZoneInfo("Europe/Berlin")
SATURDAY = date(2026, 11, 28)

FORMATS: dict[str, Format] = {
    "google-takeout-2026.json": "google-tasks",
    "google-takeout-due.json": "google-tasks",
    "microsoft-todo.json": "microsoft-todo",
    "todoist-api-v1.json": "todoist",
    "todoist-project.csv": "todoist-csv",
    "ticktick-backup.csv": "ticktick",
    "trello-board.json": "trello",
    "tasks-org-backup.json": "tasks-org",
    "asana-project.csv": "asana",
    "super-productivity.json": "super-productivity",
    "vikunja-data.json": "vikunja",
    "taskwarrior-export.json": "taskwarrior",
    "todo.txt": "todo-txt",
    "remember-the-milk.json": "remember-the-milk",
    "habitica-user-data.json": "habitica",
    "apple-reminders.ics": "ics",
    "vtodo-mixed.ics": "ics",
}


def found(document: bytes, name: Format | None = None, *, zone: ZoneInfo | None = BERLIN) -> Found:
    return asyncio.run(read(document, name, Asked(zone=zone, today=SATURDAY), most=20_000))


def shown(moment: Moment | None) -> str | None:
    """As the lists of what must come out write it."""
    if isinstance(moment, datetime):
        return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"
    return moment.isoformat() if moment else None


def as_expected(result: Found) -> Iterator[dict[str, Any]]:
    tasks = [placed for placed in result.placed() if placed]
    for placed in tasks:
        task = placed.task
        yield {
            "ref": task.ref,
            "title": task.title,
            "description": task.description or None,
            "completed": task.completed,
            "completed_at": shown(task.completed_at),
            "priority": task.priority,
            "due_date": shown(task.due),
            "tags": list(task.tags),
            "parent": None if placed.parent is None else tasks[placed.parent].task.ref,
            "position": placed.position,
            "recurrence": task.rule.text if task.rule else None,
            "created_at": shown(task.created),
            "updated_at": shown(task.updated),
        }


def test_every_sample_is_tried() -> None:
    """Of the folder, and of every format that is read, none is left out."""
    index = json.loads((SAMPLES / "INDEX.json").read_text())
    assert sorted(entry["file"] for entry in index) == sorted(FORMATS)
    assert set(FORMATS.values()) == set(READERS) - {"csv"}


@pytest.mark.parametrize("name", FORMATS)
def test_a_sample_gives_its_tasks(name: str) -> None:
    """All of them, each in its place, with all that the file says of it."""
    expected = json.loads((SAMPLES / name).with_suffix(".expected.json").read_text())
    tasks = sorted(as_expected(found((SAMPLES / name).read_bytes(), FORMATS[name])), key=itemgetter("ref"))
    assert tasks == sorted(expected, key=itemgetter("ref"))


@pytest.mark.parametrize(("limit", "end"), [(5, "COUNT=3"), (3, "COUNT=1"), (2, "COUNT=1")])
def test_a_series_of_google_ends_where_it_ends_there(limit: int, end: str) -> None:
    """Of so many occurrences some have passed, each of which is a task of the file."""
    occurrences = [
        {"id": f"T{day}", "title": "Swim", "task_recurrence_id": "R", "due": f"2026-11-{day:02}T00:00:00Z"}
        | ({"status": "completed"} if day < 12 else {})
        for day in (10, 11, 12)
    ]
    schedule = {"interval": {"daily": {}}, "end_condition": {"instance_number_limit": limit}}
    one = {"id": "L", "title": "Home", "recurrences": [{"id": "R", "schedule": schedule}], "items": occurrences}
    [task] = found(json.dumps({"kind": "tasks#taskLists", "items": [one]}).encode(), "google-tasks").tasks
    assert task.rule
    assert (task.ref, task.rule.text) == ("T12", f"FREQ=DAILY;{end}")


def test_an_estimate_of_tasks_org_is_told_of() -> None:
    """There is no place for it here, as for that of others."""
    backup = {"data": {"tasks": [{"task": {"title": "Paint", "estimatedSeconds": 5400}}]}}
    [task] = found(json.dumps(backup).encode(), "tasks-org").tasks
    assert task.not_carried == (("duration", "90 minutes"),)


@pytest.mark.parametrize("name", FORMATS)
def test_a_sample_is_known_for_what_it_is(name: str) -> None:
    """Nobody has to say which program wrote it."""
    document = (SAMPLES / name).read_bytes()
    assert asyncio.run(format_of(document)) == FORMATS[name]
    assert asyncio.run(format_of(document.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))) == FORMATS[name]


@pytest.mark.parametrize("name", FORMATS)
def test_a_sample_comes_out_of_an_archive(name: str) -> None:
    """Beside what is of no interest."""
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("README.html", "<p>no tasks</p>")
        archive.writestr(f"Export/Aufgaben/{name}", (SAMPLES / name).read_bytes())
        archive.writestr("filters.json", "[]")
    result = found(packed.getvalue())
    assert result.format == FORMATS[name]
    plain = found((SAMPLES / name).read_bytes(), FORMATS[name])
    assert list(as_expected(result)) == list(as_expected(plain))
