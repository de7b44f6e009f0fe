"""Export and import: everything leaves as it is, in three formats, and comes back whole or not at all."""

import csv
import http.client
import io
import json
import re
import socket
import zipfile
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, closing
from typing import Any

import httpx
import pytest

from core.database import streams
from core.errors import DatabaseUnavailable
from core.tasks import bulk
from core.types import UserId
from tests.contract.reference import UNTOLD
from tests.integration.wires import named, rows
from tests.stack import ApiProcess, Stack, client, new_user
from tests.steps import outside, process, until
from tests.tokens import shared_secret_token

Document = dict[str, Any]

EXPORT = "/api/tasks/export"
IMPORT = "/api/tasks/import"

SEED = """
    INSERT INTO task_lists (user_id, revision) VALUES (%s, 1);
    INSERT INTO tasks (user_id, title, description, revision)
    SELECT %s, 'Task ' || n, %s, 1 FROM generate_series(1, %s) AS n
"""
OF_THE_TREE = ("position", "parent_id", "parent_uid")
MANY = 10_000
"""Of them more than the sockets on the way hold, whatever their buffers."""
EXPORTING = """
    SELECT xact_start FROM pg_stat_activity
    WHERE application_name = %s AND query LIKE 'FETCH%%' AND xact_start IS NOT NULL
"""

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


RECURRING: dict[str, dict[str, str]] = {
    "Often": {"DTSTART;VALUE=DATE": "20260306", "RRULE": "FREQ=WEEKLY;UNTIL=20261231;BYDAY=FR"},
    "Daily": {"DTSTART": "20260301T102030Z", "RRULE": "FREQ=DAILY;COUNT=3"},
    "Last Friday": {
        "DUE;TZID=Europe/Berlin": "20260327T090000",
        "DTSTART;TZID=Europe/Berlin": "20260327T090000",
        "RRULE": "FREQ=MONTHLY;UNTIL=20270101T225959Z;BYDAY=-1FR",
    },
}
"""What a calendar is told of those that recur, the ends of the rules by the kind of their beginning."""


@pytest.fixture
def tasks(alice: httpx.Client) -> list[Document]:
    """Tasks with everything that a format could stumble over; the last one lies in the trash."""
    made = [alice.post("/api/tasks", json=task) for task in NASTY]
    alice.delete(made[-1].headers["location"])
    return [*(task.json() for task in made[:-1]), *alice.get("/api/tasks/trash").json()]


class Download:
    """An export that is read as slowly as the test likes: the sockets hold little."""

    def __init__(self, api: ApiProcess, user: str) -> None:
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self._socket.settimeout(60)
        self._socket.connect(("127.0.0.1", api.port))
        headers = f"host: localhost\r\nauthorization: Bearer {shared_secret_token(user)}"
        self._socket.sendall(f"GET {EXPORT} HTTP/1.1\r\n{headers}\r\n\r\n".encode())
        self._response = http.client.HTTPResponse(self._socket)
        self._response.begin()
        self.status = self._response.status
        self.head = self._response.read(100)

    def rest(self) -> bytes:
        return self._response.read()

    def close(self) -> None:
        self._response.close()
        self._socket.close()


def seed(stack: Stack, user: UserId, count: int, description: str = "x" * 1000) -> None:
    with outside(stack.database_url) as other:
        rows(other, SEED, user, user, description, count)


@pytest.fixture(scope="module")
def crowd(stack: Stack) -> UserId:
    """A user with many tasks."""
    user = new_user()
    seed(stack, user, MANY)
    return user


@pytest.fixture(scope="module")
def exporter(stack: Stack) -> Iterator[tuple[ApiProcess, str]]:
    """An API for slow downloads, and the name of its sessions in PostgreSQL."""
    url, name = named(stack.database_url)
    api = stack.api(DATABASE_URL=url)
    yield api, name
    api.stop()


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


