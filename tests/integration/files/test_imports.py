"""Files of other programs come in by the service: as they would in the samples' lists, or not at all."""

import io
import json
import zipfile
from collections import Counter
from collections.abc import Iterator
from operator import itemgetter
from typing import Any

import httpx
import pytest

from core.recurrence.rule import parse
from tests.hostile.__main__ import forget_the_most, memory
from tests.imports.damage import damaged
from tests.imports.many import many
from tests.imports.test_samples import FORMATS, SAMPLES
from tests.integration.files.lists import NASTY
from tests.stack import ApiProcess, Stack, client, new_user

Document = dict[str, Any]

IMPORT = "/api/tasks/import"
BERLIN = {"time_zone": "Europe/Berlin"}
FILE = {"content-type": "application/octet-stream"}
MORE_MEGABYTES = 80
MANY = 20_000

# A calendar has whole seconds, and no control characters.
KEPT_BY = {
    "json": (
        "title",
        "description",
        "tags",
        "reminders",
        "completed",
        "priority",
        "due_date",
        "recurrence",
        "created_at",
        "completed_at",
    ),
    "csv": ("title", "description", "tags", "completed", "priority", "recurrence", "created_at", "completed_at"),
    "ics": ("completed", "priority"),
    "zip": ("completed", "priority"),
}


@pytest.fixture(scope="module")
def api(stack: Stack) -> Iterator[ApiProcess]:
    """An API that lets its users write as often as they like."""
    api = stack.api(LIMIT_WRITES_RATE="0")
    yield api
    api.stop()


@pytest.fixture
def bob(api: ApiProcess) -> Iterator[httpx.Client]:
    """A user with no tasks."""
    with client(api.url, new_user()) as bob:
        yield bob


def bring(who: httpx.Client, document: bytes, **asked: str) -> httpx.Response:
    return who.post(IMPORT, params={"format": "auto", **BERLIN, **asked}, content=document, headers=FILE)


def expected(name: str) -> list[Document]:
    tasks: list[Document] = json.loads((SAMPLES / name).with_suffix(".expected.json").read_text())
    return tasks


def in_common(task: Document) -> Document:
    """What the samples' lists and the service say of a task in the same words; there no priority is the usual one."""
    names = ("title", "description", "completed", "due_date", "tags")
    return {name: task[name] for name in names} | {"priority": task["priority"] or "medium"}


def families(tasks: list[Document], name: str, parent: str) -> dict[str | None, list[str]]:
    """By the titles of parents, those of their children, which are told apart by no more, in their order."""
    titles = {task[name]: task["title"] for task in tasks}
    found: dict[str | None, list[str]] = {}
    for task in tasks:
        found.setdefault(titles.get(task[parent]), []).append(task["title"])
    return found


@pytest.mark.parametrize("name", FORMATS)
def test_a_sample_becomes_tasks(bob: httpx.Client, name: str) -> None:
    """Whose file it is need not be said; the times that it has stay, and what has no place is counted."""
    answer = bring(bob, (SAMPLES / name).read_bytes())
    assert answer.status_code == 201, answer.text
    tasks = expected(name)
    told = answer.json()
    assert (told["imported"], told["format"]) == (len(tasks), FORMATS[name])
    assert "parent" not in told["not_carried"]
    made = bob.get("/api/tasks?sort=position").json()
    assert Counter((task["title"], task["recurrence"]["rule"]) for task in made if task["recurrence"]) == Counter(
        (task["title"], str(parse(task["recurrence"]))) for task in tasks if task["recurrence"] and task["due_date"]
    )
    assert sorted(map(repr, map(in_common, made))) == sorted(map(repr, map(in_common, tasks)))
    assert families(made, "id", "parent_id") == families(sorted(tasks, key=itemgetter("position")), "ref", "parent")
    times = {task["created_at"] for task in made}
    assert {task["created_at"] for task in tasks if len(task["created_at"] or "") > 10} <= times


