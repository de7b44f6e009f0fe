"""Makes the databases and their logins in the stack's own PostgreSQL, and sets right what an earlier release made.

Compose's `logins` service. It runs before the migrations at each `up`; what is as it should be stays so. The migrations
log in as the tables' owner, the services as one who owns nothing and may do what the two roles of the tables may.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import cursor, encrypt_password

OWNER, SERVICES = "tasklane", "tasklane_services"
ROLES = ("tasklane_user", "tasklane_worker")
"""As migration 0001 makes them where it may."""


def main(url: str, folder: Path) -> None:
    """`url` is a superuser's, PostgreSQL 16 or newer; `folder` has a file with the password of each login."""
    connection = psycopg2.connect(url)
    try:
        with connection, connection.cursor() as run:
            for name in (OWNER, SERVICES, "auth"):
                _make(run, name)
                password = (folder / f"{name}_password").read_text().strip()
                secret = encrypt_password(password, name, connection, "scram-sha-256")
                statement = "ALTER ROLE {} LOGIN NOCREATEROLE PASSWORD {}"
                run.execute(sql.SQL(statement).format(sql.Identifier(name), sql.Literal(secret)))
            for name in ROLES:
                _make(run, name)
                run.execute(sql.SQL("ALTER ROLE {} NOLOGIN NOINHERIT").format(sql.Identifier(name)))
                # Whoever made a role could let others have it. In one transaction: nobody is without it for a moment.
                _membership(run, "REVOKE ADMIN OPTION FOR {} FROM {} CASCADE", name, OWNER)
                for login in (OWNER, SERVICES):
                    _membership(run, "GRANT {} TO {} WITH INHERIT FALSE, SET TRUE", name, login)
        connection.autocommit = True
        with connection.cursor() as run:
            for name in (OWNER, "auth"):
                _make_database(run, name)
            run.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(*_names(OWNER, SERVICES)))
    finally:
        connection.close()


def _make(run: cursor, role: str) -> None:
    run.execute("SELECT FROM pg_roles WHERE rolname = %s", (role,))
    if run.rowcount == 0:
        run.execute(sql.SQL("CREATE ROLE {}").format(sql.Identifier(role)))


def _make_database(run: cursor, name: str) -> None:
    """Of the login of that name, and nobody else's."""
    run.execute("SELECT FROM pg_database WHERE datname = %s", (name,))
    if run.rowcount == 0:
        run.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(*_names(name, name)))
    run.execute(sql.SQL("REVOKE CONNECT ON DATABASE {} FROM PUBLIC").format(sql.Identifier(name)))


def _membership(run: cursor, statement: str, role: str, login: str) -> None:
    run.execute(sql.SQL(statement).format(*_names(role, login)))


def _names(*names: str) -> Iterator[sql.Identifier]:
    return (sql.Identifier(name) for name in names)


if __name__ == "__main__":
    secrets = Path(sys.argv[1])
    superuser = (secrets / "postgres_password").read_text().strip()
    main(f"postgresql://postgres:{superuser}@db:5432/postgres", secrets)