@pytest.mark.parametrize(
    ("count", "description", "parts"), [(20_001, "x", 2), (6000, "\U0001f600" * 1000, 14), (3000, "\x01" * 1000, 3)]
)
def test_what_leaves_in_parts_comes_back(stack: Stack, count: int, description: str, parts: int) -> None:
    """Each part is an import's, and all of them together are the list; none is asked for twice or left out."""
    api, owner, other = stack.api(), new_user(), new_user()
    seed(stack, owner, count, description)
    with client(api.url, owner) as leaving, client(api.url, other) as coming:
        answer = leaving.get(f"{EXPORT}?after=0")
        sent = [answer.content]
        while "next" in answer.links:
            answer = leaving.get(answer.links["next"]["url"])
            sent.append(answer.content)
        for part in sent:
            assert coming.post(IMPORT, content=part, headers={"content-type": "application/json"}).status_code == 201
        if count < 20_001:  # as another program would write it
            assert all(len(json.dumps(json.loads(part))) < 8 * 1024 * 1024 for part in sent)
        assert abs(len(sent) - parts) <= parts // 4
        sql = "SELECT count(DISTINCT title), count(DISTINCT uid) FROM tasks WHERE user_id = %s"
        with outside(stack.database_url) as cursor:
            cursor.execute(sql, [other])
            assert cursor.fetchall() == [(count, count)]
    api.stop()


@pytest.mark.parametrize("query", ["after=-1", "after=x", "after=9223372036854775808", "bom=1", "format=ics&bom=true"])
def test_what_an_export_does_not_know_is_refused(alice: httpx.Client, query: str) -> None:
    """422, naming the parameter."""
    refused = alice.get(f"{EXPORT}?{query}")
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] in ("?after", "?bom")


def test_a_task_keeps_its_name_through_an_import(alice: httpx.Client, bob: httpx.Client) -> None:
    """What another user imports is called as it was; where the name is taken, the copy has one of its own."""
    for title in ("Walk", "Run"):
        alice.post("/api/tasks", json={"title": title})
    exported = alice.get(EXPORT).json()
    names = [task["uid"] for task in exported["tasks"]]
    assert bob.post(IMPORT, json=exported).is_success
    assert [task["uid"] for task in bob.get(EXPORT).json()["tasks"]] == names
    twice = {"tasks": [*exported["tasks"], exported["tasks"][0], {"title": "Other", "uid": "no name of ours"}]}
    assert bob.post(IMPORT, json=twice).json() == {"imported": 4}
    assert alice.post(IMPORT, json=exported).is_success
    for frontend, count in ((bob, 6), (alice, 4)):
        after = [task["uid"] for task in frontend.get(EXPORT).json()["tasks"]]
        assert after[:2] == names
        assert len(set(after)) == count


def test_what_was_there_before_names_is_called_always_the_same(alice: httpx.Client, stack: Stack, user: UserId) -> None:
    """Also when its row has none: the id tells, with a number that no other database has."""
    alice.post("/api/tasks", json={"title": "Walk"})
    with outside(stack.database_url) as cursor:
        cursor.execute("UPDATE tasks SET uid = NULL WHERE user_id = %s", [user])
        cursor.execute("SELECT prosrc FROM pg_proc WHERE proname = 'tasklane_uid'")
        assert re.search("[0-9a-f]{8}-[0-9a-f]{4}", cursor.fetchall()[0][0])
    first, again = (alice.get(EXPORT).json()["tasks"][0]["uid"] for _ in range(2))
    assert first == again
    assert alice.post(IMPORT, json=alice.get(EXPORT).json()).is_success
    assert alice.get(EXPORT).json()["tasks"][1]["uid"] != first


@pytest.mark.parametrize("name", ["xml", "", "JSON"])
def test_other_formats_are_refused(alice: httpx.Client, name: str) -> None:
    """422, before anything is streamed."""
    refused = alice.get(EXPORT, params={"format": name})
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "?format")


