"""What is taken for a recurrence rule, how it is written then, and what is said of what is not."""

import pytest

from core.recurrence.rule import parse
from tests.recurrence.generate import cases

WRITTEN = [
    ("FREQ=DAILY", "FREQ=DAILY"),
    ("RRULE:FREQ=DAILY", "FREQ=DAILY"),
    (" freq=weekly;byday=mo ", "FREQ=WEEKLY;BYDAY=MO"),
    ("FREQ=DAILY;", "FREQ=DAILY"),
    ("BYDAY=FR,MO,MO;FREQ=WEEKLY;INTERVAL=1;WKST=MO", "FREQ=WEEKLY;BYDAY=MO,FR"),
    ("FREQ=WEEKLY;INTERVAL=2;WKST=SU;COUNT=010", "FREQ=WEEKLY;COUNT=10;INTERVAL=2;WKST=SU"),
    ("FREQ=MONTHLY;BYDAY=+1MO,TU,-1FR", "FREQ=MONTHLY;BYDAY=-1FR,TU,1MO"),
    ("FREQ=MONTHLY;BYMONTHDAY=31,-1,+1", "FREQ=MONTHLY;BYMONTHDAY=-1,1,31"),
    ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1"),
    ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29", "FREQ=YEARLY;BYMONTHDAY=29;BYMONTH=2"),
    ("FREQ=YEARLY;BYWEEKNO=53;BYYEARDAY=-366,366", "FREQ=YEARLY;BYYEARDAY=-366,366;BYWEEKNO=53"),
    ("FREQ=DAILY;BYHOUR=17,9;BYMINUTE=0;BYSECOND=0", "FREQ=DAILY;BYSECOND=0;BYMINUTE=0;BYHOUR=9,17"),
    ("FREQ=DAILY;UNTIL=20261231", "FREQ=DAILY;UNTIL=20261231"),
    ("FREQ=DAILY;UNTIL=20261231T235959Z", "FREQ=DAILY;UNTIL=20261231T235959Z"),
    ("FREQ=DAILY;UNTIL=00010101T000000", "FREQ=DAILY;UNTIL=00010101T000000"),
]

