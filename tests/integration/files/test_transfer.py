"""Export and import: what leaves comes back as it was, whole or not at all."""

import http.client
import json
import re
from contextlib import closing

import httpx
import pytest

from core.types import UserId
from tests.contract.reference import UNTOLD
from tests.integration.files.formats import calendar
from tests.integration.files.lists import EXPORT, IMPORT, Document, seed
from tests.stack import Stack, client, new_user
from tests.steps import outside, until
from tests.tokens import shared_secret_token

OF_THE_TREE = ("position", "parent_id", "parent_uid")


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


def without_ids(task: Document) -> Document:
    unkept = {"id", "user_id", "uid", "etag", "series_id", *OF_THE_TREE}
    return {name: value for name, value in task.items() if name not in unkept}
