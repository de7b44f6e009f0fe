"""When somebody wants to be reminded: minutes before a task is due, or at an instant. Data; nobody is called."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, Field, PlainValidator, WithJsonSchema
from typing_extensions import TypeAliasType

from core.tasks.due import INSTANT_PATTERN, parse_instant

MOST = 5
MAX_MINUTES = 366 * 24 * 60


def _reminder(value: Any) -> int | str:
    """As it is kept: instants in UTC, with milliseconds."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if type(value) is int and 0 <= value <= MAX_MINUTES:
        return value
    if not isinstance(value, str):
        raise ValueError(  # noqa: TRY004  # Pydantic passes on the sentence of this one
            f"must be 0 to {MAX_MINUTES} minutes, or an instant (RFC 3339, with an offset)"
        )
    return _written(parse_instant(value))


def _written(instant: datetime) -> str:
    return (
        instant.replace(tzinfo=None, microsecond=instant.microsecond // 1000 * 1000).isoformat(timespec="milliseconds")
        + "Z"
    )


def _unique(reminders: list[int | str]) -> list[int | str]:
    return list(dict.fromkeys(reminders))


Reminder = TypeAliasType(
    "Reminder",
    Annotated[
        int | str,
        PlainValidator(_reminder),
        WithJsonSchema(
            {
                "anyOf": [
                    {"type": "integer", "minimum": 0, "maximum": MAX_MINUTES},
                    {"type": "string", "pattern": INSTANT_PATTERN},
                ],
                "description": (
                    "Minutes before the task is due, or an instant: RFC 3339 with an offset, in the years 1 to 9999 of "
                    "UTC. A task that is due on a date is due when it begins, where its reader is."
                ),
            }
        ),
    ],
)
Reminders = Annotated[
    list[Reminder],
    Field(max_length=MOST, description="Their order is kept; what is given twice is kept once."),
    AfterValidator(_unique),
]