def test_an_import_of_an_export_keeps_everything_but_the_ids(
    alice: httpx.Client, bob: httpx.Client, tasks: list[Document]
) -> None:
    """Content, times, order and trash; and whose they are. What the importer had stays."""
    bob.post("/api/tasks", json={"title": "Mine"})
    imported = bob.post(IMPORT, json=alice.get(EXPORT).json())
    assert (imported.status_code, imported.json()) == (201, {"imported": len(tasks)})
    mine, *theirs = bob.get(EXPORT).json()["tasks"]
    assert mine["title"] == "Mine"
    assert {task["user_id"] for task in theirs} == {mine["user_id"]}
    assert not {task["id"] for task in theirs} & {task["id"] for task in tasks}
    shown = [{"deleted_at": None, "recurrence_date": UNTOLD, "calendar": None, **task} for task in tasks]
    assert [without_ids(task) for task in theirs] == [without_ids(task) for task in shown]
    assert [task["title"] for task in bob.get("/api/tasks?sort=position").json()] == [
        *(task["title"] for task in alice.get("/api/tasks?sort=position").json()),
        "Mine",
    ]
    assert len(bob.get("/api/tasks").json()) == len(tasks)
    assert [task["title"] for task in bob.get("/api/tasks/trash").json()] == ["Deleted"]


def test_a_tree_leaves_and_comes_back_as_it_was(alice: httpx.Client, bob: httpx.Client) -> None:
    """Whose subtask each is, in the trash, too, and the order by hand, above what the importer had."""
    made: dict[str, Document] = {}
    for name in ("a", "b", "a/c", "a/c/d", "b/e"):
        parent = made[name[:-2]]["id"] if "/" in name else None
        made[name] = alice.post("/api/tasks", json={"title": name, "parent_id": parent}).json()
    alice.post(f"/api/tasks/{made['a']['id']}/move", json={"after": None, "parent_id": made["b/e"]["id"]})
    alice.post(f"/api/tasks/{made['b']['id']}/move", json={"after": made["a/c"]["id"]})
    alice.delete(f"/api/tasks/{made['a/c']['id']}")
    bob.post("/api/tasks", json={"title": "Mine"})
    assert bob.post(IMPORT, json=alice.get(EXPORT).json()).json() == {"imported": 5}
    for path in ("/api/tasks?sort=position", "/api/tasks/trash"):
        theirs, shown = alice.get(path).json(), [task for task in bob.get(path).json() if task["title"] != "Mine"]
        assert [task["title"] for task in shown] == [task["title"] for task in theirs]
    assert family(bob) == family(alice) | {"Mine": None}
    assert bob.get("/api/tasks?sort=position").json()[-1]["title"] == "Mine"
    [trashed] = [task for task in bob.get("/api/tasks/trash").json() if task["title"] == "a/c"]
    assert len(bob.post(f"/api/tasks/{trashed['id']}/restore").json()["descendants"]) == 1
    bob.post("/api/tasks", json={"title": "newest"})
    assert bob.get("/api/tasks?sort=position").json()[0]["title"] == "newest"


def family(frontend: httpx.Client) -> dict[str, str | None]:
    """Of each task, by its title, that of its parent; the calendar says the same of those that live."""
    tasks = frontend.get(EXPORT).json()["tasks"]
    by_uid = {task["uid"]: task["title"] for task in tasks}
    assert [task["parent_uid"] for task in tasks] == [
        next((other["uid"] for other in tasks if other["id"] == task["parent_id"]), None) for task in tasks
    ]
    todos = {todo["SUMMARY"]: todo for todo in calendar(frontend.get(f"{EXPORT}?format=ics").content)}
    for task in tasks:
        if not task["deleted_at"]:
            assert todos[task["title"]].get("RELATED-TO;RELTYPE=PARENT") == task["parent_uid"]
    live = sorted(todos.values(), key=lambda todo: int(todo["X-APPLE-SORT-ORDER"]))
    assert [todo["SUMMARY"] for todo in live] == [
        task["title"] for task in frontend.get("/api/tasks?sort=position").json()
    ]
    return {task["title"]: by_uid.get(task["parent_uid"]) for task in tasks}


