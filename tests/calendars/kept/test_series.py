"""What recurs, in calendars: completed here or there, moved there, and what is left to the calendar alone."""

import httpx
import pytest

from tests.calendars.kept.test_properties import lines_of
from tests.calendars.objects import Collection, todo

pytestmark = pytest.mark.anyio

WEEKLY = todo(
    "SUMMARY:Bins",
    "DTSTART;VALUE=DATE:20260302",
    "DUE;VALUE=DATE:20260302",
    "RRULE:FREQ=WEEKLY;COUNT=3",
    "LOCATION:The yard",
    uid="bins",
)
AT_NINE = todo(
    "SUMMARY:Pills",
    "DTSTART;TZID=Europe/Berlin:20260327T090000",
    "DUE;TZID=Europe/Berlin:20260327T090000",
    "RRULE:FREQ=DAILY",
    uid="pills",
)


async def test_a_rule_is_that_of_the_task(mine: Collection, alice: httpx.Client) -> None:
    """On the clock of the object's zone."""
    await mine.put("w.ics", WEEKLY)
    await mine.put("n.ics", AT_NINE)
    weekly, daily = sorted(alice.get("/api/tasks").json(), key=lambda task: str(task["title"]))
    assert weekly["recurrence"] == {"rule": "FREQ=WEEKLY;COUNT=3", "time_zone": None, "from": "due"}
    assert daily["recurrence"] == {"rule": "FREQ=DAILY", "time_zone": "Europe/Berlin", "from": "due"}
    assert daily["due_date"] == "2026-03-27T08:00:00.000Z"


async def test_completed_here_the_series_goes_on_under_its_name(mine: Collection, alice: httpx.Client) -> None:
    """With what is kept, and 09:00 stays 09:00; what is done is another object, which does not recur."""
    put = await mine.put("n.ics", AT_NINE)
    for _ in range(3):
        [task] = [task for task in await mine.tasks() if task["name"] == "n.ics"]
        alice.post(f"/api/tasks/{task['id']}/complete", json={"completed": True}).raise_for_status()
    lines = lines_of(await mine.get("n.ics") or b"")
    wanted = {"UID:pills", "DUE;TZID=Europe/Berlin:20260330T090000", "DTSTART;TZID=Europe/Berlin:20260330T090000"}
    assert wanted <= set(lines)
    assert "RRULE:FREQ=DAILY" in lines
    first = lines_of(await mine.get(f"tasklane-{put.id}.ics") or b"")
    assert {"STATUS:COMPLETED", "DUE;TZID=Europe/Berlin:20260327T090000"} <= set(first)
    assert not [line for line in first if line.startswith(("RRULE", "UID:pills"))]
    assert len({task["uid"] for task in await mine.tasks()}) == 4


async def test_completed_there_the_series_goes_on_under_its_name(mine: Collection) -> None:
    """A client that completes the whole object completes the one that is due, and what it has put besides holds."""
    await mine.put("w.ics", WEEKLY)
    done = WEEKLY.replace(b"SUMMARY:Bins", b"SUMMARY:All bins\r\nSTATUS:COMPLETED\r\nCOMPLETED:20260302T100000Z")
    await mine.put("w.ics", done.replace(b"yard", b"street"))
    lines = lines_of(await mine.get("w.ics") or b"")
    assert {"SUMMARY:All bins", "LOCATION:The street", "DUE;VALUE=DATE:20260309", "STATUS:NEEDS-ACTION"} <= set(lines)
    assert "RRULE:FREQ=WEEKLY;COUNT=2" in lines
    assert not [line for line in lines if line.startswith("COMPLETED")]
    [task] = [task for task in await mine.tasks() if task["completed"]]
    assert task["completed_at"] == "2026-03-02T10:00:00.000Z"
    assert task["due_date"] == "2026-03-02"


async def test_the_last_of_a_series_stays_where_it_is(mine: Collection, alice: httpx.Client) -> None:
    """Nothing follows on it, and it has its name."""
    await mine.put("w.ics", WEEKLY)
    for _ in range(3):
        [task] = [task for task in await mine.tasks() if not task["completed"]]
        alice.post(f"/api/tasks/{task['id']}/complete", json={"completed": True}).raise_for_status()
    tasks = await mine.tasks()
    assert [task["completed"] for task in tasks] == [True] * 3
    [last] = [task for task in tasks if task["name"] == "w.ics"]
    assert last["due_date"] == "2026-03-16"


