"""Who is asking: turns the `Authorization` header into a `Principal`, or raises `InvalidToken`."""

from api.auth.authenticator import Authenticator
from api.auth.claims import Principal

__all__ = ["Authenticator", "Principal"]
