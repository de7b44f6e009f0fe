"""What everything in a server is of: when that is another, nothing of before is a hit any more."""

import secrets
from dataclasses import dataclass

from core.types import History


@dataclass(frozen=True, slots=True)
class Generation:
    """What the values in a server are of: `id` is renewed when they must not be hits any more."""

    id: bytes
    history: History | None


def new_lease(generation: Generation | None) -> str:
    """A fresh one; a raise on a connection that has no generation yet gives one that nobody reads under."""
    return f"{generation.id.decode() if generation else ''}.{secrets.token_hex(8)}"
