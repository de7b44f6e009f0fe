#!/usr/bin/env bash
# vdirsyncer 0.21.0: who changes an item back to what it was before the other side's change is not heard; the two sides stay different.
#
# When it copies a change to a side, it notes the new tag there, but keeps the hash of what was there before (sync/__init__.py,
# Update). If that side then gets its old content again, the hash is that of the status, so nothing has changed; and that is so in
# every sync that follows. Priority high, made low on the telephone, made high again on the laptop: the telephone says low for good.
# Seen on 2026-11-29:
#   laptop PRIORITY:1, telephone PRIORITY:1
#   laptop PRIORITY:9, telephone PRIORITY:9
#   laptop PRIORITY:1, telephone PRIORITY:9
#   laptop PRIORITY:1, telephone PRIORITY:9
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/python" -m pip install --quiet --disable-pip-version-check vdirsyncer==0.21.0
cd "$work"
mkdir laptop telephone
cat >config <<END
[general]
status_path = "$work/status"
[pair tasks]
a = "laptop"
b = "telephone"
collections = null
[storage laptop]
type = "filesystem"
path = "$work/laptop"
fileext = ".ics"
[storage telephone]
type = "filesystem"
path = "$work/telephone"
fileext = ".ics"
END
change() {
  local lines=(BEGIN:VCALENDAR VERSION:2.0 PRODID:-//Example//EN BEGIN:VTODO UID:a DTSTAMP:20261129T000000Z SUMMARY:Plan)
  printf '%s\r\n' "${lines[@]}" "PRIORITY:$2" END:VTODO END:VCALENDAR >"$1/a.ics"
}
synced() {
  venv/bin/vdirsyncer -v ERROR -c config sync >&2
  local each
  for each in laptop telephone; do printf '%s %s ' "$each" "$(grep -o 'PRIORITY:.' "$each/a.ics")"; done | sed 's/ telephone/, telephone/; s/ $/\n/'
}
venv/bin/vdirsyncer -v ERROR -c config discover >&2
seen=$(
  change laptop 1 && synced
  change telephone 9 && synced
  change laptop 1 && synced
  synced
)
echo "$seen"
[ "$seen" = 'laptop PRIORITY:1, telephone PRIORITY:1
laptop PRIORITY:9, telephone PRIORITY:9
laptop PRIORITY:1, telephone PRIORITY:9
laptop PRIORITY:1, telephone PRIORITY:9' ]
