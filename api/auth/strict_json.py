"""JSON as the RFCs mean it: UTF-8, every name once, no NaN. Python's reader lets all of these pass."""

import json
from typing import Any, NoReturn


def parse_object(document: bytes) -> dict[str, Any]:
    """The JSON object; raises `ValueError` for anything else, also for nesting or integers without end."""
    try:
        value = _DECODER.decode(document.decode())
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(value, dict):
        raise ValueError("not an object")  # noqa: TRY004  # one kind of error for whatever was sent
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        # Readers disagree on which of the two counts, and a proxy in front may have read the other.
        raise ValueError("a name occurs twice")
    return members


def _refuse_constant(_name: str) -> NoReturn:
    raise ValueError("NaN and Infinity are not JSON")


_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_refuse_constant)
