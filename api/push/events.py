"""The events of a stream, as they are sent (`fastapi.sse` frames them)."""

import random
from dataclasses import dataclass
from typing import Literal

from fastapi.sse import format_sse_event

from core.cache.answer import Answer
from core.tasks import answers
from core.tasks.sync.token import Token
from core.types import Revision

Ending = Literal["expired", "reconnect", "resynchronise", "slow", "left", "failed"]
"""Why a stream has ended; the last three nobody is told."""

_END = b"\n"
"""The empty line that ends an event. Behind what is none, some clients make an empty event of it (httpx-sse 0.4.3)."""

HEARTBEAT = format_sse_event(comment="").removesuffix(_END)

SOONEST_SECONDS = 0.2
LATEST_SECONDS = 4.0
"""When the clients of a process that ends come back, spread, so that the others do not get them all at once."""

_NOTHING = "{}"
"""An event without data is none for `EventSource`."""


@dataclass(frozen=True, slots=True)
class Page:
    """What has changed since some token, ready to be sent to everybody who stands there."""

    event: bytes
    revision: Revision
    next: Token
    more: bool


def page(answer: Answer) -> Page:
    """Of the answer to what has changed."""
    following, more = answers.continuation(answer.body)
    event = format_sse_event(data_str=answer.body.decode(), event="changes", id=following.encode())
    return Page(event, answer.revision, following, more)


def beginning() -> bytes:
    """Sent at once, so that whoever passes it on does: a client whose connection breaks later comes back after that."""
    return format_sse_event(comment="", retry=_pause()).removesuffix(_END)


def ending(reason: Ending) -> bytes:
    """The last event of a stream; nothing where its reader has gone, or reads no more."""
    match reason:
        case "expired":
            return format_sse_event(data_str=_NOTHING, event=reason)
        case "reconnect":
            return format_sse_event(data_str=_NOTHING, event=reason, retry=_pause())
        case "resynchronise":  # without an id: what was seen last must not be asked for again
            return format_sse_event(data_str=_NOTHING, event=reason, id="")
        case _:
            return b""


def _pause() -> int:
    seconds = random.uniform(SOONEST_SECONDS, LATEST_SECONDS)  # noqa: S311  # jitter, not a secret
    return round(seconds * 1000)
