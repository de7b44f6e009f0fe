#!/usr/bin/env bash
# ical.js 2.2.1: what recurs yearly from 29 February comes on 1 March in other years, and 30 February is 2 March.
#
# RFC 5545, section 3.3.10, of dates that do not exist, such as 30 February: "Such recurrence instances MUST be ignored and MUST
# NOT be counted as part of the recurrence set." With FREQ=MONTHLY the library ignores them, with FREQ=YEARLY it counts on into
# March. One that is completed or changed there has a RECURRENCE-ID which for any other program is no date of the series.
# Seen on 2026-11-29:
#   2024-02-29 FREQ=YEARLY;COUNT=3: 2024-02-29 2025-03-01 2026-03-01
#   2026-01-30 FREQ=YEARLY;BYMONTH=1,2;BYMONTHDAY=30;COUNT=3: 2026-01-30 2026-03-02 2027-01-30
#   2026-01-30 FREQ=MONTHLY;BYMONTHDAY=30;COUNT=3: 2026-01-30 2026-03-30 2026-04-30
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund ical.js@2.2.1 >/dev/null
cat >seen.mjs <<'JS'
import ICAL from "ical.js";

const rules = [
  ["2024-02-29", "FREQ=YEARLY;COUNT=3"],
  ["2026-01-30", "FREQ=YEARLY;BYMONTH=1,2;BYMONTHDAY=30;COUNT=3"],
  ["2026-01-30", "FREQ=MONTHLY;BYMONTHDAY=30;COUNT=3"],
];
for (const [start, rule] of rules) {
  const dates = ICAL.Recur.fromString(rule).iterator(ICAL.Time.fromString(start));
  console.log(`${start} ${rule}: ${[1, 2, 3].map(() => String(dates.next())).join(" ")}`);
}
JS
seen=$(node seen.mjs)
echo "$seen"
[ "$seen" = '2024-02-29 FREQ=YEARLY;COUNT=3: 2024-02-29 2025-03-01 2026-03-01
2026-01-30 FREQ=YEARLY;BYMONTH=1,2;BYMONTHDAY=30;COUNT=3: 2026-01-30 2026-03-02 2027-01-30
2026-01-30 FREQ=MONTHLY;BYMONTHDAY=30;COUNT=3: 2026-01-30 2026-03-30 2026-04-30' ]
