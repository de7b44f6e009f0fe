"""Due dates: a calendar date, the same everywhere, or an instant; never both."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime

FORMS = "must be a date (YYYY-MM-DD) or an instant (RFC 3339, with an offset)"

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_INSTANT = re.compile(
    r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(?P<offset>[Zz]|[+-]\d{2}:\d{2})?", re.ASCII
)


@dataclass(frozen=True, slots=True)
class Due:
    """One of the two, or neither."""

    on: date | None = None
    at: datetime | None = None

    @property
    def moment(self) -> datetime | None:
        """What comparisons see: a date begins at midnight UTC."""
        return datetime.combine(self.on, datetime.min.time(), UTC) if self.on else self.at


def parse(value: object) -> Due:
    """Read what a client sent; raises `ValueError` with a sentence for it."""
    if not isinstance(value, str):
        raise ValueError(FORMS)  # noqa: TRY004  # Pydantic reports a ValueError to the client
    instant = _INSTANT.fullmatch(value)
    if instant and not instant["offset"]:
        raise ValueError("must carry an offset, such as Z: without one it is another instant in every time zone")
    try:
        if _DATE.fullmatch(value):
            return Due(on=date.fromisoformat(value))
        if instant:
            return Due(at=datetime.fromisoformat(value.upper()).astimezone(UTC))
    except (ValueError, OverflowError):
        raise ValueError("must exist in the calendar, in the years 1 to 9999 of UTC") from None
    raise ValueError(FORMS)
