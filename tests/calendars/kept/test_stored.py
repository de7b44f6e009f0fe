"""What calendars put is stored beside the task: names, uids and what is kept, whoever changes the task."""

import io
import json
import re
from functools import partial
from typing import Any
from zipfile import ZipFile

import httpx
import pytest

from api.tasks import preconditions
from core.calendars import writes
from core.calendars.fields import named_parameters
from core.errors import NotFound, PreconditionFailed, UidConflict
from core.tasks.crud import task_etag
from core.types import Revision
from tests.calendars.kept.properties import STANDARDS
from tests.calendars.kept.test_properties import lines_of
from tests.calendars.objects import Collection, todo
from tests.integration.files.lists import seed
from tests.integration.wires import rows
from tests.stack import Stack
from tests.steps import outside

pytestmark = pytest.mark.anyio

MEMBERS = ("uid", "parent_uid", "calendar")

ODD = todo(
    "SUMMARY;LANGUAGE=de;X-COLOUR=red:Milch \\, Brot",
    'X-VENDOR;X-A="b;c":whatever\\nthat is',
    "LOCATION:Somewhere",
    "BEGIN:VALARM",
    "ACTION:EMAIL",
    "TRIGGER:-PT5M",
    "ATTENDEE:mailto:a@example.org",
    "END:VALARM",
)


async def test_what_was_put_comes_back_to_the_octet(mine: Collection, alice: httpx.Client) -> None:
    """Also what no task has; and the task shows what it has of it."""
    put = await mine.put("a.ics", ODD)
    assert put.made
    assert await mine.get("a.ics") == ODD
    [task] = alice.get("/api/tasks").json()
    assert (task["id"], task["title"]) == (put.id, "Milch , Brot")


async def test_a_change_elsewhere_changes_that_and_nothing_else(mine: Collection, alice: httpx.Client) -> None:
    """The line of the title is another one, the stamps are, and the rest is there to the letter."""
    put = await mine.put("a.ics", ODD)
    alice.patch(f"/api/tasks/{put.id}", json={"title": "Butter"}).raise_for_status()
    got = await mine.get("a.ics")
    assert got is not None
    before, after = (body.decode().split("\r\n") for body in (ODD, got))
    kept = [line for line in before if not line.startswith(("SUMMARY", "DTSTAMP"))]
    assert [line for line in after if not line.startswith(("SUMMARY", "DTSTAMP", "LAST-MODIFIED"))] == kept
    assert after.index("SUMMARY:Butter") == before.index("SUMMARY;LANGUAGE=de;X-COLOUR=red:Milch \\, Brot")


async def test_a_change_and_its_opposite_leave_what_was_put(mine: Collection, alice: httpx.Client) -> None:
    """A task that says again what was put is written as it was put."""
    put = await mine.put("a.ics", ODD)
    for body in ({"tags": ["x"], "completed": True}, {"tags": [], "completed": False}):
        alice.patch(f"/api/tasks/{put.id}", json=body).raise_for_status()
    assert await mine.get("a.ics") == ODD


async def test_a_put_of_something_that_no_task_has_is_a_change(mine: Collection, alice: httpx.Client) -> None:
    """Caches, mirrors and validators learn of it."""
    await mine.put("a.ics", ODD)
    [before] = alice.get("/api/tasks").json()
    await mine.put("a.ics", ODD.replace(b"Somewhere", b"Elsewhere"))
    [after] = alice.get("/api/tasks").json()
    assert before["etag"] != after["etag"]
    assert {**before, "etag": after["etag"], "updated_at": after["updated_at"]} == after


async def test_a_row_changed_by_hand_is_a_change_of_the_task(
    mine: Collection, alice: httpx.Client, stack: Stack
) -> None:
    """Whoever writes it: the task gets a new revision."""
    await mine.put("a.ics", ODD)
    [before] = alice.get("/api/tasks").json()
    with outside(stack.database_url) as other:
        rows(other, "UPDATE calendar_objects SET name = 'b.ics' WHERE user_id = %s", mine.owner)
    [task] = await mine.tasks()
    assert task["etag"] != before["etag"]
    assert await mine.get("b.ics") == ODD


