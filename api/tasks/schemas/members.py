"""The types of what a task has: what each may be, how it is read, and how the documentation shows it."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, PlainValidator, StringConstraints, WithJsonSchema
from typing_extensions import TypeAliasType

from core.tasks.due import INSTANT_PATTERN, Due, parse_instant
from core.tasks.due import parse as parse_due
from core.tasks.questions.queries import MAX_TAG, MAX_TAGS
from core.types import MAX_TASK_ID

MAX_TITLE = 200
MAX_DESCRIPTION = 1000

# What `str.strip` takes away, spelt out: every dialect of regular expressions has a `\s` of its own.
_SPACE = r"\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_VISIBLE = rf"[^\x00{_SPACE}]"
_TITLE_PATTERN = rf"^[{_SPACE}]*{_VISIBLE}(?:[^\x00]{{0,{MAX_TITLE - 2}}}{_VISIBLE})?[{_SPACE}]*$"
WITHOUT_NUL = "^[^\\x00]*$"


def _stripped(value: Any) -> Any:
    return value.strip() if isinstance(value, str) else value


def _without_nul(value: str) -> str:
    if "\0" in value:
        raise ValueError("must not contain NUL")
    return value


def whole(value: Any) -> Any:
    """JSON has one kind of number: `1.0` is the integer 1."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


TaskNumber = Annotated[int, Field(ge=1, le=MAX_TASK_ID), BeforeValidator(whole)]


def _unique(tags: list[str]) -> list[str]:
    return list(dict.fromkeys(tags))


# Types with a name of their own in the documentation.

Id = TypeAliasType("Id", Annotated[int, Field(ge=1, le=MAX_TASK_ID)])
Priority = TypeAliasType("Priority", Literal["low", "medium", "high", "urgent"])
Title = TypeAliasType(
    "Title",
    Annotated[
        str,
        StringConstraints(min_length=1, max_length=MAX_TITLE),
        BeforeValidator(_stripped),
        AfterValidator(_without_nul),
        WithJsonSchema(
            {
                "type": "string",
                "pattern": _TITLE_PATTERN,
                "description": f"1 to {MAX_TITLE} characters; white space around it is taken away.",
            }
        ),
    ],
)
Description = TypeAliasType(
    "Description",
    Annotated[
        str,
        StringConstraints(max_length=MAX_DESCRIPTION),
        AfterValidator(_without_nul),
        WithJsonSchema({"type": "string", "maxLength": MAX_DESCRIPTION, "pattern": WITHOUT_NUL}),
    ],
)
Tag = TypeAliasType(
    "Tag",
    Annotated[
        str,
        StringConstraints(min_length=1, max_length=MAX_TAG),
        AfterValidator(_without_nul),
        WithJsonSchema({"type": "string", "minLength": 1, "maxLength": MAX_TAG, "pattern": WITHOUT_NUL}),
    ],
)
DueDate = TypeAliasType(
    "DueDate",
    Annotated[
        Due,
        PlainValidator(parse_due),
        WithJsonSchema(
            {
                "anyOf": [
                    {"type": "string", "format": "date", "pattern": "^(?!0000)"},
                    {"type": "string", "pattern": INSTANT_PATTERN},
                ],
                "description": (
                    "A calendar date (`YYYY-MM-DD`), or an instant: RFC 3339 with an offset, the seconds may be left "
                    "out. In the years 1 to 9999 of UTC."
                ),
            }
        ),
    ],
)
Instant = TypeAliasType(
    "Instant",
    Annotated[
        datetime,
        PlainValidator(parse_instant),
        WithJsonSchema(
            {
                "type": "string",
                "pattern": INSTANT_PATTERN,
                "description": "RFC 3339 with an offset, in the years 1 to 9999 of UTC.",
            }
        ),
    ],
)
Tags = Annotated[
    list[Tag],
    Field(max_length=MAX_TAGS, description="Their order is kept; what is given twice is kept once."),
    AfterValidator(_unique),
]

Count = Annotated[int, Field(ge=0)]
