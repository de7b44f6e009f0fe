"""How a task recurs, as a client says it and as it comes back."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, WithJsonSchema
from typing_extensions import TypeAliasType, TypedDict

from core.recurrence import rule
from core.tasks import zones
from core.tasks.recurring.recurrence import Origin, Recurrence

RecurrenceRule = TypeAliasType(
    "RecurrenceRule",
    Annotated[
        str,
        AfterValidator(lambda text: str(rule.parse(text))),
        WithJsonSchema(
            {
                "type": "string",
                "minLength": 1,
                "maxLength": rule.MAX_LENGTH,
                "pattern": rule.PATTERN,
                "description": (
                    "RFC 5545's RRULE, without DTSTART, from `FREQ=DAILY` up. It comes back in one way of writing: "
                    "capitals, the standard's order, no defaults."
                ),
            }
        ),
    ],
)
TimeZone = TypeAliasType(
    "TimeZone",
    Annotated[
        str,
        AfterValidator(zones.parse),
        WithJsonSchema(
            {
                "type": "string",
                "minLength": 1,
                "maxLength": zones.MAX_LENGTH,
                "description": "On whose clock the time of day stays the same (IANA).",
            }
        ),
    ],
)


class GivenRecurrence(BaseModel):
    """How a task recurs: by a rule, on a clock, counted from when it is due or from when it is completed."""

    model_config = ConfigDict(strict=True, extra="ignore", hide_input_in_errors=True)

    rule: RecurrenceRule
    time_zone: TimeZone | None = Field(
        default=None,
        description="With a due date that is an instant, else UTC; with a date only where `from` is `completion`.",
    )
    origin: Origin = Field(default="due", alias="from", description="What the next date is counted from.")

    @property
    def value(self) -> Recurrence:
        return Recurrence(rule.parse(self.rule), self.time_zone, self.origin)


ShownRecurrence = TypedDict(
    "ShownRecurrence",
    {
        "rule": Annotated[str, Field(min_length=1, max_length=rule.MAX_LENGTH)],
        "time_zone": Annotated[str, Field(max_length=zones.MAX_LENGTH)] | None,
        "from": Origin,
    },
)
"""With all that is its default."""
