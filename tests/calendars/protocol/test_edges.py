"""Where a program, or somebody who means harm, might find an edge: what is beyond it is refused, or harmless."""

import sys
from datetime import UTC, datetime

import httpx
import pytest

from api.calendars.places import Kind, find
from api.calendars.reports.filters import ComponentFilter, TimeRange
from api.calendars.reports.matching import Matcher
from api.calendars.reports.times.clock import Clock
from api.tasks.objects.content import parse
from tests.calendars.dav import HEAD, C, Dav, condition, read, sync_token, todo
from tests.calendars.protocol.test_query import in_range, query
from tests.calendars.protocol.test_sync import ask

SERIES = ("DTSTART:20260101T100000Z", "DUE:20260101T100000Z", "RRULE:FREQ=DAILY")


@pytest.mark.parametrize("path", ["/calendars/alice/tasks/", "/davx/calendars/alice/tasks/", "/principals/alice", ""])
def test_only_what_is_beneath_the_root_is_a_place(path: str) -> None:
    """A password is taken there and nowhere else."""
    assert find(path).kind is Kind.NOTHING


def test_hits_are_answered_nowhere_else(dav: Dav) -> None:
    """Also where the question is known, and its place is named without the root."""
    body = f"<D:propfind {HEAD}><D:prop><S:getctag/></D:prop></D:propfind>"
    for _ in range(3):
        assert dav.whole(("PROPFIND", "0", body)).status_code == 207
    dav.collection = dav.collection.removeprefix("/dav")
    assert dav.whole(("PROPFIND", "0", body)).status_code in (401, 404)


@pytest.mark.parametrize("uid", ["x" * 501, "é" * 251])
def test_a_parent_that_no_uid_can_be(dav: Dav, alice: httpx.Client, uid: str) -> None:
    """It is nobody's name, and is kept, also when the task is changed."""
    assert dav.put("a.ics", todo("a", f"RELATED-TO:{uid}")).status_code == 201
    [task] = alice.get("/api/tasks").json()
    alice.patch(f"/api/tasks/{task['id']}", json={"title": "Other"}).raise_for_status()
    assert f"RELATED-TO:{uid}" in dav.send("GET", f"{dav.collection}a.ics").text.replace("\r\n ", "")


class TestDefaultNames:
    """What the service calls a task that no calendar has touched."""

    def test_one_of_a_task_that_is_yet_to_come(self, dav: Dav, alice: httpx.Client) -> None:
        """It cannot be taken before: two would have one address."""
        first = alice.post("/api/tasks", json={"title": "First"}).json()["id"]
        refused = dav.put(f"tasklane-{first + 1000}.ics", todo("a"))
        assert (refused.status_code, condition(refused)) == (403, f"{C}valid-calendar-object-resource")

    def test_one_of_a_task_that_has_another(self, dav: Dav, alice: httpx.Client) -> None:
        """It may get it back one day."""
        dav.put("a.ics", todo("a"))
        [task] = alice.get("/api/tasks").json()
        assert dav.put(f"tasklane-{task['id']}.ics", todo("b")).status_code == 403

    def test_one_of_a_task_that_is_no_more(self, dav: Dav, alice: httpx.Client) -> None:
        """A program that was away puts it there again."""
        name = f"tasklane-{alice.post('/api/tasks', json={'title': 'First'}).json()['id']}.ics"
        body = dav.send("GET", f"{dav.collection}{name}").text
        dav.send("DELETE", f"{dav.collection}{name}")
        alice.delete("/api/tasks/trash")
        assert dav.put(name, body).status_code == 201
        assert list(dav.etags()) == [name]

    def test_one_in_an_import(self, dav: Dav, alice: httpx.Client) -> None:
        """What is brought along gets its own."""
        kept = {"name": "tasklane-99999999.ics", "kept": todo("a")}
        document = {**alice.get("/api/tasks/export").json(), "tasks": [{"title": "A", "uid": "a", "calendar": kept}]}
        alice.post("/api/tasks/import", json=document).raise_for_status()
        [task] = alice.get("/api/tasks").json()
        assert list(dav.etags()) == [f"tasklane-{task['id']}.ics"]

    @pytest.mark.parametrize("name", ["..", "é" * 150, "a\u200b", "a\ufffd", "a/b", "x" * 256])
    def test_one_that_no_address_has(self, dav: Dav, alice: httpx.Client, name: str) -> None:
        """Nobody would reach what an import calls so: it is called as the service does."""
        document = alice.get("/api/tasks/export").json()
        document["tasks"] = [{"title": "A", "calendar": {"name": name, "kept": todo("a")}}]
        alice.post("/api/tasks/import", json=document).raise_for_status()
        [found] = dav.etags()
        assert dav.send("GET", f"{dav.collection}{found}").status_code == 200

    def test_one_as_long_as_may_be(self, dav: Dav, alice: httpx.Client, bob: httpx.Client) -> None:
        """An export brings it along."""
        assert dav.put("x" * 255, todo("a")).status_code == 201
        bob.post("/api/tasks/import", json=alice.get("/api/tasks/export").json()).raise_for_status()
        assert bob.get("/api/tasks/export").json()["tasks"][0]["calendar"]["name"] == "x" * 255

    def test_one_that_is_no_text(self, dav: Dav) -> None:
        """Else all that cannot be read would be one name."""
        assert dav.put("%FF.ics", todo("a")).status_code == 404


