#!/usr/bin/env bash
# ical.js 2.2.1: "the Monday of week 20" is every Monday but that one, and "the 20th Monday of the year" is every Monday.
#
# Both rules are examples of RFC 5545, section 3.8.5.3, which tells their dates: 12 May 1997, 11 May 1998, 17 May 1999, and 19
# May 1997, 18 May 1998, 17 May 1999. With BYWEEKNO the library looks for the week in the list and takes the place where it is
# for the answer: the first, 0, for no, and -1, nowhere, for yes. Of a weekday's number it reads the last figure, so 20MO is
# 0MO, each Monday, and 12MO the second. BYSETPOS it leaves out with FREQ=WEEKLY: the last of Monday, Wednesday and Friday is
# all three. Nothing is raised.
# Seen on 2026-11-29:
#   FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO: 1997-05-19 1997-05-26 1997-06-02
#   FREQ=YEARLY;BYDAY=20MO: 1997-05-19 1997-05-26 1997-06-02
#   FREQ=YEARLY;BYDAY=12MO: 1997-01-13 1998-01-12 1999-01-11
#   FREQ=WEEKLY;BYDAY=MO,WE,FR;BYSETPOS=-1: 1997-05-16 1997-05-19 1997-05-21
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund ical.js@2.2.1 >/dev/null
cat >seen.mjs <<'JS'
import ICAL from "ical.js";

const rules = [
  ["1997-05-12", "FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO"],
  ["1997-05-19", "FREQ=YEARLY;BYDAY=20MO"],
  ["1997-01-01", "FREQ=YEARLY;BYDAY=12MO"],
  ["1997-05-16", "FREQ=WEEKLY;BYDAY=MO,WE,FR;BYSETPOS=-1"],
];
for (const [start, rule] of rules) {
  const dates = ICAL.Recur.fromString(rule).iterator(ICAL.Time.fromString(start));
  console.log(`${rule}: ${[1, 2, 3].map(() => String(dates.next())).join(" ")}`);
}
JS
seen=$(node seen.mjs)
echo "$seen"
[ "$seen" = 'FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO: 1997-05-19 1997-05-26 1997-06-02
FREQ=YEARLY;BYDAY=20MO: 1997-05-19 1997-05-26 1997-06-02
FREQ=YEARLY;BYDAY=12MO: 1997-01-13 1998-01-12 1999-01-11
FREQ=WEEKLY;BYDAY=MO,WE,FR;BYSETPOS=-1: 1997-05-16 1997-05-19 1997-05-21' ]
