#!/usr/bin/env bash
# ts-ics 2.4.6: of a to-do with a reminder the reminder is lost, and its text becomes the to-do's.
#
# A VALARM within a VTODO has a DESCRIPTION of its own (RFC 5545, section 3.6.6: DISPLAY must have one). The library takes its
# lines for the to-do's; each stands for the one before. "Bring the contract" is gone, the reminder's repeating distance is the
# to-do's duration, beside a DUE, which section 3.6.2 forbids. A VEVENT with the same alarm is kept whole. And a time without a
# zone, which is everyone's own ten o'clock (section 3.3.5, form #1), is written with a Z: ten o'clock in Greenwich.
# Seen on 2026-11-29:
#   VTODO DESCRIPTION:Reminder
#   VTODO DUE;VALUE=DATE-TIME:20260306T100000Z
#   VTODO DURATION:PT5M
#   VTODO alarms: 0
#   VEVENT DESCRIPTION:Bring the contract
#   VEVENT alarms: 1
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund ts-ics@2.4.6 >/dev/null
cat >seen.mjs <<'JS'
import { convertIcsCalendar, generateIcsCalendar } from "ts-ics";

const head = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Example//EN"];
const alarm = ["BEGIN:VALARM", "ACTION:DISPLAY", "DESCRIPTION:Reminder", "TRIGGER:-PT15M", "DURATION:PT5M", "REPEAT:2", "END:VALARM"];
for (const [kind, time] of [["VTODO", "DUE:20260306T100000"], ["VEVENT", "DTSTART:20260306T100000"]]) {
  const task = ["UID:a", "DTSTAMP:20260301T000000Z", "DESCRIPTION:Bring the contract", time];
  const lines = [...head, `BEGIN:${kind}`, ...task, ...alarm, `END:${kind}`, "END:VCALENDAR", ""];
  const written = generateIcsCalendar(convertIcsCalendar(undefined, lines.join("\r\n")));
  for (const line of written.split("BEGIN:VALARM")[0].split("\r\n")) {
    if (/^(DESCRIPTION|DUE|DURATION)/.test(line)) console.log(kind, line);
  }
  console.log(kind, "alarms:", written.split("BEGIN:VALARM").length - 1);
}
JS
seen=$(node seen.mjs)
echo "$seen"
[ "$seen" = 'VTODO DESCRIPTION:Reminder
VTODO DUE;VALUE=DATE-TIME:20260306T100000Z
VTODO DURATION:PT5M
VTODO alarms: 0
VEVENT DESCRIPTION:Bring the contract
VEVENT alarms: 1' ]