def test_an_imported_tree_is_one(alice: httpx.Client) -> None:
    """In whatever order its tasks come; what is too deep, or beneath itself, is refused by its place in the file."""
    tasks = [
        {"id": 10 - level, "parent_id": (9 - level) or None, "title": f"level {10 - level}"} for level in range(6, 10)
    ]
    assert alice.post(IMPORT, json={"tasks": tasks}).json() == {"imported": 4}
    found = {task["id"]: task for task in alice.get("/api/tasks").json()}
    parents = {task["title"]: task["parent_id"] and found[task["parent_id"]]["title"] for task in found.values()}
    assert parents == {"level 4": "level 3", "level 3": "level 2", "level 2": "level 1", "level 1": None}
    for wrong, place in (
        ([*tasks, {"id": 5, "parent_id": 4, "title": "level 5"}], 4),
        ([{"id": 1, "parent_id": 2, "title": "one"}, {"id": 2, "parent_id": 1, "title": "two"}], 0),
        ([{"id": 1, "parent_id": 1, "title": "one"}], 0),
    ):
        refused = alice.post(IMPORT, json={"tasks": wrong})
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, f"#/tasks/{place}/parent_id")
    others = [{"id": "a1", "title": "other ids"}, {"id": 1, "title": "gone", "deleted_at": "2026-01-01T00:00:00Z"}]
    live = {"parent_id": 1, "title": "live"}
    assert alice.post(IMPORT, json={"tasks": [*others, live, {"parent_id": 7, "title": "elsewhere"}]}).is_success
    assert [task["parent_id"] for task in alice.get("/api/tasks").json()[:3]] == [None] * 3


def test_an_import_needs_no_more_than_titles(alice: httpx.Client) -> None:
    """What is absent has its default, as in a POST."""
    assert alice.post(IMPORT, json={"tasks": [{"title": " Walk "}, {"title": "Run", "completed": True}]}).is_success
    run, walk = alice.get("/api/tasks?sort=title").json()
    assert (walk["title"], walk["priority"], walk["tags"], walk["completed_at"]) == ("Walk", "medium", [], None)
    assert run["completed_at"]


@pytest.mark.parametrize(
    ("faulty", "pointer"),
    [
        ({"title": ""}, "#/tasks/700/title"),
        ({"title": "a", "due_date": "2026-03-01T10:00:00"}, "#/tasks/700/due_date"),
        ({"title": "a", "tags": ["\0"]}, "#/tasks/700/tags/0"),
        ({"title": "a", "created_at": "2026-03-01T10:00:00"}, "#/tasks/700/created_at"),
        ({"title": "a", "created_at": "0001-01-01T00:00:00+14:00"}, "#/tasks/700/created_at"),
        ({"title": "a", "updated_at": "9999-12-31T23:59:59-14:00"}, "#/tasks/700/updated_at"),
        ("a", "#/tasks/700"),
    ],
)
def test_one_faulty_task_stops_an_import(alice: httpx.Client, faulty: object, pointer: str) -> None:
    """All or nothing; the problem names the place and does not repeat what stood there."""
    tasks = [{"title": f"Task {number}"} for number in range(1000)]
    refused = alice.post(IMPORT, json={"version": 1, "tasks": [*tasks[:700], faulty, *tasks[700:]]})
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == pointer
    assert alice.get("/api/account").json()["tasks"] == 0


@pytest.mark.parametrize(
    "body", [{}, {"tasks": {}}, {"version": 2, "tasks": []}, [], {"tasks": [{"title": "a"}] * 20_001}]
)
def test_what_is_no_export_is_not_imported(alice: httpx.Client, body: object) -> None:
    """Another version, another shape, or more than 20,000 tasks."""
    assert alice.post(IMPORT, json=body).status_code == 422
    assert alice.get("/api/account").json()["tasks"] == 0


def test_an_import_may_be_larger_than_other_bodies_but_not_endless(alice: httpx.Client) -> None:
    """A megabyte is fine here and nowhere else; 16 MiB and a byte is 413."""
    large = {"tasks": [{"title": "Walk", "description": "x" * 1000}] * 1000}
    assert alice.post("/api/tasks", json={"title": "Walk", "more": large}).status_code == 413
    assert alice.post(IMPORT, json=large).json() == {"imported": 1000}
    endless = b'{"tasks":[]' + b" " * 16 * 1024 * 1024 + b"}"
    assert alice.post(IMPORT, content=endless, headers={"content-type": "application/json"}).status_code == 413


