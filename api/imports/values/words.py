"""Todoist's dates in English words, as far as they name one day; the others stay what they are: words."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from api.imports.parsed import Moment, Rule
from api.imports.values.moments import day, in_utc
from api.imports.values.rules import BY_NAME, DAYS, WORKDAYS, every, listed

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = (
    r"(jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)"
)
_NUMBER = r"(\d{1,2})(?:st|nd|rd|th)?"
_CLOCK = re.compile(
    r"(?:,?[ t]| at |, at )(\d{1,2}):(\d\d)(?::\d\d)? ?(am|pm)?$|(?: at |,? )(\d{1,2}) ?(am|pm)$| at (\d{1,2})$",
    re.ASCII,
)
_DAY_FIRST = re.compile(rf"{_NUMBER} {_MONTH},? (\d{{4}})", re.ASCII)
_MONTH_FIRST = re.compile(rf"{_MONTH} {_NUMBER},? (\d{{4}})", re.ASCII)
_EVERY = re.compile(r"(?:every|ev) (.+)|(daily)", re.ASCII)
_OF_MONTH = re.compile(r"(\d{1,2})(?:st|nd|rd|th)", re.ASCII)
_OF_YEAR = re.compile(rf"{_NUMBER} {_MONTH}|{_MONTH} {_NUMBER}", re.ASCII)
_PARTING = re.compile(r", and | and |, ?| ?& ?")

_LONGEST = 100
_AHEAD = 366 * 9
"""A 29 February comes within so many days."""
_NOON = 12


@dataclass(frozen=True, slots=True)
class Said:
    """What the words say: when, and how often."""

    due: Moment
    rule: Rule | None = None


def said(words: str, *, zone: ZoneInfo | None, today: date) -> Said | None:
    """None for words that name no single day. What repeats is due on the first such day from `today`."""
    text = " ".join(words[:_LONGEST].lower().split())
    text, clock = _without_clock(text)
    try:
        if on := _dated(text):
            return Said(_at(on, clock, zone))
        if found := _repeated(text):
            rule, falls_on = found
            on = next(today + timedelta(ahead) for ahead in range(_AHEAD) if falls_on(today + timedelta(ahead)))
            return Said(_at(on, clock, zone), Rule(rule, zone=zone.key if zone and clock else None))
    except (ValueError, OverflowError, StopIteration):
        return None
    return None


def repeats(words: str) -> str | None:
    """The rule alone, for those who give the day besides."""
    text, _ = _without_clock(" ".join(words[:_LONGEST].lower().split()))
    if found := _repeated(text):
        return found[0]
    match = _EVERY.fullmatch(text)
    return _INTERVALS.get(match[1] or "") or _interval(match[1] or "") if match else None


def _without_clock(text: str) -> tuple[str, time | None]:
    found = _CLOCK.search(text)
    if not found:
        return text, None
    hour, minute = int(found[1] or found[4] or found[6]), int(found[2] or 0)
    half = found[3] or found[5]
    if half:
        hour = hour % _NOON + (_NOON if half == "pm" else 0)
    try:
        return text[: found.start()], time(hour, minute)
    except ValueError:
        return text, None


def _at(on: date, clock: time | None, zone: ZoneInfo | None) -> Moment:
    return in_utc(datetime.combine(on, clock), zone) if clock else on


def _dated(text: str) -> date | None:
    if found := _DAY_FIRST.fullmatch(text):
        return date(int(found[3]), _month(found[2]), int(found[1]))
    if found := _MONTH_FIRST.fullmatch(text):
        return date(int(found[3]), _month(found[1]), int(found[2]))
    try:
        return day(text)
    except ValueError:
        return None


def _month(name: str) -> int:
    return _MONTHS.index(name[:3]) + 1


def _repeated(text: str) -> tuple[str, Callable[[date], bool]] | None:
    """The rule, and which days it falls on; None where words do not tell on which day it begins."""
    found = _EVERY.fullmatch(text)
    if not found:
        return None
    what = found[1] or "day"
    if what == "day":
        return every("DAILY"), lambda _: True
    if days := _weekdays(what):
        return every("WEEKLY", BYDAY=listed(days)), lambda on: DAYS[on.weekday()] in days
    if match := _OF_MONTH.fullmatch(what):
        number = int(match[1])
        return every("MONTHLY", BYMONTHDAY=number), lambda on: on.day == number
    if match := _OF_YEAR.fullmatch(what):
        month, number = _month(match[2] or match[3]), int(match[1] or match[4])
        return every("YEARLY", BYMONTH=month, BYMONTHDAY=number), lambda on: (on.month, on.day) == (month, number)
    return None


def _weekdays(what: str) -> list[str]:
    if what in ("weekday", "workday"):
        return list(WORKDAYS)
    named = [BY_NAME.get(name.removesuffix("s") if name not in BY_NAME else name) for name in _PARTING.split(what)]
    return [on for on in DAYS if on in named] if all(named) else []


_INTERVALS = {
    "week": every("WEEKLY"),
    "month": every("MONTHLY"),
    "quarter": every("MONTHLY", 3),
    "year": every("YEARLY"),
    "other day": every("DAILY", 2),
    "other week": every("WEEKLY", 2),
    "other month": every("MONTHLY", 2),
    "other year": every("YEARLY", 2),
}
_INTERVAL = re.compile(r"(\d{1,3}) (day|week|month|year)s?", re.ASCII)
_OFTEN = {"day": "DAILY", "week": "WEEKLY", "month": "MONTHLY", "year": "YEARLY"}


def _interval(what: str) -> str | None:
    found = _INTERVAL.fullmatch(what)
    return every(_OFTEN[found[2]], int(found[1])) if found and int(found[1]) else None
