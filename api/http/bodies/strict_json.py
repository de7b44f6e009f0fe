"""JSON as RFC 8259 means it: UTF-8, every name once, no NaN, an end to everything. Python's reader lets more pass."""

import json
from typing import Any, NoReturn

TOO_DEEP = "is nested too deeply"
INVALID = "is not valid JSON"

_LONGEST_ESCAPE = 12
"""A pair of surrogates: so far before the end of a text that was cut off its reader may find it wrong."""


class NotJson(ValueError):
    """The message is a sentence about the document that does not quote it."""

    def __init__(self, message: str, *, at: int = 0) -> None:
        super().__init__(message)
        self.at = at
        """How many characters of what was read are before the mistake, as far as that is known."""


def parse(document: bytes) -> Any:
    """The value; raises `NotJson`."""
    try:
        return _DECODER.decode(document.decode())
    except (ValueError, RecursionError) as error:
        raise _told(error) from None


def parse_first(text: str, *, whole: bool) -> tuple[Any, int] | None:
    """The value that `text` begins with, and where it ends; None if that lies beyond a text that is not `whole`.

    Raises `NotJson`.
    """
    try:
        value, end = _DECODER.raw_decode(text)
    except json.JSONDecodeError as error:
        cut = error.msg.startswith("Unterminated string") or error.pos >= len(text) - _LONGEST_ESCAPE
        if cut and not whole:
            return None
        raise NotJson(INVALID, at=error.pos) from None
    except (ValueError, RecursionError) as error:
        raise _told(error) from None
    return (value, end) if whole or end < len(text) else None  # a number may go on


def parse_object(document: bytes) -> dict[str, Any]:
    """The value, which must be an object; raises `NotJson`."""
    value = parse(document)
    if not isinstance(value, dict):
        raise NotJson("is not an object")
    return value


def _told(error: Exception) -> NotJson:
    match error:
        case NotJson():
            return error
        case UnicodeDecodeError():
            return NotJson("must be UTF-8")
        case RecursionError():
            return NotJson(TOO_DEEP)
        case json.JSONDecodeError():
            return NotJson(INVALID)
        case _:  # the interpreter's limit on the digits of an integer has no class of its own
            return NotJson("has a number that is too long")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        # Readers disagree on which of the two counts, and a proxy in front may have read the other.
        raise NotJson("names a member twice")
    return members


def _refuse_constant(_name: str) -> NoReturn:
    raise NotJson("has a number that JSON does not know")


_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_refuse_constant)
