"""What single programs write, and what is meant: their own output is the input.

Made by caldav 3.6.0, todoman 4.7.0, vobject 0.9.9 and ics 0.7.3 of what the tests put before; those of other
programs are after what they are known to write.
"""

import httpx
import pytest

from tests.calendars.kept.test_properties import lines_of
from tests.calendars.objects import Collection, todo

pytestmark = pytest.mark.anyio


def ics(*lines: str) -> bytes:
    return "".join(f"{line}\r\n" for line in lines).encode()


def of_caldav(dtstart: str, due: str, rule: str) -> bytes:
    """`Todo.complete(handle_rrule=True)`: what it makes of the object itself, done on 4 March at 15:03:27."""
    return ics(
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Tasklane//Tasks//EN",
        "BEGIN:VTODO",
        "DTSTAMP:20260101T000000Z",
        f"DTSTART:{dtstart}",
        f"DUE:{due}",
        f"RRULE:{rule}",
        "STATUS:NEEDS-ACTION",
        "SUMMARY:Bins",
        "UID:bins",
        "END:VTODO",
        "END:VCALENDAR",
    )


ALL_DAY = todo(
    "SUMMARY:Bins",
    "DTSTART;VALUE=DATE:20260302",
    "DUE;VALUE=DATE:20260302",
    "RRULE:FREQ=WEEKLY;COUNT=3",
    uid="bins",
)
AT_NINE = todo(
    "SUMMARY:Bins",
    "DTSTART;TZID=Europe/Berlin:20260302T090000",
    "DUE;TZID=Europe/Berlin:20260302T090000",
    "RRULE:FREQ=DAILY",
    uid="bins",
)


async def test_caldav_completes_an_all_day_task(mine: Collection, alice: httpx.Client) -> None:
    """A week after its completion, and still all day."""
    await mine.put("a.ics", ALL_DAY)
    await mine.put("a.ics", of_caldav("20260311T150327Z", "20260311T150327Z", "FREQ=WEEKLY;COUNT=2"))
    [task] = alice.get("/api/tasks").json()
    assert task["due_date"] == "2026-03-11"
    assert task["recurrence"] == {"rule": "FREQ=WEEKLY;COUNT=2", "time_zone": None, "from": "due"}
    lines = lines_of(await mine.get("a.ics") or b"")
    assert {"DUE;VALUE=DATE:20260311", "DTSTART;VALUE=DATE:20260311", "RRULE:FREQ=WEEKLY;COUNT=2"} <= set(lines)


async def test_caldav_completes_what_is_due_at_nine(mine: Collection, alice: httpx.Client) -> None:
    """On the day after its completion, at nine."""
    await mine.put("a.ics", AT_NINE)
    await mine.put("a.ics", of_caldav("20260305T150327Z", "20260305T150327Z", "FREQ=DAILY"))
    [task] = alice.get("/api/tasks").json()
    assert task["due_date"] == "2026-03-05T08:00:00.000Z"
    assert task["recurrence"]["time_zone"] == "Europe/Berlin"
    assert "DUE;TZID=Europe/Berlin:20260305T090000" in lines_of(await mine.get("a.ics") or b"")


async def test_caldav_keeps_how_long_before_it_is_due_a_task_starts(mine: Collection) -> None:
    """A rule with days is moved by the rule: an hour is an hour still, on the clock of the series."""
    hour = AT_NINE.replace(b"DUE;TZID=Europe/Berlin:20260302T090000", b"DUE;TZID=Europe/Berlin:20260302T100000")
    await mine.put("a.ics", hour.replace(b"FREQ=DAILY", b"FREQ=WEEKLY;BYDAY=MO"))
    await mine.put("a.ics", of_caldav("20260330T070000Z", "20260330T080000Z", "FREQ=WEEKLY;BYDAY=MO"))
    lines = lines_of(await mine.get("a.ics") or b"")
    assert {"DTSTART;TZID=Europe/Berlin:20260330T090000", "DUE;TZID=Europe/Berlin:20260330T100000"} <= set(lines)


async def test_caldav_completes_before_it_is_due(mine: Collection, alice: httpx.Client) -> None:
    """An hour early, so that the interval ends on the same day: it is due on the next one."""
    await mine.put("a.ics", AT_NINE.replace(b"20260302", b"20260305"))
    await mine.put("a.ics", of_caldav("20260305T070327Z", "20260305T070327Z", "FREQ=DAILY"))
    [task] = alice.get("/api/tasks").json()
    assert task["due_date"] == "2026-03-06T08:00:00.000Z"


