"""The traps that lie in the values: days, words, rules, zones, nesting."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from api.imports.parsed import Parsed, Rule
from api.imports.tree import Placed, placed
from api.imports.values.moments import day_of, day_or_instant, in_utc, instant, iso, zone_named
from api.imports.values.rules import of_seconds, of_taskwarrior, rule
from api.imports.values.texts import of_html, plain
from api.imports.values.words import repeats, said
from core.tasks.tree.family import MAX_LEVELS
from tests.imports.test_samples import BERLIN, SATURDAY


@pytest.mark.parametrize(
    ("at", "zone", "expected"),
    [
        ("2026-03-04T23:00:00Z", "Europe/Berlin", "2026-03-05"),
        ("2026-07-04T22:00:00Z", "Europe/Berlin", "2026-07-05"),
        ("2026-03-05T05:00:00Z", "America/New_York", "2026-03-05"),
        ("2026-03-04T18:15:00Z", "Asia/Kathmandu", "2026-03-05"),
        ("2026-03-05T00:00:00Z", "Europe/Berlin", "2026-03-05"),
        ("2026-03-05T00:00:00Z", None, "2026-03-05"),
        ("2026-03-05T08:30:00Z", "Europe/Berlin", None),
        ("2026-03-04T23:00:00Z", None, None),
    ],
)
def test_midnight_is_a_day(at: str, zone: str | None, expected: str | None) -> None:
    """There, or in UTC; any other instant stays one."""
    moment = iso(at)
    found = day_or_instant(moment, ZoneInfo(zone) if zone else None)
    assert found == (date.fromisoformat(expected) if expected else moment)


@pytest.mark.parametrize("offset", range(-11, 13))
def test_the_nearest_midnight_is_the_day_where_no_zone_is_known(offset: int) -> None:
    """From UTC-11 to UTC+12."""
    midnight = datetime.fromisoformat(f"2026-03-05T00:00:00{'-' if offset < 0 else '+'}{abs(offset):02}:00")
    assert day_of(midnight.astimezone(UTC), None) == date(2026, 3, 5)


def test_a_time_that_does_not_exist_is_moved_on() -> None:
    """By the gap; one that exists twice is the first."""
    assert in_utc(iso("2026-03-29T02:30:00"), BERLIN) == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    assert in_utc(iso("2026-10-25T02:30:00"), BERLIN) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_instants_come_with_any_number_of_digits() -> None:
    """Microsoft writes seven; the year 1 is Vikunja's word for none."""
    assert instant("2026-01-01T08:00:00.1234567Z") == datetime(2026, 1, 1, 8, 0, 0, 123_000, tzinfo=UTC)
    assert instant("2026-01-01T08:00:00+0000") == datetime(2026, 1, 1, 8, tzinfo=UTC)
    assert instant("0001-01-01T00:00:00Z") is None
    with pytest.raises(ValueError, match="offset"):
        instant("2026-01-01T08:00:00")


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Europe/Berlin", "Europe/Berlin"),
        ("W. Europe Standard Time", "Europe/Berlin"),
        ("Mountain Standard Time", "America/Denver"),
        ("/mozilla.org/20050126_1/America/Argentina/Buenos_Aires", "America/Argentina/Buenos_Aires"),
        ("UTC", "UTC"),
        ("Customized Time Zone", None),
        ("../etc/passwd", None),
        ("x" * 5000, None),
    ],
)
def test_zones_are_known_by_the_names_that_others_have(name: str, key: str | None) -> None:
    """IANA's, those of Windows, and those that end in IANA's."""
    found = zone_named(name)
    assert (found.key if found else None) == key


