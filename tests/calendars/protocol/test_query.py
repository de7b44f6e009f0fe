"""calendar-query and calendar-multiget: which resources are found, and what is given of each."""

from collections.abc import Iterator

import httpx
import pytest

from core.types import UserId
from tests.calendars.dav import C, D, Dav, condition, read, todo
from tests.stack import ApiProcess, client, new_user

WHOLE = "<D:prop><D:getetag/><C:calendar-data/></D:prop>"
ALARM = ("BEGIN:VALARM", "ACTION:DISPLAY", "DESCRIPTION:x", "TRIGGER:-PT5M", "END:VALARM")
ETAG = "<D:prop><D:getetag/></D:prop>"


def query(dav: Dav, inside: str, *, prop: str = ETAG, more: str = "") -> httpx.Response:
    return dav.report("C:calendar-query", prop + calendar(inside) + more)


def names(dav: Dav, inside: str, more: str = "") -> set[str]:
    """Of the to-dos that a filter takes, without the ending."""
    answer = query(dav, f'<C:comp-filter name="VTODO">{inside}</C:comp-filter>', more=more)
    return {told.name.removesuffix(".ics") for told in read(answer)}


def in_range(start: str | None, end: str | None) -> str:
    said = "".join(f' {name}="{value}"' for name, value in (("start", start), ("end", end)) if value)
    return f"<C:time-range{said}/>"


def text(value: str, collation: str = "i;ascii-casemap") -> str:
    return f'<C:text-match collation="{collation}">{value}</C:text-match>'


def param(name: str, inside: str) -> str:
    return f'<C:param-filter name="{name}">{inside}</C:param-filter>'


def calendar(inside: str) -> str:
    return f'<C:filter><C:comp-filter name="VCALENDAR">{inside}</C:comp-filter></C:filter>'


def prop(name: str, inside: str = "") -> str:
    return f'<C:prop-filter name="{name}">{inside}</C:prop-filter>'


@pytest.fixture(scope="module")
def shown(api: ApiProcess) -> Iterator[Dav]:
    """A collection that its tests only look at."""
    user = UserId(new_user())
    with client(api.url, user) as session, Dav(session, user) as dav:
        files = {
            "plain": todo("plain", "CREATED:20261101T000000Z", summary="Straße nach Köln"),
            "day": todo("day", "DUE;VALUE=DATE:20261128", "CATEGORIES:Home\\, sweet,Work", "PRIORITY:1"),
            "instant": todo("instant", "DUE:20261128T120000Z", "X-THING;X-P=Some:one"),
            "zoned": todo("zoned", "DUE;TZID=America/New_York:20261129T200000"),
            "span": todo("span", "DTSTART:20261201T080000Z", "DUE:20261203T080000Z"),
            "lasting": todo("lasting", "DTSTART:20261210T080000Z", "DURATION:PT2H"),
            "start": todo("start", "DTSTART:20261215T080000Z"),
            "done": todo("done", "STATUS:COMPLETED", "COMPLETED:20261110T100000Z", "CREATED:20261105T100000Z"),
            "finished": todo("finished", "STATUS:COMPLETED", "COMPLETED:20261110T100000Z"),
            "alarm": todo("alarm", "DUE:20261220T080000Z", *ALARM),
        }
        for name, file in files.items():
            assert dav.put(f"{name}.ics", file).status_code == 201, name
        yield dav


ALL = {"plain", "day", "instant", "zoned", "span", "lasting", "start", "done", "finished", "alarm"}


