#!/usr/bin/env bash
# icalendar 7.3.2: a reminder of a quarter of an hour before 03:05 rings at 03:50 on the night when summer time begins.
#
# RFC 5545, section 3.3.6: days and weeks of a duration are nominal, hours, minutes and seconds exact; 15 minutes before 03:05
# in Berlin on 29 March 2026 (01:05Z) are 00:50Z, 01:50 by the clock. The library subtracts on the clock's face, which says
# 02:50, a time that does not exist that night: as an instant it is 01:50Z, 45 minutes after the task was due. "24 hours before"
# is 23 hours before for each task of that day. A P1D, which is to count so, is right. The same task in UTC rings in time.
# Seen on 2026-11-29:
#   03:05 in Berlin, -PT15M: rings 45 minutes after
#   10:00 in Berlin, -PT24H: rings 1380 minutes before
#   10:00 in Berlin, -P1D: rings 1380 minutes before
#   01:05 in UTC, -PT15M: rings 15 minutes before
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/python" -m pip install --quiet --disable-pip-version-check icalendar==7.3.2 tzdata
seen=$("$work/venv/bin/python" - <<'PY'
from datetime import timezone

from icalendar import Calendar

berlin = ";TZID=Europe/Berlin:20260329T"
for name, start, before in (
    ("03:05 in Berlin", f"{berlin}030500", "-PT15M"),
    ("10:00 in Berlin", f"{berlin}100000", "-PT24H"),
    ("10:00 in Berlin", f"{berlin}100000", "-P1D"),
    ("01:05 in UTC", ":20260329T010500Z", "-PT15M"),
):
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Example//EN", "BEGIN:VTODO", "UID:a", "DTSTAMP:20260301T000000Z"]
    lines += [f"DTSTART{start}", "BEGIN:VALARM", "ACTION:DISPLAY", "DESCRIPTION:x", f"TRIGGER:{before}", "END:VALARM"]
    [todo] = Calendar.from_ical("\r\n".join([*lines, "END:VTODO", "END:VCALENDAR", ""])).todos
    due, rings = (time.astimezone(timezone.utc) for time in (todo.start, todo.alarms.times[0].trigger))
    minutes = round((rings - due).total_seconds() / 60)
    print(f"{name}, {before}: rings {abs(minutes)} minutes {'after' if minutes > 0 else 'before'}")
PY
)
echo "$seen"
[ "$seen" = '03:05 in Berlin, -PT15M: rings 45 minutes after
10:00 in Berlin, -PT24H: rings 1380 minutes before
10:00 in Berlin, -P1D: rings 1380 minutes before
01:05 in UTC, -PT15M: rings 15 minutes before' ]
