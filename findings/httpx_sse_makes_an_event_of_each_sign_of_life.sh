#!/usr/bin/env bash
# httpx-sse 0.4.3: once an event had an id, each comment that keeps the connection open arrives as an empty message.
#
# HTML, section 9.2.6: "If the data buffer is an empty string, set the data buffer and the event type buffer to the empty string
# and return", and 9.2.7 advises a server to send a comment line every fifteen seconds. The library goes on to hand out an event
# when the last event's id is not empty, and ids stay. So a ": ping" with its blank line is an event "message" of no data, with
# the id of the one before: a program that reads JSON fails at the first quiet moment, one that counts or handles messages does
# so for each ping. Without ids, nothing of this is seen. "retry: 3000" alone is an event, too.
# Seen on 2026-11-29:
#   with an id: [('1', 'a'), ('1', ''), ('1', ''), ('1', 'b')]
#   without: [('', 'a'), ('', 'b')]
#   retry alone: [('', ''), ('', 'b')]
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/python" -m pip install --quiet --disable-pip-version-check httpx==0.28.1 httpx-sse==0.4.3
seen=$("$work/venv/bin/python" - <<'PY'
import httpx
from httpx_sse import EventSource

streams = {
    "with an id": "id: 1\ndata: a\n\n: ping\n\n: ping\n\ndata: b\n\n",
    "without": "data: a\n\n: ping\n\n: ping\n\ndata: b\n\n",
    "retry alone": "retry: 3000\n\ndata: b\n\n",
}
for name, text in streams.items():
    response = httpx.Response(200, headers={"Content-Type": "text/event-stream"}, text=text)
    print(f"{name}: {[(event.id, event.data) for event in EventSource(response).iter_sse()]}")
PY
)
echo "$seen"
[ "$seen" = "with an id: [('1', 'a'), ('1', ''), ('1', ''), ('1', 'b')]
without: [('', 'a'), ('', 'b')]
retry alone: [('', ''), ('', 'b')]" ]