async def test_a_task_made_elsewhere_has_a_name_and_an_object(mine: Collection, alice: httpx.Client) -> None:
    """Which a client reads and puts back: then the task is the same, and its name."""
    made = alice.post("/api/tasks", json={"title": "Here", "priority": "urgent", "tags": ["a,b"]}).json()
    [name] = await mine.named()
    got = await mine.get(name)
    assert got is not None
    put = await mine.put(name, got)
    assert not put.made
    assert await mine.get(name) == got
    [task] = alice.get("/api/tasks").json()
    assert {**made, "etag": task["etag"], "updated_at": task["updated_at"]} == task
    assert list(await mine.named()) == [name]


async def test_names_and_uids_are_of_one_object_each(mine: Collection, alice: httpx.Client) -> None:
    """A second one of a uid is refused with the name of the first, and so is another uid for the same name."""
    await mine.put("a.ics", todo("SUMMARY:A", uid="a"))
    alice.post("/api/tasks", json={"title": "Here"}).raise_for_status()
    [*_, here] = await mine.tasks()
    for name, uid, taken in (("b.ics", "a", "a.ics"), ("a.ics", "b", "a.ics"), ("c.ics", here["uid"], here["name"])):
        with pytest.raises(UidConflict) as refused:
            await mine.put(name, todo("SUMMARY:B", uid=uid))
        assert refused.value.name == taken
    assert await mine.named() == {"a.ics": "A", here["name"]: "Here"}


@pytest.mark.parametrize(
    ("sql", "parameters"),
    [(writes._BY_NAME, named_parameters(["a.ics"])), (writes._BY_UID, {"uid": "one@example.org", "uuid": None})],
)
async def test_an_object_is_found_without_a_look_at_all_tasks(
    mine: Collection, stack: Stack, sql: Any, parameters: dict[str, Any]
) -> None:
    """By its name and by a client's uid, however many tasks there are, and how few PostgreSQL has counted."""
    with outside(stack.database_url) as hands:
        hands.execute(
            "INSERT INTO tasks (user_id, title, revision) SELECT 'one of ' || n, 'One', 1"
            " FROM generate_series(1, 3000) n"
        )
        hands.execute("ANALYZE tasks")
        hands.execute("DELETE FROM tasks WHERE user_id LIKE 'one of %'")
    seed(stack, mine.owner, 2000)
    await mine.put("a.ics", ODD)
    explained = await mine.rows("EXPLAIN (ANALYZE, TIMING off) " + sql, **parameters)
    plan = "\n".join(line for (line,) in explained)
    assert "using tasks_pkey on tasks t" in plan
    assert not re.search(r"Rows Removed by [A-Z a-z]+: \d{3}", plan), plan


async def test_conditions_hold(mine: Collection) -> None:
    """On an object that is there, and on one that is not."""
    absent = partial(preconditions.condition, if_match=None, if_none_match="*")
    put = await mine.put("a.ics", todo("SUMMARY:A"), absent)
    for condition in (absent, partial(preconditions.condition, if_match=task_etag(put.id, Revision(1)))):
        with pytest.raises(PreconditionFailed):
            await mine.put("a.ics", todo("SUMMARY:B"), condition)
        with pytest.raises(PreconditionFailed):
            await mine.delete("a.ics", condition)
    matching = partial(preconditions.condition, if_match=task_etag(put.id, put.revision))
    with pytest.raises(PreconditionFailed):
        await mine.put("b.ics", todo("SUMMARY:B", uid="b"), matching)
    with pytest.raises(PreconditionFailed):
        await mine.put("b.ics", todo("SUMMARY:B", uid="b"), only_update=True)
    await mine.put("a.ics", todo("SUMMARY:C"), matching)
    assert await mine.named() == {"a.ics": "C"}


