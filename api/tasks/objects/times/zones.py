"""Which instant a clock shows: by its zone's name where that is well known, else by what the object says of it."""

import re
from bisect import bisect_right
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import NamedTuple
from zoneinfo import ZoneInfo

from api.imports.values.ical import when
from api.imports.values.moments import in_utc, zone_named
from api.tasks.objects.content import Part

_WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_WEEK = 7
_OFFSET = re.compile(r"(?:UTC|GMT)([+-]\d\d):?([0-5]\d)", re.ASCII)
"""What Python calls a clock that is always so far from that of UTC; icalendar writes that, and does not describe it."""
MOST = 1_000
"""Changes that are looked at, by their dates."""
MOST_PARTS = 200
MOST_RULES = 50


class _Onset(NamedTuple):
    """When a clock shows another offset from then on, by that of before."""

    at: datetime
    before: timedelta
    after: timedelta


class Zones:
    """Those of an object."""

    def __init__(self, calendar: Part) -> None:
        self._described = {part.text("TZID").strip(): part for part in calendar.parts if part.name == "VTIMEZONE"}
        self._clocks: dict[str, _Clock] = {}

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
        try:
            if offset := self._offset(name, described, local):
                return (local - offset).replace(tzinfo=UTC)
            return in_utc(local, None)
        except OverflowError:
            return in_utc(local, None)

    def _offset(self, name: str, described: Part | None, local: datetime) -> timedelta | None:
        if described is None:
            return _offset_named(name)
        if name not in self._clocks:
            self._clocks[name] = _Clock(described)
        return self._clocks[name].offset(local)


def _offset_named(name: str) -> timedelta | None:
    said = _OFFSET.fullmatch(name)
    return _signed(said[1] + said[2]) if said else None


class _Rule(NamedTuple):
    """When such a change comes each year."""

    parts: dict[str, str]
    first: _Onset
    until: date | datetime | None

    def onset(self, year: int) -> _Onset | None:
        day = _day(self.parts, self.first.at, year)
        at = datetime.combine(day, self.first.at.time()) if day else None
        if at is None or at < self.first.at or (self.until and _after(at - self.first.before, self.until)):
            return None
        return self.first._replace(at=at)


class _Clock:
    """What a VTIMEZONE says: changes that are named, and those that come each year."""

    def __init__(self, zone: Part) -> None:
        self._named: list[_Onset] = []
        self._rules: list[_Rule] = []
        self._years: dict[int, list[_Onset]] = {}
        for part in islice(zone.parts, MOST_PARTS):
            self._add(part)
        self._named = sorted(self._named)[:MOST]

    def _add(self, observance: Part) -> None:
        before, after = (_signed(observance.text(name)) for name in ("TZOFFSETFROM", "TZOFFSETTO"))
        start = when(observance.text("DTSTART").strip())
        if before is None or after is None or start is None or not isinstance(start.value, datetime):
            return
        first = _Onset(start.value, before, after)
        self._named.append(first)
        for dates in observance.all("RDATE")[:MOST]:
            for text in dates.value.split(",", MOST)[:MOST]:
                named = when(text.strip())
                if named and isinstance(named.value, datetime) and len(self._named) < MOST:
                    self._named.append(first._replace(at=named.value))
        rule = dict(part.partition("=")[::2] for part in observance.text("RRULE").upper().split(";"))
        if rule.get("FREQ") == "YEARLY" and len(self._rules) < MOST_RULES:
            until = when(rule.get("UNTIL", ""))
            self._rules.append(_Rule(rule, first, until.value if until else None))

    def offset(self, local: datetime) -> timedelta:
        """Of the last change that the clock has seen by then; of the first one, what was before."""
        if not self._named:
            return timedelta()
        place = bisect_right(self._named, local, key=lambda onset: onset.at)
        seen = self._named[max(place - 1, 0) : place]
        for year in (local.year - 1, local.year):
            onsets = self._in(year)
            place = bisect_right(onsets, local, key=lambda onset: onset.at)
            seen += onsets[max(place - 1, 0) : place]
        return max(seen).after if seen else self._named[0].before

    def _in(self, year: int) -> list[_Onset]:
        """What comes by rules in that year."""
        if year not in self._years:
            self._years[year] = sorted(onset for rule in self._rules if (onset := rule.onset(year)))
        return self._years[year]


def _after(at: datetime, until: date | datetime) -> bool:
    return at > until if isinstance(until, datetime) else at.date() > until


def _day(rule: dict[str, str], first: datetime, year: int) -> date | None:
    """In that year; None where no rule says so. All zones of our days change by the weekday of a month, or a date."""
    if year < first.year:
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