def test_as_many_lines_as_may_be(dav: Dav, alice: httpx.Client) -> None:
    """What a change of the task adds to them is no reason to find nothing any more."""
    lines = 5000 - todo("a").count("\r\n")
    assert dav.put("a.ics", todo("a", *["X-A:b"] * lines)).status_code == 201
    [task] = alice.get("/api/tasks").json()
    alice.patch(f"/api/tasks/{task['id']}", json={"due_date": "2026-12-01", "priority": "high"}).raise_for_status()
    found = query(
        dav, f'<C:comp-filter name="VTODO">{in_range("20261130T000000Z", "20261203T000000Z")}</C:comp-filter>'
    )
    assert [told.name for told in read(found)] == ["a.ics"]


def test_a_single_date_that_is_too_much_for_its_series(dav: Dav) -> None:
    """Both are one object, which has to fit: it is refused, and what was there stays."""
    long = f"X-A:{'x' * 100_000}"
    body = todo("a", *SERIES, long)
    dav.put("a.ics", body)
    refused = dav.put("a.ics", todo("a", "RECURRENCE-ID:20260102T100000Z", long))
    assert (refused.status_code, condition(refused)) == (403, f"{C}max-resource-size")
    assert dav.send("GET", f"{dav.collection}a.ics").text == body


EDGES = [
    ("DTSTART;TZID=Pacific/Kiritimati:00010101T000000", "RDATE:99991231T235959Z"),
    ("DTSTART;TZID=Pacific/Kiritimati:00010101T000000", "RRULE:FREQ=YEARLY"),
    ("DUE;TZID=America/New_York:99991231T235959", "RRULE:FREQ=YEARLY"),
    ("DTSTART:99991201T100000Z", "DUE:99991231T100000Z", "RRULE:FREQ=DAILY"),
    ("DUE;VALUE=DATE:99991231", "RRULE:FREQ=DAILY"),
]
RANGES = [
    (None, "00010102T000000Z"),
    ("00010101T000000Z", "99991231T235959Z"),
    ("99991231T000000Z", None),
    ("20300101T000000Z", "20200101T000000Z"),
]


@pytest.mark.parametrize("lines", EDGES, ids="; ".join)
def test_the_first_and_the_last_of_all_days(dav: Dav, lines: tuple[str, ...]) -> None:
    """A question about them has an answer, whatever recurs beyond."""
    assert dav.put("a.ics", todo("a", *lines)).status_code == 201
    for start, end in RANGES:
        asked = in_range(start, end)
        assert query(dav, f'<C:comp-filter name="VTODO">{asked}</C:comp-filter>').status_code == 207
        every = '<C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="VTODO"/></C:comp-filter></C:filter>'
        expand = asked.replace("C:time-range", "C:expand")
        prop = f"<D:prop><C:calendar-data>{expand}</C:calendar-data></D:prop>"
        assert dav.report("C:calendar-query", prop + every).status_code == 207


def test_a_series_that_goes_to_the_first_of_all_days(dav: Dav) -> None:
    """On the clock on which it was, that day is none; then it is on that of UTC."""
    dav.put("a.ics", todo("a", "DUE;TZID=America/New_York:99991231T235959", "RRULE:FREQ=YEARLY"))
    assert dav.put("a.ics", todo("a", "DTSTART:00010101T000000Z", "RRULE:FREQ=YEARLY")).status_code == 204


