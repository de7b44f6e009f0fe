#!/usr/bin/env bash
# chrono-node 2.10.3: in British English "Dec 24" is December of 2024, long past, although only dates to come are asked for.
#
# A month and a number is a day where that is small ("May 6") or the language is American. In `en.GB` a number that could be a
# year's is one: the day is left out, a time behind it is taken for the first of that month, and `forwardDate`, which by the readme
# assumes that results are after the day of reference, lets it through two years back. "24 Dec" is the day that was meant.
# Seen on 2026-11-29:
#   GB gift 24 Dec: 2026-12-24
#   GB gift May 6: 2027-05-06
#   GB gift Dec 24: 2024-12-01, the day implied
#   GB call Dec 24 at 5: 2024-12-01, the day implied
#   US gift Dec 24: 2026-12-24
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund chrono-node@2.10.3 >/dev/null
cat >seen.mjs <<'JS'
import { casual, GB } from "chrono-node/en";

const now = new Date(2026, 10, 29, 8, 0);
const two = (number) => String(number).padStart(2, "0");
const told = ({ start }) =>
  `${start.get("year")}-${two(start.get("month"))}-${two(start.get("day"))}${start.isCertain("day") ? "" : ", the day implied"}`;
const say = (name, parser, text) =>
  console.log(`${name} ${text}: ${parser.parse(text, now, { forwardDate: true }).map(told).join("; ")}`);
for (const text of ["gift 24 Dec", "gift May 6", "gift Dec 24", "call Dec 24 at 5"]) say("GB", GB, text);
say("US", casual, "gift Dec 24");
JS
seen=$(node seen.mjs)
echo "$seen"
[ "$seen" = 'GB gift 24 Dec: 2026-12-24
GB gift May 6: 2027-05-06
GB gift Dec 24: 2024-12-01, the day implied
GB call Dec 24 at 5: 2024-12-01, the day implied
US gift Dec 24: 2026-12-24' ]
