#!/usr/bin/env bash
# vobject 0.9.9: a time in Shanghai is written on Chicago's clock, if one in Chicago was written before by the same process.
#
# vobject calls a zone by its abbreviation, and keeps one definition for each name in the process. Both zones are CST: the second
# calendar has TZID=CST with Chicago's rules, so every reader takes 09:00 in Shanghai for 14:00 UTC instead of 01:00 UTC. RFC 5545
# (3.8.3.1) wants the TZID to name one zone; the abbreviation is TZNAME.
# Seen on 2026-11-28:
#   Shanghai alone:  2026-07-01T01:00:00+00:00
#   after Chicago:   2026-07-01T14:00:00+00:00
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/python" -m pip install --quiet --disable-pip-version-check vobject==0.9.9
cat > "$work/write.py" <<'PY'
import sys
from datetime import datetime

import vobject
from dateutil.tz import gettz

for zone in sys.argv[1:]:
    calendar = vobject.iCalendar()
    todo = calendar.add("vtodo")
    todo.add("uid").value = "a"
    todo.add("due").value = datetime(2026, 7, 1, 9, 0, tzinfo=gettz(zone))
    text = calendar.serialize()
print(text)
PY
cat > "$work/read.py" <<'PY'
import io
import sys
from datetime import datetime, timezone

from dateutil.tz import tzical

text = sys.stdin.read()
zone = tzical(io.StringIO(text[text.index("BEGIN:VTIMEZONE") : text.index("BEGIN:VTODO")])).get("CST")
[due] = [line.partition(":")[2] for line in text.splitlines() if line.startswith("DUE")]
print(datetime.strptime(due, "%Y%m%dT%H%M%S").replace(tzinfo=zone).astimezone(timezone.utc).isoformat())
PY
python=$work/venv/bin/python
seen="Shanghai alone:  $("$python" "$work/write.py" Asia/Shanghai | "$python" "$work/read.py")
after Chicago:   $("$python" "$work/write.py" America/Chicago Asia/Shanghai | "$python" "$work/read.py")"
echo "$seen"
[ "$seen" = 'Shanghai alone:  2026-07-01T01:00:00+00:00
after Chicago:   2026-07-01T14:00:00+00:00' ]
