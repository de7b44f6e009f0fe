#!/usr/bin/env bash
# sseclient-py 1.9.0: an event that was cut off is handed out when the stream ends, and no id is kept for the next.
#
# HTML, section 9.2.6: "Once the end of the file is reached, any pending data must be discarded. (If the file ends in the middle
# of an event, before the final empty line, the incomplete event is not dispatched.)" A server that is restarted ends the stream
# wherever it is: here within "Pay 1000", and the program is told "Pay 10" as if that had been said, and again in full once it
# has connected anew. By the same section an event without an id has the last one's; here it has none, so whoever notes where to
# go on from forgets it.
# Seen on 2026-11-29:
#   id 7: Call
#   id None: Write
#   id None: Pay 10
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/python" -m pip install --quiet --disable-pip-version-check sseclient-py==1.9.0
seen=$("$work/venv/bin/python" - <<'PY'
from sseclient import SSEClient

for event in SSEClient([b"id: 7\ndata: Call\n\ndata: Write\n\n", b"data: Pay 10"]).events():
    print(f"id {event.id}: {event.data}")
PY
)
echo "$seen"
[ "$seen" = 'id 7: Call
id None: Write
id None: Pay 10' ]