async def test_a_time_that_somebody_chooses_is_theirs(mine: Collection, alice: httpx.Client) -> None:
    """It has no seconds."""
    await mine.put("a.ics", ALL_DAY)
    await mine.put("a.ics", of_caldav("20260311T150300Z", "20260311T150300Z", "FREQ=WEEKLY;COUNT=3"))
    [task] = alice.get("/api/tasks").json()
    assert task["due_date"] == "2026-03-11T15:03:00.000Z"


TODOMAN_EDITED = ics(
    "BEGIN:VCALENDAR",
    "VERSION:2.0",
    "PRODID:-//Tasklane//Tasks//EN",
    "BEGIN:VTODO",
    "CATEGORIES: b,a,c",
    "DTSTAMP:20260101T000000Z",
    "DUE:20260302T140000Z",
    "LAST-MODIFIED:20261128T235554Z",
    "RELATED-TO:p",
    "RRULE:FREQ=DAILY",
    "SEQUENCE:2",
    "STATUS:NEEDS-ACTION",
    "SUMMARY:Edited",
    "UID:bins",
    "X-OTHER;X-A=b:kept",
    "END:VTODO",
    "END:VCALENDAR",
)
BEFORE_TODOMAN = todo(
    "SUMMARY:Bins",
    "DTSTART;TZID=America/New_York:20260302T090000",
    "DUE;TZID=America/New_York:20260302T090000",
    "RRULE:FREQ=DAILY",
    "CATEGORIES:a\\, b,c",
    "X-OTHER;X-A=b:kept",
    "RELATED-TO:p",
    uid="bins",
)


async def test_todoman_edits_a_task(mine: Collection, alice: httpx.Client) -> None:
    """A tag with a comma is one, and nine in New York is nine there after the clocks are changed."""
    await mine.put("a.ics", BEFORE_TODOMAN)
    await mine.put("a.ics", TODOMAN_EDITED)
    [task] = alice.get("/api/tasks").json()
    assert (task["title"], task["tags"], task["due_date"]) == ("Edited", ["a, b", "c"], "2026-03-02T14:00:00.000Z")
    assert task["recurrence"]["time_zone"] == "America/New_York"
    comes = alice.get(f"/api/tasks/{task['id']}/occurrences", params={"limit": 10}).json()["occurrences"]
    assert comes[-1] == "2026-03-12T13:00:00.000Z"
    lines = lines_of(await mine.get("a.ics") or b"")
    assert {"CATEGORIES:a\\, b,c", "DUE;TZID=America/New_York:20260302T090000", "X-OTHER;X-A=b:kept"} <= set(lines)


async def test_todoman_completes_the_last_of_a_series(mine: Collection, alice: httpx.Client) -> None:
    """What it makes then has the rule and no date, and nobody has to do it."""
    await mine.put("a.ics", ALL_DAY.replace(b"COUNT=3", b"COUNT=1"))
    done = todo("COMPLETED:20261128T235554Z", "DUE;VALUE=DATE:20260302", "STATUS:COMPLETED", "SUMMARY:Bins", uid="bins")
    more = todo("RRULE:FREQ=WEEKLY;COUNT=1", "SEQUENCE:3", "STATUS:NEEDS-ACTION", "SUMMARY:Bins", uid="68b0@vm")
    for name, body in (("a.ics", done), ("68b0@vm.ics", more)):
        await mine.put(name, body)
    assert [task["completed"] for task in alice.get("/api/tasks").json()] == [True, True]
    assert "STATUS:COMPLETED" in lines_of(await mine.get("68b0@vm.ics") or b"")


