"""Questions about what repeats: which dates there are, by rule, exception and addition, and each of them by itself."""

import pytest

from tests.calendars.dav import C, D, Dav, read, todo
from tests.calendars.protocol.test_query import in_range, names, query

ZONE = (
    "BEGIN:VTIMEZONE\r\nTZID:Europe/Berlin\r\nBEGIN:STANDARD\r\nDTSTART:20001029T030000\r\nTZOFFSETFROM:+0200\r\n"
    "TZOFFSETTO:+0100\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n"
)


@pytest.mark.parametrize(
    ("lines", "day", "found"),
    [
        (("DUE;VALUE=DATE:20261130", "RRULE:FREQ=WEEKLY"), 7, True),
        (("DUE;VALUE=DATE:20261130", "RRULE:FREQ=WEEKLY"), 8, False),
        (("DUE;VALUE=DATE:20261130", "RRULE:FREQ=DAILY;COUNT=3"), 2, True),
        (("DUE;VALUE=DATE:20261130", "RRULE:FREQ=DAILY;COUNT=3"), 3, False),
        (("DUE;VALUE=DATE:20261130", "RRULE:FREQ=DAILY;UNTIL=20261205"), 5, True),
        (("DUE;VALUE=DATE:20261130", "RRULE:FREQ=DAILY;UNTIL=20261205"), 6, False),
        (("DUE;VALUE=DATE:20261130", "RRULE:FREQ=DAILY", "EXDATE;VALUE=DATE:20261203,20261204"), 4, False),
        (("DUE;VALUE=DATE:20261130", "RRULE:FREQ=WEEKLY", "RDATE;VALUE=DATE:20261203"), 3, True),
        (("DTSTART;TZID=Europe/Berlin:20260101T003000", "RRULE:FREQ=MONTHLY;BYMONTHDAY=10"), 9, True),
        (("DTSTART;TZID=Europe/Berlin:20260101T003000", "RRULE:FREQ=MONTHLY;BYMONTHDAY=10"), 10, False),
        (("DTSTART:20260101T120000Z", "DURATION:P3D", "RRULE:FREQ=MONTHLY;BYMONTHDAY=5"), 8, True),
        (("DTSTART:20260101T120000Z", "DURATION:P3D", "RRULE:FREQ=MONTHLY;BYMONTHDAY=5"), 9, False),
        (("DTSTART:20100102T120000Z", "RRULE:FREQ=DAILY;INTERVAL=2"), 2, True),
        (("DTSTART:20100102T120000Z", "RRULE:FREQ=DAILY;INTERVAL=2"), 3, False),
    ],
)
def test_a_date_of_a_series_is_found(dav: Dav, lines: tuple[str, ...], day: int, *, found: bool) -> None:
    """On its day of December, as UTC has it, and on no other."""
    body = todo("u", *lines)
    if "TZID" in lines[0]:
        body = body.replace("BEGIN:VTODO", f"{ZONE}BEGIN:VTODO")
    assert dav.put("u.ics", body).status_code == 201
    asked = in_range(f"202612{day:02}T000000Z", f"202612{day + 1:02}T000000Z")
    assert names(dav, asked) == ({"u"} if found else set())


def test_one_that_was_moved_is_where_it_was_moved_to(dav: Dav) -> None:
    """And not where the rule has it."""
    moved = todo("u", "RECURRENCE-ID:20261203T100000Z", "DUE:20261220T100000Z", summary="Moved")
    part = moved[moved.index("BEGIN:VTODO") : moved.index("END:VCALENDAR")]
    series = todo("u", "DUE:20261201T100000Z", "RRULE:FREQ=DAILY;COUNT=5").replace(
        "END:VCALENDAR", f"{part}END:VCALENDAR"
    )
    assert dav.put("u.ics", series).status_code == 201
    for day, found in ((2, True), (3, False), (4, True), (20, True), (21, False)):
        asked = in_range(f"202612{day:02}T090000Z", f"202612{day:02}T110000Z")
        assert (names(dav, asked) == {"u"}) is found, day


def expanding(start: str, end: str) -> str:
    return f'<D:prop><C:calendar-data><C:expand start="{start}" end="{end}"/></C:calendar-data></D:prop>'


def expand(dav: Dav, start: str, end: str) -> list[str]:
    """The lines of the one object that there is, as it is given."""
    [told] = read(query(dav, '<C:comp-filter name="VTODO"/>', prop=expanding(start, end)))
    return told.text(f"{C}calendar-data").split("\r\n")


