"""The dates that a rule names, on a clock without a zone: the library's work, with what it reads otherwise put right.

dateutil looks for a date until the year 9999. The calendar repeats itself every 400 years, weekdays included, so it is
asked of the last years that there are: a search that is in vain ends after less than 800 years, and the rule with it.
"""

import contextlib
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from itertools import groupby
from typing import Any

from dateutil import rrule

from core.recurrence.rule import Day, Frequency, Rule

_FREQUENCIES: dict[Frequency, Any] = {
    "DAILY": rrule.DAILY,
    "WEEKLY": rrule.WEEKLY,
    "MONTHLY": rrule.MONTHLY,
    "YEARLY": rrule.YEARLY,
}

_CYCLE = 400
"""Years, after which the calendar is the same."""

_WEEK = 7
_MONTHS = 12


def dates(rule: Rule, start: datetime, *, near: datetime | None = None) -> Iterator[datetime]:
    """What the rule names, rising, from the beginning of the period (a week, say) of `start` on.

    So some may lie before `start`. With `near`, those that lie before its period are left out.
    """
    parts = _parts(rule, start)
    index = _index(rule, start)
    if near is not None and near > start:
        index += (_index(rule, near) - index) // rule.interval * rule.interval
    last = _index(rule, date.max)
    while (begin := _first_day(rule, index)) is not None:
        years = max(0, (date.max.year - begin.year) // _CYCLE - 1) * _CYCLE
        begin = begin.replace(year=begin.year + years)
        found_at = None
        for found_at in _found(rule, parts, begin, _first_day(rule, last) if years else None):
            yield found_at.replace(year=found_at.year - years, microsecond=start.microsecond)
        if found_at is None or not years:
            return
        index += -((_index(rule, begin) - last) // rule.interval) * rule.interval


def _found(rule: Rule, parts: dict[str, Any], begin: date, end: date | None) -> Iterator[datetime]:
    """Weeks by number are counted here: about those that lie in two years the library is wrong."""
    found = _library(rule, parts, begin, end)
    weeks = rule.by.get("BYWEEKNO")
    if weeks is None:
        yield from found
        return
    within = (when for when in found if not _numbers_of_week(when, rule.week_start).isdisjoint(weeks))
    for _, year in groupby(within, key=lambda when: when.year):
        yield from _at(rule.by.get("BYSETPOS"), list(year))


def _numbers_of_week(day: date, week_start: int) -> set[int]:
    """Of its week, in the year in which that has most of its days: from its beginning, and from its end."""
    middle = date.fromordinal(min(max(1, _middle_of_week(day, week_start)), date.max.toordinal()))
    last = _middle_of_week(date(middle.year, 12, 28), week_start)  # which is always in the last one
    number = (middle.timetuple().tm_yday - 1) // _WEEK + 1
    return {number, -((last - middle.toordinal()) // _WEEK + 1)}


def _middle_of_week(day: date, week_start: int) -> int:
    return day.toordinal() - (day.weekday() - week_start) % _WEEK + _WEEK // 2


def _at(positions: tuple[int, ...] | None, dates: list[datetime]) -> list[datetime]:
    if positions is None:
        return dates
    return sorted({dates[at - (at > 0)] for at in positions if -len(dates) <= at <= len(dates)})


def _library(rule: Rule, parts: dict[str, Any], begin: date, end: date | None) -> Iterator[datetime]:
    """From the beginning of a period: of the first one, too, the library must see all for BYSETPOS."""
    with contextlib.suppress(ValueError, OverflowError):  # the last week of the last year ends in one that there is not
        yield from rrule.rrule(
            _FREQUENCIES[rule.frequency],
            dtstart=datetime.combine(begin, time()),
            interval=rule.interval,
            wkst=rule.week_start,
            until=None if end is None else datetime.combine(end, time()) - timedelta(seconds=1),
            **parts,
        )


def _parts(rule: Rule, start: datetime) -> dict[str, Any]:
    """The library's names for the BY parts. What they leave open is as in `start`, and is said: nothing is guessed."""
    by = rule.by
    parts: dict[str, Any] = {
        "byhour": by.get("BYHOUR", (start.hour,)),
        "byminute": by.get("BYMINUTE", (start.minute,)),
        "bysecond": by.get("BYSECOND", (start.second,)),
        "bymonth": by.get("BYMONTH"),
        "bymonthday": by.get("BYMONTHDAY"),
        "byyearday": by.get("BYYEARDAY"),
        "bysetpos": None if "BYWEEKNO" in by else by.get("BYSETPOS"),
        "byweekday": [rrule.weekday(*day) for day in _of_one_kind(rule)] or None,
    }
    if rule.days or "BYMONTHDAY" in by or "BYYEARDAY" in by:
        return parts
    match rule.frequency:
        case "WEEKLY":
            parts["byweekday"] = start.weekday()
        case "MONTHLY":
            parts["bymonthday"] = start.day
        case "YEARLY" if "BYWEEKNO" in by:  # where the library takes all seven days
            parts["byweekday"] = start.weekday()
        case "YEARLY":
            parts["bymonthday"] = start.day
            parts["bymonth"] = by.get("BYMONTH", (start.month,))
    return parts


def _of_one_kind(rule: Rule) -> tuple[Day, ...]:
    """`MO,1TU` names all Mondays and one Tuesday: the library takes what is both, so each Monday gets its number."""
    if not any(day.number for day in rule.days) or all(day.number for day in rule.days):
        return rule.days
    most = 5 if rule.frequency == "MONTHLY" or "BYMONTH" in rule.by else 53
    numbers = range(1, most + 1)
    return tuple(Day(day.weekday, number) for day in rule.days for number in ((day.number,) if day.number else numbers))


def _index(rule: Rule, day: date) -> int:
    """The number of its period, counted from the year 0 or 1; what INTERVAL counts."""
    match rule.frequency:
        case "DAILY":
            return day.toordinal()
        case "WEEKLY":
            return (day.toordinal() - 1 - rule.week_start) // _WEEK
        case "MONTHLY":
            return day.year * _MONTHS + day.month - 1
        case "YEARLY":
            return day.year


def _first_day(rule: Rule, index: int) -> date | None:
    """Where a period begins; None behind the last year."""
    year, month = index, 1
    match rule.frequency:
        case "DAILY" | "WEEKLY":
            ordinal = index if rule.frequency == "DAILY" else index * _WEEK + 1 + rule.week_start
            return date.fromordinal(max(1, ordinal)) if ordinal <= date.max.toordinal() else None
        case "MONTHLY":
            year, month = index // _MONTHS, index % _MONTHS + 1
    return date(year, month, 1) if year <= date.max.year else None
