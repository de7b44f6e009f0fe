"""A session with PostgreSQL that may be used: one on a primary, whatever a standby would answer.

A standby shows what was true once, and its answers would become cache hits of those who read from the primary.
"""

import re
from collections.abc import Mapping
from typing import Any

import psycopg2
from psycopg2.extensions import connection as Connection  # noqa: N812  # a type, whatever its case

DEFAULTS: Mapping[str, Any] = {
    "fallback_application_name": "tasklane",
    "keepalives_idle": 30,
    "keepalives_interval": 5,
    "keepalives_count": 3,
}
"""The address may say otherwise."""

_STANDING = "SELECT pg_is_in_recovery(), current_setting('transaction_read_only')::boolean"
"""Asked, though libpq is told the same at connect: PgBouncer repeats what some server said earlier."""

_NO_ROOM = re.compile(
    r"too many (clients|connections)"  # PostgreSQL; a role's and a database's own limit
    r"|remaining connection slots"
    r"|no more connections|client connections exceeded"  # PgBouncer, old and new
    r"|max client connections",  # Supavisor
    re.IGNORECASE,
)
"""What 53300 says: psycopg2 hands no code on when it cannot connect. Servers that speak English are understood."""


class NotPrimary(psycopg2.OperationalError):
    """The server answers, and is a standby, or read-only where writes are asked for."""


class NoRoom(psycopg2.OperationalError):
    """The server, or the pooler before it, has no connection left."""


def open_session(parameters: Mapping[str, str], *, writable: bool) -> Connection:
    """Connect, in autocommit: the transaction's own messages say BEGIN and COMMIT. With `writable`, not read-only.

    Raises `NotPrimary`, `NoRoom` or any other `OperationalError`. Each wait is the driver's.
    """
    try:
        connection: Connection = psycopg2.connect(**{**DEFAULTS, **parameters})
    except psycopg2.OperationalError as error:
        raise _told(error) from error
    try:
        connection.autocommit = True
        _check_standing(connection, writable=writable)
    except BaseException:
        connection.close()
        raise
    return connection


def _check_standing(connection: Connection, *, writable: bool) -> None:
    try:
        with connection.cursor() as cursor:
            cursor.execute(_STANDING)
            [(in_recovery, read_only)] = cursor.fetchall()
    except (psycopg2.OperationalError, psycopg2.InterfaceError) as error:
        raise _told(error) from error
    if in_recovery:
        raise NotPrimary("the server is a standby")
    if writable and read_only:
        raise NotPrimary("the server takes no writes")


def _told(error: psycopg2.Error) -> psycopg2.OperationalError:
    reason = str(error).strip()
    return (NoRoom if _NO_ROOM.search(reason) else psycopg2.OperationalError)(reason)