@pytest.mark.parametrize("name", FORMATS)
def test_a_dry_run_shows_what_would_be_made(bob: httpx.Client, name: str) -> None:
    """Task by task, with what is not carried over; then there is none, and an import makes just these."""
    document = (SAMPLES / name).read_bytes()
    shown = bring(bob, document, dry_run="true")
    assert shown.status_code == 200, shown.text
    preview = shown.json()
    assert bob.get("/api/account").json()["tasks"] == 0
    made = bring(bob, document).json()
    assert {**preview, "imported": len(preview["tasks"])} == {**made, "tasks": preview["tasks"]}
    told = [one["what"] for task in preview["tasks"] for one in task["not_carried"]]
    assert made["not_carried"] == {what: told.count(what) for what in told}
    tasks = bob.get("/api/tasks").json()
    assert sorted(map(repr, map(in_common, tasks))) == sorted(map(repr, map(in_common, preview["tasks"])))


@pytest.mark.parametrize("name", FORMATS)
def test_a_damaged_file_makes_nothing(bob: httpx.Client, name: str) -> None:
    """Fifty of each are refused with the place, whether it is said whose they are or not."""
    for number, document in enumerate(damaged((SAMPLES / name).read_bytes(), name.rpartition(".")[2])):
        refused = bring(bob, document, format=FORMATS[name])
        assert refused.status_code == 422
        assert "line " in refused.json()["detail"]
        if not number % 10:
            assert bring(bob, document).status_code == 422
    assert bob.get("/api/account").json()["tasks"] == 0


def test_reminders_come_along(bob: httpx.Client) -> None:
    """Up to five; what is at a place, or one of too many, is told of."""
    alarms = "".join(f"BEGIN:VALARM\nTRIGGER:-PT{minutes}M\nEND:VALARM\n" for minutes in (5, 10, 10, 15, 20, 30, 60))
    place = "BEGIN:VALARM\nX-APPLE-PROXIMITY:ARRIVE\nTRIGGER;VALUE=DATE-TIME:19760401T005545Z\nEND:VALARM\n"
    todo = f"BEGIN:VTODO\nUID:a\nSUMMARY:Walk\nDUE:20310101T100000Z\n{alarms}{place}END:VTODO\n"
    answer = bring(bob, f"BEGIN:VCALENDAR\n{todo}END:VCALENDAR\n".encode())
    assert answer.json()["not_carried"] == {"reminder": 2}
    [task] = bob.get("/api/tasks").json()
    assert task["reminders"] == [5, 10, 15, 20, 30]


def test_a_tree_that_is_too_large_is_parted(bob: httpx.Client) -> None:
    """Nobody is lost: who has no place beneath it comes to the top."""
    count = 5002
    items: list[Document] = [{"id": "0", "content": "0", "priority": 1}]
    items += [
        {"id": f"{number}", "parent_id": "0", "content": f"{number}", "priority": 1} for number in range(1, count)
    ]
    answer = bring(bob, json.dumps({"items": items}).encode())
    assert (answer.json()["imported"], answer.json()["not_carried"]) == (count, {"parent": 2})
    assert bob.get("/api/tasks?parent_id=none").headers["x-total-count"] == "3"


def test_lists_can_become_tags(bob: httpx.Client) -> None:
    """When that is asked for; without, it is told that they are lost."""
    document = (SAMPLES / "trello-board.json").read_bytes()
    cards = bring(bob, document, dry_run="true", lists="tags").json()
    assert ["garden", "House"] in [task["tags"] for task in cards["tasks"]]
    assert "list" not in cards["not_carried"]
    assert bring(bob, document, dry_run="true").json()["not_carried"]["list"] == 2


def test_what_is_too_long_is_cut_and_told(bob: httpx.Client) -> None:
    """The whole title stands in the description, as far as that goes."""
    title = "A title that never ends, " * 10
    tags = [f"tag-{number}" for number in range(25)] + ["x" * 60]
    document = json.dumps(
        {"cards": [{"name": title, "desc": "y" * 2000, "labels": [{"name": tag} for tag in tags]}], "lists": []}
    )
    answer = bring(bob, document.encode())
    assert answer.json()["not_carried"] == {"title": 1, "description": 1, "tag": 7}
    [task] = bob.get("/api/tasks").json()
    assert (len(task["title"]), task["title"][-1], len(task["description"]), len(task["tags"])) == (200, "…", 1000, 20)
    assert task["description"].startswith(title.strip())


