"""The one list of what a task has, and the classes that say the same at the wire: the names are the same."""

import asyncio
import csv
import json
from typing import Any, get_type_hints

from api.openapi import examples
from api.tasks.files.formats.table import Table
from api.tasks.files.imports import parse_import
from api.tasks.files.transfer import ImportedTask
from api.tasks.schemas import given, shown
from core.tasks.fields import ARCHIVED, COLUMNS, DEFAULTS, DELETED_AT, EXPORTED, GIVEN, MEMBERS, Given

GIVEN_MEMBERS = [member.name for member in MEMBERS if any(isinstance(column, Given) for column in member.columns)]
SHOWN = [member.name for member in MEMBERS]
FULL: dict[str, Any] = {name: examples.DELETED[name] for name in (*GIVEN_MEMBERS, "completed_at", "created_at")}
FULL |= {name: examples.DELETED[name] for name in ("updated_at", "deleted_at")} | {"uid": examples.UID}
FULL |= {"id": 2, "parent_id": 1, "series_id": 1, "next_id": 3, "position": examples.DELETED["position"]}

KEPT = {"name": "x.ics", "kept": "BEGIN:VCALENDAR"}

UNASKED = {"user_id", "etag"}
"""Of an export, what follows from the rest."""


def imported_rows(document: Any) -> list[Any]:
    [rows] = asyncio.run(parse_import(json.dumps(document).encode())).rows
    return list(json.loads(rows.json))


def test_the_documented_tasks_have_the_members_of_the_list() -> None:
    """In its order, the trash and the export with more."""
    assert list(get_type_hints(shown.Task)) == SHOWN
    assert sorted(get_type_hints(shown.DeletedTask)) == sorted([*SHOWN, DELETED_AT.name])
    assert sorted(get_type_hints(shown.ExportedTask)) == sorted(member.name for member in ARCHIVED)
    assert sorted(examples.EXPORTED) == sorted(member.name for member in ARCHIVED)
    assert list(examples.TASK) == SHOWN


def test_a_client_sets_what_the_list_says() -> None:
    """A body names every member that is given, and becomes every column that is given."""
    assert list(given.TaskUpdate.model_fields) == GIVEN_MEMBERS
    sent = given.TaskUpdate.model_validate({name: FULL[name] for name in GIVEN_MEMBERS})
    assert sorted(sent.columns()) == sorted(column.name for column in GIVEN)


def test_null_is_the_default_of_the_list() -> None:
    """Also where a task is made: absent and null are the same."""
    cleared = {name: None for name in GIVEN_MEMBERS if name != "title"}
    columns = given.TaskCreate.model_validate({"title": "x", **cleared}).columns()
    assert columns == {column.name: column.default for column in GIVEN} | {"title": "x"}
    [imported] = imported_rows({"tasks": [{"title": "x"}]})
    assert imported == {**DEFAULTS, "title": "x"}


def test_an_import_fills_every_column_of_the_list() -> None:
    """Whatever an export has, but for the ids and what follows from them, comes back."""
    assert set(ImportedTask.model_fields) == {member.name for member in ARCHIVED} - UNASKED
    [imported] = imported_rows({"tasks": [FULL]})
    assert sorted(imported) == sorted(column.name for column in COLUMNS)
    [imported] = imported_rows(
        {"tasks": [{**FULL, "uid": "x", "parent_id": None, "parent_uid": "y", "calendar": KEPT}]}
    )
    assert imported["calendar"] == {**KEPT, "uid": "x", "parent_uid": "y"}


def test_a_spreadsheet_has_every_member_but_the_user_and_the_validator() -> None:
    """A column for each, also in the document's example."""
    [header] = csv.reader([Table().head().decode()])
    assert header == list(EXPORTED)
    [row] = csv.DictReader(examples.CSV.splitlines())
    assert row["title"] == examples.TASK["title"]
    assert set(row) == {member.name for member in ARCHIVED} - {"user_id", "etag", "calendar"}