async def test_what_is_deleted_and_put_again_is_the_same_task(mine: Collection, alice: httpx.Client) -> None:
    """By the same name and uid: a client's undo. By another name it is another one, and the old one stays deleted."""
    first = await mine.put("a.ics", todo("SUMMARY:A"))
    await mine.delete("a.ics")
    assert await mine.get("a.ics") is None
    with pytest.raises(NotFound):
        await mine.delete("a.ics")
    again = await mine.put("a.ics", todo("SUMMARY:A"))
    assert (again.id, again.made) == (first.id, True)
    await mine.delete("a.ics")
    other = await mine.put("b.ics", todo("SUMMARY:B"))
    third = await mine.put("a.ics", todo("SUMMARY:C", uid="another"))
    assert len({first.id, other.id, third.id}) == 3
    assert await mine.named() == {"a.ics": "C", "b.ics": "B"}
    alice.post(f"/api/tasks/{first.id}/restore").raise_for_status()
    assert sorted((await mine.named()).values()) == ["A", "B", "C"]
    assert len({task["uid"] for task in await mine.tasks()}) == 3


@pytest.mark.parametrize("order", [("parent", "child"), ("child", "parent")])
async def test_a_child_finds_its_parent_in_whatever_order_they_come(mine: Collection, order: tuple[str, str]) -> None:
    """And neither object is changed by that."""
    bodies = {
        "parent": todo("SUMMARY:Parent", uid="p"),
        "child": todo("SUMMARY:Child", "RELATED-TO;X-B=1:p", uid="c"),
    }
    for name in order:
        await mine.put(f"{name}.ics", bodies[name])
    tasks = {task["title"]: task for task in await mine.tasks()}
    assert tasks["Child"]["parent_id"] == tasks["Parent"]["id"]
    for name in order:
        assert await mine.get(f"{name}.ics") == bodies[name]


async def test_a_deleted_parent_leaves_its_children_and_gets_them_back(mine: Collection) -> None:
    """A client deletes one object: no other one changes, and none vanishes from other devices."""
    parent, child = todo("SUMMARY:Parent", uid="p"), todo("SUMMARY:Child", "RELATED-TO:p", uid="c")
    await mine.put("p.ics", parent)
    await mine.put("c.ics", child)
    await mine.delete("p.ics")
    [task] = await mine.tasks()
    assert (task["parent_id"], task["parent_uid"]) == (None, "p")
    assert await mine.get("c.ics") == child
    put = await mine.put("p.ics", parent)
    assert [task["parent_id"] for task in await mine.tasks() if task["title"] == "Child"] == [put.id]
    assert await mine.get("c.ics") == child


async def test_what_cannot_be_beneath_it_stays_where_it_is(mine: Collection) -> None:
    """Too deep, or in a circle: the task stands at the top, and its object says what it said."""
    bodies = {f"{level}.ics": todo("SUMMARY:x", f"RELATED-TO:{level - 1}", uid=str(level)) for level in range(6)}
    for name, body in bodies.items():
        await mine.put(name, body)
    await mine.put("0.ics", looped := todo("SUMMARY:x", "RELATED-TO:3", uid="0"))
    bodies["0.ics"] = looped
    tasks = {task["uid"]: task for task in await mine.tasks()}
    assert [bool(tasks[str(level)]["parent_id"]) for level in range(6)] == [False, True, True, True, False, True]
    for name, body in bodies.items():
        assert await mine.get(name) == body


async def test_the_order_of_a_client_is_that_of_the_list(mine: Collection, alice: httpx.Client) -> None:
    """X-APPLE-SORT-ORDER is the place, and a place that is moved here another number."""
    for number, order in enumerate((700_000_003, 700_000_001, -5, 700_000_002)):
        await mine.put(f"{number}.ics", todo(f"SUMMARY:{number}", f"X-APPLE-SORT-ORDER:{order}", uid=str(number)))
    shown = alice.get("/api/tasks", params={"sort": "position"}).json()
    assert [task["title"] for task in shown] == ["2", "1", "3", "0"]
    alice.post(f"/api/tasks/{shown[3]['id']}/move", json={"after": None}).raise_for_status()
    got = await mine.get("0.ics")
    assert got is not None
    assert b"X-APPLE-SORT-ORDER:700000003" not in got
    await mine.put("0.ics", got)
    assert [task["title"] for task in alice.get("/api/tasks?sort=position").json()] == ["0", "2", "1", "3"]


