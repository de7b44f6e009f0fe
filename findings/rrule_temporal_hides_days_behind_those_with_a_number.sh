#!/usr/bin/env bash
# rrule-temporal 2.2.8: of BYDAY=TH,1FR a yearly rule has the first Friday only, and beside BYWEEKNO no BYMONTHDAY counts.
#
# RFC 5545, section 3.3.10: BYDAY is a list, each value names days; with FREQ=YEARLY "TH" is each Thursday of the year and "1FR"
# its first Friday. With FREQ=MONTHLY the library has both, with FREQ=YEARLY and no BYMONTH those with a number only. The same
# section's table: with FREQ=YEARLY BYMONTHDAY stands behind BYWEEKNO, and limits what that has named; the library has the start's
# weekday of the week, whatever day of the month that is.
# Seen on 2026-11-28:
#   FREQ=YEARLY;BYDAY=TH,1FR: 2027-01-01 2028-01-07 2029-01-05
#   FREQ=YEARLY;BYWEEKNO=1;BYMONTHDAY=4: 2027-01-08 2028-01-07 2029-01-05
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund rrule-temporal@2.2.8 temporal-polyfill >/dev/null
cat >seen.mjs <<'JS'
import "temporal-polyfill/global";
import { RRuleTemporal } from "rrule-temporal";

for (const rule of ["FREQ=YEARLY;BYDAY=TH,1FR", "FREQ=YEARLY;BYWEEKNO=1;BYMONTHDAY=4"]) {
  const found = new RRuleTemporal({ rruleString: `DTSTART;TZID=UTC:20260403T090000\nRRULE:${rule}` });
  console.log(`${rule}: ${found.all((_, number) => number < 3).map((date) => date.toPlainDate()).join(" ")}`);
}
JS
seen=$(node seen.mjs)
echo "$seen"
[ "$seen" = 'FREQ=YEARLY;BYDAY=TH,1FR: 2027-01-01 2028-01-07 2029-01-05
FREQ=YEARLY;BYWEEKNO=1;BYMONTHDAY=4: 2027-01-08 2028-01-07 2029-01-05' ]