class TestFilters:
    """RFC 4791, 9.7."""

    @pytest.mark.parametrize(
        ("inside", "found"),
        [
            ("", ALL),
            (prop("DUE", "<C:is-not-defined/>"), {"plain", "lasting", "start", "done", "finished"}),
            (prop("COMPLETED"), {"done", "finished"}),
            (prop("COMPLETED", "<C:is-not-defined/>"), ALL - {"done", "finished"}),
            (prop("SUMMARY", "<C:text-match>NACH</C:text-match>"), {"plain"}),
            (prop("SUMMARY", text("KÖLN")), set()),
            (prop("SUMMARY", text("STRASSE NACH KÖLN", "i;unicode-casemap")), {"plain"}),
            (prop("SUMMARY", text("nach", "i;octet")), {"plain"}),
            (prop("SUMMARY", text("NACH", "i;octet")), set()),
            (prop("SUMMARY", '<C:text-match negate-condition="yes">a task</C:text-match>'), {"plain"}),
            (prop("CATEGORIES", text("home, sweet")), {"day"}),
            (prop("STATUS", '<C:text-match negate-condition="yes">completed</C:text-match>'), set()),
            (prop("X-THING", param("X-P", text("some"))), {"instant"}),
            (prop("X-THING", param("X-P", "<C:is-not-defined/>")), set()),
            (prop("X-THING", param("X-Q", "<C:is-not-defined/>")), {"instant"}),
            (prop("DUE") + prop("PRIORITY"), {"day"}),
            ('<C:comp-filter name="VALARM"/>', {"alarm"}),
            ('<C:comp-filter name="VALARM"><C:is-not-defined/></C:comp-filter>', ALL - {"alarm"}),
            (prop("COMPLETED", in_range("20261110T000000Z", "20261111T000000Z")), {"done", "finished"}),
            (prop("COMPLETED", in_range("20261111T000000Z", None)), set()),
        ],
    )
    def test_what_a_filter_takes(self, shown: Dav, inside: str, found: set[str]) -> None:
        """Texts, parameters, components, and what is not there."""
        assert names(shown, inside) == found

    def test_there_are_to_dos_and_nothing_else(self, shown: Dav) -> None:
        """Whoever asks for events finds none, and for a calendar alone finds everything."""
        assert read(query(shown, '<C:comp-filter name="VEVENT"/>')) == []
        assert {told.name.removesuffix(".ics") for told in read(query(shown, ""))} == ALL

    @pytest.mark.parametrize(
        ("inside", "name"),
        [
            ("<C:filter/>", "valid-filter"),
            ('<C:filter><C:comp-filter name="VTODO"/></C:filter>', "valid-filter"),
            (calendar("<C:comp-filter/>"), "valid-filter"),
            (calendar('<C:time-range start="20261128"/>'), "valid-filter"),
            (calendar("<C:time-range/>"), "valid-filter"),
            (calendar(prop("VERSION", text("2", "i;x"))), "supported-collation"),
        ],
    )
    def test_a_filter_that_makes_no_sense(self, shown: Dav, inside: str, name: str) -> None:
        """Is refused by the precondition's name."""
        refused = shown.report("C:calendar-query", ETAG + inside)
        assert (refused.status_code, condition(refused)) == (403, C + name)


class TestTimeRange:
    """RFC 4791, 9.9, with a day as all of that day."""

    @pytest.mark.parametrize(
        ("start", "end", "found"),
        [
            ("20261128T120000Z", "20261128T130000Z", {"day"}),
            ("20261128T115959Z", "20261128T120000Z", {"day", "instant"}),
            ("20261130T010000Z", "20261130T020000Z", set()),
            ("20261130T000000Z", "20261130T010000Z", {"zoned"}),
            ("20261202T000000Z", "20261202T010000Z", {"span"}),
            ("20261203T080000Z", "20261203T090000Z", set()),
            ("20261201T070000Z", "20261201T080000Z", set()),
            ("20261210T100000Z", "20261210T110000Z", {"lasting"}),
            ("20261210T070000Z", "20261210T080000Z", set()),
            ("20261215T080000Z", "20261215T090000Z", {"start"}),
            ("20261215T070000Z", "20261215T080000Z", set()),
            ("20261107T000000Z", "20261108T000000Z", {"done"}),
            ("20261110T100000Z", "20261110T110000Z", {"done", "finished"}),
            (None, "20261104T000000Z", set()),
            ("20261216T000000Z", None, {"alarm"}),
        ],
    )
    def test_the_table(self, shown: Dav, start: str | None, end: str | None, found: set[str]) -> None:
        """Each row of it, at its edges; what has no time of its own is there from when it was made."""
        made_at_some_time = {"plain"} if end is None or end > "20261101T000000Z" else set()
        assert names(shown, in_range(start, end)) == found | made_at_some_time

    @pytest.mark.parametrize("hours", [-10, -8, -5, -3.5, 0, 1, 5.5, 9, 12, 12.75, 13])
    def test_a_day_is_itself_on_every_clock(self, shown: Dav, hours: float) -> None:
        """Whoever asks for their own days finds a date on that day, and neither on the one before nor the one after."""

        def midnight(day: int) -> str:
            minutes = day * 1440 - round(hours * 60)
            return f"202611{minutes // 1440:02}T{minutes % 1440 // 60:02}{minutes % 60:02}00Z"

        found = {day: "day" in names(shown, in_range(midnight(day), midnight(day + 1))) for day in (27, 28, 29)}
        assert found == {27: False, 28: True, 29: False}

    def test_a_zone_that_is_named_counts(self, shown: Dav) -> None:
        """By its name, or as it is brought along; what nobody knows is refused."""
        asked = in_range("20261128T000000Z", "20261128T040000Z")
        assert "day" not in names(shown, asked, "<C:timezone-id>America/New_York</C:timezone-id>")
        brought = (
            "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\nBEGIN:VTIMEZONE\nTZID:Mine\nBEGIN:STANDARD\n"
            "DTSTART:19700101T000000\nTZOFFSETFROM:-0500\nTZOFFSETTO:-0500\nEND:STANDARD\nEND:VTIMEZONE\nEND:VCALENDAR"
        )
        assert "day" not in names(shown, asked, f"<C:timezone>{brought}</C:timezone>")
        assert "day" in names(shown, asked)
        asking = f'<C:comp-filter name="VTODO">{asked}</C:comp-filter>'
        for more in ("<C:timezone-id>Mars/Olympus</C:timezone-id>", "<C:timezone>x</C:timezone>"):
            assert query(shown, asking, more=more).status_code == 403


