"""What comes after a task that recurs."""

from datetime import UTC, date, datetime

import pytest

from core.recurrence.rule import parse
from core.recurrence.series import Occurrence, Series
from tests.recurrence.generate import cases


def _dates(rule: str, start: str) -> Series:
    return Series(parse(rule), datetime.fromisoformat(start), "UTC", dates=True)


def _instants(rule: str, start: str, zone: str) -> Series:
    return Series(parse(rule), datetime.fromisoformat(start), zone, dates=False)


def _said(occurrences: list[Occurrence]) -> list[str]:
    return [
        occurrence.on.isoformat() if occurrence.on else f"{occurrence.at:%Y-%m-%dT%H:%MZ}" for occurrence in occurrences
    ]


def _completed(series: Series, times: int) -> list[Occurrence]:
    """Each task completed at its date, as often as it can be."""
    found: list[Occurrence] = []
    while len(found) < times and (step := series.following()):
        found.append(step.occurrence)
        series = Series(step.rule, step.occurrence.nominal, series.zone, series.dates)
    return found


DATES = [
    ("FREQ=MONTHLY", "2026-01-31", "2026-03-31 2026-05-31 2026-07-31 2026-08-31"),
    ("FREQ=MONTHLY;BYMONTHDAY=-1", "2026-01-31", "2026-02-28 2026-03-31 2026-04-30"),
    ("FREQ=MONTHLY;BYMONTHDAY=31", "2026-02-10", "2026-03-31 2026-05-31"),
    ("FREQ=YEARLY", "2024-02-29", "2028-02-29 2032-02-29"),
    ("FREQ=YEARLY;INTERVAL=100", "2000-02-29", "2400-02-29 2800-02-29"),
    ("FREQ=MONTHLY;BYDAY=5FR", "2026-01-30", "2026-05-29 2026-07-31 2026-10-30"),
    ("FREQ=MONTHLY;BYDAY=-1FR", "2026-01-30", "2026-02-27 2026-03-27 2026-04-24"),
    ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", "2026-01-30", "2026-02-27 2026-03-31"),
    ("FREQ=MONTHLY;BYDAY=MO,-1WE", "2026-06-01", "2026-06-08 2026-06-15 2026-06-22 2026-06-24 2026-06-29 2026-07-06"),
    ("FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU;WKST=MO", "1997-08-05", "1997-08-10 1997-08-19 1997-08-24"),
    ("FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU;WKST=SU", "1997-08-05", "1997-08-17 1997-08-19 1997-08-31"),
    ("FREQ=WEEKLY;BYDAY=MO,WE,FR;BYSETPOS=2", "2026-01-07", "2026-01-14 2026-01-21"),
    ("FREQ=YEARLY;BYWEEKNO=20", "2026-05-13", "2027-05-19 2028-05-17"),
    ("FREQ=YEARLY;BYWEEKNO=53;BYDAY=SA", "2020-01-01", "2021-01-02 2027-01-02 2033-01-01"),
    ("FREQ=YEARLY;BYWEEKNO=-53;BYDAY=WE", "1997-01-01", "1997-12-31 2003-12-31 2008-12-31"),
    ("FREQ=YEARLY;BYWEEKNO=1,-1;BYDAY=MO;BYSETPOS=-1", "2025-01-01", "2025-12-29 2026-12-28 2027-12-27"),
    ("FREQ=YEARLY;BYWEEKNO=1;BYMONTH=6", "2025-01-01", ""),
    ("FREQ=YEARLY;BYDAY=20MO", "1997-05-19", "1998-05-18 1999-05-17"),
    ("FREQ=DAILY;INTERVAL=3", "2026-12-30", "2027-01-02 2027-01-05"),
    ("FREQ=DAILY;COUNT=3", "2026-01-01", "2026-01-02 2026-01-03"),
    ("FREQ=DAILY;COUNT=1", "2026-01-01", ""),
    ("FREQ=WEEKLY;BYDAY=MO;COUNT=3", "2026-01-06", "2026-01-12 2026-01-19"),
    ("FREQ=DAILY;UNTIL=20260103", "2026-01-01", "2026-01-02 2026-01-03"),
    ("FREQ=DAILY;UNTIL=20260103T000000Z", "2026-01-01", "2026-01-02 2026-01-03"),
    ("FREQ=DAILY;UNTIL=20251231", "2026-01-01", ""),
    ("FREQ=DAILY", "9999-12-30", "9999-12-31"),
    ("FREQ=WEEKLY", "9999-12-20", "9999-12-27"),
    ("FREQ=WEEKLY;BYDAY=FR,SU", "9999-12-26", "9999-12-31"),
    ("FREQ=MONTHLY;INTERVAL=9999", "9999-01-01", ""),
    ("FREQ=WEEKLY;WKST=SU", "0001-01-01", "0001-01-08 0001-01-15"),
    ("FREQ=YEARLY;INTERVAL=100;BYMONTH=2;BYMONTHDAY=29", "1999-06-01", ""),
    ("FREQ=YEARLY;INTERVAL=900", "2000-06-01", "2900-06-01 3800-06-01 4700-06-01"),
    ("FREQ=WEEKLY;INTERVAL=5000", "2000-01-01", "2095-10-29 2191-08-27 2287-06-25 2383-04-23 2479-02-18"),
    ("FREQ=YEARLY;INTERVAL=4;BYMONTH=2;BYMONTHDAY=29", "2025-01-01", ""),
    ("FREQ=MONTHLY;BYDAY=MO;BYSETPOS=6", "2025-01-01", ""),
    ("FREQ=YEARLY;BYYEARDAY=200;BYMONTH=1", "2025-01-01", ""),
]


