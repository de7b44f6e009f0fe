"""Writes the secrets that were given, and makes the rest once, each readable by the services that need it and no other.

Compose's `secrets` service. It runs before everything else at each `up`, in a user of its own that is a member of the
readers' groups, so it needs no rights of root to hand the files over.
"""

import os
import secrets
import sys
from pathlib import Path

POSTGRES, NODE = 999, 1000
"""Groups: those of the official images of PostgreSQL and Node."""

APP, REDIS, SIGN, MIGRATE = 10001, 10003, 10004, 10005
"""And those of the API and the worker, of Redis, of whoever signs tokens, of the migrations."""


def main(given: Path, folder: Path) -> None:
    """`given` has lines of NAME=value, empty where the user gave nothing; `folder` keeps what was made before.

    What some must not share with the services, or have another value of, is in a folder of theirs within it.
    """
    os.umask(0o077)
    lines = given.read_text().splitlines()
    values = {name: value for name, _, value in (line.partition("=") for line in lines) if value}

    def kept(name: str) -> str | None:
        file = folder / name
        return file.read_text().strip() if file.exists() else None

    def keep(name: str, reader: int, value: str | None = None) -> str:
        """What is given, else what is there, else something new."""
        value = value or kept(name) or secrets.token_urlsafe(32)
        file = folder / name
        file.parent.mkdir(exist_ok=True)
        file.parent.chmod(0o755)
        new = file.with_name(f".{file.name}")
        new.unlink(missing_ok=True)
        new.write_text(f"{value}\n")
        os.chown(new, -1, reader)
        new.chmod(0o440)
        new.replace(file)
        return value

    def database(name: str, login: str) -> str:
        """Where it is in the stack's own server, for whom."""
        return f"postgresql://{login}:{keep(f'{login}_password', POSTGRES)}@db:5432/{name}"

    keep("postgres_password", POSTGRES)
    owner, services, auth = (
        database("tasklane", "tasklane"),
        database("tasklane", "tasklane_services"),
        database("auth", "auth"),
    )
    # Whoever forgets to say where the data is must not be served from an empty database instead. Once the services
    # logged in as the owner.
    for name, usual in (("NEON_DB_URL", {services, owner}), ("AUTH_DATABASE_URL", {auth, kept("neon_db_url")})):
        if name not in values and kept(name.lower()) not in {None, *usual}:
            sys.exit(
                f"{name} was set before and is not now: set it again, best in .env,"
                " or begin anew with `docker compose down -v`."
            )
    neon = values.get("NEON_DB_URL")
    keep("neon_db_url", APP, neon or services)
    keep("migrations/database_url", MIGRATE, values.get("DIRECT_DATABASE_URL") or neon or owner)
    keep("auth_database_url", NODE, values.get("AUTH_DATABASE_URL") or neon or auth)
    password = keep("redis_password", REDIS)
    keep("redis_url", APP, f"redis://default:{password}@redis:6379/0")
    keep("redis.conf", REDIS, f"requirepass {password}")
    secret = keep("better_auth_secret", APP, values.get("BETTER_AUTH_SECRET"))
    keep("signing/better_auth_secret", SIGN, secret)
    keep("auth_secret", NODE)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
