#!/usr/bin/env bash
# python-dateutil 4.0.0: BYWEEKNO=53 finds 1 January 2022, which lies in week 52 of 2021.
#
# RFC 5545, section 3.3.10: weeks are numbered as in ISO 8601. 2021 has 52 of them, and its last one ends on 2 January 2022.
# dateutil takes the days before the first week of a year for its 53rd as soon as 53 is asked for; counted from the end
# (BYWEEKNO=-53, the first week of a year that has 53) it leaves out the days of that week that lie in December.
# Seen on 2026-11-28:
#   BYWEEKNO=53: ['2021-01-02', '2022-01-01', '2027-01-02'], of which ISO has 53: ['2021-01-02', '2027-01-02']
#   BYWEEKNO=-53: [], of which ISO has the first of 53: ['2003-12-31']
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" -q install python-dateutil==4.0.0
"$work/venv/bin/python" - <<'PYTHON'
from datetime import date, datetime, timedelta

from dateutil.rrule import rrulestr


def found(rule, begin, end):
    return [f"{day:%F}" for day in rrulestr(rule, dtstart=begin).between(begin, end, inc=True)]


def iso(begin, end, weekday, test):
    days = (begin.date() + timedelta(days=number) for number in range((end - begin).days))
    return [f"{day:%F}" for day in days if day.weekday() == weekday and test(day.isocalendar())]


def has_53(year):
    return date(year, 12, 28).isocalendar().week == 53


begin, end = datetime(2020, 6, 1), datetime(2028, 1, 1)
saturdays = found("FREQ=YEARLY;BYWEEKNO=53;BYDAY=SA", begin, end)
right = iso(begin, end, 5, lambda day: day.week == 53)
print(f"BYWEEKNO=53: {saturdays}, of which ISO has 53: {right}")
begin, end = datetime(2003, 6, 1), datetime(2004, 6, 1)
wednesdays = found("FREQ=YEARLY;BYWEEKNO=-53;BYDAY=WE", begin, end)
first = iso(begin, end, 2, lambda day: day.week == 1 and has_53(day.year))
print(f"BYWEEKNO=-53: {wednesdays}, of which ISO has the first of 53: {first}")
assert right == ["2021-01-02", "2027-01-02"]
assert first == ["2003-12-31"]
assert "2022-01-01" in saturdays, "it counts the weeks now"
assert not wednesdays, "it has December's days now"
PYTHON
