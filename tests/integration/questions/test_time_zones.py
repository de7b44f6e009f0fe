"""`time_zone=`: a calendar date begins and ends where the person is who asks."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import httpx
import pytest

from core.tasks import answers, crud, zones
from core.tasks.questions.queries import StatsQuery
from core.types import UserId
from tests.stack import Stack
from tests.steps import process

NEW_YORK = "America/New_York"
AROUND_A_DAY_THERE = (
    "2026-11-26",
    "2026-11-27T04:59:59.999Z",
    "2026-11-27",
    "2026-11-27T05:00:00Z",
    "2026-11-28T04:59:59.999Z",
    "2026-11-28",
    "2026-11-28T05:00:00Z",
)
"""In the order in which they are due there."""


def make(frontend: httpx.Client, *dates: str) -> None:
    for due_date in dates:
        assert frontend.post("/api/tasks", json={"title": "Walk", "due_date": due_date}).status_code == 201


def due(frontend: httpx.Client, **asked: str) -> list[str]:
    answer = frontend.get("/api/tasks", params=asked)
    assert answer.status_code == 200
    return [task["due_date"].replace(":00.000Z", ":00Z") for task in answer.json()]


def test_a_new_yorker_gets_their_today(alice: httpx.Client) -> None:
    """Dates and instants between two midnights there, in the order in which they come there."""
    make(alice, *AROUND_A_DAY_THERE[4:], *AROUND_A_DAY_THERE[:4])
    day = {"due_after": "2026-11-27", "due_before": "2026-11-28", "sort": "due_date"}
    assert due(alice, **day, time_zone=NEW_YORK) == list(AROUND_A_DAY_THERE[2:5])
    assert due(alice, **day) == ["2026-11-27", *AROUND_A_DAY_THERE[1:2], AROUND_A_DAY_THERE[3]]


@pytest.mark.parametrize("sign", ["", "-"])
@pytest.mark.parametrize("extra", [{}, {"search": "walk"}])
def test_the_order_goes_on_from_page_to_page(alice: httpx.Client, sign: str, extra: dict[str, str]) -> None:
    """By cursor and by offset, from the ends of the calendar to what has no due date."""
    edges = ("0001-01-01", *AROUND_A_DAY_THERE, "9999-12-31")
    make(alice, *edges)
    alice.post("/api/tasks", json={"title": "Walk"})
    asked = {"sort": f"{sign}due_date", "time_zone": "Asia/Tokyo", "limit": "2", **extra}
    whole = [task["id"] for task in alice.get("/api/tasks", params={**asked, "limit": "100"}).json()]
    assert len(whole) == len(edges) + 1
    by_offset = [
        task["id"]
        for offset in range(0, len(whole), 2)
        for task in alice.get("/api/tasks", params={**asked, "offset": str(offset)}).json()
    ]
    answer = alice.get("/api/tasks", params=asked)
    by_cursor = [task["id"] for task in answer.json()]
    while "next" in answer.links:
        answer = alice.get(answer.links["next"]["url"])
        by_cursor += [task["id"] for task in answer.json()]
    assert by_offset == by_cursor == whole


@pytest.mark.parametrize("zone", ["Mars/Olympus", "europe/berlin", "%2B02:00", "../UTC", "UTC0", "%ed%a0%bd"])
@pytest.mark.parametrize("path", ["/api/tasks", "/api/tasks/stats"])
def test_a_zone_that_is_none_is_refused(alice: httpx.Client, path: str, zone: str) -> None:
    """422, naming the parameter."""
    answer = alice.get(f"{path}?time_zone={zone}")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] in ("?time_zone", "?")


def test_every_zone_that_is_accepted_can_be_sorted_by(alice: httpx.Client) -> None:
    """200, or 422 where the database's list of zones is an earlier one; never anything else."""
    make(alice, "2026-11-27")
    names = sorted(zones._names())[::7]
    asked = [alice.get("/api/tasks", params={"sort": "due_date", "time_zone": name}).status_code for name in names]
    assert set(asked) <= {200, 422}
    assert asked.count(200) > len(asked) * 0.9


def test_a_zone_without_a_date_is_the_same_question(alice: httpx.Client) -> None:
    """So is UTC: both find what is cached for the plain list."""
    make(alice, "2026-11-27")
    alice.get("/api/tasks")
    for asked in ({"time_zone": NEW_YORK}, {"time_zone": "UTC"}):
        assert alice.get("/api/tasks", params=asked).headers["x-cache"] == "hit"
    dated = {"due_before": "2026-11-28"}
    alice.get("/api/tasks", params=dated)
    assert alice.get("/api/tasks", params={**dated, "time_zone": NEW_YORK}).headers["x-cache"] == "miss"


def test_a_day_is_over_where_it_has_ended(alice: httpx.Client) -> None:
    """At any moment Kiritimati is a day further than Midway: what is due on Midway's today is overdue there alone."""
    while True:
        today = datetime.now(ZoneInfo("Pacific/Midway")).date()
        task = alice.post("/api/tasks", json={"title": "Walk", "due_date": str(today)})
        overdue = [
            alice.get("/api/tasks/stats", params={"time_zone": zone}).json()["overdue"]
            for zone in ("Pacific/Midway", "Pacific/Kiritimati")
        ]
        if datetime.now(ZoneInfo("Pacific/Midway")).date() == today:
            break
        alice.delete(task.headers["location"])
    assert overdue == [0, 1]


@pytest.mark.anyio
@pytest.mark.parametrize("zone", ["UTC", "Pacific/Honolulu", "Asia/Kathmandu"])
async def test_a_count_lasts_until_the_zones_midnight(stack: Stack, user: UserId, zone: str) -> None:
    """Then what is due today there becomes overdue, and the cached answer is none any more."""
    async with process(stack.settings()) as here:
        today = datetime.now(ZoneInfo(zone)).date()
        await here.lists.write(user, lambda change: crud.insert(change, {"title": "Walk", "due_on": today}))
        answer = await here.lists.read(user, lambda tx: answers.make(tx, user, StatsQuery(zone), shape="array"))
    assert answer.until == zones.beginning(today + timedelta(days=1), zone).timestamp()


@pytest.mark.parametrize(
    ("day", "zone", "instant"),
    [
        (date(2026, 3, 29), "Europe/Berlin", "2026-03-28T23:00:00+00:00"),
        (date(2018, 11, 4), "America/Sao_Paulo", "2018-11-04T03:00:00+00:00"),  # no midnight: 00:00 became 01:00
        (date(2026, 10, 25), "Atlantic/Azores", "2026-10-25T00:00:00+00:00"),  # 00:00 comes twice
        (date(1, 1, 1), "Asia/Tokyo", "0001-01-01T00:00:00+00:00"),
        (date(9999, 12, 31), "America/New_York", "9999-12-31T05:00:00+00:00"),
    ],
)
def test_a_day_begins_once(day: date, zone: str, instant: str) -> None:
    """Also where the clock is set at midnight, and at the ends of the calendar."""
    assert zones.beginning(day, zone) == datetime.fromisoformat(instant)


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/New_York", "Pacific/Kiritimati", "UTC"])
def test_the_calendar_has_ends_in_every_zone(zone: str) -> None:
    """The first day begins no later than time does, and from its end on there is no day to begin."""
    first, last = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    assert zones.first_day_from(first, zone) in (date.min, date.min + timedelta(days=1))
    assert zones.first_day_from(last, zone) is None
