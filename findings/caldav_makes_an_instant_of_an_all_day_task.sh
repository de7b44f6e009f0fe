#!/usr/bin/env bash
# caldav 3.6.0: completing an all-day task that recurs makes the next one due at an instant, to the second of the completion.
#
# A task with DTSTART and DUE of VALUE=DATE and RRULE:FREQ=WEEKLY stands for days: each occurrence has the value type of
# DTSTART (RFC 5545, 3.8.5.3). `Todo.complete(handle_rrule=True)` counts from the completion, and puts a time with a zone
# there; every other client then shows a reminder for 15:03:27. No server is asked: what would be saved is printed.
# Seen on 2026-11-28:
#   DTSTART:20260311T150327Z
#   DUE:20260311T150327Z
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/python" -m pip install --quiet --disable-pip-version-check caldav==3.6.0
seen=$("$work/venv/bin/python" - <<'PY'
from datetime import datetime, timezone

from caldav import Calendar, DAVClient, Todo

lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Example//EN", "BEGIN:VTODO", "UID:a", "DTSTAMP:20260301T000000Z"]
lines += ["SUMMARY:x", "DTSTART;VALUE=DATE:20260302", "DUE;VALUE=DATE:20260302", "RRULE:FREQ=WEEKLY", "END:VTODO"]
lines += ["END:VCALENDAR", ""]
saved = []


class Kept(Todo):
    def save(self, **_):
        saved.append(self)
        return self


client = DAVClient(url="http://localhost/")
calendar = Calendar(client=client, url="http://localhost/c/")
todo = Kept(client=client, data="\r\n".join(lines), parent=calendar, url="http://localhost/c/a.ics")
todo.complete(completion_timestamp=datetime(2026, 3, 4, 15, 3, 27, tzinfo=timezone.utc), handle_rrule=True)
for line in saved[-1].data.splitlines():
    if line.startswith(("DTSTART", "DUE")):
        print(line)
PY
)
echo "$seen"
[ "$seen" = 'DTSTART:20260311T150327Z
DUE:20260311T150327Z' ]
