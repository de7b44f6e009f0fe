"""The clock of whoever asks: on it a day without a time has its beginning, and a time without a zone is shown.

A question may name it (RFC 4791, 9.8; RFC 7809). Where it does not, a range that begins with a day tells it: programs
ask for their own days, and midnight in UTC is the one that begins a day nowhere but there. Else it is UTC's.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo

from api.calendars.reports.filters import ComponentFilter, TimeRange
from api.imports.values.moments import zone_named
from api.tasks.objects.content import Part
from api.tasks.objects.times.zones import Zones

DAY = timedelta(days=1)
_FIRST, _LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)

_EAST = timedelta(hours=14)
"""How far ahead of UTC a clock may be; of those that are behind, but for two islands, none is so by more than:"""
_WEST = timedelta(hours=10)
_STEP = timedelta(minutes=15)
_CHANGE = timedelta(hours=1)
"""By which a day may be longer or shorter, when the clocks change."""


@dataclass(frozen=True, slots=True)
class Clock:
    zone: tzinfo = UTC
    described: Callable[[datetime], datetime] | None = None
    """What turns a time that it shows into an instant, where the question has brought a zone of its own."""

    def instant(self, local: datetime) -> datetime:
        """At which it shows this."""
        try:
            return self.described(local) if self.described else local.replace(tzinfo=self.zone).astimezone(UTC)
        except OverflowError:
            return _FIRST if local.year == 1 else _LAST

    def begin(self, day: date) -> datetime:
        return self.instant(datetime.combine(day, time()))

    def end(self, day: date) -> datetime:
        return self.begin(day + DAY) if day != date.max else _LAST


def named(name: str) -> Clock | None:
    """By a name that everybody knows."""
    zone = zone_named(name)
    return Clock(zone) if zone else None


def brought(calendar: Part) -> Clock | None:
    """By the VTIMEZONE of an object."""
    zones = Zones(calendar)
    name = next((part.text("TZID").strip() for part in calendar.parts if part.name == "VTIMEZONE"), None)
    if name is None:
        return None
    known = zones.known(name)
    return Clock(known) if known else Clock(described=lambda local: zones.instant(local, name))


def guessed(asked: ComponentFilter) -> Clock:
    """By the ranges that are asked for."""
    return next((clock for one in _ranges(asked) if (clock := _guessed(one))), Clock())


def of_range(asked: TimeRange) -> Clock:
    """By one of them."""
    return _guessed(asked) or Clock()


def _ranges(asked: ComponentFilter) -> list[TimeRange]:
    ranges = [asked.range, *(one.range for one in asked.properties)]
    return [one for one in ranges if one] + [one for beneath in asked.components for one in _ranges(beneath)]


def _guessed(asked: TimeRange) -> Clock | None:
    """Of whole days; its first moment is a midnight then, or its last, if it is one anywhere."""
    moment = asked.start or asked.end
    assert moment is not None
    if asked.start and asked.end and not _is_of_days(asked.end - asked.start):
        return None
    since = timedelta(hours=moment.hour, minutes=moment.minute, seconds=moment.second)
    ahead = -since if since <= _WEST else DAY - since
    return Clock(timezone(ahead)) if not since % _STEP and ahead <= _EAST else None


def _is_of_days(lasts: timedelta) -> bool:
    return lasts >= DAY - _CHANGE and (lasts + _CHANGE) % DAY <= 2 * _CHANGE