class TestWhatIsGiven:
    """Of each that is found."""

    def test_the_file(self, shown: Dav) -> None:
        """As a GET gives it, with the same tag."""
        [told] = read(query(shown, f'<C:comp-filter name="VTODO">{prop("PRIORITY")}</C:comp-filter>', prop=WHOLE))
        got = shown.send("GET", told.href)
        assert told.text(f"{C}calendar-data") == got.text
        assert told.text(f"{D}getetag") == got.headers["etag"]

    def test_a_part_of_it(self, shown: Dav) -> None:
        """The components and properties that are named, with or without their values."""
        data = (
            '<D:prop><C:calendar-data><C:comp name="VCALENDAR"><C:prop name="VERSION"/><C:comp name="VTODO">'
            "<C:allprop/></C:comp></C:comp></C:calendar-data></D:prop>"
        )
        few = (
            '<D:prop><C:calendar-data><C:comp name="VCALENDAR"><C:allprop/><C:comp name="VTODO"><C:prop name="UID"/>'
            '<C:prop name="SUMMARY" novalue="yes"/></C:comp></C:comp></C:calendar-data></D:prop>'
        )
        asked = '<C:comp-filter name="VTODO"><C:comp-filter name="VALARM"/></C:comp-filter>'
        [told] = read(query(shown, asked, prop=data))
        lines = told.text(f"{C}calendar-data").split("\r\n")
        assert lines[:3] == ["BEGIN:VCALENDAR", "VERSION:2.0", "BEGIN:VTODO"]
        assert "DUE:20261220T080000Z" in lines
        assert "BEGIN:VALARM" not in lines
        [told] = read(query(shown, asked, prop=few))
        assert told.text(f"{C}calendar-data").split("\r\n")[3:] == [
            *("BEGIN:VTODO", "UID:alarm", "SUMMARY:", "END:VTODO", "END:VCALENDAR", ""),
        ]

    def test_those_that_are_named(self, shown: Dav) -> None:
        """In their order, by a path or a whole URL; 404 for what is not there, is somebody else's, or none of ours."""
        theirs = f"/dav/calendars/{new_user()}/tasks/day.ics"
        hrefs = [
            f"{shown.collection}span.ics",
            f"http://x{shown.collection}day.ics",
            theirs,
            "/x",
            f"{shown.collection}y",
        ]
        answer = shown.report("C:calendar-multiget", WHOLE + "".join(f"<D:href>{href}</D:href>" for href in hrefs))
        told = read(answer)
        assert [each.status for each in told] == [None, None, 404, 404, 404]
        assert [each.name for each in told[:2]] == ["span.ics", "day.ics"]
        assert [each.href for each in told[2:]] == hrefs[2:]
        assert "DUE;VALUE=DATE:20261128\r\n" in told[1].text(f"{C}calendar-data")

    def test_one_alone(self, shown: Dav) -> None:
        """A report may be asked of a resource; of the collection itself, at depth 0, there is nothing to find."""
        asked = WHOLE + calendar("")
        path = f"{shown.collection}day.ics"
        assert len(read(shown.report("C:calendar-query", asked, path=path, depth="0"))) == 1
        assert read(shown.report("C:calendar-query", asked, depth="0")) == []

    @pytest.mark.parametrize("kind", ["C:free-busy-query", "D:expand-property", "D:principal-property-search"])
    def test_other_reports(self, shown: Dav, kind: str) -> None:
        """403 by name, on every place."""
        for path in (shown.collection, "/dav/"):
            refused = shown.report(kind, "", path=path)
            assert (refused.status_code, condition(refused)) == (403, f"{D}supported-report")
