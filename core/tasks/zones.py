"""The days of a time zone: when each begins there, in the years 1 to 9999 of UTC, and which has ended."""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from importlib.resources import files
from zoneinfo import ZoneInfo

UNIVERSAL = "UTC"
MAX_LENGTH = 64
WRONG = "must be the name of a time zone, such as Europe/Berlin (IANA)"

_DAY = timedelta(days=1)
_FIRST = datetime.min.replace(tzinfo=UTC)
_LAST = datetime.max.replace(tzinfo=UTC)


def parse(name: str) -> str:
    """A name of the IANA's, in its own letters; raises `ValueError`."""
    if name not in _names():
        raise ValueError(WRONG)
    return name


def beginning(day: date, zone: str) -> datetime:
    """The first instant of a day; of one whose midnight does not exist, the instant at which the clock is set past it.

    Python takes the earlier offset for a time that exists twice, or not at all; so it is the first in both cases.
    """
    try:
        return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)
    except OverflowError:
        return _FIRST if day == date.min else _LAST


def first_day_from(moment: datetime, zone: str) -> date | None:
    """The first day that begins at `moment` or later; None if the calendar has none."""
    try:
        day = moment.astimezone(ZoneInfo(zone)).date()
    except OverflowError:
        day = date.min if moment < _FIRST + _DAY else date.max
    if beginning(day, zone) >= moment:
        return day
    return None if day == date.max else day + _DAY


def last_moments(around: datetime, zone: str, *, days: int) -> tuple[date, list[datetime]]:
    """A day that is over at `around`, and when it and those that follow end."""
    first = (around - 2 * _DAY).astimezone(ZoneInfo(zone)).date()
    return first, [beginning(first + (number + 1) * _DAY, zone) for number in range(days)]


@lru_cache(maxsize=1)
def _names() -> frozenset[str]:
    return frozenset((files("tzdata") / "zones").read_text().split())
