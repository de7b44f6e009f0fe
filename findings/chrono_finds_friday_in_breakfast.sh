#!/usr/bin/env bash
# chrono-node 2.10.3: "Frühstück" is Friday in German, and "marée" is Tuesday in French.
#
# A weekday's short name ("Fr", "mar.") must end where the word ends, and chrono asks \b for that, without the flag u: to it "ü"
# and "é" are no letters. So the breakfast to be made is due on Friday, and "morgen früh", tomorrow morning, is two dates. The
# same words spelt without such a letter ("Fruehstueck", "maree") are no dates, as they should be. French is among the languages
# that the readme calls supported.
# Seen on 2026-11-29:
#   de Frühstück machen: Fr 2026-12-04
#   de Fruehstueck machen: no date
#   de morgen früh: morgen 2026-11-30, fr 2026-12-04
#   fr Voir la marée: mar 2026-12-01
#   fr Voir la maree: no date
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund chrono-node@2.10.3 >/dev/null
cat >seen.mjs <<'JS'
import * as chrono from "chrono-node";

const now = new Date(2026, 10, 29, 8, 0); // a Sunday
const two = (number) => String(number).padStart(2, "0");
const told = ({ text, start }) => `${text} ${start.get("year")}-${two(start.get("month"))}-${two(start.get("day"))}`;
const lines = { de: ["Frühstück machen", "Fruehstueck machen", "morgen früh"], fr: ["Voir la marée", "Voir la maree"] };
for (const [language, texts] of Object.entries(lines)) {
  for (const text of texts) {
    const found = chrono[language].parse(text, now, { forwardDate: true });
    console.log(`${language} ${text}: ${found.map(told).join(", ") || "no date"}`);
  }
}
JS
seen=$(node seen.mjs)
echo "$seen"
[ "$seen" = 'de Frühstück machen: Fr 2026-12-04
de Fruehstueck machen: no date
de morgen früh: morgen 2026-11-30, fr 2026-12-04
fr Voir la marée: mar 2026-12-01
fr Voir la maree: no date' ]
