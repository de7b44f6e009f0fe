"""Days and instants as other programs write them: midnight, somewhere, is how most of them write a day."""

import re
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator
from tzlocal.windows_tz import win_tz

from api.imports.parsed import Moment
from core.tasks import zones

_ISO = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?", re.ASCII)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_NOON = timedelta(hours=12)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SAYS_INSTANT = "must be an instant (ISO 8601, with an offset)"
_SAYS_MILLIS = "must be a number of milliseconds since 1970"


def in_utc(local: datetime, zone: ZoneInfo | None) -> datetime:
    """What the clock on the wall of `zone` shows, UTC if that is not known; the last there is, beyond the calendar.

    A time that does not exist is moved on by the gap; of one that exists twice it is the first.
    """
    try:
        return _cut(local.replace(tzinfo=zone or UTC).astimezone(UTC))
    except OverflowError:
        return _cut(local.replace(tzinfo=UTC))


def iso(value: str) -> datetime:
    """With an offset in UTC, and without naive; raises `ValueError`."""
    if not _ISO.fullmatch(value):
        raise ValueError(_SAYS_INSTANT)
    read = datetime.fromisoformat(value)
    try:
        return _cut(read if read.tzinfo is None else read.astimezone(UTC))
    except OverflowError:
        raise ValueError(_SAYS_INSTANT) from None


def day(value: str) -> date:
    """`YYYY-MM-DD`; raises `ValueError`."""
    if not _DAY.fullmatch(value):
        raise ValueError("must be a date (YYYY-MM-DD)")
    return date.fromisoformat(value)


def instant(value: object) -> datetime | None:
    """For a model; raises `ValueError`."""
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise ValueError(_SAYS_INSTANT)  # noqa: TRY004  # what a validator raises
    try:
        read = iso(value)
    except ValueError:
        raise ValueError(_SAYS_INSTANT) from None
    if read.tzinfo is None:
        raise ValueError(_SAYS_INSTANT)
    return None if read.year == 1 else read


def millis(value: object) -> datetime | None:
    """For a model; raises `ValueError`."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(_SAYS_MILLIS)  # noqa: TRY004  # what a validator raises
    at = since_1970(value)
    if value and at is None:
        raise ValueError(_SAYS_MILLIS)
    return at if value else None


def since_1970(milliseconds: float) -> datetime | None:
    """None beyond the calendar."""
    try:
        return _cut(_EPOCH + timedelta(milliseconds=milliseconds))
    except (OverflowError, ValueError):
        return None


def day_or_instant(at: datetime, zone: ZoneInfo | None) -> Moment:
    """An instant in UTC of which nobody says what it is: midnight there, or in UTC, is the day that begins then."""
    if zone and (local := _local(at, zone)).time() == time():
        return local.date()
    return at.date() if at.time() == time() else at


def day_of(at: datetime, zone: ZoneInfo | None) -> date:
    """The same for an instant that was a day, and nothing else: where it is no midnight, the nearest one."""
    found = day_or_instant(at, zone)
    if not isinstance(found, datetime):
        return found
    try:
        return (at + _NOON).date()
    except OverflowError:
        return at.date()


def day_there(at: datetime, zone: ZoneInfo | None) -> date:
    """The day on which the instant is in `zone`."""
    return _local(at, zone).date() if zone else at.date()


def zone_named(name: str) -> ZoneInfo | None:
    """By the name of the IANA, one of Windows, or one that ends in the IANA's; None for any other."""
    return _zone(name.strip()) if len(name) <= _LONGEST_NAME else None


_LONGEST_NAME = 200


@lru_cache(maxsize=256)
def _zone(name: str) -> ZoneInfo | None:
    parts = name.strip('"').split("/")
    for candidate in (*("/".join(parts[at:]) for at in range(len(parts))), win_tz.get(name, "")):
        try:
            return ZoneInfo(zones.parse(candidate)) if candidate else None
        except ValueError:
            continue
    return None


def _local(at: datetime, zone: ZoneInfo) -> datetime:
    try:
        return at.astimezone(zone)
    except OverflowError:
        return at


def _cut(at: datetime) -> datetime:
    """To milliseconds, as the service keeps them."""
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


Instant = Annotated[datetime | None, BeforeValidator(instant)]
"""ISO 8601 with an offset; empty, or in the year 1, it is none."""
Millis = Annotated[datetime | None, BeforeValidator(millis)]
"""Since 1970; 0 is none."""