@pytest.mark.parametrize(("rule", "start", "expected"), DATES)
def test_a_rule_gives_its_dates(rule: str, start: str, expected: str) -> None:
    """Short months, leap days, last Fridays, the week's start and every end are as the standard has them."""
    wanted = expected.split()
    series = _dates(rule, start)
    assert _said(series.coming(len(wanted) or 1)) == wanted
    assert _said(_completed(series, len(wanted) or 1)) == wanted


INSTANTS = [
    # 02:30 is not on 29 March, and twice on 25 October.
    ("FREQ=DAILY", "2026-03-28T02:30", "Europe/Berlin", "2026-03-29T01:30Z 2026-03-30T00:30Z"),
    ("FREQ=DAILY", "2026-10-24T02:30", "Europe/Berlin", "2026-10-25T00:30Z 2026-10-26T01:30Z"),
    ("FREQ=DAILY", "2026-03-28T09:00", "Europe/Berlin", "2026-03-29T07:00Z 2026-03-30T07:00Z"),
    ("FREQ=DAILY;COUNT=3", "2026-03-28T02:30", "Europe/Berlin", "2026-03-29T01:30Z 2026-03-30T00:30Z"),
    ("FREQ=DAILY", "2026-10-03T02:15", "Australia/Lord_Howe", "2026-10-03T15:45Z 2026-10-04T15:15Z"),
    ("FREQ=DAILY;COUNT=4", "2011-12-29T09:00", "Pacific/Apia", "2011-12-30T19:00Z 2011-12-31T19:00Z 2012-01-01T19:00Z"),
    ("FREQ=WEEKLY", "2011-12-23T09:00", "Pacific/Apia", "2011-12-30T19:00Z 2012-01-05T19:00Z"),
    ("FREQ=DAILY", "2026-02-14T02:30", "Africa/Casablanca", "2026-02-15T01:30Z 2026-02-16T02:30Z"),
    ("FREQ=DAILY", "2026-03-21T02:30", "Africa/Casablanca", "2026-03-22T02:30Z 2026-03-23T01:30Z"),
    ("FREQ=DAILY", "2026-03-28T01:30", "Europe/Dublin", "2026-03-29T01:30Z 2026-03-30T00:30Z"),
    ("FREQ=DAILY", "1985-12-30T00:05", "Asia/Kathmandu", "1985-12-30T18:35Z 1985-12-31T18:35Z 1986-01-01T18:20Z"),
    # What is moved gets behind what follows, and two that come to be the same are one.
    (
        "FREQ=DAILY;BYHOUR=2,3;BYMINUTE=15,30",
        "2026-03-28T03:30",
        "Europe/Berlin",
        "2026-03-29T01:15Z 2026-03-29T01:30Z 2026-03-30T00:15Z",
    ),
    ("FREQ=DAILY;BYHOUR=9,17", "2026-06-01T09:00", "Europe/Berlin", "2026-06-01T15:00Z 2026-06-02T07:00Z"),
    ("FREQ=DAILY;UNTIL=20260330", "2026-03-29T00:00", "Europe/Berlin", "2026-03-29T22:00Z"),
    ("FREQ=DAILY;UNTIL=20260330T070000Z", "2026-03-28T09:00", "Europe/Berlin", "2026-03-29T07:00Z 2026-03-30T07:00Z"),
    ("FREQ=DAILY;UNTIL=20260330T065959Z", "2026-03-28T09:00", "Europe/Berlin", "2026-03-29T07:00Z"),
    ("FREQ=DAILY;UNTIL=20260330T085959", "2026-03-28T09:00", "Europe/Berlin", "2026-03-29T07:00Z"),
    ("FREQ=DAILY", "9999-12-30T20:00", "America/New_York", ""),
    ("FREQ=DAILY", "9999-12-30T20:00", "Asia/Kathmandu", "9999-12-31T14:15Z"),
]