async def test_what_is_erased_takes_its_object_along(mine: Collection, alice: httpx.Client, stack: Stack) -> None:
    """From the trash, and by the worker, who erases what is old and whole accounts."""
    with outside(stack.database_url) as other:
        count = "SELECT count(*) FROM calendar_objects WHERE user_id = %s"
        await mine.put("a.ics", ODD)
        await mine.delete("a.ics")
        assert rows(other, count, mine.owner) == [1]
        alice.delete("/api/tasks/trash").raise_for_status()
        assert rows(other, count, mine.owner) == [0]
        await mine.put("a.ics", ODD)
        rows(other, "SET ROLE tasklane_worker")
        rows(other, "DELETE FROM tasks WHERE user_id = %s", mine.owner)
        rows(other, "RESET ROLE")
        assert rows(other, count, mine.owner) == [0]


async def test_an_export_brings_everything_elsewhere(mine: Collection, alice: httpx.Client, bob: httpx.Client) -> None:
    """As JSON with names, as iCalendar without; uids and what is kept come along, if nobody has them."""
    await mine.put("a.ics", ODD)
    await mine.put("c.ics", todo("SUMMARY:Child", "RELATED-TO:one@example.org", "GEO:1;2", uid="c"))
    theirs = alice.get("/api/tasks/export").json()["tasks"]
    for _ in range(2):
        bob.post("/api/tasks/import", json={"version": 1, "tasks": theirs}).raise_for_status()
    first, second, *again = bob.get("/api/tasks/export").json()["tasks"]
    for task, their in zip((first, second), theirs, strict=True):
        their["calendar"]["as_is"] = False
        assert {name: task[name] for name in MEMBERS} == {name: their[name] for name in MEMBERS}
    assert len({task["uid"] for task in (first, second, *again)}) == 4
    assert [task["calendar"]["name"] for task in again] == [None, None]
    assert json.dumps(again).count("GEO:1;2") == 1


async def test_icalendar_brings_what_no_task_has_elsewhere(
    mine: Collection, alice: httpx.Client, bob: httpx.Client
) -> None:
    """Every property of each standard, in one file or one file each, and what is exported again says the same."""
    cases = [case for standard in STANDARDS.values() for case in standard.values()]
    for number, case in enumerate(cases):
        title = () if "SUMMARY" in case.lines[0] else (f"SUMMARY:{number}",)
        await mine.put(f"{number}.ics", todo(*title, *case.lines, uid=f"uid-{number}"))
    exported = alice.get("/api/tasks/export", params={"format": "ics"}).content
    bob.post(
        "/api/tasks/import?format=ics", content=exported, headers={"content-type": "text/calendar"}
    ).raise_for_status()
    again = bob.get("/api/tasks/export", params={"format": "ics"}).content
    assert sorted(objects_of(exported)) == sorted(objects_of(again))
    assert len(objects_of(exported)) == len(cases)
    with ZipFile(io.BytesIO(alice.get("/api/tasks/export", params={"format": "zip"}).content)) as files:
        each = [found for name in files.namelist() for found in objects_of(files.read(name))]
    assert sorted(each) == sorted(objects_of(exported))


def objects_of(calendar: bytes) -> list[str]:
    """Each VTODO as text, without what says when it was written."""
    text = "\n".join(line for line in lines_of(calendar) if not line.startswith(("DTSTAMP", "LAST-MODIFIED")))
    return [part.partition("\nEND:VTODO\n")[0] for part in text.split("BEGIN:VTODO\n")[1:]]
