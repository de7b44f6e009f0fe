#!/usr/bin/env bash
# ics 0.7.3: a to-do that is due on a day comes back due at midnight UTC, in a calendar of the scale GEORGIAN.
#
# RFC 5545 (3.8.2.3) has DUE;VALUE=DATE, which Apple Reminders, Nextcloud and others write for what has no time. Read and
# written again it is DUE:20260306T000000Z, an instant, which is the evening before for everyone west of Greenwich. A file without
# CALSCALE gets CALSCALE:GEORGIAN; the only scale that there is is GREGORIAN (3.7.1), and a reader may refuse any other.
# Seen on 2026-11-28:
#   CALSCALE:GEORGIAN
#   DUE:20260306T000000Z
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/python" -m pip install --quiet --disable-pip-version-check ics==0.7.3
seen=$("$work/venv/bin/python" - <<'PY'
import ics

lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Example//EN", "BEGIN:VTODO", "UID:a", "DTSTAMP:20260301T000000Z"]
lines += ["SUMMARY:All day", "DUE;VALUE=DATE:20260306", "END:VTODO", "END:VCALENDAR", ""]
for line in ics.Calendar("\r\n".join(lines)).serialize().splitlines():
    if line.startswith(("DUE", "CALSCALE")):
        print(line)
PY
)
echo "$seen"
[ "$seen" = 'CALSCALE:GEORGIAN
DUE:20260306T000000Z' ]
