#!/usr/bin/env bash
# icalendar 7.3.0: a VTIMEZONE that Timezone.from_tzid makes lets summer time begin an hour late.
#
# RFC 5545, section 3.6.5: the DTSTART of an observance is the local time at which it begins, by the offset before it
# (TZOFFSETFROM). Berlin's clocks go from 02:00 to 03:00 on 29 March 2026, so that is 20260329T020000, as in the standard's
# own examples. from_tzid, "create a VTIMEZONE from a tzid", writes 20260329T030000, the time after the change: whoever reads the
# description, icalendar itself included, has winter time until 04:00. The end of summer time is right.
# Seen on 2026-11-28:
#   DTSTART:20260329T030000 TZOFFSETFROM:+0100 TZOFFSETTO:+0200
#   2026-03-29T01:30Z is 03:30 by zoneinfo, 02:30 by the VTIMEZONE
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" -q install icalendar==7.3.0 python-dateutil==4.0.0 tzdata
"$work/venv/bin/python" - <<'PYTHON'
import io
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from dateutil.tz import tzical
from icalendar import Timezone

made = Timezone.from_tzid("Europe/Berlin", first_date=date(2026, 1, 1), last_date=date(2027, 1, 1)).to_ical().decode()
lines = made.split("BEGIN:DAYLIGHT")[1].split("END:DAYLIGHT")[0].splitlines()
print(*(line for line in lines if line.startswith(("DTSTART", "TZOFFSET"))))
moment = datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
read = tzical(io.StringIO(made.replace("\r\n", "\n"))).get("Europe/Berlin")
right, wrong = (f"{moment.astimezone(zone):%H:%M}" for zone in (ZoneInfo("Europe/Berlin"), read))
print(f"2026-03-29T01:30Z is {right} by zoneinfo, {wrong} by the VTIMEZONE")
assert right == "03:30"
assert wrong == "02:30", "it begins in time now"
PYTHON
