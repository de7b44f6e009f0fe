"""Writes the secrets that were given, and makes the rest once, each readable by the one service that needs it.

Compose's `secrets` service. It runs before everything else at each `up`, in a user of its own that is a member of the
readers' groups, so it needs no rights of root to hand the files over.
"""

import os
import secrets
import sys
from pathlib import Path

APP, POSTGRES, NODE = 10001, 999, 1000
"""Groups: of the app's image, and of the official images of PostgreSQL and Node."""


def main(given: Path, folder: Path) -> None:
    """`given` has lines of NAME=value, empty where the user gave nothing; `folder` keeps what was made before."""
    os.umask(0o077)
    lines = given.read_text().splitlines()
    values = {name: value for name, _, value in (line.partition("=") for line in lines) if value}

    def kept(name: str) -> str | None:
        file = folder / name
        return file.read_text().strip() if file.exists() else None

    def keep(name: str, reader: int, value: str | None = None) -> str:
        """What is given, else what is there, else something new."""
        value = value or kept(name) or secrets.token_urlsafe(32)
        new = folder / f".{name}"
        new.unlink(missing_ok=True)
        new.write_text(f"{value}\n")
        os.chown(new, -1, reader)
        new.chmod(0o440)
        new.replace(folder / name)
        return value

    keep("postgres_password", POSTGRES)
    tasklane = f"postgresql://tasklane:{keep('tasklane_password', POSTGRES)}@db:5432/tasklane"
    auth = f"postgresql://auth:{keep('auth_password', POSTGRES)}@db:5432/auth"
    # Whoever forgets to say where the data is must not be served from an empty database instead.
    for name, usual in (("NEON_DB_URL", {tasklane}), ("AUTH_DATABASE_URL", {auth, kept("neon_db_url")})):
        if name not in values and kept(name.lower()) not in {None, *usual}:
            sys.exit(
                f"{name} was set before and is not now: set it again, best in .env,"
                " or begin anew with `docker compose down -v`."
            )
    neon = values.get("NEON_DB_URL")
    keep("neon_db_url", APP, neon or tasklane)
    keep("auth_database_url", NODE, values.get("AUTH_DATABASE_URL") or neon or auth)
    keep("better_auth_secret", APP, values.get("BETTER_AUTH_SECRET"))
    keep("auth_secret", NODE)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