def test_text_that_cannot_be_kept_is_no_error(bob: httpx.Client) -> None:
    """NUL characters and halves of surrogate pairs, wherever they are."""
    nasty = "a\0b"
    card = {"name": nasty, "desc": nasty, "labels": [{"name": nasty}], "idList": "l", "id": "c"}
    board = {"name": nasty + "\ud800", "lists": [{"id": "l", "name": nasty}], "cards": [card]}
    answer = bring(bob, json.dumps(board).encode(), lists="tags")
    assert answer.status_code == 201, answer.text
    [task] = bob.get("/api/tasks").json()
    assert (task["title"], task["description"], task["tags"]) == ("ab", "ab", ["ab", "ab?"])


def test_an_import_of_a_file_is_made_once_per_key(bob: httpx.Client) -> None:
    """The same key and file have the first answer; another file, or another way to read it, is refused."""
    document = (SAMPLES / "todo.txt").read_bytes()

    def send(content: bytes, **asked: str) -> httpx.Response:
        return bob.post(
            IMPORT, params={"format": "auto", **asked}, content=content, headers={**FILE, "idempotency-key": "k"}
        )

    first, again = send(document), send(document)
    assert (first.status_code, again.json(), again.headers["idempotent-replayed"]) == (201, first.json(), "true")
    assert send(document + b"more\n").status_code == 422
    assert send(document, lists="tags").status_code == 422
    assert bob.get("/api/account").json()["tasks"] == first.json()["imported"]


@pytest.mark.parametrize(
    ("asked", "pointer"),
    [
        ({"format": "excel"}, "?format"),
        ({"dry_run": "yes"}, "?dry_run"),
        ({"time_zone": "Berlin"}, "?time_zone"),
        ({"time_zone": ""}, "?time_zone"),
        ({"lists": "both"}, "?lists"),
    ],
)
def test_what_is_asked_for_must_be_known(bob: httpx.Client, asked: dict[str, str], pointer: str) -> None:
    """Each parameter has its words."""
    refused = bring(bob, (SAMPLES / "todo.txt").read_bytes(), **asked)
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, pointer)


def test_a_type_that_is_no_file_is_refused(bob: httpx.Client) -> None:
    """A form is none, and without a format only JSON is taken."""
    for asked, media_type in ({"format": "auto"}, "multipart/form-data"), ({}, "text/csv"):
        refused = bob.post(IMPORT, params=asked, content=b"x", headers={"content-type": media_type})
        assert (refused.status_code, "application/json" in refused.headers["accept"]) == (415, True)


@pytest.mark.parametrize(
    "document", [b"", b"{}", b"[]", b"PK\x05\x06" + b"\0" * 18, b"\x89PNG\r\n\x1a\n\0", b"Hello there"]
)
def test_what_nobody_knows_is_refused(bob: httpx.Client, document: bytes) -> None:
    """With a sentence about the file, not about us."""
    refused = bring(bob, document)
    assert refused.status_code == 422, refused.text
    assert "no format that is known" in refused.json()["detail"]


@pytest.mark.parametrize("kind", ["ics", "zip", "csv", "json"])
def test_what_was_exported_comes_back(bob: httpx.Client, api: ApiProcess, kind: str) -> None:
    """In each format, found out by itself: all that the format can hold."""
    for task in NASTY[:-1]:
        assert bob.post("/api/tasks", json=task).status_code == 201
    exported = bob.get(f"/api/tasks/export?format={kind}").content
    with client(api.url, new_user()) as carol:
        answer = carol.post(IMPORT, params={"format": "auto"}, content=exported, headers=FILE)
        assert (answer.status_code, answer.json().get("imported")) == (201, len(NASTY) - 1), answer.text
        assert answer.json()["left_out"] == answer.json()["not_carried"] == {}
        before, after = (sorted(who.get("/api/tasks").json(), key=lambda task: task["title"]) for who in (bob, carol))
    for name in KEPT_BY[kind]:
        assert [task[name] for task in after] == [task[name] for task in before], name


SERIES: list[Document] = [
    {"title": "a", "due_date": "2031-01-02", "recurrence": {"rule": "FREQ=WEEKLY;COUNT=5"}},
    {
        "title": "b",
        "due_date": "2031-03-29T02:30:00+01:00",
        "recurrence": {"rule": "FREQ=DAILY", "time_zone": "Europe/Berlin"},
    },
    {"title": "c", "due_date": "2031-01-31", "recurrence": {"rule": "FREQ=MONTHLY;BYDAY=-1FR"}},
    {
        "title": "d",
        "due_date": "2031-01-02T10:00:00Z",
        "recurrence": {"rule": "FREQ=DAILY;INTERVAL=3", "from": "completion", "time_zone": "Asia/Kathmandu"},
    },
]


