"""Files of each format with as many tasks as one likes, made of the samples."""

import copy
import csv
import io
import json
from collections.abc import Callable
from typing import Any

from tests.imports.test_samples import SAMPLES

Document = dict[str, Any]


def many(name: str, count: int) -> bytes:
    """A file like the sample of that name with `count` tasks: its first one, over and over, under other ids."""
    document = (SAMPLES / name).read_bytes()
    kind = name.rpartition(".")[2]
    if kind == "json":
        whole = json.loads(document)
        _REPEATED[name](whole, count)
        return json.dumps(whole, separators=(",", ":"), ensure_ascii=False).encode()
    return {"csv": _table, "ics": _calendar, "txt": _lines}[kind](document, count)


def _copies(items: list[Document], name: str, count: int, *, title: str) -> None:
    """In place."""
    first = items[0]
    items.clear()
    for number in range(count):
        made = copy.deepcopy(first)
        made[name], made[title] = f"task-{number}", f"{first[title]} {number}"
        items.append(made)


def _google(whole: Document, count: int) -> None:
    _copies(whole["items"][0]["items"], "id", count, title="title")


def _microsoft(whole: Any, count: int) -> None:
    tasks = whole[0]["tasks"]
    tasks[0].pop("checklistItems", None)
    _copies(tasks, "id", count, title="title")


def _todoist(whole: Document, count: int) -> None:
    whole["items"].pop(0)
    _copies(whole["items"], "id", count, title="content")


def _trello(whole: Document, count: int) -> None:
    whole["checklists"] = []
    _copies(whole["cards"], "id", count, title="name")


def _tasks_org(whole: Document, count: int) -> None:
    entries = whole["data"]["tasks"]
    first = entries[0]
    entries[:] = [copy.deepcopy(first) for _ in range(count)]
    for number, entry in enumerate(entries):
        entry["task"] |= {"remoteId": f"u{number}", "title": f"Task {number}"}
        entry["caldavTasks"][0]["remoteId"] = f"r{number}"


def _super_productivity(whole: Document, count: int) -> None:
    data = whole["data"]
    first = data["task"]["entities"]["t1"] | {"subTaskIds": []}
    names = [f"task-{number}" for number in range(count)]
    data["task"] = {"ids": names, "entities": {name: {**first, "id": name} for name in names}}
    data["project"]["entities"]["INBOX_PROJECT"] |= {"taskIds": names[:2000], "backlogTaskIds": []}
    data["archiveYoung"]["task"] = {"ids": [], "entities": {}}


def _vikunja(whole: Any, count: int) -> None:
    project = whole[0]
    _copies(project["tasks"], "id", count, title="title")
    project["positions"] = [
        {"task_id": f"task-{number}", "project_view_id": 30, "position": number} for number in range(count)
    ]


def _remember_the_milk(whole: Document, count: int) -> None:
    _copies(whole["tasks"], "id", count, title="name")


def _taskwarrior(whole: Any, count: int) -> None:
    del whole[:3]
    _copies(whole, "uuid", count, title="description")


def _habitica(whole: Document, count: int) -> None:
    todos = whole["tasks"]["todos"]
    todos[0]["checklist"] = []
    _copies(todos, "_id", count, title="text")
    whole["tasks"]["dailys"] = []


_REPEATED: dict[str, Callable[[Any, int], None]] = {
    "google-takeout-2026.json": _google,
    "google-takeout-due.json": _google,
    "microsoft-todo.json": _microsoft,
    "todoist-api-v1.json": _todoist,
    "trello-board.json": _trello,
    "tasks-org-backup.json": _tasks_org,
    "super-productivity.json": _super_productivity,
    "vikunja-data.json": _vikunja,
    "remember-the-milk.json": _remember_the_milk,
    "taskwarrior-export.json": _taskwarrior,
    "habitica-user-data.json": _habitica,
}

_HEADERS = {"TYPE": "task", "Kind": "TEXT", "Section/Column": "To do"}
"""By a column of the header, what a row of a task has in it, or what column it is."""


def _table(document: bytes, count: int) -> bytes:
    rows = list(csv.reader(io.StringIO(document.decode("utf-8-sig"), newline="")))
    header = next(number for number, row in enumerate(rows) if _HEADERS.keys() & set(row))
    [column, *_] = _HEADERS.keys() & set(rows[header])
    place = rows[header].index(column)
    first = next(row for row in rows[header + 1 :] if row[place] == _HEADERS[column])
    made = io.StringIO()
    writer = csv.writer(made)
    writer.writerows(rows[: header + 1])
    for number in range(count):
        names = dict(zip(rows[header], first, strict=True))
        names |= {name: f"{number}" for name in ("taskId", "Task ID") if name in names}
        names |= {"parentId": ""} if "parentId" in names else {}
        writer.writerow(names.values())
    return made.getvalue().encode()


def _calendar(document: bytes, count: int) -> bytes:
    text = document.replace(b"\r\n", b"\n")
    begin = text.index(b"BEGIN:VTODO")
    end = text.index(b"END:VTODO") + len(b"END:VTODO\n")
    first = text[begin:end]
    made = b"".join(first.replace(b"\nUID:", b"\nUID:task-%d-" % number) for number in range(count))
    return text[:begin] + made + b"END:VCALENDAR\n"


def _lines(document: bytes, count: int) -> bytes:
    return b"\n".join([document.split(b"\n")[0]] * count)
