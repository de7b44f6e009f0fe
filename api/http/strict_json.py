"""JSON as RFC 8259 means it: UTF-8, every name once, no NaN, an end to everything. Python's reader lets more pass."""

import json
from typing import Any, NoReturn

TOO_DEEP = "is nested too deeply"


class NotJson(ValueError):
    """The message is a sentence about the document that does not quote it."""


def parse(document: bytes) -> Any:
    """The value; raises `NotJson`."""
    try:
        return _DECODER.decode(document.decode())
    except NotJson:
        raise
    except UnicodeDecodeError:
        fault = "must be UTF-8"
    except RecursionError:
        fault = TOO_DEEP
    except json.JSONDecodeError:
        fault = "is not valid JSON"
    except ValueError:  # the interpreter's limit on the digits of an integer has no class of its own
        fault = "has a number that is too long"
    raise NotJson(fault)


def parse_object(document: bytes) -> dict[str, Any]:
    """The value, which must be an object; raises `NotJson`."""
    value = parse(document)
    if not isinstance(value, dict):
        raise NotJson("is not an object")
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        # Readers disagree on which of the two counts, and a proxy in front may have read the other.
        raise NotJson("names a member twice")
    return members


def _refuse_constant(_name: str) -> NoReturn:
    raise NotJson("has a number that JSON does not know")


_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_refuse_constant)