@pytest.mark.parametrize("kind", ["ics", "zip", "csv", "json"])
def test_a_series_that_was_exported_goes_on(bob: httpx.Client, api: ApiProcess, kind: str) -> None:
    """In each format on the same clock, counted from the same; in those of the service also what was put off."""
    for task in SERIES:
        assert bob.post("/api/tasks", json=task).status_code == 201
    task = bob.get("/api/tasks?search=a").json()[0]
    put_off = bob.patch(f"/api/tasks/{task['id']}", json={"due_date": "2031-01-03"})
    assert put_off.is_success
    exported = bob.get(f"/api/tasks/export?format={kind}").content
    with client(api.url, new_user()) as carol:
        answer = carol.post(IMPORT, params={"format": "auto"}, content=exported, headers=FILE)
        assert (answer.status_code, answer.json()["not_carried"]) == (201, {}), answer.text
        before, after = (sorted(who.get("/api/tasks").json(), key=itemgetter("title")) for who in (bob, carol))
        assert [task["recurrence"] for task in after] == [task["recurrence"] for task in before]
        occurrences = [
            [who.get(f"/api/tasks/{task['id']}/occurrences").json() for task in tasks]
            for who, tasks in ((bob, before), (carol, after))
        ]
    kept = kind in ("csv", "json")
    assert (occurrences[0] == occurrences[1]) is kept
    assert occurrences[0][1:] == occurrences[1][1:]


@pytest.mark.parametrize("kind", ["ics", "zip", "csv", "json"])
def test_a_tree_that_was_exported_comes_back(bob: httpx.Client, api: ApiProcess, kind: str) -> None:
    """With its order by hand and its reminders."""
    ids: dict[str, int] = {}
    for title, parent in ("a", None), ("b", "a"), ("c", "a"), ("d", "b"), ("e", None):
        new = {"title": title, "parent_id": ids.get(parent or ""), "reminders": [5, "2031-01-01T10:00:00.000Z"]}
        ids[title] = bob.post("/api/tasks", json={**new, "due_date": "2031-01-02"}).json()["id"]
    moved = bob.post(f"/api/tasks/{ids['b']}/move", json={"after": None, "parent_id": ids["a"]})
    assert moved.is_success, moved.text
    before = bob.get("/api/tasks?sort=position").json()
    exported = bob.get(f"/api/tasks/export?format={kind}").content
    with client(api.url, new_user()) as carol:
        answer = carol.post(IMPORT, params={"format": "auto"}, content=exported, headers=FILE)
        assert (answer.status_code, answer.json()["not_carried"]) == (201, {}), answer.text
        after = carol.get("/api/tasks?sort=position").json()
    assert families(after, "id", "parent_id") == families(before, "id", "parent_id")
    assert [task["reminders"] for task in after] == [task["reminders"] for task in before]


def test_a_zip_bomb_is_refused(bob: httpx.Client, api: ApiProcess) -> None:
    """By what it says of itself, and by what it is; it takes no memory."""
    assert api.pid
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("Tasks.json", b" " * 400_000_000)
    lying = packed.getvalue().replace((400_000_000).to_bytes(4, "little"), (1000).to_bytes(4, "little"))
    forget_the_most(api.pid)
    before = memory(api.pid, "VmRSS")
    for document in (packed.getvalue(), lying):
        assert bring(bob, document).status_code == 422
    assert memory(api.pid, "VmHWM") < before + MORE_MEGABYTES


@pytest.mark.parametrize("name", FORMATS)
def test_a_large_file_takes_little_memory(api: ApiProcess, bob: httpx.Client, name: str) -> None:
    """Twenty thousand tasks of each format."""
    assert api.pid
    document = many(name, MANY)
    forget_the_most(api.pid)
    before = memory(api.pid, "VmRSS")
    answer = bring(bob, document)
    assert (answer.status_code, answer.json().get("imported")) == (201, MANY), answer.text
    assert memory(api.pid, "VmHWM") < before + MORE_MEGABYTES
