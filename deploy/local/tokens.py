"""Tokens for the local stack, as a frontend's server would sign them with the shared secret."""

import hashlib
from datetime import UTC, datetime, timedelta

import jwt

from core.errors import ConfigurationError
from deploy.local.plan import Plan

DEFAULT_DAYS = 30
LONGEST_USER = 255


def issue(plan: Plan, user: str, *, days: int = DEFAULT_DAYS) -> str:
    """A token that the running stack (or else the next one) accepts as `user`; raises `ConfigurationError`."""
    running = plan.folder.running()
    if running and running.key is None:
        raise ConfigurationError("the running stack verifies tokens with a key set only; get one from Better Auth")
    if (secret := plan.secret) is None:
        raise ConfigurationError(
            "tokens are verified with a key set only (AUTH_JWKS_URL or AUTH_JWKS_FILE); get one from Better Auth"
            if plan.key_set
            else "nothing can be signed before the first start: make up"
        )
    if running and running.key != fingerprint(secret):
        raise ConfigurationError("the running stack has another BETTER_AUTH_SECRET; set the same one here")
    issuer = running.issuer if running else plan.issuer
    audience = running.audience if running else plan.audience
    return _sign(secret, user, days=days, issuer=issuer, audience=audience)


def fingerprint(secret: str) -> str:
    """Tells secrets apart and tells nothing of them."""
    return hashlib.sha256(secret.encode()).hexdigest()[:16]


def _sign(secret: str, user: str, *, days: int, issuer: str | None, audience: str | None) -> str:
    if not 1 <= len(user) <= LONGEST_USER:
        raise ConfigurationError(f"a user is named with 1 to {LONGEST_USER} characters")
    if days < 1:
        raise ConfigurationError("a token lasts at least one day")
    now = datetime.now(UTC)
    claims = {"sub": user, "iat": now, "exp": now + timedelta(days=days), "iss": issuer, "aud": audience}
    return jwt.encode({name: value for name, value in claims.items() if value}, secret, algorithm="HS256")
