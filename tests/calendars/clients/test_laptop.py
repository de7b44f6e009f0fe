"""A laptop, with vdirsyncer and todoman, and the service's own API on the other side."""

import httpx
import pytest

from tests.calendars.clients.conftest import Owned
from tests.calendars.clients.devices.equal import expect_settled, of_device, of_service
from tests.calendars.clients.devices.programs import needs_programs

pytestmark = needs_programs


def test_what_one_side_makes_changes_and_deletes_the_other_has(owned: Owned, alice: httpx.Client) -> None:
    """By todoman's own commands, and by the API: created, edited, completed, opened again, deleted."""
    laptop = owned.laptop()
    laptop.todo("new", "-l", "tasks", "Milk", "-d", "2026-12-01 18:00", "--priority", "high", "-c", "shop")
    laptop.todo("new", "-l", "tasks", "Letter", "--priority", "low")
    here = alice.post("/api/tasks", json={"title": "Käse, Brot; Öl", "due_date": "2026-12-02", "tags": ["a,b", "c"]})
    there = alice.post("/api/tasks", json={"title": "Call", "priority": "urgent", "description": "One\nTwo\\n"}).json()
    laptop.sync()
    told = expect_settled(alice, laptop)
    assert told["Milk"]["due"] == "2026-12-01T23:00:00Z"
    assert (told["Milk"]["priority"], told["Milk"]["tags"]) == ("high", ["shop"])
    assert {each["summary"] for each in laptop.listed()} == {"Milk", "Letter", "Käse, Brot; Öl", "Call"}

    laptop.todo("edit", laptop.number("Milk"), "--priority", "medium", "--due", "2026-12-03 09:00")
    laptop.todo("done", laptop.number("Letter"))
    alice.patch(f"/api/tasks/{here.json()['id']}", json={"title": "Käse", "due_date": "2026-12-31"})
    alice.patch(f"/api/tasks/{there['id']}", json={"completed": True})
    laptop.sync()
    told = expect_settled(alice, laptop)
    assert told["Milk"]["due"] == "2026-12-03T14:00:00Z"
    assert told["Letter"]["completed"]
    assert told["Käse"] | {"due": "2026-12-31", "tags": ["a,b", "c"]} == told["Käse"]
    assert {each["summary"] for each in laptop.listed()} == {"Milk", "Käse"}

    laptop.todo("delete", "--yes", laptop.number("Milk"))
    alice.delete(f"/api/tasks/{here.json()['id']}")
    laptop.sync()
    assert set(expect_settled(alice, laptop)) == {"Letter", "Call"}


def test_a_task_is_beneath_another_on_both_sides(owned: Owned, alice: httpx.Client) -> None:
    """Put by the laptop, in whatever order, and by the API; moved, and left by itself when its parent is deleted."""
    laptop = owned.laptop()
    parent = laptop.add({"summary": "Move"})
    children = [laptop.add({"summary": f"Box {number}", "related-to": parent}) for number in range(5)]
    made = alice.post("/api/tasks", json={"title": "Travel"}).json()
    alice.post("/api/tasks", json={"title": "Ticket", "parent_id": made["id"]})
    laptop.sync()
    told = expect_settled(alice, laptop)
    assert {told[f"Box {number}"]["parent"] for number in range(5)} == {"Move"}
    assert told["Ticket"]["parent"] == "Travel"

    [travel] = [each["uid"] for each in laptop.told() if each["title"] == "Travel"]
    laptop.change(children[0], {"related-to": travel})
    laptop.change(children[1], {"related-to": None})
    box = next(task for task in alice.get("/api/tasks").json() if task["title"] == "Box 2")
    alice.patch(f"/api/tasks/{box['id']}", json={"parent_id": made["id"]})
    laptop.sync()
    told = expect_settled(alice, laptop)
    assert [told[f"Box {number}"]["parent"] for number in range(4)] == ["Travel", None, "Travel", "Move"]

    laptop.delete(parent)
    laptop.sync()
    laptop.sync()
    told = expect_settled(alice, laptop)
    assert "Move" not in told
    assert told["Box 3"]["parent"] is None


