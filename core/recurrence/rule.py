"""A recurrence rule as RFC 5545 has it (RRULE, section 3.3.10), for days and longer: read strictly, written in one way.

What the standard leaves to DTSTART stays open here: `core.recurrence.periods` takes it from the date of a task.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Literal, NamedTuple, cast, get_args

Frequency = Literal["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]
Part = Literal["BYSECOND", "BYMINUTE", "BYHOUR", "BYMONTHDAY", "BYYEARDAY", "BYWEEKNO", "BYMONTH", "BYSETPOS"]

WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
MAX_LENGTH = 500
MAX_NUMBER = 9999
"""Of COUNT, so that what was skipped can be counted; and of INTERVAL, the number of years that there are."""

TIMES: tuple[Part, ...] = ("BYSECOND", "BYMINUTE", "BYHOUR")
"""What a rule for dates cannot have."""

MOST_TIMES = 288
"""Times of a day, one every five minutes: all of a day's are looked at for one date."""

FORM = "must be parts such as FREQ=WEEKLY;BYDAY=MO (RFC 5545), with a ; between them"
PATTERN = "^[^\\x00]*[Ff][Rr][Ee][Qq]=(?:[Dd][Aa][Ii]|[Ww][Ee][Ee][Kk]|[Mm][Oo][Nn][Tt][Hh]|[Yy][Ee][Aa][Rr])[Ll][Yy]"
"""What every rule matches, and much that is none."""

_PARTS = ("FREQ", "UNTIL", "COUNT", "INTERVAL", *TIMES, "BYDAY", *get_args(Part)[3:7], "BYSETPOS", "WKST")
"""In the order in which the standard's grammar has them, which is that of the canonical text."""

_LONGEST = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_MOST_IN_A_MONTH = 5
_DAY = re.compile(r"([+-]?[0-9]{1,2})?(MO|TU|WE|TH|FR|SA|SU)", re.ASCII)
_UNTIL = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})(?:T([0-9]{2})([0-9]{2})([0-9]{2})(Z?))?", re.ASCII)


class _Range(NamedTuple):
    least: int
    most: int
    from_the_end: bool = False
    """Whether a negative number counts from there."""


_RANGES: Mapping[Part, _Range] = {
    "BYSECOND": _Range(0, 59),
    "BYMINUTE": _Range(0, 59),
    "BYHOUR": _Range(0, 23),
    "BYMONTHDAY": _Range(1, 31, from_the_end=True),
    "BYYEARDAY": _Range(1, 366, from_the_end=True),
    "BYWEEKNO": _Range(1, 53, from_the_end=True),
    "BYMONTH": _Range(1, 12),
    "BYSETPOS": _Range(1, 366, from_the_end=True),
}


