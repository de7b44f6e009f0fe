"""Dates, times and durations as iCalendar writes them (RFC 5545, section 3.3)."""

import re
from datetime import date, datetime, timedelta
from typing import NamedTuple

_DATE = re.compile(r"(\d{4})(\d\d)(\d\d)", re.ASCII)
_DATE_TIME = re.compile(r"(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(Z?)", re.ASCII)
_DURATION = re.compile(
    r"([+-]?)P(?:(\d{1,4})W)?(?:(\d{1,5})D)?(?:T(?:(\d{1,5})H)?(?:(\d{1,6})M)?(?:(\d{1,7})S)?)?", re.ASCII
)
_LAST_SECOND = 59


class Written(NamedTuple):
    """A date, or what a clock shows; whether that is the clock of UTC."""

    value: date | datetime
    utc: bool = False


def when(value: str) -> Written | None:
    """None for what is neither a date nor a time, or is not in the calendar. A leap second is the one before."""
    try:
        if found := _DATE.fullmatch(value):
            return Written(date(*map(int, found.groups())))
        if found := _DATE_TIME.fullmatch(value):
            *day_and_time, second = map(int, found.groups()[:6])
            year, month, day, hour, minute = day_and_time
            local = datetime(year, month, day, hour, minute, min(second, _LAST_SECOND))  # noqa: DTZ001  # of some clock
            return Written(local, found[7] == "Z")
    except ValueError:
        return None
    return None


def duration(value: str) -> timedelta | None:
    found = _DURATION.fullmatch(value.strip())
    if not found:
        return None
    weeks, days, hours, minutes, seconds = (int(part or 0) for part in found.groups()[1:])
    lasts = timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)
    return -lasts if found[1] == "-" else lasts