@pytest.mark.parametrize(
    ("words", "due", "rule"),
    [
        ("2026-12-04", "2026-12-04", None),
        ("2026-12-05 at 18:30", "2026-12-05T17:30:00+00:00", None),
        ("4 Jan 2027", "2027-01-04", None),
        ("January 4th, 2027 9am", "2027-01-04T08:00:00+00:00", None),
        ("every monday", "2026-11-30", "FREQ=WEEKLY;BYDAY=MO"),
        ("every saturday", "2026-11-28", "FREQ=WEEKLY;BYDAY=SA"),
        ("Every Tue, Thu", "2026-12-01", "FREQ=WEEKLY;BYDAY=TU,TH"),
        ("every weekday at 07:15", "2026-11-30T06:15:00+00:00", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"),
        ("every day", "2026-11-28", "FREQ=DAILY"),
        ("daily", "2026-11-28", "FREQ=DAILY"),
        ("every 15th", "2026-12-15", "FREQ=MONTHLY;BYMONTHDAY=15"),
        ("every 31st", "2026-12-31", "FREQ=MONTHLY;BYMONTHDAY=31"),
        ("every 3 May", "2027-05-03", "FREQ=YEARLY;BYMONTH=5;BYMONTHDAY=3"),
        ("every 29 Feb", "2028-02-29", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29"),
    ],
)
def test_words_that_name_a_day_are_that_day(words: str, due: str, rule: str | None) -> None:
    """In the zone of the user, and for what repeats the first one from today."""
    found = said(words, zone=BERLIN, today=SATURDAY)
    assert found
    assert (found.due.isoformat(), found.rule.text if found.rule else None) == (due, rule)


@pytest.mark.parametrize(
    "words",
    [
        *(
            "4 Jan",
            "17 Aug",
            "in 5 days",
            "tomorrow",
            "every 3 weeks",
            "every! monday",
            "every other day",
            "every month",
        ),
        *("every 32nd", "31 Feb 2027", "2026-02-30", "jeden Montag", "every", "", "x" * 5000),
    ],
)
def test_words_that_name_none_stay_words(words: str) -> None:
    """Nothing is guessed."""
    assert said(words, zone=BERLIN, today=SATURDAY) is None


@pytest.mark.parametrize(
    ("words", "rule"),
    [
        ("every day at 9am", "FREQ=DAILY"),
        ("every 3 weeks", "FREQ=WEEKLY;INTERVAL=3"),
        ("every other month", "FREQ=MONTHLY;INTERVAL=2"),
        ("every quarter", "FREQ=MONTHLY;INTERVAL=3"),
        ("every full moon", None),
    ],
)
def test_a_day_that_is_known_has_more_rules(words: str, rule: str | None) -> None:
    """The API gives the day beside the words."""
    assert repeats(words) == rule


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("RRULE:FREQ=DAILY;INTERVAL=3;FROM=COMPLETION", Rule("FREQ=DAILY;INTERVAL=3", from_completion=True)),
        ("FREQ=WEEKLY;INTERVAL=1;BYDAY=FR;COUNT=-1", Rule("FREQ=WEEKLY;INTERVAL=1;BYDAY=FR")),
        ("FREQ=MONTHLY;BYMONTHDAY=5;", Rule("FREQ=MONTHLY;BYMONTHDAY=5")),
        ("freq=weekly;byday=-1fr", Rule("FREQ=WEEKLY;BYDAY=-1FR")),
        ("FREQ=HOURLY", None),
        ("FREQ=DAILY;FREQ=WEEKLY", None),
        ("INTERVAL=2", None),
        ("FREQ=DAILY;X=1", None),
        ("FREQ=DAILY;" * 1000, None),
    ],
)
def test_rules_are_cleaned_or_refused(text: str, expected: Rule | None) -> None:
    """Of what means nothing; what is not understood is none."""
    assert rule(text) == expected


@pytest.mark.parametrize(
    ("recur", "expected"),
    [
        ("weekdays", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"),
        ("3wks", "FREQ=WEEKLY;INTERVAL=3"),
        ("2 months", "FREQ=MONTHLY;INTERVAL=2"),
        ("P1M", "FREQ=MONTHLY"),
        ("quarterly", "FREQ=MONTHLY;INTERVAL=3"),
        ("2q", "FREQ=MONTHLY;INTERVAL=6"),
        ("10min", None),
        ("0d", None),
    ],
)
def test_taskwarriors_words_are_known(recur: str, expected: str | None) -> None:
    """Those that name days."""
    assert of_taskwarrior(recur) == expected


def test_seconds_are_days_only_where_they_are_whole_ones() -> None:
    """And weeks where they are those."""
    assert [of_seconds(days * 86_400) for days in (1, 3, 14)] == [
        *("FREQ=DAILY", "FREQ=DAILY;INTERVAL=3", "FREQ=WEEKLY;INTERVAL=2")
    ]
    assert of_seconds(3600) is of_seconds(86_401) is None


def test_html_is_what_a_browser_shows() -> None:
    """Without scripts, and bounded."""
    assert of_html("<p>one &amp; <b>two</b></p><ul><li>a</li><li>b</li></ul><script>x</script>") == "one & two\n\na\nb"
    assert of_html("a < b") == "a < b"
    assert len(of_html("<p>" + "x" * 100_000)) < 10_000
    assert plain("a\0b\r\nc\ud800\r") == "ab\nc?"


def task(ref: str, parent: str = "", *, order: float | None = None) -> Parsed:
    return Parsed(ref=ref, title=ref, place=ref, parent=parent, order=() if order is None else (order,))


def nested(*tasks: Parsed) -> list[tuple[str, str | None, int]]:
    found: list[Placed] = [one for one in placed(tasks) if one]
    return [
        (one.task.ref, found[one.parent].task.ref if one.parent is not None else None, one.position) for one in found
    ]


def test_children_may_come_first() -> None:
    """Each is behind its parent, in the order of those that have one, then of the file."""
    assert nested(task("c", "a"), task("b", "a", order=1), task("z"), task("a", order=5)) == [
        *(("a", None, 0), ("b", "a", 0), ("c", "a", 1), ("z", None, 1))
    ]


def test_a_circle_is_cut() -> None:
    """Nobody is lost, and whoever has no parent any more is told of."""
    tasks = [task("x", "y"), task("y", "x"), task("below", "x"), task("self", "self"), task("orphan", "gone")]
    assert nested(*tasks) == [
        *(("orphan", None, 0), ("x", None, 1), ("y", "x", 0), ("below", "x", 1), ("self", None, 2))
    ]
    told = {one.ref: [what for what, _ in one.not_carried] for one in tasks}
    assert told == {"x": ["parent"], "y": [], "below": [], "self": ["parent"], "orphan": ["parent"]}


def test_nobody_is_too_deep() -> None:
    """However deep the file is: below the last level all are beside each other."""
    count = 5000
    tasks = [task(str(number), str(number - 1) if number else "") for number in range(count)]
    found = [one for one in placed(tasks) if one]
    levels: list[int] = []
    for one in found:
        levels.append(1 if one.parent is None else levels[one.parent] + 1)
    assert (len(found), max(levels)) == (count, MAX_LEVELS)
    assert sum(bool(one.not_carried) for one in tasks) == count - MAX_LEVELS
