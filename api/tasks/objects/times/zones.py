"""Which instant a clock shows: by its zone's name where that is well known, else by what the object says of it."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from api.imports.values.ical import when
from api.imports.values.moments import in_utc, zone_named
from api.tasks.objects.content import Part

_WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_WEEK = 7
_OFFSET = re.compile(r"(?:UTC|GMT)([+-]\d\d):?([0-5]\d)", re.ASCII)
"""What Python calls a clock that is always so far from that of UTC; icalendar writes that, and does not describe it."""


class _Onset(NamedTuple):
    """When a clock shows another offset from then on, by that of before."""

    at: datetime
    before: timedelta
    after: timedelta


class Zones:
    """Those of an object."""

    def __init__(self, calendar: Part) -> None:
        self._described = {part.text("TZID").strip(): part for part in calendar.parts if part.name == "VTIMEZONE"}

    def known(self, name: str) -> ZoneInfo | None:
        """The zone that everybody means by the name; an abbreviation means one here and another there."""
        described = self._described.get(name)
        if described and "/" not in name and name.upper() not in ("UTC", "GMT"):
            return zone_named(described.text("X-LIC-LOCATION")) or (zone_named(name) if " " in name else None)
        return zone_named(name) or (zone_named(described.text("X-LIC-LOCATION")) if described else None)

    def key(self, name: str | None) -> str | None:
        """What the IANA calls it; None for UTC, or where nobody knows."""
        zone = self.known(name) if name else None
        return zone.key if zone else None

    def described(self, name: str) -> bool:
        return name in self._described

    def instant(self, local: datetime, name: str | None) -> datetime:
        """In UTC; a clock of no zone, or of one that nobody knows, is taken for that of UTC."""
        if name is None:
            return in_utc(local, None)
        zone, described = self.known(name), self._described.get(name)
        if zone:
            return in_utc(local, zone)
        offset = _offset(described, local) if described else _offset_named(name)
        try:
            return (local - offset).replace(tzinfo=UTC) if offset else in_utc(local, None)
        except OverflowError:
            return in_utc(local, None)


def _offset_named(name: str) -> timedelta | None:
    said = _OFFSET.fullmatch(name)
    return _signed(said[1] + said[2]) if said else None


def _offset(zone: Part, local: datetime) -> timedelta:
    """Of the last change that the clock has seen by then; of the first one, what was before."""
    onsets = [onset for part in zone.parts for onset in _onsets(part, local)]
    if not onsets:
        return timedelta()
    seen = [onset for onset in onsets if onset.at <= local]
    return max(seen).after if seen else min(onsets).before


def _onsets(observance: Part, local: datetime) -> Iterator[_Onset]:
    """The first, those that are named, and by a rule the two that matter: those of the year and of the one before."""
    before, after = (_signed(observance.text(name)) for name in ("TZOFFSETFROM", "TZOFFSETTO"))
    start = when(observance.text("DTSTART").strip())
    if before is None or after is None or start is None or not isinstance(start.value, datetime):
        return
    first = start.value
    yield _Onset(first, before, after)
    for dates in observance.all("RDATE"):
        for text in dates.value.split(","):
            named = when(text.strip())
            if named and isinstance(named.value, datetime):
                yield _Onset(named.value, before, after)
    rule = dict(part.partition("=")[::2] for part in observance.text("RRULE").upper().split(";"))
    until = when(rule.get("UNTIL", ""))
    for year in (local.year - 1, local.year):
        day = _day(rule, first, year)
        at = datetime.combine(day, first.time()) if day else None
        if at and at >= first and not (until and _after(at - before, until.value)):
            yield _Onset(at, before, after)


def _after(at: datetime, until: date | datetime) -> bool:
    return at > until if isinstance(until, datetime) else at.date() > until


def _day(rule: dict[str, str], first: datetime, year: int) -> date | None:
    """In that year; None where no rule says so. All zones of our days change by the weekday of a month, or a date."""
    if rule.get("FREQ") != "YEARLY" or year < first.year:
        return None
    try:
        month = int(rule.get("BYMONTH", first.month))
        days = [int(day) for day in rule["BYMONTHDAY"].split(",")] if "BYMONTHDAY" in rule else []
        if "BYDAY" not in rule:
            return date(year, month, days[0] if days else first.day)
        weekday = _WEEKDAYS.index(rule["BYDAY"][-2:])
        if days:
            return next(day for number in days if (day := date(year, month, number)).weekday() == weekday)
        return _nth(year, month, weekday, int(rule["BYDAY"][:-2] or 1))
    except (ValueError, StopIteration):
        return None


def _nth(year: int, month: int, weekday: int, number: int) -> date:
    """Of the month's Sundays, say, that one; raises `ValueError`."""
    if number > 0:
        begin = date(year, month, 1)
        return begin.replace(day=1 + (weekday - begin.weekday()) % _WEEK + (number - 1) * _WEEK)
    following = date(year + month // 12, month % 12 + 1, 1)
    last = following - timedelta(days=1)
    return last - timedelta(days=(last.weekday() - weekday) % _WEEK + (-number - 1) * _WEEK)


def _signed(offset: str) -> timedelta | None:
    """`+HHMM` or `+HHMMSS`."""
    sign, digits = offset.strip()[:1], offset.strip()[1:]
    if sign not in ("+", "-") or not digits.isascii() or not digits.isdigit() or len(digits) not in (4, 6):
        return None
    hours, minutes, seconds = int(digits[:2]), int(digits[2:4]), int(digits[4:] or 0)
    lasts = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    return lasts if sign == "+" else -lasts
