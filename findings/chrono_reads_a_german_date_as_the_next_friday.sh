#!/usr/bin/env bash
# chrono-node 2.10.3: of a German date with its weekday the weekday is read alone, and day and month become hour and minute.
#
# "Freitag, 11.12." is Friday, 11 December. chrono.de has no day and month without a year, but a time with a point, so it reads
# the next Friday, at 11:12. "Freitag, den 11.12.2026" is found as two dates, the next Friday first, which parseDate() returns:
# the word "den" stands between a weekday and a month's name, but not before a number. "24.12. um 9 Uhr" is today at nine.
# Nothing fails, and each is a week or a month too early; "24/12" and "Freitag, 11.12.2026" are right. Support of German is
# "partial" by the readme.
# Seen on 2026-11-29:
#   Freitag, 11.12.: 2026-12-04 11:12
#   Freitag, den 11.12.2026: 2026-12-04
#   24.12. um 9 Uhr: 2026-11-29 09:00
#   24/12: 2026-12-24
#   Freitag, 11.12.2026: 2026-12-11
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund chrono-node@2.10.3 >/dev/null
cat >seen.mjs <<'JS'
import { de } from "chrono-node";

const now = new Date(2026, 10, 29, 8, 0); // a Sunday
const two = (number) => String(number).padStart(2, "0");
for (const text of ["Freitag, 11.12.", "Freitag, den 11.12.2026", "24.12. um 9 Uhr", "24/12", "Freitag, 11.12.2026"]) {
  const [{ start }] = de.parse(text, now, { forwardDate: true });
  const day = `${start.get("year")}-${two(start.get("month"))}-${two(start.get("day"))}`;
  console.log(`${text}: ${day}${start.isCertain("hour") ? ` ${two(start.get("hour"))}:${two(start.get("minute"))}` : ""}`);
}
JS
seen=$(node seen.mjs)
echo "$seen"
[ "$seen" = 'Freitag, 11.12.: 2026-12-04 11:12
Freitag, den 11.12.2026: 2026-12-04
24.12. um 9 Uhr: 2026-11-29 09:00
24/12: 2026-12-24
Freitag, 11.12.2026: 2026-12-11' ]
