"""Prints a token of a user, signed with the shared secret: `docker compose run --rm token alice`."""

import os
import sys
import time
from pathlib import Path

import jwt

LIFETIME_SECONDS = 30 * 86_400


def main(user: str) -> None:
    """The claims are those that the API was told to check."""
    now = int(time.time())
    claims = {"sub": user, "iat": now, "exp": now + LIFETIME_SECONDS}
    claims |= {name: value for name in ("iss", "aud") if (value := os.environ.get(f"TOKEN_{name.upper()}"))}
    print(jwt.encode(claims, Path("/run/secrets/better_auth_secret").read_text().strip(), algorithm="HS256"))


if __name__ == "__main__":
    main(sys.argv[1])
