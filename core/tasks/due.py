"""Due dates: a calendar date, the same everywhere, or an instant; never both.

The patterns say exactly what is accepted; the API's documentation shows that of an instant.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime

FORMS = "must be a date (YYYY-MM-DD) or an instant (RFC 3339, with an offset)"
NO_OFFSET = "must carry an offset, such as Z: without one it is another instant in every time zone"
NOT_IN_CALENDAR = "must exist in the calendar, in the years 1 to 9999 of UTC"

_LEAP_YEAR = "(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:0[48]|[2468][048]|[13579][26])00)"
_DAY = (
    "(?:(?!0000)[0-9]{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])"
    f"|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|1[0-9]|2[0-8]))|{_LEAP_YEAR}-02-29)"
)
_TIME = "(?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\\.[0-9]{1,9})?)?"
_OFFSET = "(?:[Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"

# On the first and the last day that there is, an offset may lead to a year that there is not.
_WITHIN_YEARS = "(?!0001-01-01[Tt ][0-9:.]+\\+|9999-12-31[Tt ][0-9:.]+-)"

INSTANT_PATTERN = f"^{_WITHIN_YEARS}{_DAY}[Tt ]{_TIME}{_OFFSET}$"

_DATE = re.compile(_DAY)
_INSTANT = re.compile(INSTANT_PATTERN)
_DATE_FORM = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_INSTANT_FORM = re.compile(_DATE_FORM.pattern + r"[Tt ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?")
_OFFSET_FORM = re.compile(r"[Zz]|[+-][0-9]{2}:[0-9]{2}")


@dataclass(frozen=True, slots=True)
class Due:
    """One of the two, or neither."""

    on: date | None = None
    at: datetime | None = None


def parse(value: object) -> Due:
    """Read what a client sent; raises `ValueError` with a sentence for it."""
    if isinstance(value, str):
        if _DATE.fullmatch(value):
            return Due(on=date.fromisoformat(value))
        if _INSTANT.fullmatch(value):
            return Due(at=_instant(value))
    raise ValueError(_fault(value, FORMS))


def parse_instant(value: object) -> datetime:
    """The same for what cannot be a date."""
    if isinstance(value, str) and _INSTANT.fullmatch(value):
        return _instant(value)
    raise ValueError(_fault(value, "must be an instant (RFC 3339, with an offset)"))


def _instant(value: str) -> datetime:
    return datetime.fromisoformat(value.upper()).astimezone(UTC)


def _fault(value: object, otherwise: str) -> str:
    """What is wrong with `value`, the nearer it came the more exactly."""
    if not isinstance(value, str):
        return otherwise
    form = _INSTANT_FORM.match(value)
    if form and not value[form.end() :]:
        return NO_OFFSET
    if _DATE_FORM.fullmatch(value) or (form and _OFFSET_FORM.fullmatch(value[form.end() :])):
        return NOT_IN_CALENDAR
    return otherwise