@pytest.mark.anyio
async def test_imports_come_one_at_a_time(stack: Stack, alice: httpx.Client, user: UserId) -> None:
    """Each may take much of a process's memory: a second one is told to come back, and then it may."""
    api = stack.api()
    nothing: Document = {"tasks": []}
    with client(api.url, user) as second, closing(http.client.HTTPConnection("127.0.0.1", api.port)) as first:
        first.putrequest("POST", IMPORT)
        first.putheader("Authorization", f"Bearer {shared_secret_token(user)}")
        first.putheader("Content-Type", "application/json")
        first.putheader("Content-Length", "12")
        first.endheaders(b'{"tasks":')
        await until(lambda: second.post(IMPORT, json=nothing).status_code == 503)
        stranger = second.post(IMPORT, json=nothing, headers={"authorization": ""})
        assert stranger.status_code == 401  # who asks comes first
        first.send(b"[]}")
        assert first.getresponse().status == 201
        assert second.post(IMPORT, json=nothing).status_code == 201
    api.stop()


@pytest.mark.anyio
async def test_an_export_shows_one_moment_though_writes_go_on(
    stack: Stack, exporter: tuple[ApiProcess, str], alice: httpx.Client, user: UserId
) -> None:
    """Tasks that are changed, deleted and made while it is read: it has them all as they were when it began."""
    api, name = exporter
    seed(stack, user, MANY)
    with closing(Download(api, user)) as download, outside(stack.database_url) as other:
        await until(lambda: bool(rows(other, EXPORTING, name)))
        began = rows(other, EXPORTING, name)
        rows(other, "UPDATE tasks SET title = 'Changed' WHERE user_id = %s AND id %% 2 = 0", user)
        rows(other, "DELETE FROM tasks WHERE user_id = %s AND id %% 3 = 0", user)
        made = post(alice, "New")
        assert (made.status_code, rows(other, EXPORTING, name)) == (201, began)
        titles = [task["title"] for task in json.loads(download.head + download.rest())["tasks"]]
    assert titles == [f"Task {number}" for number in range(1, MANY + 1)]


@pytest.mark.anyio
async def test_a_reader_who_leaves_frees_the_connection(stack: Stack, crowd: UserId) -> None:
    """In the middle of the download; with a single connection, the next request would wait for it in vain."""
    url, name = named(stack.database_url)
    api = stack.api(DATABASE_URL=url, DATABASE_POOL_SIZE="1")
    with outside(stack.database_url) as other, client(api.url, new_user()) as bob:
        with closing(Download(api, crowd)) as download:
            assert download.status == 200
            await until(lambda: bool(rows(other, EXPORTING, name)))
        await until(lambda: not rows(other, EXPORTING, name))
        assert post(bob, "Walk").status_code == 201
    api.stop()
    assert '"error"' not in api.log.read_text()  # nobody has to look into it


@pytest.mark.anyio
async def test_exports_leave_connections_to_others(
    stack: Stack, exporter: tuple[ApiProcess, str], crowd: UserId, user: UserId
) -> None:
    """With four under way a fifth is asked to come back later; other requests are served; whoever ends makes room.

    One user has one: another of their own is refused, too.
    """
    api, _ = exporter
    crowds = [crowd, *(new_user() for _ in range(3))]
    for other in crowds[1:]:
        seed(stack, other, MANY)
    with ExitStack() as downloads, client(api.url, user) as alice:
        first, second, third = (downloads.enter_context(closing(Download(api, other))) for other in crowds[:3])
        with client(api.url, crowd) as again:
            assert export(again).status_code == 503
        downloads.enter_context(closing(Download(api, crowds[3])))
        busy = export(alice)
        assert (busy.status_code, busy.headers["content-type"]) == (503, "application/problem+json")
        assert int(busy.headers["retry-after"]) > 0
        assert post(alice, "Walk").status_code == 201
        first.close()
        third.close()
        await until(lambda: export(alice).status_code == 200)
        assert len(json.loads(second.head + second.rest())["tasks"]) == MANY


