"""Members of a body that nobody reads: told in a header, or refused, but never lost in silence."""

import re
from collections.abc import Iterable
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from pydantic_core import InitErrorDetails, PydanticCustomError, ValidationError

HEADER = "tasklane-ignored"
MOST_NAMES = 20

_PLAIN = re.compile(r"[A-Za-z0-9_$.-]{1,64}")
_NOTHING: tuple[object, ...] = (None, "", [], {})


@dataclass(slots=True)
class Unknown:
    """What was found in the body of one request."""

    refused: bool
    names: dict[str, None] = field(default_factory=dict)

    @property
    def header(self) -> str:
        """Names that a header cannot hold are not told by name."""
        told = [name if _PLAIN.fullmatch(name) else "?" for name in self.names]
        more = ["..."] if len(told) > MOST_NAMES else []
        return ", ".join(dict.fromkeys((*told[:MOST_NAMES], *more)))


_unknown: ContextVar[Unknown | None] = ContextVar("unknown", default=None)


def begin(*, refused: bool) -> Unknown:
    """For the request that this context belongs to."""
    unknown = Unknown(refused)
    _unknown.set(unknown)
    return unknown


def note(members: Iterable[tuple[str, Any]]) -> None:
    """Members of an object that is being read; `null` is not missed. Raises `ValidationError` where refused."""
    unknown = _unknown.get()
    names = [name for name, value in members if value not in _NOTHING] if unknown else []
    if unknown is None or not names:
        return
    if unknown.refused:
        error = PydanticCustomError("unknown_member", "is not known")
        raise ValidationError.from_exception_data(
            "body",
            [
                InitErrorDetails(type=error, loc=(name if _PLAIN.fullmatch(name) else "?",), input=None)
                for name in names[:MOST_NAMES]
            ],
        )
    unknown.names.update(dict.fromkeys(names[: MOST_NAMES + 1 - len(unknown.names)]))