class Day(NamedTuple):
    """A day of the week, Monday being 0: each of them, or with a number that one of the month or the year."""

    weekday: int
    number: int | None = None

    def __str__(self) -> str:
        return f"{self.number or ''}{WEEKDAYS[self.weekday]}"


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule that `parse` has let through."""

    frequency: Frequency
    interval: int = 1
    count: int | None = None
    until: date | datetime | None = None
    """A date; or a time, that of UTC with its zone, and without one that of the clock on the wall."""
    by: Mapping[Part, tuple[int, ...]] = field(default_factory=dict)
    """The parts that are lists of numbers, rising; those only that are there."""
    days: tuple[Day, ...] = ()
    week_start: int = 0

    def __str__(self) -> str:
        """The canonical text: what two rules that say the same in the same parts have in common."""
        written: dict[str, str] = {part: ",".join(map(str, numbers)) for part, numbers in self.by.items()}
        written["FREQ"] = self.frequency
        if self.until is not None:
            written["UNTIL"] = _written(self.until)
        if self.count is not None:
            written["COUNT"] = str(self.count)
        if self.interval != 1:
            written["INTERVAL"] = str(self.interval)
        if self.days:
            written["BYDAY"] = ",".join(map(str, self.days))
        if self.week_start:
            written["WKST"] = WEEKDAYS[self.week_start]
        return ";".join(f"{part}={written[part]}" for part in _PARTS if part in written)

    @property
    def has_times(self) -> bool:
        """Whether it names times of the day, which a date does not have."""
        return any(part in self.by for part in TIMES)

    def without(self, occurrences: int) -> "Rule":
        """What is left when so many have been."""
        return self if self.count is None else replace(self, count=self.count - occurrences)


def parse(text: str) -> Rule:
    """Read a rule, with or without `RRULE:` in front; raises `ValueError` with a sentence that quotes nothing."""
    if len(text) > MAX_LENGTH:
        raise ValueError(f"must have at most {MAX_LENGTH} characters")
    parts = _split(text.strip().upper().removeprefix("RRULE:"))
    frequency = parts.get("FREQ")
    if frequency not in get_args(Frequency):
        raise ValueError(f"must have a FREQ of {', '.join(get_args(Frequency)[:-1])} or {get_args(Frequency)[-1]}")
    if "COUNT" in parts and "UNTIL" in parts:
        raise ValueError("must end by COUNT or by UNTIL, not by both")
    rule = Rule(
        cast(Frequency, frequency),
        interval=_number("INTERVAL", parts.get("INTERVAL", "1")),
        count=_number("COUNT", parts["COUNT"]) if "COUNT" in parts else None,
        until=_until(parts["UNTIL"]) if "UNTIL" in parts else None,
        by={part: _numbers(part, parts[part]) for part in get_args(Part) if part in parts},
        days=_days(parts["BYDAY"]) if "BYDAY" in parts else (),
        week_start=_week_start(parts.get("WKST", WEEKDAYS[0])),
    )
    _expect_allowed(rule)
    _expect_some_date(rule)
    return rule


def _split(text: str) -> dict[str, str]:
    parts: dict[str, str] = {}
    for part in text.removesuffix(";").split(";"):
        name, equals, value = part.partition("=")
        if not equals or not value:
            raise ValueError(FORM)
        if name not in _PARTS:
            raise ValueError(f"must not have other parts than {', '.join(_PARTS)}")
        if name in parts:
            raise ValueError("must have each part once")
        parts[name] = value
    return parts


def _number(name: str, value: str) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", value, re.ASCII) or not 1 <= int(value) <= MAX_NUMBER:
        raise ValueError(f"must have a number from 1 to {MAX_NUMBER} as {name}")
    return int(value)


def _numbers(part: Part, value: str) -> tuple[int, ...]:
    least, most, from_the_end = _RANGES[part]
    numbers = set()
    for item in value.split(","):
        number = int(item) if re.fullmatch(r"[+-]?[0-9]{1,3}", item, re.ASCII) else most + 1
        if not least <= (abs(number) if from_the_end else number) <= most or (item[0] in "+-" and not from_the_end):
            negative = f", or from -{most} to -{least}" if from_the_end else ""
            raise ValueError(f"must have numbers from {least} to {most}{negative} in {part}")
        numbers.add(number)
    return tuple(sorted(numbers))


def _days(value: str) -> tuple[Day, ...]:
    days = set()
    for item in value.split(","):
        match = _DAY.fullmatch(item)
        number = int(match[1]) if match and match[1] else None
        if match is None or number == 0 or abs(number or 1) > _RANGES["BYWEEKNO"].most:
            raise ValueError(f"must have weekdays in BYDAY ({', '.join(WEEKDAYS)}), such as MO, 2TU or -1FR")
        days.add(Day(WEEKDAYS.index(match[2]), number))
    return tuple(sorted(days, key=lambda day: (day.number or 0, day.weekday)))


def _week_start(value: str) -> int:
    if value not in WEEKDAYS:
        raise ValueError(f"must have one of {', '.join(WEEKDAYS)} as WKST")
    return WEEKDAYS.index(value)


def _until(value: str) -> date | datetime:
    wrong = "must have a date (20261231) or a time (20261231T225959Z) that exists as UNTIL"
    match = _UNTIL.fullmatch(value)
    if match is None:
        raise ValueError(wrong)
    try:
        when = datetime.strptime(match[0].removesuffix("Z"), "%Y%m%dT%H%M%S" if match[4] else "%Y%m%d")  # noqa: DTZ007  # its Z is looked at below
    except ValueError:
        raise ValueError(wrong) from None
    return when.replace(tzinfo=UTC if match[7] else None) if match[4] else when.date()


def _written(until: date | datetime) -> str:
    if not isinstance(until, datetime):
        return until.isoformat().replace("-", "")
    return until.replace(tzinfo=None).isoformat().replace("-", "").replace(":", "") + ("Z" if until.tzinfo else "")


def _expect_allowed(rule: Rule) -> None:
    """What the standard forbids, part by part, and what nobody means."""
    for part in ("BYYEARDAY", "BYWEEKNO"):
        if part in rule.by and rule.frequency != "YEARLY":
            raise ValueError(f"must not have {part} unless FREQ is YEARLY")
    if "BYMONTHDAY" in rule.by and rule.frequency == "WEEKLY":
        raise ValueError("must not have BYMONTHDAY where FREQ is WEEKLY")
    if any(day.number for day in rule.days):
        if rule.frequency not in ("MONTHLY", "YEARLY"):
            raise ValueError("must not have numbers in BYDAY unless FREQ is MONTHLY or YEARLY")
        if "BYWEEKNO" in rule.by:
            raise ValueError("must not have numbers in BYDAY beside BYWEEKNO")
    if _times_a_day(rule) > MOST_TIMES:
        raise ValueError(f"must name at most {MOST_TIMES} times of a day in BYHOUR, BYMINUTE and BYSECOND")
    if "BYSETPOS" in rule.by and len(rule.by) == 1 and not rule.days:
        raise ValueError("must have another BY part beside BYSETPOS")


def _times_a_day(rule: Rule) -> int:
    return math.prod(len(rule.by.get(part, "x")) for part in TIMES)


def _expect_some_date(rule: Rule) -> None:
    """What can be told without looking through the calendar; a rule that gets past it may still find no date."""
    months = rule.by.get("BYMONTH", tuple(range(1, 13)))
    monthdays = rule.by.get("BYMONTHDAY")
    if monthdays and not any(abs(day) <= _LONGEST[month - 1] for month in months for day in monthdays):
        raise ValueError("must fall on some date: its BYMONTH has no such BYMONTHDAY")
    most = _times_a_day(rule)
    if rule.frequency == "WEEKLY":
        most *= len(rule.days) or 1
    if rule.frequency in ("DAILY", "WEEKLY") and all(abs(number) > most for number in rule.by.get("BYSETPOS", (0,))):
        raise ValueError("must fall on some date: no period has as many as BYSETPOS counts")
    in_months = rule.days and (rule.frequency == "MONTHLY" or "BYMONTH" in rule.by)
    if in_months and all(abs(day.number or 1) > _MOST_IN_A_MONTH for day in rule.days):
        raise ValueError(f"must fall on some date: no month has more than {_MOST_IN_A_MONTH} of a weekday")
