"""What repeats: completed by each program in its own way, and by the service's API; the next one is there once."""

import httpx
import pytest

from tests.calendars.clients.conftest import Owned
from tests.calendars.clients.devices.devices import Device
from tests.calendars.clients.devices.programs import needs_programs

pytestmark = needs_programs

Series = list[tuple[str, bool, bool]]
"""When each is due, whether it is done, and whether it repeats."""


def test_todoman_completes_and_makes_the_next_itself(owned: Owned, alice: httpx.Client) -> None:
    """The one that is done repeats no more, the new one does; and so on by the API."""
    laptop = owned.laptop()
    _repeating(alice, "2026-12-01", "FREQ=DAILY;COUNT=5")
    laptop.sync()
    assert _agreed(alice, laptop) == [("2026-12-01", False, True)]
    laptop.todo("done", laptop.number("Water"))
    laptop.sync()
    assert _agreed(alice, laptop) == [("2026-12-01", True, False), ("2026-12-02", False, True)]
    _complete(alice)
    laptop.sync()
    expected = [("2026-12-01", True, False), ("2026-12-02", True, False), ("2026-12-03", False, True)]
    assert _agreed(alice, laptop) == expected


def test_a_file_that_is_completed_goes_on(owned: Owned, alice: httpx.Client) -> None:
    """By an editor, as the telephones' programs do it: the service makes the next one, and the program gets it."""
    laptop = owned.laptop()
    rule = {"dtstart": "on 2026-12-01", "due": "on 2026-12-01", "rrule": {"FREQ": "WEEKLY"}}
    uid = laptop.add({"summary": "Water", **rule})
    laptop.sync()
    for _ in range(2):
        laptop.change(uid, {"status": "COMPLETED", "completed": "at 2026-12-01T10:00:00+00:00"})
        laptop.sync()
        laptop.sync()
    expected = [("2026-12-01", True, False), ("2026-12-08", True, False), ("2026-12-15", False, True)]
    assert _agreed(alice, laptop) == expected
    assert [task["uid"] for task in laptop.told() if task["repeats"]] == [uid]


@pytest.mark.parametrize("mode", ["safe", "thisandfuture"])
def test_the_library_completes(owned: Owned, alice: httpx.Client, mode: str) -> None:
    """It makes a copy that is done; or it writes into the object which dates are done, and the task is the next one.

    The library looks for the next date after today, however early the task is due.
    """
    script = owned.script()
    start = {"dtstart": "at 2099-12-01T09:00:00 Europe/Berlin", "due": "at 2099-12-01T10:00:00 Europe/Berlin"}
    uid = script.add({"summary": "Water", **start, "rrule": {"FREQ": "MONTHLY", "BYMONTHDAY": 1}})
    script.sync()
    script.aide("complete", uid, {"handle_rrule": True, "rrule_mode": mode})
    script.sync()
    done = [("2099-12-01T09:00:00Z", True, False)] if mode == "safe" else []
    assert _of_service(alice) == [*done, ("2100-01-01T09:00:00Z", False, True)]
    writes = script.between.writes()
    script.sync()
    assert script.between.writes() == writes


def _repeating(alice: httpx.Client, due: str, rule: str) -> None:
    new = {"title": "Water", "due_date": due, "recurrence": {"rule": rule}}
    alice.post("/api/tasks", json=new).raise_for_status()


def _complete(alice: httpx.Client) -> None:
    [task] = [task for task in alice.get("/api/tasks").json() if not task["completed"]]
    alice.post(f"/api/tasks/{task['id']}/complete", json={"completed": True}).raise_for_status()


def _agreed(alice: httpx.Client, device: Device) -> Series:
    """What both have, before and after a further sync that sends nothing."""
    tasks = alice.get("/api/tasks").json()
    there = _of_service(alice)
    for _ in range(2):
        here = sorted((task["due"], task["completed"], task["repeats"]) for task in device.told())
        assert here == there
        before = device.between.writes()
        device.sync()
        assert device.between.writes() == before
    assert alice.get("/api/tasks").json() == tasks
    return there


def _of_service(alice: httpx.Client) -> Series:
    return sorted(
        (task["due_date"].replace(".000Z", "Z"), task["completed"], bool(task["recurrence"] and not task["completed"]))
        for task in alice.get("/api/tasks").json()
    )
