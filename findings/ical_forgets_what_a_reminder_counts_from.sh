#!/usr/bin/env bash
# ical 14.3.1 (PyPI): a reminder that counts from when a task is due counts from its start once the file was read and written.
#
# TRIGGER;RELATED=END:-PT15M is a quarter of an hour before DUE (RFC 5545, section 3.8.6.3); without RELATED it is before
# DTSTART, here four days earlier. The library writes TRIGGER:-PT15M. Of a moment, TRIGGER;VALUE=DATE-TIME:…, it leaves out the
# VALUE, which the same section demands: what has none is a duration, and ical.js refuses to read that.
# Seen on 2026-11-29:
#   TRIGGER;RELATED=END:-PT15M becomes TRIGGER:-PT15M
#   it rings at 2026-06-05T08:45:00+00:00 before, at 2026-06-01T08:45:00+00:00 after
#   TRIGGER;VALUE=DATE-TIME:20260604T080000Z becomes TRIGGER:20260604T080000Z
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/python" -m pip install --quiet --disable-pip-version-check ical==14.3.1 icalendar==7.3.2
seen=$("$work/venv/bin/python" - <<'PY'
import icalendar
from ical.calendar_stream import IcsCalendarStream


def file(trigger):
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Example//EN", "BEGIN:VTODO", "UID:a", "DTSTAMP:20260501T000000Z"]
    lines += ["DTSTART:20260601T090000Z", "DUE:20260605T090000Z", "BEGIN:VALARM", "ACTION:DISPLAY", "DESCRIPTION:x", trigger]
    return "\r\n".join([*lines, "END:VALARM", "END:VTODO", "END:VCALENDAR", ""])


def again(text):
    return IcsCalendarStream.calendar_to_ics(IcsCalendarStream.calendar_from_ics(text))


def trigger(text):
    return next(line for line in text.splitlines() if line.startswith("TRIGGER"))


def rings(text):
    [todo] = icalendar.Calendar.from_ical(text).todos
    return f"at {todo.alarms.times[0].trigger.isoformat()}"


before = file("TRIGGER;RELATED=END:-PT15M")
print(f"{trigger(before)} becomes {trigger(again(before))}")
print(f"it rings {rings(before)} before, {rings(again(before))} after")
moment = file("TRIGGER;VALUE=DATE-TIME:20260604T080000Z")
print(f"{trigger(moment)} becomes {trigger(again(moment))}")
PY
)
echo "$seen"
[ "$seen" = 'TRIGGER;RELATED=END:-PT15M becomes TRIGGER:-PT15M
it rings at 2026-06-05T08:45:00+00:00 before, at 2026-06-01T08:45:00+00:00 after
TRIGGER;VALUE=DATE-TIME:20260604T080000Z becomes TRIGGER:20260604T080000Z' ]
