#!/usr/bin/env bash
# xandikos 0.4.10: asked often enough, a calendar query finds a moved date of a to-do where it was, and no more where it is.
#
# RFC 4791, section 9.7.1: a time-range takes what has an instance within it; those of RDATE are some, those of EXDATE none, and
# one that was moved is where its RECURRENCE-ID's component puts it. The first answers are right. After five questions of a kind
# the server begins to answer from an index, which has the first component's RRULE alone. The series is of Mondays in June: the
# 8th was moved to 20 August, the 15th is an EXDATE, 15 July an RDATE. From then on there is a task on the two days where
# nothing is to be done, and none on the two where something is; the file is the same all the time.
# Seen on 2026-11-29:
#   1 June: first a task, then a task
#   8 June, moved away: first nothing, then a task
#   15 June, EXDATE: first nothing, then a task
#   15 July, RDATE: first a task, then nothing
#   20 August, moved here: first a task, then nothing
set -euo pipefail
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || true; rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/python" -m pip install --quiet --disable-pip-version-check xandikos==0.4.10
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
serve=("$work/venv/bin/xandikos" serve --defaults --autocreate --current-user-principal /me/ -d "$work/data")
"${serve[@]}" -l 127.0.0.1 -p "$port" >"$work/log" 2>&1 &
server=$!
for _ in $(seq 300); do curl -fsS -o /dev/null "http://127.0.0.1:$port/" 2>/dev/null && break; sleep 0.1; done
list=http://127.0.0.1:$port/me/calendars/calendar
{
  head=(BEGIN:VTODO UID:a DTSTAMP:20260501T000000Z SUMMARY:x)
  printf '%s\r\n' BEGIN:VCALENDAR VERSION:2.0 PRODID:-//Example//EN
  printf '%s\r\n' "${head[@]}" DTSTART:20260601T090000Z DUE:20260601T100000Z 'RRULE:FREQ=WEEKLY;COUNT=4'
  printf '%s\r\n' EXDATE:20260615T090000Z RDATE:20260715T090000Z END:VTODO
  printf '%s\r\n' "${head[@]}" RECURRENCE-ID:20260608T090000Z DTSTART:20260820T090000Z DUE:20260820T100000Z END:VTODO END:VCALENDAR
} >"$work/a.ics"
curl -fsS -o /dev/null -T "$work/a.ics" -H 'Content-Type: text/calendar' "$list/a.ics"
asked() {
  local range="<C:time-range start=\"$1T000000Z\" end=\"$1T235959Z\"/>" found
  found=$(curl -fsS -X REPORT -H 'Depth: 1' -H 'Content-Type: application/xml' "$list/" --data "<C:calendar-query
    xmlns:D=\"DAV:\" xmlns:C=\"urn:ietf:params:xml:ns:caldav\"><D:prop><D:getetag/></D:prop><C:filter><C:comp-filter
    name=\"VCALENDAR\"><C:comp-filter name=\"VTODO\">$range</C:comp-filter></C:comp-filter></C:filter></C:calendar-query>")
  case $found in *a.ics*) echo 'a task' ;; *) echo nothing ;; esac
}
days=(20260601 20260608 20260615 20260715 20260820)
names=('1 June' '8 June, moved away' '15 June, EXDATE' '15 July, RDATE' '20 August, moved here')
first=()
for day in "${days[@]}"; do first+=("$(asked "$day")"); done
for day in "${days[@]}"; do asked "$day" >/dev/null; done
seen=$(for i in "${!days[@]}"; do echo "${names[i]}: first ${first[i]}, then $(asked "${days[i]}")"; done)
echo "$seen"
[ "$seen" = '1 June: first a task, then a task
8 June, moved away: first nothing, then a task
15 June, EXDATE: first nothing, then a task
15 July, RDATE: first a task, then nothing
20 August, moved here: first a task, then nothing' ]
