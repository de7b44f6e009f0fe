"""A script with the library `caldav`, and the service's own API on the other side."""

import httpx
import pytest

from tests.calendars.clients.conftest import Owned
from tests.calendars.clients.devices.devices import Refused, Script, todo_file
from tests.calendars.clients.devices.equal import expect_settled, of_service
from tests.calendars.clients.devices.programs import needs_programs

pytestmark = needs_programs


@pytest.fixture
def script(owned: Owned) -> Script:
    return owned.script()


def test_what_one_side_makes_changes_and_deletes_the_other_has(script: Script, alice: httpx.Client) -> None:
    """By sync tokens: each sync asks for what has changed, and no list is asked for."""
    uid = script.add(
        {"summary": "Milk", "due": "at 2026-12-01T18:00:00 Europe/Berlin", "priority": 1, "categories": ["shop"]}
    )
    day = script.add({"summary": "Day", "due": "on 2026-12-02", "description": "A\nb; c, d\\n"})
    made = alice.post("/api/tasks", json={"title": "Call", "priority": "low", "tags": ["a,b", "c"]}).json()
    script.sync()
    told = expect_settled(alice, script)
    assert (told["Milk"]["due"], told["Milk"]["priority"]) == ("2026-12-01T17:00:00Z", "urgent")
    assert (told["Day"]["due"], told["Day"]["description"]) == ("2026-12-02", "A\nb; c, d\\n")
    assert told["Call"]["tags"] == ["a,b", "c"]

    script.change(uid, {"summary": "Oat milk", "due": "on 2026-12-05", "categories": None})
    script.aide("complete", day, {})
    alice.patch(f"/api/tasks/{made['id']}", json={"title": "Call back", "completed": True})
    script.sync()
    told = expect_settled(alice, script)
    assert (told["Oat milk"]["due"], told["Oat milk"]["tags"]) == ("2026-12-05", [])
    assert told["Day"]["completed"]
    assert told["Call back"]["completed"]

    script.aide("uncomplete", day)
    script.delete(uid)
    alice.delete(f"/api/tasks/{made['id']}")
    script.sync()
    told = expect_settled(alice, script)
    assert set(told) == {"Day"}
    assert not told["Day"]["completed"]
    asked = [each.asked for each in script.between.told if each.method == "REPORT"]
    assert sum(b"sync-collection" in each for each in asked) == len(asked) - 3, "but for three by their UIDs"


def test_a_time_at_an_offset_is_that_instant(script: Script, alice: httpx.Client) -> None:
    """The library writes the zone that Python calls `UTC+01:00`, and does not describe it."""
    for due in ("2026-12-01T18:00:00+01:00", "2026-12-01T18:00:00-03:30"):
        script.add({"summary": due, "due": f"at {due}"})
    dues = {task["title"]: task["due_date"] for task in alice.get("/api/tasks").json()}
    assert set(dues.values()) == {"2026-12-01T17:00:00.000Z", "2026-12-01T21:30:00.000Z"}


def test_a_task_is_beneath_another_on_both_sides(script: Script, alice: httpx.Client) -> None:
    """Put by the script, and by the API; and left by itself when its parent is deleted."""
    parent, child = script.add({"summary": "Move"}), script.add({"summary": "Box"})
    script.aide("nest", child, parent)
    made = alice.post("/api/tasks", json={"title": "Travel"}).json()
    alice.post("/api/tasks", json={"title": "Ticket", "parent_id": made["id"]})
    script.sync()
    told = expect_settled(alice, script)
    assert (told["Box"]["parent"], told["Ticket"]["parent"]) == ("Move", "Travel")
    script.delete(parent)
    script.sync()
    assert expect_settled(alice, script)["Box"]["parent"] is None


def test_whoever_changes_what_has_changed_is_told(script: Script, alice: httpx.Client) -> None:
    """To change or delete by a copy that is no longer true is refused, until the script has seen what is there."""
    uid = script.add({"summary": "Plan"})
    script.sync()
    [task] = alice.get("/api/tasks").json()
    alice.patch(f"/api/tasks/{task['id']}", json={"description": "Of the page"})
    with pytest.raises(Refused):
        script.change(uid, {"priority": 1})
    with pytest.raises(Refused):
        script.aide("delete", uid, if_match=True)
    assert {status for method, _, status in script.between.refusals() if method != "PROPFIND"} == {412}
    script.sync()
    script.change(uid, {"priority": 1})
    script.sync()
    told = expect_settled(alice, script)["Plan"]
    assert (told["description"], told["priority"]) == ("Of the page", "urgent")


@pytest.mark.parametrize("arrives", [True, False])
def test_what_is_sent_twice_is_one(script: Script, alice: httpx.Client, *, arrives: bool) -> None:
    """A script that does not know whether its object arrived puts it again."""
    text = todo_file("lost-1").replace("END:VTODO", "SUMMARY:Lost\r\nEND:VTODO")
    script.sync()
    script.between.lose("PUT", 1, arrives=arrives)
    with pytest.raises(Refused):
        script.aide("put", text)
    assert set(of_service(alice)) == ({"Lost"} if arrives else set())
    script.between.heal()
    script.aide("put", text)
    script.sync()
    assert set(expect_settled(alice, script)) == {"Lost"}


def test_what_is_searched_is_found(script: Script, alice: httpx.Client) -> None:
    """By title, tag, and time; what is done only where it is asked for."""
    script.add({"summary": "Milk", "due": "at 2026-12-01T18:00:00Z", "categories": ["Shop", "home"]})
    script.add({"summary": "Day", "due": "on 2026-12-02"})
    done = script.add({"summary": "Done", "due": "on 2026-12-02"})
    script.aide("complete", done, {})
    alice.post("/api/tasks", json={"title": "Some day", "tags": ["home"]})

    def found(**filters: object) -> set[str]:
        return set(script.aide("listed", **filters))

    assert found() == {"Milk", "Day", "Some day"}
    assert found(include_completed=True) == {"Milk", "Day", "Done", "Some day"}
    assert found(category="home") == {"Milk", "Some day"}
    assert set(script.aide("titled", "dAY")) == {"Day", "Some day"}
    when = {"start": "at 2026-12-02T00:00:00+00:00", "end": "at 2026-12-03T00:00:00+00:00"}
    assert found(**when, include_completed=True) - {"Some day"} == {"Day", "Done"}
    assert "Day" not in found(start="at 2026-12-01T00:00:00+00:00", end="at 2026-12-02T00:00:00+00:00")
