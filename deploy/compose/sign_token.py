"""Prints a token of a user, signed with the shared secret: `docker compose run --rm token alice`.

On Kubernetes a pod of the API reads it: docs/kubernetes.md.
"""

import os
import sys
import time
from pathlib import Path

import jwt

LIFETIME_SECONDS = 30 * 86_400


def main(user: str) -> None:
    """The claims are those that the API was told to check; the secret's file is named as a setting, in either case."""
    now = int(time.time())
    claims = {"sub": user, "iat": now, "exp": now + LIFETIME_SECONDS}
    named = (("iss", "AUTH_ISSUER"), ("aud", "AUTH_AUDIENCE"))
    claims |= {claim: value for claim, name in named if (value := os.environ.get(name))}
    files = Path(os.environ.get("SECRETS_DIR", "/run/secrets")).iterdir()
    [secret] = [file for file in files if file.name.lower() == "better_auth_secret"]
    print(jwt.encode(claims, secret.read_text().strip(), algorithm="HS256"))


if __name__ == "__main__":
    main(sys.argv[1])