async def test_a_client_that_moves_the_dates_moves_the_series(mine: Collection, alice: httpx.Client) -> None:
    """Tasks.org and Apple do so to complete one: the rule counts from there."""
    every_third = WEEKLY.replace(b"FREQ=WEEKLY;COUNT=3", b"FREQ=DAILY;INTERVAL=3")
    put = await mine.put("w.ics", every_third)
    moved = every_third.replace(b"20260302", b"20260306")
    assert (await mine.put("w.ics", moved)).id == put.id
    assert await mine.get("w.ics") == moved
    comes = alice.get(f"/api/tasks/{put.id}/occurrences", params={"limit": 2}).json()
    assert comes["occurrences"] == ["2026-03-09", "2026-03-12"]


async def test_a_rule_that_no_task_has_is_kept(mine: Collection, alice: httpx.Client) -> None:
    """Hours, several rules: the task does not recur, and its object says what it said."""
    for number, rules in enumerate((["FREQ=HOURLY"], ["FREQ=DAILY", "FREQ=WEEKLY"], ["FREQ=MONTHLY;BYDAY=1MO"])):
        body = todo(
            "SUMMARY:x",
            "DTSTART:20260303T080000Z",
            "DUE:20260304T080000Z",
            *(f"RRULE:{rule}" for rule in rules),
            uid=str(number),
        )
        put = await mine.put(f"{number}.ics", body)
        alice.patch(f"/api/tasks/{put.id}", json={"tags": ["x"]}).raise_for_status()
        got = await mine.get(f"{number}.ics")
        assert [line for line in lines_of(got or b"") if line.startswith("RRULE")] == [
            f"RRULE:{rule}" for rule in rules
        ]
    assert [task["recurrence"] for task in await mine.tasks()] == [None] * 3


async def test_a_recurrence_that_is_given_here_is_a_rule_there(mine: Collection, alice: httpx.Client) -> None:
    """With its beginning, on its clock, which is described; and taken away it is gone."""
    put = await mine.put("a.ics", todo("SUMMARY:x", "DUE:20260327T080000Z", "COMMENT:stays"))
    said = {"rule": "FREQ=WEEKLY", "time_zone": "Europe/Berlin"}
    alice.patch(f"/api/tasks/{put.id}", json={"recurrence": said}).raise_for_status()
    got = await mine.get("a.ics")
    lines = lines_of(got or b"")
    clock = "TZID=Europe/Berlin:20260327T090000"
    assert {f"DUE;{clock}", f"DTSTART;{clock}", "RRULE:FREQ=WEEKLY", "TZID:Europe/Berlin", "COMMENT:stays"} <= set(
        lines
    )
    await mine.put("a.ics", got or b"")
    [task] = await mine.tasks()
    assert task["recurrence"] == {**said, "from": "due"}
    alice.patch(f"/api/tasks/{put.id}", json={"recurrence": None}).raise_for_status()
    assert "RRULE" not in (await mine.get("a.ics") or b"").decode()


async def test_reopening_takes_the_next_one_back(mine: Collection, alice: httpx.Client) -> None:
    """What was done is open again and recurs, under the name that it has."""
    put = await mine.put("w.ics", WEEKLY)
    for completed in (True, False):
        alice.post(f"/api/tasks/{put.id}/complete", json={"completed": completed}).raise_for_status()
    assert await mine.get("w.ics") is None
    lines = lines_of(await mine.get(f"tasklane-{put.id}.ics") or b"")
    assert {"RRULE:FREQ=WEEKLY;COUNT=3", "LOCATION:The yard"} <= set(lines)


async def test_reopened_there_it_recurs_again(mine: Collection, alice: httpx.Client) -> None:
    """Its object said no rule while the series went on elsewhere."""
    put = await mine.put("w.ics", WEEKLY)
    alice.post(f"/api/tasks/{put.id}/complete", json={"completed": True}).raise_for_status()
    name = f"tasklane-{put.id}.ics"
    done = (await mine.get(name) or b"").decode()
    opened = "".join(
        line for line in done.splitlines(keepends=True) if not line.startswith(("STATUS", "COMPLETED", "PERCENT"))
    )
    await mine.put(name, opened.encode())
    [task] = await mine.tasks()
    assert (task["id"], task["completed"], task["next_id"]) == (put.id, False, None)
    assert task["recurrence"]["rule"] == "FREQ=WEEKLY;COUNT=3"
    assert "RRULE:FREQ=WEEKLY;COUNT=3" in lines_of(await mine.get(name) or b"")