NUMBER = "must have a number from 1 to 9999 as {}"
DAYS = "must have weekdays in BYDAY (MO, TU, WE, TH, FR, SA, SU), such as MO, 2TU or -1FR"
UNTIL = "must have a date (20261231) or a time (20261231T225959Z) that exists as UNTIL"
FREQ = "must have a FREQ of DAILY, WEEKLY, MONTHLY or YEARLY"
FORM = "must be parts such as FREQ=WEEKLY;BYDAY=MO (RFC 5545), with a ; between them"
OTHERS = (
    "must not have other parts than FREQ, UNTIL, COUNT, INTERVAL, BYSECOND, BYMINUTE, BYHOUR, BYDAY, BYMONTHDAY, "
    "BYYEARDAY, BYWEEKNO, BYMONTH, BYSETPOS, WKST"
)
REFUSED = [
    ("", FORM),
    ("every day", FORM),
    ("FREQ=", FORM),
    ("FREQ=DAILY;;COUNT=1", FORM),
    ("COUNT=1", FREQ),
    ("FREQ=HOURLY", FREQ),
    ("FREQ=DAILY;FREQ=DAILY", "must have each part once"),
    ("FREQ=DAILY;BYEASTER=1", OTHERS),
    ("FREQ=DAILY;RSCALE=GREGORIAN", OTHERS),
    ("DTSTART:20260101\nRRULE:FREQ=DAILY", OTHERS),
    ("FREQ=DAILY;COUNT=1;UNTIL=20261231", "must end by COUNT or by UNTIL, not by both"),
    ("FREQ=DAILY;COUNT=0", NUMBER.format("COUNT")),
    ("FREQ=DAILY;COUNT=-1", NUMBER.format("COUNT")),
    ("FREQ=DAILY;COUNT=10000", NUMBER.format("COUNT")),
    ("FREQ=DAILY;COUNT=1_0", NUMBER.format("COUNT")),
    ("FREQ=DAILY;COUNT=\u0661", NUMBER.format("COUNT")),
    ("FREQ=DAILY;INTERVAL=0", NUMBER.format("INTERVAL")),
    ("FREQ=DAILY;UNTIL=20260229", UNTIL),
    ("FREQ=DAILY;UNTIL=2026-12-31", UNTIL),
    ("FREQ=DAILY;UNTIL=20261231T250000Z", UNTIL),
    ("FREQ=DAILY;UNTIL=20261231Z", UNTIL),
    ("FREQ=DAILY;UNTIL=00000101", UNTIL),
    ("FREQ=WEEKLY;BYDAY=MON", DAYS),
    ("FREQ=MONTHLY;BYDAY=0MO", DAYS),
    ("FREQ=MONTHLY;BYDAY=54MO", DAYS),
    ("FREQ=MONTHLY;BYDAY=MO,", DAYS),
    ("FREQ=WEEKLY;BYDAY=1MO", "must not have numbers in BYDAY unless FREQ is MONTHLY or YEARLY"),
    ("FREQ=YEARLY;BYDAY=1MO;BYWEEKNO=1", "must not have numbers in BYDAY beside BYWEEKNO"),
    ("FREQ=DAILY;BYMONTH=13", "must have numbers from 1 to 12 in BYMONTH"),
    ("FREQ=DAILY;BYMONTH=-1", "must have numbers from 1 to 12 in BYMONTH"),
    ("FREQ=DAILY;BYHOUR=24", "must have numbers from 0 to 23 in BYHOUR"),
    ("FREQ=DAILY;BYSECOND=60", "must have numbers from 0 to 59 in BYSECOND"),
    ("FREQ=DAILY;BYMONTHDAY=0", "must have numbers from 1 to 31, or from -31 to -1 in BYMONTHDAY"),
    ("FREQ=DAILY;BYMONTHDAY=", FORM),
    ("FREQ=WEEKLY;BYMONTHDAY=1", "must not have BYMONTHDAY where FREQ is WEEKLY"),
    ("FREQ=MONTHLY;BYYEARDAY=1", "must not have BYYEARDAY unless FREQ is YEARLY"),
    ("FREQ=MONTHLY;BYWEEKNO=1", "must not have BYWEEKNO unless FREQ is YEARLY"),
    ("FREQ=MONTHLY;BYSETPOS=1", "must have another BY part beside BYSETPOS"),
    ("FREQ=DAILY;WKST=1", "must have one of MO, TU, WE, TH, FR, SA, SU as WKST"),
    ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30,31", "must fall on some date: its BYMONTH has no such BYMONTHDAY"),
    ("FREQ=DAILY;BYMONTH=4;BYMONTHDAY=-31", "must fall on some date: its BYMONTH has no such BYMONTHDAY"),
    ("FREQ=MONTHLY;BYDAY=6MO", "must fall on some date: no month has more than 5 of a weekday"),
    ("FREQ=DAILY;BYHOUR=8,9;BYSETPOS=3,-3", "must fall on some date: no period has as many as BYSETPOS counts"),
    ("FREQ=WEEKLY;BYDAY=MO,TU;BYSETPOS=3", "must fall on some date: no period has as many as BYSETPOS counts"),
    (
        f"FREQ=DAILY;BYMINUTE={','.join(map(str, range(60)))};BYSECOND=0,10,20,30,40",
        "must name at most 288 times of a day in BYHOUR, BYMINUTE and BYSECOND",
    ),
    ("FREQ=DAILY;" + "BYHOUR=1," * 60, "must have at most 500 characters"),
]


@pytest.mark.parametrize(("given", "written"), WRITTEN)
def test_a_rule_is_written_in_one_way(given: str, written: str) -> None:
    """Case, order, repetition and what is the default anyway make no difference."""
    assert str(parse(given)) == written
    assert str(parse(written)) == written


@pytest.mark.parametrize(("given", "sentence"), REFUSED)
def test_what_is_no_rule_is_told_by_a_sentence(given: str, sentence: str) -> None:
    """What the standard forbids, and what never is, is refused by its part's name."""
    with pytest.raises(ValueError) as refusal:
        parse(given)
    assert str(refusal.value) == sentence


def test_the_canonical_text_means_the_same() -> None:
    """A rule that is read again from its own text is the same rule."""
    for case in cases(1000, seed=1):
        assert parse(str(case.rule)) == case.rule