CHICAGO = (
    "BEGIN:VTIMEZONE",
    "TZID:CST",
    "BEGIN:STANDARD",
    "DTSTART:20001029T030000",
    "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10;UNTIL=20061029T080000Z",
    "TZNAME:CST",
    "TZOFFSETFROM:-0500",
    "TZOFFSETTO:-0600",
    "END:STANDARD",
    "BEGIN:STANDARD",
    "DTSTART:20071104T030000",
    "RRULE:FREQ=YEARLY;BYDAY=1SU;BYMONTH=11",
    "TZNAME:CST",
    "TZOFFSETFROM:-0500",
    "TZOFFSETTO:-0600",
    "END:STANDARD",
    "BEGIN:DAYLIGHT",
    "DTSTART:20000402T020000",
    "RRULE:FREQ=YEARLY;BYDAY=1SU;BYMONTH=4;UNTIL=20060402T080000Z",
    "TZNAME:CDT",
    "TZOFFSETFROM:-0600",
    "TZOFFSETTO:-0500",
    "END:DAYLIGHT",
    "BEGIN:DAYLIGHT",
    "DTSTART:20070311T020000",
    "RRULE:FREQ=YEARLY;BYDAY=2SU;BYMONTH=3",
    "TZNAME:CDT",
    "TZOFFSETFROM:-0600",
    "TZOFFSETTO:-0500",
    "END:DAYLIGHT",
    "END:VTIMEZONE",
)
SHANGHAI = (
    "BEGIN:VTIMEZONE",
    "TZID:CST",
    "BEGIN:STANDARD",
    "DTSTART:20000101T000000",
    "TZNAME:CST",
    "TZOFFSETFROM:+0800",
    "TZOFFSETTO:+0800",
    "END:STANDARD",
    "END:VTIMEZONE",
)


@pytest.mark.parametrize(
    ("zone", "local", "instant"),
    [
        (CHICAGO, "20260701T090000", "2026-07-01T14:00:00.000Z"),
        (CHICAGO, "20260101T090000", "2026-01-01T15:00:00.000Z"),
        (CHICAGO, "20260308T015959", "2026-03-08T07:59:59.000Z"),
        (CHICAGO, "20260308T030000", "2026-03-08T08:00:00.000Z"),
        (CHICAGO, "20050404T090000", "2005-04-04T14:00:00.000Z"),
        (SHANGHAI, "20260701T090000", "2026-07-01T01:00:00.000Z"),
    ],
)
async def test_vobject_calls_two_zones_by_one_name(
    mine: Collection, alice: httpx.Client, zone: tuple[str, ...], local: str, instant: str
) -> None:
    """What the object says of the zone counts; and what is changed is written so that everybody reads it."""
    body = todo("SUMMARY:Call", f"DUE;TZID=CST:{local}", before=zone)
    put = await mine.put("a.ics", body)
    [task] = alice.get("/api/tasks").json()
    assert task["due_date"] == instant
    alice.patch(f"/api/tasks/{put.id}", json={"due_date": "2026-08-01T12:00:00Z"}).raise_for_status()
    assert "DUE:20260801T120000Z" in lines_of(await mine.get("a.ics") or b"")


async def test_two_zones_of_one_name_are_two_in_an_export(mine: Collection, alice: httpx.Client) -> None:
    """Whoever reads the one file finds both times right."""
    for number, zone in enumerate((CHICAGO, SHANGHAI, CHICAGO)):
        await mine.put(f"{number}.ics", todo("SUMMARY:x", "DUE;TZID=CST:20260701T090000", uid=str(number), before=zone))
    exported = alice.get("/api/tasks/export", params={"format": "ics"}).content
    lines = lines_of(exported)
    assert [line for line in lines if line.startswith("TZID")] == ["TZID:CST", "TZID:CST (2)"]
    named = [line for line in lines if line.startswith("DUE")]
    assert named == [f"DUE;TZID={name}:20260701T090000" for name in ("CST", "CST (2)", "CST")]


async def test_ics_forgets_the_series_of_a_single_date(mine: Collection) -> None:
    """It puts the one date that it has left: the rest is still there."""
    single = ("BEGIN:VTODO", "UID:bins", "RECURRENCE-ID:20260303T090000Z", "DTSTAMP:20260101T000000Z")
    series = todo("SUMMARY:Bins", "DTSTART:20260302T090000Z", "DUE:20260302T100000Z", "RRULE:FREQ=DAILY", uid="bins")
    whole = series.replace(
        b"END:VCALENDAR", ics(*single, "SUMMARY:Bins moved", "DUE:20260303T120000Z", "END:VTODO") + b"END:VCALENDAR"
    )
    await mine.put("a.ics", whole)
    left = ics(
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Example//EN",
        "CALSCALE:GEORGIAN",
        "BEGIN:VTODO",
        "RECURRENCE-ID:20260303T090000Z",
        "DTSTAMP:20260101T000000Z",
        "DUE:20260303T120000Z",
        "SUMMARY:Bins moved!",
        "UID:bins",
        "END:VTODO",
        "END:VCALENDAR",
    )
    await mine.put("a.ics", left)
    [task] = await mine.tasks()
    assert (task["title"], task["recurrence"]["rule"]) == ("Bins", "FREQ=DAILY")
    lines = lines_of(await mine.get("a.ics") or b"")
    assert [line for line in lines if line.startswith(("SUMMARY", "RRULE"))] == [
        "SUMMARY:Bins",
        "RRULE:FREQ=DAILY",
        "SUMMARY:Bins moved!",
    ]