def test_what_is_beneath_one_that_is_done(dav: Dav, alice: httpx.Client) -> None:
    """Its parent has another uid from then on, and so it has another tag."""
    dav.put("a.ics", todo("a", *SERIES))
    dav.put("b.ics", todo("b", "RELATED-TO:a"))
    before = dav.send("GET", f"{dav.collection}b.ics")
    done = todo("a", *SERIES, "STATUS:COMPLETED")
    assert dav.put("a.ics", done).status_code == 204
    after = dav.send("GET", f"{dav.collection}b.ics")
    assert before.text != after.text
    assert before.headers["etag"] != after.headers["etag"]


def _zone(observances: int) -> str:
    """A VTIMEZONE of as many changes by rule."""
    each = (
        "BEGIN:STANDARD",
        "DTSTART:19700101T000000",
        "TZOFFSETFROM:+0100",
        "TZOFFSETTO:+0200",
        "RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU",
        "END:STANDARD",
    )
    return "\r\n".join(("BEGIN:VTIMEZONE", "TZID:X", *each * observances, "END:VTIMEZONE", "BEGIN:VTODO"))


def test_dates_left_out_on_a_clock_of_many_changes() -> None:
    """To look at each change for each date would take as many steps as the one times the other."""
    left_out = ",".join(f"{1000 + n % 8000}0101T{n % 24:02d}0000" for n in range(3500))
    lines = ("DTSTART;TZID=X:20260101T000000", "RRULE:FREQ=HOURLY", f"EXDATE;TZID=X:{left_out}")
    calendar = parse(todo("a", *lines).replace("BEGIN:VTODO", _zone(450)))
    far = ComponentFilter("VTODO", range=TimeRange(datetime(2099, 1, 1, tzinfo=UTC), None))
    matcher = Matcher(ComponentFilter("VCALENDAR", components=(far,)), Clock())
    steps = 0

    def step(*_: object) -> None:
        nonlocal steps
        steps += 1

    sys.setprofile(step)
    try:
        matcher.takes(calendar)
    finally:
        sys.setprofile(None)
    assert steps < 1_500_000


@pytest.mark.parametrize(
    ("method", "inside"),
    [
        ("PROPFIND", "<D:propfind {HEAD} xmlns:n='{ns}'><D:prop>{names}</D:prop></D:propfind>"),
        ("PROPFIND", "<D:propfind {HEAD} xmlns:n='{ns}'><D:allprop/><D:include>{names}</D:include></D:propfind>"),
        (
            "PROPPATCH",
            "<D:propertyupdate {HEAD} xmlns:n='{ns}'><D:set><D:prop>{names}</D:prop></D:set></D:propertyupdate>",
        ),
        (
            "REPORT",
            "<D:sync-collection {HEAD} xmlns:n='{ns}'><D:sync-token/><D:prop>{names}</D:prop></D:sync-collection>",
        ),
    ],
)
def test_a_long_namespace_is_not_told_back_again_and_again(dav: Dav, method: str, inside: str) -> None:
    """It would be there in the answer for each name in it, and for each task."""
    names = "".join(f"<n:a{number}/>" for number in range(100))
    for length, status in ((10, 207), (50_000, 400)):
        body = inside.format(HEAD=HEAD, ns="x" * length, names=names)
        assert dav.send(method, dav.collection, body, depth="1").status_code == status


def test_long_files_come_in_several_answers(dav: Dav) -> None:
    """A page of what has changed has as many as a process may have waiting for a reader, and all come in the end."""
    long = f"X-A:{'&' * 120_000}"
    for number in range(40):
        assert dav.put(f"{number}.ics", todo(str(number), long)).status_code == 201
    token, seen, sizes = "", list[str](), list[int]()
    while len(seen) < 40:
        answer = ask(dav, token, prop="<D:prop><C:calendar-data/></D:prop>")
        seen += [told.name for told in read(answer) if told.status != 507]
        sizes.append(len(answer.content))
        token = sync_token(answer)
    assert sorted(seen) == sorted(f"{number}.ics" for number in range(40))
    assert len(sizes) == 2
    assert read(ask(dav, token)) == []
