"""What runs on a connection: statements of one transaction, and the word that makes it last."""

from collections.abc import Mapping
from typing import Any, LiteralString

import psycopg2
from psycopg2 import extensions
from psycopg2.extensions import connection as Connection  # noqa: N812  # a type, whatever its case

from core.errors import OutcomeUnknown

Row = tuple[Any, ...]

BEGIN: LiteralString = "BEGIN ISOLATION LEVEL READ COMMITTED;"
"""Whatever the database's default is: who waits for a list must then see what its holder has committed."""


class Transaction:
    """One transaction on one connection. What opens it travels with its first statement, in one round trip.

    `BEGIN` and the settings that `opening` makes are transaction-local, so that a pooler (PgBouncer, Neon) may
    hand the connection to anyone afterwards. Several statements in one message are run one after another, each with
    a snapshot of its own (PostgreSQL documentation, 54.2.2.1); the rows of the last are returned.
    """

    def __init__(self, connection: Connection, opening: LiteralString, parameters: Mapping[str, object]) -> None:
        self._cursor = connection.cursor()
        self._pending: LiteralString = opening
        self._opened = False
        self._parameters = parameters

    def execute(self, sql: LiteralString, **parameters: object) -> list[Row]:
        """Run `sql`; the parameters of the opening (the owner) can be used in it by name."""
        if self._opened and self._cursor.connection.info.transaction_status == extensions.TRANSACTION_STATUS_IDLE:
            raise AssertionError("without BEGIN a transaction is one message: another would have no role")
        message = self._pending + sql
        self._pending, self._opened = "", True
        self._cursor.execute(message, {**self._parameters, **parameters})
        return self._cursor.fetchall() if self._cursor.description else []

    def with_next(self, sql: LiteralString, **parameters: object) -> None:
        """Send `sql` together with the next statement, or with COMMIT, before it."""
        self._pending += sql
        self._parameters = {**self._parameters, **parameters}

    def commit(self) -> None:
        """Make it last; raises `OutcomeUnknown` when the server's answer did not arrive.

        When something fails that is sent with it, the server does not come to COMMIT.
        """
        message, self._pending = self._pending + "COMMIT", ""
        try:
            self._cursor.execute(message, self._parameters if message != "COMMIT" else None)
        except psycopg2.Error as error:
            # A server that refuses to commit says so and goes on. One that says good-bye may have committed before.
            if self._cursor.connection.closed:
                raise OutcomeUnknown("the connection broke during COMMIT") from error
            raise
        if self._cursor.statusmessage != "COMMIT":
            raise AssertionError("a statement failed, so COMMIT has rolled back")

    def rollback(self) -> None:
        self._cursor.execute("ROLLBACK")
