#!/usr/bin/env bash
# ical 14.3.1 (PyPI): who completes the third date of a series has completed a task of the first, and the third is gone.
#
# TodoStore.edit(uid, Todo(status=COMPLETED), recurrence_id=…) changes "individual instances of the item". What it writes beside
# the series is a copy of the whole task, dates included: DTSTART and DUE of 2 November, done, with the RECURRENCE-ID of 16
# November. The series gets an EXDATE for that date, so there is no date which the RECURRENCE-ID could name (RFC 5545, section
# 3.8.4.4). Nor is it of DTSTART's value type, as it must be: VALUE=DATE is left out. A program that knows the standard, here
# recurring-ical-events, shows the other three as open, and nothing that was done.
# Seen on 2026-11-29:
#   DTSTART;VALUE=DATE:20261102
#   DUE;VALUE=DATE:20261103
#   RECURRENCE-ID:20261116
#   STATUS:COMPLETED
#   EXDATE;VALUE=DATE:20261116
#   2026-11-02 open, 2026-11-09 open, 2026-11-23 open
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/python" -m pip install --quiet --disable-pip-version-check ical==14.3.1 icalendar==7.3.2 recurring-ical-events==3.8.2
seen=$("$work/venv/bin/python" - <<'PY'
import icalendar
import recurring_ical_events
from ical.calendar_stream import IcsCalendarStream
from ical.store import TodoStore
from ical.todo import Todo, TodoStatus

lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Example//EN", "BEGIN:VTODO", "UID:a", "DTSTAMP:20261101T000000Z"]
lines += ["SUMMARY:x", "DTSTART;VALUE=DATE:20261102", "DUE;VALUE=DATE:20261103", "RRULE:FREQ=WEEKLY;COUNT=4", "END:VTODO"]
calendar = IcsCalendarStream.calendar_from_ics("\r\n".join([*lines, "END:VCALENDAR", ""]))
TodoStore(calendar).edit("a", Todo(status=TodoStatus.COMPLETED), recurrence_id="20261116")
text = IcsCalendarStream.calendar_to_ics(calendar)
[done, series] = sorted(text.split("BEGIN:VTODO")[1:], key=lambda part: "RRULE" in part)
for part, names in ((done, ("DTSTART", "DUE", "RECURRENCE-ID", "STATUS")), (series, "EXDATE")):
    for line in part.splitlines():
        if line.startswith(names):
            print(line)
shown = recurring_ical_events.of(icalendar.Calendar.from_ical(text), components=["VTODO"]).between((2026, 11, 1), (2026, 12, 1))
print(", ".join(sorted(f"{todo['DTSTART'].dt} {todo.get('STATUS', 'open')}" for todo in shown)))
PY
)
echo "$seen"
[ "$seen" = 'DTSTART;VALUE=DATE:20261102
DUE;VALUE=DATE:20261103
RECURRENCE-ID:20261116
STATUS:COMPLETED
EXDATE;VALUE=DATE:20261116
2026-11-02 open, 2026-11-09 open, 2026-11-23 open' ]
