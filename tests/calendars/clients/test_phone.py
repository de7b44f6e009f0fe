"""A telephone's program of another family: SyncEvolution, and the service's own API on the other side."""

import httpx
import pytest

from tests.calendars.clients.conftest import Owned
from tests.calendars.clients.devices.equal import expect_settled
from tests.calendars.clients.devices.programs import needs_programs, needs_syncevolution

pytestmark = [needs_programs, needs_syncevolution]


def test_what_one_side_makes_changes_and_deletes_the_other_has(owned: Owned, alice: httpx.Client) -> None:
    """Created, edited, completed, opened again, nested, deleted, by the program's files and by the API."""
    phone = owned.phone()
    milk = phone.add({"summary": "Milk, oat; Öl", "due": "on 2026-12-02", "priority": 1, "categories": ["shop", "a b"]})
    letter = phone.add({"summary": "Letter", "due": "at 2026-12-01T18:00:00+00:00", "description": "One\nTwo"})
    call = alice.post("/api/tasks", json={"title": "Call", "priority": "low", "tags": ["x"]}).json()
    day = alice.post("/api/tasks", json={"title": "Day", "due_date": "2026-12-31"}).json()
    phone.sync()
    told = expect_settled(alice, phone)
    assert (
        told["Milk, oat; Öl"] | {"due": "2026-12-02", "priority": "urgent", "tags": ["a b", "shop"]}
        == told["Milk, oat; Öl"]
    )
    assert told["Letter"] | {"due": "2026-12-01T18:00:00Z", "description": "One\nTwo"} == told["Letter"]

    phone.change(milk, {"summary": "Milk", "due": "at 2026-12-03T09:00:00+00:00"})
    phone.change(letter, {"status": "COMPLETED", "completed": "at 2026-12-01T10:00:00+00:00", "percent-complete": 100})
    alice.patch(f"/api/tasks/{call['id']}", json={"completed": True})
    alice.patch(f"/api/tasks/{day['id']}", json={"due_date": "2027-01-01", "tags": ["new"], "description": "Said"})
    phone.sync()
    told = expect_settled(alice, phone)
    assert told["Milk"]["due"] == "2026-12-03T09:00:00Z"
    assert told["Letter"]["completed"]
    assert told["Call"]["completed"]

    phone.delete(milk)
    phone.change(letter, {"status": "NEEDS-ACTION", "completed": None, "percent-complete": None})
    alice.delete(f"/api/tasks/{day['id']}")
    phone.sync()
    told = expect_settled(alice, phone)
    assert set(told) == {"Letter", "Call"}
    assert not told["Letter"]["completed"]


def test_of_two_changes_none_is_lost(owned: Owned, alice: httpx.Client) -> None:
    """The program's own way with both sides edited, or one edited and one deleted."""
    phone = owned.phone()
    plan = phone.add({"summary": "Plan"})
    kept = phone.add({"summary": "Kept"})
    gone = phone.add({"summary": "Gone"})
    phone.sync()
    tasks = {task["title"]: task["id"] for task in alice.get("/api/tasks").json()}
    phone.change(plan, {"summary": "Plan of the phone"})
    alice.patch(f"/api/tasks/{tasks['Plan']}", json={"title": "Plan of the page"})
    phone.change(kept, {"summary": "Kept, edited"})
    alice.delete(f"/api/tasks/{tasks['Kept']}")
    phone.delete(gone)
    alice.patch(f"/api/tasks/{tasks['Gone']}", json={"title": "Gone, edited"})
    said = phone.syncevolution()
    assert "1 client item(s) discarded" in said, "it says so"
    told = expect_settled(alice, phone)
    assert set(told) == {"Plan of the phone", "Kept, edited", "Gone, edited"}


@pytest.mark.parametrize("arrives", [True, False])
def test_a_connection_lost_in_the_middle_costs_nothing(owned: Owned, alice: httpx.Client, *, arrives: bool) -> None:
    """Whether the request that was under way has come through or not: the next sync does the rest, once.

    (What it was about to change when the connection was lost, SyncEvolution forgets: nothing of that is tried here.)
    """
    phone = owned.phone()
    phone.add({"summary": "There"})
    phone.sync()
    for number in range(5):
        phone.add({"summary": f"New {number}"})
    phone.between.lose("PUT", 3, arrives=arrives)
    phone.syncevolution(fails=True)
    phone.between.heal()
    phone.sync()
    assert set(expect_settled(alice, phone)) == {"There", *(f"New {number}" for number in range(5))}
