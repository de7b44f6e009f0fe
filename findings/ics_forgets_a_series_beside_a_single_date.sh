#!/usr/bin/env bash
# ics 0.7.3: of a to-do that recurs and one of its dates that was moved, only the moved date is left.
#
# An object has the to-do with its RRULE and, with the same UID, one with a RECURRENCE-ID for each date that is otherwise (RFC
# 5545, 3.8.4.4; RFC 4791, 4.1, demands both in one file). ics keeps to-dos in a set by their UID: whoever reads such a file and
# writes it again has erased the series.
# Seen on 2026-11-28:
#   read: 1 of 2
#   SUMMARY:moved
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/python" -m pip install --quiet --disable-pip-version-check ics==0.7.3
seen=$("$work/venv/bin/python" - <<'PY'
import ics

head = ["BEGIN:VTODO", "UID:a", "DTSTAMP:20260301T000000Z"]
lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Example//EN"]
lines += [*head, "SUMMARY:series", "DTSTART:20260302T090000Z", "DUE:20260302T100000Z", "RRULE:FREQ=DAILY", "END:VTODO"]
lines += [*head, "SUMMARY:moved", "RECURRENCE-ID:20260303T090000Z", "DUE:20260303T120000Z", "END:VTODO"]
calendar = ics.Calendar("\r\n".join([*lines, "END:VCALENDAR", ""]))
print(f"read: {len(calendar.todos)} of 2")
for line in calendar.serialize().splitlines():
    if line.startswith(("SUMMARY", "RRULE")):
        print(line)
PY
)
echo "$seen"
[ "$seen" = 'read: 1 of 2
SUMMARY:moved' ]