@pytest.mark.anyio
async def test_an_export_that_breaks_does_not_look_complete(
    stack: Stack, exporter: tuple[ApiProcess, str], crowd: UserId
) -> None:
    """When PostgreSQL goes away in the middle the download ends without its end, and the reader knows."""
    api, name = exporter
    with closing(Download(api, crowd)) as download, outside(stack.database_url) as other:
        await until(lambda: bool(rows(other, EXPORTING, name)))
        rows(other, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = %s", name)
        with pytest.raises((http.client.IncompleteRead, ConnectionError)):
            download.rest()


@pytest.mark.anyio
async def test_a_reader_who_is_too_slow_loses_the_connection(
    stack: Stack, crowd: UserId, user: UserId, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others wait for it. What they read afterwards ends in an error, not early."""
    monkeypatch.setattr(streams, "PATIENCE_SECONDS", 0.1)
    async with process(stack.settings(DATABASE_POOL_SIZE="1")) as parts:
        batches = parts.lists.stream(crowd, bulk.EXPORT, bulk.ALL)
        assert await anext(batches)
        await parts.add_task(user, "Walk")
        with pytest.raises(DatabaseUnavailable):
            await drain(batches)


async def drain(batches: AsyncIterator[object]) -> None:
    async for _ in batches:
        pass


def post(frontend: httpx.Client, title: str) -> httpx.Response:
    return frontend.post("/api/tasks", json={"title": title})


def export(frontend: httpx.Client) -> httpx.Response:
    return frontend.get(EXPORT)


def without_ids(task: Document) -> Document:
    unkept = {"id", "user_id", "uid", "etag", "series_id", *OF_THE_TREE}
    return {name: value for name, value in task.items() if name not in unkept}


def table(text: str) -> list[dict[str, str]]:
    """The rows of a CSV document (RFC 4180), by the names in its first line."""
    assert text.endswith("\r\n")
    head, *body = csv.reader(io.StringIO(text, newline=""), strict=True)
    return [dict(zip(head, row, strict=True)) for row in body]


def as_cells(task: Document) -> dict[str, str]:
    texts = {name: "" if value is None else str(value) for name, value in {"deleted_at": None, **task}.items()}
    texts |= {"completed": texts["completed"].lower(), "tags": ", ".join(map(quoted, task["tags"])), "parent_uid": ""}
    texts["reminders"] = ", ".join(map(str, task["reminders"]))
    texts["recurrence"] = json.dumps(task["recurrence"], separators=(",", ":")) if task["recurrence"] else ""
    del texts["user_id"], texts["etag"]
    return texts


def quoted(tag: str) -> str:
    return '"{}"'.format(tag.replace('"', '""')) if re.search('[,"]', tag) or tag != tag.strip() else tag


def calendar(content: bytes) -> list[dict[str, str]]:
    """The to-dos of a calendar, by property name and parameters; fails for what RFC 5545 does not allow."""
    assert content.endswith(b"\r\n")
    lines: list[str] = []
    for octets in content.removesuffix(b"\r\n").split(b"\r\n"):
        assert 1 <= len(octets) <= 75
        line = octets.decode()
        assert not re.search(r"[\x00-\x08\x0a-\x1f\x7f]", line)
        if line.startswith(" "):
            lines[-1] += line[1:]
        else:
            lines.append(line)
    assert lines[:2] == ["BEGIN:VCALENDAR", "VERSION:2.0"]
    assert lines[2].startswith("PRODID:")
    assert lines[3] == "CALSCALE:GREGORIAN"
    assert lines[-1] == "END:VCALENDAR"
    assert not re.search("[\x80-\x9f\u2028\u2029]", content.decode())
    todos, zones = without_zones(lines[4:-1])
    used = set(re.findall(r";TZID=([^:;]+)", "\n".join(todos)))
    assert used == zones - {"UTC"}
    return list(_todos(todos))


def without_zones(lines: list[str]) -> tuple[list[str], set[str]]:
    """What is left without the descriptions of zones, and the names of those."""
    text = "\n".join(lines) + "\n"
    zones = re.findall(r"BEGIN:VTIMEZONE\nTZID:(\S+)\n(?s:.*?)END:VTIMEZONE\n", text)
    assert len(zones) == len(set(zones))
    return re.sub(r"BEGIN:VTIMEZONE\n(?s:.*?)END:VTIMEZONE\n", "", text).splitlines(), set(zones)


def _todos(lines: list[str]) -> Iterator[dict[str, str]]:
    todo: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        assert colon
        if line == "BEGIN:VTODO":
            assert not todo
        elif line == "BEGIN:VALARM":
            alarm: dict[str, str] = {}
            outer, todo = todo, alarm
        elif line == "END:VALARM":
            assert alarm.keys() == {"UID", "ACTION", "DESCRIPTION"} | {name for name in alarm if "TRIGGER;" in name}
            todo, trigger = outer, next(name for name in alarm if "TRIGGER;" in name)
            todo["VALARM"] = todo.get("VALARM", "") + f" {trigger}:{alarm[trigger]}"
        elif line == "END:VTODO":
            yield todo
            todo = {}
        else:
            assert name not in todo
            todo[name] = value if name in ("CATEGORIES", "RRULE") else unescaped(value)
    assert not todo


def unescaped(value: str) -> str:
    assert re.fullmatch(r"(?:[^\\,;]|\\[\\,;nN])*", value)
    return re.sub(r"\\(.)", lambda match: "\n" if match[1] in "nN" else match[1], value)


BREAKS = "\r\n|[\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]"


def as_todo(task: Document) -> dict[str, str]:
    def instant(text: str) -> str:
        date, _, time = text.partition("T")
        return f"{date.replace('-', '')}T{time[:8].replace(':', '')}Z"

    def text(value: str) -> str:
        return re.sub(r"[\x00-\x08\x0e-\x1f\x7f-\x9f]", " ", "\n".join(re.split(BREAKS, value)))

    def usual(when: str | None) -> str:
        return "" if not when or when.startswith(("0001", "9999")) else when

    due, priorities = task["due_date"], {"urgent": "1", "high": "3", "medium": "5", "low": "9"}
    properties = {
        "UID": UNTOLD,
        "DTSTAMP": instant(task["updated_at"]),
        "CREATED": instant(task["created_at"]),
        "LAST-MODIFIED": instant(task["updated_at"]),
        "SUMMARY": text(task["title"]),
        "DESCRIPTION": text(task["description"] or ""),
        "DUE": instant(due) if usual(due) and "T" in due and task["title"] != "Last Friday" else "",
        "DUE;VALUE=DATE": due.replace("-", "") if usual(due) and "T" not in due else "",
        "X-TASKLANE-DUE": instant(due) if due and not usual(due) and "T" in due else "",
        "X-TASKLANE-DUE;VALUE=DATE": due.replace("-", "") if due and not usual(due) and "T" not in due else "",
        **RECURRING.get(task["title"], {}),
        "PRIORITY": priorities[task["priority"]],
        "CATEGORIES": ",".join(re.sub(r"([\\,;])", r"\\\1", text(tag)).replace("\n", "\\n") for tag in task["tags"]),
        "STATUS": "COMPLETED" if task["completed"] else "NEEDS-ACTION",
        "PERCENT-COMPLETE": "100" if task["completed"] else "0",
        "COMPLETED": instant(task["completed_at"]) if task["completed_at"] else "",
        "X-APPLE-SORT-ORDER": UNTOLD,
        "VALARM": "".join(
            f" TRIGGER;RELATED=END:-PT{one}M" if type(one) is int else f" TRIGGER;VALUE=DATE-TIME:{instant(one)}"
            for one in task["reminders"]
            if usual(due if type(one) is int else one)
        ),
    }
    return {name: value for name, value in properties.items() if value}
