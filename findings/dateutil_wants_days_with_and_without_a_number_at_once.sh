#!/usr/bin/env bash
# python-dateutil 4.0.0: BYDAY=MO,-1WE finds no date at all.
#
# RFC 5545, section 3.3.10: BYDAY is a list, and each of its values names days of the period; "MO" all Mondays of the month,
# "-1WE" the last Wednesday. dateutil keeps those with a number and those without apart and wants a day to be of both kinds,
# which no Monday and no Wednesday is. Each kind alone is right; so is the list of all, when the Mondays get their numbers.
# Seen on 2026-11-28:
#   MO,-1WE: []
#   1MO,2MO,3MO,4MO,5MO,-1WE: ['2026-06-01', '2026-06-08', '2026-06-15', '2026-06-22', '2026-06-24', '2026-06-29']
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" -q install python-dateutil==4.0.0
"$work/venv/bin/python" - <<'PYTHON'
from datetime import datetime

from dateutil.rrule import rrulestr

start, end = datetime(2026, 6, 1), datetime(2026, 6, 30)
found = {}
for days in ("MO,-1WE", "1MO,2MO,3MO,4MO,5MO,-1WE"):
    found[days] = [f"{day:%F}" for day in rrulestr(f"FREQ=MONTHLY;BYDAY={days}", dtstart=start).between(start, end, inc=True)]
    print(f"{days}: {found[days]}")
assert found["1MO,2MO,3MO,4MO,5MO,-1WE"][4] == "2026-06-24"
assert not found["MO,-1WE"], "it finds them now"
PYTHON