@pytest.mark.parametrize("conflict", ["null", "a wins", "b wins"])
def test_of_two_changes_the_laptops_owner_decides(owned: Owned, alice: httpx.Client, conflict: str) -> None:
    """Neither is lost until somebody has decided, and what is no conflict is synced all the same."""
    laptop = owned.laptop(conflict=f'"{conflict}"' if conflict != "null" else conflict)
    uid = laptop.add({"summary": "Plan"})
    laptop.sync()
    [task] = alice.get("/api/tasks").json()
    laptop.change(uid, {"summary": "Plan of the laptop"})
    laptop.add({"summary": "Another"})
    alice.patch(f"/api/tasks/{task['id']}", json={"title": "Plan of the page"})
    if conflict == "null":
        assert "onflict" in laptop.vdirsyncer("sync", fails=True)
        assert set(of_device(laptop)) == {"Plan of the laptop", "Another"}
        assert set(of_service(alice)) == {"Plan of the page", "Another"}
    else:
        laptop.sync()
        winner = "Plan of the laptop" if conflict == "a wins" else "Plan of the page"
        assert set(expect_settled(alice, laptop)) == {winner, "Another"}


def test_what_one_side_deletes_and_the_other_edits_stays(owned: Owned, alice: httpx.Client) -> None:
    """The edited task comes back, as the same one, on the side that had deleted it."""
    laptop = owned.laptop()
    one, other = (laptop.add({"summary": title, "description": "Kept"}) for title in ("One", "Other"))
    laptop.sync()
    tasks = {task["title"]: task["id"] for task in alice.get("/api/tasks").json()}
    laptop.delete(one)
    alice.patch(f"/api/tasks/{tasks['One']}", json={"title": "One, edited"})
    alice.delete(f"/api/tasks/{tasks['Other']}")
    laptop.change(other, {"summary": "Other, edited"})
    laptop.sync()
    told = expect_settled(alice, laptop)
    assert set(told) == {"One, edited", "Other, edited"}
    assert {task["id"] for task in alice.get("/api/tasks").json()} == set(tasks.values())


@pytest.mark.parametrize("arrives", [True, False])
@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_a_connection_lost_in_the_middle_costs_nothing(
    owned: Owned, alice: httpx.Client, method: str, *, arrives: bool
) -> None:
    """Whether the request that was under way has come through or not: the next sync does the rest, once."""
    laptop = owned.laptop()
    kept = [laptop.add({"summary": f"There {number}"}) for number in range(6)]
    laptop.sync()
    for uid in kept[:2]:
        laptop.change(uid, {"description": "Edited"})
    for uid in kept[3:]:
        laptop.delete(uid)
    for number in range(3):
        laptop.add({"summary": f"New {number}"})
    laptop.between.lose(method, 3, arrives=arrives)
    laptop.vdirsyncer("sync", fails=True)
    laptop.between.heal()
    laptop.sync()
    told = expect_settled(alice, laptop)
    assert set(told) == {*(f"There {number}" for number in range(3)), *(f"New {number}" for number in range(3))}
    assert [told[f"There {number}"]["description"] for number in range(3)] == ["Edited", "Edited", None]


def test_todoman_may_change_what_it_does_not_know(owned: Owned, alice: httpx.Client) -> None:
    """A program's own properties outlive an edit of todoman's, and one of the API's."""
    laptop = owned.laptop()
    lines = ("X-PROGRAM;X-P=1:Its own", "URL:https://example.org/", "GEO:1.5;2.5", "SUMMARY:Known")
    laptop.write(_with(lines), "known")
    laptop.sync()
    laptop.todo("edit", laptop.number("Known"), "--priority", "high")
    laptop.sync()
    [task] = alice.get("/api/tasks").json()
    assert task["priority"] == "high"
    alice.patch(f"/api/tasks/{task['id']}", json={"title": "Renamed"})
    laptop.sync()
    text = laptop.path("known").read_text()
    assert all(line.rpartition(":")[2] in text for line in lines[:3])
    assert "SUMMARY:Renamed" in text
    expect_settled(alice, laptop)


def test_no_more_is_asked_than_the_limits_allow(owned: Owned, alice: httpx.Client) -> None:
    """vdirsyncer waits where it is told to, and comes through with everything."""
    laptop = owned.laptop(LIMIT_WRITES_BURST="3", LIMIT_WRITES_RATE="0.5")
    for number in range(8):
        laptop.add({"summary": f"Task {number}"})
    laptop.sync()
    assert {status for method, _, status in laptop.between.refusals() if method == "PUT"} == {429}
    assert len(expect_settled(alice, laptop)) == 8


def _with(lines: tuple[str, ...]) -> str:
    around = ("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//A program//EN", "BEGIN:VTODO", "UID:known")
    all_lines = (*around, "DTSTAMP:20261128T100000Z", *lines, "END:VTODO", "END:VCALENDAR")
    return "".join(f"{line}\r\n" for line in all_lines)