def done_in_thunderbird(*days: str) -> bytes:
    """A single date for each that is done, beside the series."""
    single = (
        line
        for day in days
        for line in (
            "BEGIN:VTODO",
            "UID:bins",
            f"RECURRENCE-ID;TZID=Europe/Berlin:{day}T090000",
            "SUMMARY:Bins",
            "STATUS:COMPLETED",
            f"COMPLETED:{day}T101500Z",
            "PERCENT-COMPLETE:100",
            "END:VTODO",
        )
    )
    return AT_NINE.replace(b"END:VCALENDAR", ics(*single) + b"END:VCALENDAR")


async def test_thunderbird_completes_single_dates(mine: Collection, alice: httpx.Client) -> None:
    """The task is due on the first that is left, and its object is what Thunderbird has put."""
    await mine.put("a.ics", AT_NINE)
    await mine.put("a.ics", done := done_in_thunderbird("20260302", "20260303"))
    [task] = alice.get("/api/tasks").json()
    assert (task["due_date"], task["completed"]) == ("2026-03-04T08:00:00.000Z", False)
    assert await mine.get("a.ics") == done
    alice.patch(f"/api/tasks/{task['id']}", json={"tags": ["x"]}).raise_for_status()
    got = await mine.get("a.ics") or b""
    assert got.count(b"RECURRENCE-ID") == 2
    alice.post(f"/api/tasks/{task['id']}/complete", json={"completed": True}).raise_for_status()
    lines = lines_of(await mine.get("a.ics") or b"")
    assert "DUE;TZID=Europe/Berlin:20260305T090000" in lines
    assert "DTSTART;TZID=Europe/Berlin:20260305T090000" in lines
    assert not [line for line in lines if line.startswith("RECURRENCE-ID")]


async def test_thunderbird_completes_the_last_single_date(mine: Collection, alice: httpx.Client) -> None:
    """Then the task is done, at the time of the last one."""
    series = done_in_thunderbird("20260302", "20260303").replace(b"FREQ=DAILY", b"FREQ=DAILY;COUNT=2")
    await mine.put("a.ics", series)
    [task] = alice.get("/api/tasks").json()
    assert (task["completed"], task["completed_at"]) == (True, "2026-03-03T10:15:00.000Z")
    assert await mine.get("a.ics") == series


async def test_apple_moves_the_series_and_leaves_what_is_done(mine: Collection, alice: httpx.Client) -> None:
    """The object goes on, and what was done is put as another one."""
    await mine.put("a.ics", ALL_DAY)
    await mine.put("a.ics", ALL_DAY.replace(b"20260302", b"20260309").replace(b"COUNT=3", b"COUNT=2"))
    await mine.put(
        "b.ics",
        todo("SUMMARY:Bins", "DUE;VALUE=DATE:20260302", "STATUS:COMPLETED", "COMPLETED:20260302T120000Z", uid="B"),
    )
    tasks = {task["uid"]: task for task in await mine.tasks()}
    assert [(task["due_date"], task["completed"]) for task in tasks.values()] == [
        ("2026-03-09", False),
        ("2026-03-02", True),
    ]


async def test_whoever_needs_a_start_gets_one_with_each_rule(mine: Collection, alice: httpx.Client) -> None:
    """An object of ours that recurs has a DTSTART of the same kind as DUE."""
    for due in ("2026-03-02", "2026-03-02T08:00:00Z"):
        body = {"title": "x", "due_date": due, "recurrence": {"rule": "FREQ=DAILY"}}
        alice.post("/api/tasks", json=body).raise_for_status()
    for name in await mine.named():
        lines = lines_of(await mine.get(name) or b"")
        [start] = [line.removeprefix("DTSTART") for line in lines if line.startswith("DTSTART")]
        assert f"DUE{start}" in lines
