"""What is wrong with a member of a body, as a sentence without its subject: `must be a string`.

Pydantic's own messages speak of Python, and some quote the input.
"""

from collections.abc import Mapping
from typing import Any

_SENTENCES = {
    "missing": "is missing",
    "string_type": "must be a string",
    "string_unicode": "must be Unicode text, without half a surrogate pair",
    "string_pattern_mismatch": "must match {pattern}",
    "string_too_short": "must have at least {min_length} {unit}",
    "string_too_long": "must have at most {max_length} {unit}",
    "too_short": "must have at least {min_length} {unit}",
    "too_long": "must have at most {max_length} {unit}",
    "bool_type": "must be true or false",
    "int_type": "must be an integer",
    "int_from_float": "must be an integer",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "literal_error": "must be {expected}",
    "list_type": "must be an array",
    "dict_type": "must be an object",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
    "union_tag_not_found": "must have a member {discriminator}",
    "union_tag_invalid": "must have a member {discriminator} that is one of {expected_tags}",
    "extra_forbidden": "is not taken here",
    "timezone_aware": "must carry an offset, such as Z",
    "said_twice": "says two different things of {member}",
    "unknown_member": "is not known here",
}


def sentence_of(kind: str, context: Mapping[str, Any], message: str) -> str:
    """For a kind of error that has no sentence here there is a general one: better vague than an echo."""
    if kind == "value_error":  # one of our own validators, which say it themselves
        return message.removeprefix("Value error, ")
    number = context.get("min_length", context.get("max_length"))
    unit = ("item" if context.get("field_type") == "List" else "character") + ("" if number == 1 else "s")
    return _SENTENCES.get(kind, "cannot be accepted as it is").format_map({**context, "unit": unit})
