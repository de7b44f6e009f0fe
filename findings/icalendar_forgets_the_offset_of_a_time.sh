#!/usr/bin/env bash
# icalendar 7.3.2: a time at a fixed offset, as datetime.fromisoformat() reads it, is written so that nobody can tell which
# instant it is, icalendar included.
#
# DUE of 2026-12-01T18:00:00+01:00 becomes DUE;TZID="UTC+01:00":20261201T180000, and no VTIMEZONE of that name is added, though
# RFC 5545 (3.6.5, 3.8.3.1) wants one for each TZID and add_missing_timezones() promises it. Read again the time has no zone.
# What has no such clock takes it for local time, or for UTC: an hour beside here, and up to fourteen elsewhere.
# Seen on 2026-11-29:
#   DUE;TZID="UTC+01:00":20261201T180000
#   VTIMEZONEs: 0
#   2026-12-01T18:00:00
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/python" -m pip install --quiet --disable-pip-version-check icalendar==7.3.2
seen=$("$work/venv/bin/python" - <<'PY'
from datetime import datetime

from icalendar import Calendar, Todo

todo = Todo()
todo.add("uid", "a")
todo.add("dtstamp", datetime.fromisoformat("2026-11-29T00:00:00+00:00"))
todo.add("due", datetime.fromisoformat("2026-12-01T18:00:00+01:00"))
calendar = Calendar()
calendar.add("version", "2.0")
calendar.add("prodid", "-//Example//EN")
calendar.add_component(todo)
calendar.add_missing_timezones()
text = calendar.to_ical().decode()
print(next(line for line in text.splitlines() if line.startswith("DUE")))
print("VTIMEZONEs:", text.count("BEGIN:VTIMEZONE"))
print(Calendar.from_ical(text).todos[0]["DUE"].dt.isoformat())
PY
)
echo "$seen"
[ "$seen" = 'DUE;TZID="UTC+01:00":20261201T180000
VTIMEZONEs: 0
2026-12-01T18:00:00' ]
