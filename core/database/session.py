"""A session with PostgreSQL that may be used: one on a primary, whatever a standby would answer.

A standby shows what was true once, and its answers would become cache hits of those who read from the primary.
"""

import re
from collections.abc import Mapping
from typing import Any

import psycopg2
from psycopg2.extensions import connection as Connection  # noqa: N812  # a type, whatever its case

from core.database.ear import Session

DEFAULTS: Mapping[str, Any] = {
    "fallback_application_name": "tasklane",
    "keepalives_idle": 30,
    "keepalives_interval": 5,
    "keepalives_count": 3,
}
"""The address may say otherwise."""

_STANDING = """
    SELECT pg_is_in_recovery(), current_setting('transaction_read_only')::boolean, pg_backend_pid(),
        current_setting('max_connections')::int,
        current_setting('superuser_reserved_connections')::int
            + coalesce(nullif(current_setting('reserved_connections', true), '')::int, 0)
            + (SELECT sum(numbackends) FROM pg_stat_database)::int
"""
"""Asked, though libpq is told the first two at connect: PgBouncer repeats what some server said earlier."""

LEFT_TO_OTHERS = 8
"""One in so many of the server's connections: for processes that have none, and for whoever has to look into it."""

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


def open_session(parameters: Mapping[str, str], *, writable: bool, modest: bool = False) -> Connection:
    """Connect, in autocommit: the transaction's own messages say BEGIN and COMMIT.

    With `writable` not to a server that is read-only, with `modest` not to one that has few connections left.

    Raises `NotPrimary`, `NoRoom` or any other `OperationalError`. Each wait is the driver's.
    """
    try:
        connection: Connection = psycopg2.connect(connection_factory=Session, **{**DEFAULTS, **parameters})
    except psycopg2.OperationalError as error:
        raise _told(error) from error
    try:
        connection.autocommit = True
        _check_standing(connection, writable=writable, modest=modest)
    except BaseException:
        connection.close()
        raise
    return connection


def _check_standing(connection: Connection, *, writable: bool, modest: bool) -> None:
    try:
        with connection.cursor() as cursor:
            cursor.execute(_STANDING)
            [(in_recovery, read_only, pid, most, taken)] = cursor.fetchall()
    except (psycopg2.OperationalError, psycopg2.InterfaceError) as error:
        raise _told(error) from error
    if in_recovery:
        raise NotPrimary("the server is a standby")
    if writable and read_only:
        raise NotPrimary("the server takes no writes")
    pooled = pid != connection.info.backend_pid  # then the connections of the server are the pooler's affair
    if modest and not pooled and most - taken < most // LEFT_TO_OTHERS:
        raise NoRoom("the server has few connections left")


def _told(error: psycopg2.Error) -> psycopg2.OperationalError:
    reason = str(error).strip()
    return (NoRoom if _NO_ROOM.search(reason) else psycopg2.OperationalError)(reason)
