"""Runs the migrations: one runner at a time, and none that waits long for a lock while requests queue behind it.

Online only: offline mode could take neither the advisory lock nor the lock time-out.
"""

import time
from functools import partial
from typing import cast

from alembic import context
from sqlalchemy import create_engine, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import NullPool

from core.database import driver
from core.database.hosts import Hosts
from core.database.tables import metadata
from core.errors import ConfigurationError
from core.settings import DatabaseSettings

ADVISORY_LOCK = 0x7461736B  # "task": any number will do, as long as every runner takes the same one
CONNECT_SECONDS = 30


def run() -> None:
    """Upgrade or downgrade in one transaction; a second runner waits for the first and then finds nothing to do.

    The lock is held by the transaction, so it is safe behind a pooler, where a session's lock is not.
    """
    try:
        hosts = Hosts(DatabaseSettings.load().database, driver.here)
    except ConfigurationError as error:
        raise SystemExit(str(error)) from None
    engine = create_engine("postgresql+psycopg2://", creator=partial(_connect, hosts), poolclass=NullPool)
    with engine.connect() as connection, connection.begin():
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ADVISORY_LOCK})
        connection.execute(text("SET LOCAL lock_timeout = '5s'"))
        context.configure(
            connection=connection,
            target_metadata=metadata,
            transaction_per_migration=False,
        )
        context.run_migrations()


def _connect(hosts: Hosts) -> DBAPIConnection:
    """To the same server as the services: among several hosts the primary."""
    connection = hosts.connect(deadline=time.monotonic() + CONNECT_SECONDS)
    connection.autocommit = False
    return cast(DBAPIConnection, connection)


if context.is_offline_mode():
    raise SystemExit("tasklane's migrations run online only: they take a lock first")
run()
