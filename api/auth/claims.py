"""What the proven claims of a token must say (RFC 7519) before they stand for a user."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from api.auth.refusal import refused
from core.types import Scope, UserId

LEEWAY = 10.0
"""Seconds by which the issuer's clock and ours may differ."""

# The year 9999. It also catches an issuer that counts milliseconds, whose tokens would never expire.
_LAST_INSTANT = 253_402_300_799

# No control characters and no lone surrogates: neither PostgreSQL nor a log line could hold them.
_SUBJECT = re.compile(r"[^\x00-\x1f\x7f-\x9f\ud800-\udfff]{1,255}")


class Warrant(NamedTuple):
    """What Redis says of a list for as long as it stands where it stood when a personal token was found."""

    lease: bytes
    fence: bytes


NO_WARRANT = Warrant(b"", b"")
"""Redis never says so."""


@dataclass(frozen=True, slots=True)
class Principal:
    """A user, proven by a token that expires at that unix second (leeway not included)."""

    user_id: UserId
    expires_at: float
    scopes: frozenset[Scope] | None = None
    """What a personal token is good for; None: for all that its user may do."""
    warrant: Warrant | None = None
    """Of a personal token: it is good for a hit under this, and for no other; None: for any."""
    token: bytes | None = field(default=None, repr=False)
    """The personal token, for whoever must look at it again; None where it is none."""

    def is_good_under(self, lease: bytes, fence: bytes) -> bool:
        """Whether a hit under these proves that the token is still good."""
        return self.warrant is None or self.warrant == (lease, fence)


@dataclass(frozen=True, slots=True)
class Expectations:
    """The issuer and the audience that every token must name; None: whatever it says, or nothing."""

    issuer: str | None
    audience: str | None
    user: tuple[str, ...] = ("sub",)
    """The claims that may name the user; the first that is there counts."""


def principal(claims: Mapping[str, Any], expected: Expectations, *, now: float) -> Principal:
    """The user that the claims stand for at the unix second `now`; raises `InvalidToken`."""
    expires_at = _instant(claims, "exp")
    if now >= expires_at + LEEWAY:
        raise refused("expired")
    for name in ("nbf", "iat"):
        if name in claims and _instant(claims, name) > now + LEEWAY:
            raise refused("not_yet_valid")
    if expected.issuer is not None and claims.get("iss") != expected.issuer:
        raise refused("issuer_wrong")
    if expected.audience is not None and not _is_meant_for(expected.audience, claims.get("aud")):
        raise refused("audience_wrong")
    return Principal(_user(claims, expected.user), expires_at)


def _instant(claims: Mapping[str, Any], name: str) -> float:
    value = claims.get(name)
    # bool is an int to Python; a comparison with NaN is false.
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _LAST_INSTANT:
        raise refused(f"{name}_not_an_instant")
    return float(value)


def _is_meant_for(audience: str, claim: object) -> bool:
    return claim == audience or (isinstance(claim, list) and audience in claim)


def _user(claims: Mapping[str, Any], names: tuple[str, ...]) -> UserId:
    """A string, or a whole number as one."""
    subject = next((claims[name] for name in names if claims.get(name) is not None), None)
    if isinstance(subject, int) and not isinstance(subject, bool):
        subject = str(subject)
    if not isinstance(subject, str) or _SUBJECT.fullmatch(subject) is None:
        raise refused("subject_not_usable")
    return UserId(subject)