@pytest.mark.parametrize(("rule", "start", "zone", "expected"), INSTANTS)
def test_the_time_on_the_wall_stays(rule: str, start: str, zone: str, expected: str) -> None:
    """A time that is skipped moves on with the clocks, one that is twice is the first, and the next day is as ever."""
    wanted = expected.split()
    series = _instants(rule, start, zone)
    assert _said(series.coming(10))[: len(wanted)] == wanted
    assert len(series.coming(10)) == len(wanted) or (series.rule.count is None and series.rule.until is None)
    assert _said(_completed(series, len(wanted))) == wanted


def test_sixty_in_a_row_are_the_first_sixty() -> None:
    """Whoever completes each task in its turn gets the rule's dates, none twice and none left out."""
    for case in cases(400, seed=60):
        assert _completed(case.series, 60) == case.series.coming(60), str(case)


def test_what_is_put_off_moves_alone() -> None:
    """What follows on a task that was put off is the rule's next date behind that, and COUNT knows of those between."""
    series = _dates("FREQ=DAILY;INTERVAL=3;COUNT=5", "2026-01-01")
    assert series.following(datetime(2026, 1, 2)) == series.following()
    step = series.following(datetime(2026, 1, 8))
    assert step is not None
    assert (step.occurrence.on, str(step.rule)) == (date(2026, 1, 10), "FREQ=DAILY;COUNT=2;INTERVAL=3")
    assert series.following(datetime(2026, 1, 13)) is None


def test_what_is_put_off_for_ages_takes_no_longer() -> None:
    """The date is found from there, in step with where the series began."""
    for rule, expected in [
        ("FREQ=DAILY;INTERVAL=7", "9990-01-08"),
        ("FREQ=WEEKLY;INTERVAL=2", "9990-01-08"),
        ("FREQ=MONTHLY;INTERVAL=5", "9990-05-06"),
        ("FREQ=YEARLY;INTERVAL=3", "9990-04-06"),
    ]:
        step = _dates(rule, "0003-04-06" if "YEAR" in rule or "MONTH" in rule else "0001-01-01").following(
            datetime(9990, 1, 1)
        )
        assert step is not None
        assert step.occurrence.on is not None
        assert step.occurrence.on.isoformat() == expected


AFTER = [
    ("FREQ=DAILY;INTERVAL=3", "2026-01-01", "2026-01-10T12:00", "2026-01-13"),
    ("FREQ=WEEKLY;BYDAY=MO", "2026-01-05", "2026-01-12T08:00", "2026-01-19"),
    ("FREQ=MONTHLY", "2026-01-31", "2026-02-15T08:00", "2026-03-15"),
]


@pytest.mark.parametrize(("rule", "start", "completed", "expected"), AFTER)
def test_what_is_counted_from_the_completion(rule: str, start: str, completed: str, expected: str) -> None:
    """The day of the completion is the first, and the next one comes after it."""
    step = _dates(rule, start).after(datetime.fromisoformat(completed).replace(tzinfo=UTC))
    assert step is not None
    assert str(step.occurrence.on) == expected


def test_the_completion_has_its_day_in_the_zone() -> None:
    """What is done on the morning of the 11th in Auckland was not done on the 10th."""
    series = Series(parse("FREQ=DAILY;COUNT=2"), datetime(2026, 1, 5), "Pacific/Auckland", dates=True)
    step = series.after(datetime(2026, 1, 10, 20, tzinfo=UTC))
    assert step is not None
    assert (step.occurrence.on, step.rule.count) == (date(2026, 1, 12), 1)


def test_the_time_of_day_is_kept_from_a_completion() -> None:
    """At nine in the morning, on the first day on which that is still to come."""
    series = _instants("FREQ=DAILY", "2026-03-20T09:00", "Europe/Berlin")
    late, early = (series.after(datetime(2026, 3, 28, hour, tzinfo=UTC)) for hour in (20, 5))
    assert late is not None
    assert early is not None
    assert _said([late.occurrence, early.occurrence]) == ["2026-03-29T07:00Z", "2026-03-29T07:00Z"]


def test_microseconds_are_kept() -> None:
    """What a due date has beyond the second, each that follows has."""
    series = _instants("FREQ=DAILY;UNTIL=20260103T090000Z", "2026-01-01T09:00:00.123456", "UTC")
    assert [occurrence.at for occurrence in series.coming(5)] == [
        datetime(2026, 1, 2, 9, 0, 0, 123456, UTC),
        datetime(2026, 1, 3, 9, 0, 0, 123456, UTC),
    ]