def test_each_by_itself(dav: Dav) -> None:
    """In UTC, over a change of the clocks, with its own date for a name, and without the rule."""
    body = todo(
        "u", "DTSTART;TZID=Europe/Berlin:20261024T090000", "DUE;TZID=Europe/Berlin:20261024T100000", "RRULE:FREQ=DAILY"
    )
    dav.put("u.ics", body.replace("BEGIN:VTODO", f"{ZONE}BEGIN:VTODO"))
    lines = expand(dav, "20261024T000000Z", "20261026T000000Z")
    assert [line for line in lines if line.startswith(("DTSTART", "DUE", "RECURRENCE-ID"))] == [
        *("DTSTART:20261024T070000Z", "RECURRENCE-ID:20261024T070000Z", "DUE:20261024T080000Z"),
        *("DTSTART:20261025T080000Z", "RECURRENCE-ID:20261025T080000Z", "DUE:20261025T090000Z"),
    ]
    assert lines.count("UID:u") == 2
    assert not any(line.startswith(("RRULE", "BEGIN:VTIMEZONE")) for line in lines)


def test_days_stay_days(dav: Dav) -> None:
    """And what does not repeat stays one, if it is in the range."""
    dav.put("u.ics", todo("u", "DUE;VALUE=DATE:20261201", "RRULE:FREQ=WEEKLY;COUNT=3"))
    lines = expand(dav, "20261207T000000Z", "20270101T000000Z")
    assert [line for line in lines if line.startswith(("DUE", "RECURRENCE-ID"))] == [
        *("DUE;VALUE=DATE:20261208", "RECURRENCE-ID;VALUE=DATE:20261208"),
        *("DUE;VALUE=DATE:20261215", "RECURRENCE-ID;VALUE=DATE:20261215"),
    ]


def test_without_an_end_there_are_too_many(dav: Dav) -> None:
    """Of that one alone, by name, wherever it stands in a long answer; a question about the dates alone is answered."""
    long = f"DESCRIPTION:{'long' * 25_000}"
    for name in "abcd":
        dav.put(f"{name}.ics", todo(name, "DUE;VALUE=DATE:20000102", long))
    dav.put("u.ics", todo("u", "DUE;VALUE=DATE:20000101", "RRULE:FREQ=DAILY"))
    dav.put("v.ics", todo("v", "DUE;VALUE=DATE:20000102"))
    prop = expanding("20000101T000000Z", "21000101T000000Z").replace("<D:prop>", "<D:prop><D:getetag/>")
    answer = query(dav, '<C:comp-filter name="VTODO"/>', prop=prop)
    assert answer.text.count("<D:error><D:number-of-matches-within-limits/></D:error>") == 1
    told = {each.name: each for each in read(answer)}
    assert {name: each.text(f"{D}getetag") for name, each in told.items()} == dav.etags()
    refused = {name: each.missing for name, each in told.items() if each.missing}
    assert refused == {"u.ics": {f"{C}calendar-data": 507}}
    assert names(dav, in_range("20990101T000000Z", None)) == {"u"}


@pytest.mark.parametrize(
    ("lines", "alarm", "hour", "found"),
    [
        (("DUE:20261201T120000Z",), ("TRIGGER;RELATED=END:-PT2H",), "20261201T10", True),
        (("DUE:20261201T120000Z",), ("TRIGGER;RELATED=END:-PT2H",), "20261201T11", False),
        (("DTSTART:20261201T080000Z", "DUE:20261201T120000Z"), ("TRIGGER:PT0S",), "20261201T08", True),
        (("DTSTART:20261201T080000Z", "DUE:20261201T120000Z"), ("TRIGGER;RELATED=END:PT0S",), "20261201T12", True),
        (("DTSTART:20261201T080000Z", "DURATION:PT3H"), ("TRIGGER;RELATED=END:-PT1H",), "20261201T10", True),
        (("DUE;VALUE=DATE:20261201",), ("TRIGGER;RELATED=END:PT9H",), "20261201T09", True),
        ((), ("TRIGGER;VALUE=DATE-TIME:20261205T070000Z",), "20261205T07", True),
        ((), ("TRIGGER;VALUE=DATE-TIME:20261205T070000Z",), "20261205T08", False),
        ((), ("TRIGGER:-PT5M",), "20261205T08", False),
        (("DUE:20261201T120000Z", "RRULE:FREQ=DAILY"), ("TRIGGER;RELATED=END:-P1D",), "20261220T12", True),
        (("DUE:20261201T120000Z",), ("TRIGGER:PT0S", "REPEAT:3", "DURATION:PT1H"), "20261201T15", True),
        (("DUE:20261201T120000Z",), ("TRIGGER:PT0S", "REPEAT:3", "DURATION:PT1H"), "20261201T16", False),
    ],
)
def test_an_alarm_is_found_when_it_rings(
    dav: Dav, lines: tuple[str, ...], alarm: tuple[str, ...], hour: str, *, found: bool
) -> None:
    """Before, after or at a date, at a time of its own, again and again; within that hour."""
    rings = ("BEGIN:VALARM", "ACTION:DISPLAY", "DESCRIPTION:x", *alarm, "END:VALARM")
    assert dav.put("u.ics", todo("u", *lines, *rings)).status_code == 201
    asked = in_range(f"{hour}0000Z", f"{hour}5959Z")
    assert names(dav, f'<C:comp-filter name="VALARM">{asked}</C:comp-filter>') == ({"u"} if found else set())
