"""Exports: everything leaves as it is, in each format."""

import csv
import io
import re
import zipfile

import httpx
import pytest

from core.types import UserId
from tests.contract.reference import UNTOLD
from tests.integration.files.formats import as_cells, as_todo, calendar, table
from tests.integration.files.lists import EXPORT, Document, seed
from tests.stack import Stack


def test_the_json_has_every_task(alice: httpx.Client, tasks: list[Document]) -> None:
    """As the API shows them, the oldest first, those in the trash too, and nothing of it is kept by caches."""
    export = alice.get(EXPORT)
    assert export.status_code == 200
    assert export.headers["content-type"] == "application/json"
    assert export.headers["content-disposition"] == 'attachment; filename="tasks.json"'
    assert "no-store" in export.headers["cache-control"]
    shown = [
        {"deleted_at": None, "uid": UNTOLD, "parent_uid": None, "recurrence_date": UNTOLD, "calendar": None, **task}
        for task in tasks
    ]
    assert export.json() == {"version": 1, "tasks": shown}


@pytest.mark.parametrize("count", [0, 1, 499, 500, 501, 1234])
def test_an_export_has_every_task_however_many(stack: Stack, alice: httpx.Client, user: UserId, count: int) -> None:
    """In each format, and complete at every size of the batches that it is made of."""
    seed(stack, user, count)
    titles = [f"Task {number}" for number in range(1, count + 1)]
    assert [task["title"] for task in alice.get(EXPORT).json()["tasks"]] == titles
    assert [row["title"] for row in table(alice.get(f"{EXPORT}?format=csv").text)] == titles
    assert [todo["SUMMARY"] for todo in calendar(alice.get(f"{EXPORT}?format=ics").content)] == titles


def test_the_csv_is_valid_and_harmless(alice: httpx.Client, tasks: list[Document]) -> None:
    """Every field as it is, but that none of them begins a formula in a spreadsheet (OWASP, CSV injection)."""
    export = alice.get(f"{EXPORT}?format=csv")
    assert export.headers["content-type"] == "text/csv; charset=utf-8"
    assert export.headers["content-disposition"] == 'attachment; filename="tasks.csv"'
    table_ = table(export.text)
    assert not [cell for row in table_ for cell in row.values() if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
    assert not [cell for row in table_ for cell in row.values() if re.search(r"[\r\n][=+\-@\t]", cell)]
    quoted = r"(?:\A|(?<=[\r\n]))'(?=[=+\-@\t\r\uff1d])"
    plain = [{name: re.sub(quoted, "", cell) for name, cell in row.items()} for row in table_]
    assert len({row.pop("uid") for row in plain}) == len(tasks)
    dates = [row.pop("recurrence_date") for row in plain]
    assert [date for date in dates if date] == ["2026-03-06", "2026-03-01T10:20:30", "2026-03-27T09:00:00"]
    assert plain == [as_cells(task) for task in tasks]


def test_tags_can_be_told_apart_in_the_csv(alice: httpx.Client) -> None:
    """Each as it is, whatever stands in it: in the cell they are a line of CSV."""
    tags = ["a,b", 'quo"te', " spaced ", "plain", "two words", "line\nbreak", '"']
    alice.post("/api/tasks", json={"title": "Walk", "tags": tags})
    [row] = table(alice.get(f"{EXPORT}?format=csv").text)
    [read] = csv.reader(io.StringIO(row["tags"], newline=""), skipinitialspace=True, strict=True)
    assert read == tags


def test_the_csv_begins_with_a_mark_where_it_is_asked_for(alice: httpx.Client) -> None:
    """Some spreadsheets take it for something else than UTF-8 without."""
    alice.post("/api/tasks", json={"title": "\u00e4"})
    marked = alice.get(f"{EXPORT}?format=csv&bom=true").content
    assert marked == b"\xef\xbb\xbf" + alice.get(f"{EXPORT}?format=csv").content


def test_the_calendar_is_valid(alice: httpx.Client, tasks: list[Document]) -> None:
    """Each live task is a to-do whose properties say what the task says (RFC 5545); the trash is left out."""
    export = alice.get(f"{EXPORT}?format=ics")
    assert export.headers["content-type"] == "text/calendar; charset=utf-8"
    assert export.headers["content-disposition"] == 'attachment; filename="tasks.ics"'
    todos = calendar(export.content)
    assert todos == [as_todo(task) for task in tasks if "deleted_at" not in task]
    uids = {todo["UID"] for todo in todos}
    assert len(uids) == len(todos)
    assert all(uid.isascii() for uid in uids)
    assert uids == {todo["UID"] for todo in calendar(alice.get(f"{EXPORT}?format=ics").content)}
    assert uids < {task["uid"] for task in alice.get(EXPORT).json()["tasks"]}


def test_a_calendar_without_tasks_has_a_component(alice: httpx.Client) -> None:
    """RFC 5545, section 3.6: a calendar without one is none; what is there says nothing."""
    lines = alice.get(f"{EXPORT}?format=ics").text.splitlines()
    assert lines[4] == "BEGIN:VTIMEZONE"
    assert "BEGIN:VTODO" not in lines


def test_a_zip_has_a_file_for_each_task(alice: httpx.Client, tasks: list[Document]) -> None:
    """Named by its uid, and whole by itself, as CalDAV servers keep them."""
    answer = alice.get(f"{EXPORT}?format=zip")
    assert answer.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        single = {name: calendar(archive.read(name)) for name in archive.namelist()}
    assert all(name == f"{todo['UID']}.ics" for name, [todo] in single.items())
    together = calendar(alice.get(f"{EXPORT}?format=ics").content)
    assert [todo for [todo] in single.values()] == together


def test_an_empty_zip_is_one(alice: httpx.Client) -> None:
    """Without a file in it."""
    with zipfile.ZipFile(io.BytesIO(alice.get(f"{EXPORT}?format=zip").content)) as archive:
        assert archive.namelist() == []


@pytest.mark.parametrize("query", ["after=-1", "after=x", "after=9223372036854775808", "bom=1", "format=ics&bom=true"])
def test_what_an_export_does_not_know_is_refused(alice: httpx.Client, query: str) -> None:
    """422, naming the parameter."""
    refused = alice.get(f"{EXPORT}?{query}")
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] in ("?after", "?bom")


@pytest.mark.parametrize("name", ["xml", "", "JSON"])
def test_other_formats_are_refused(alice: httpx.Client, name: str) -> None:
    """422, before anything is streamed."""
    refused = alice.get(EXPORT, params={"format": name})
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "?format")
