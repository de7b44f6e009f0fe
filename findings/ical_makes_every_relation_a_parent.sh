#!/usr/bin/env bash
# ical 14.3.1 (PyPI): every RELATED-TO is read as one to the parent, and TodoStore.delete() deletes whoever has one.
#
# RFC 5545, section 3.8.4.5: RELTYPE is PARENT, CHILD, SIBLING or another, and PARENT only where there is none. The library has
# an enumeration of the three (one of them misspelt), but looks for it under "reltype", while the file's parameter is kept as
# "RELTYPE": what is read is PARENT, always, and so it is written. A task whose child is deleted has named it with
# RELTYPE=CHILD: the parent goes with it, and so do the siblings, and what is only tied to it in time (RELTYPE=FINISHTOSTART,
# RFC 9253). add() refuses all types but PARENT: "The store can only manage cascading deletes for some relationship types".
# Seen on 2026-11-29:
#   parent RELATED-TO;RELTYPE=PARENT:deleted
#   sibling RELATED-TO;RELTYPE=PARENT:deleted
#   later RELATED-TO;RELTYPE=PARENT:deleted
#   left: []
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/python" -m pip install --quiet --disable-pip-version-check ical==14.3.1
seen=$("$work/venv/bin/python" - <<'PY'
from ical.calendar_stream import IcsCalendarStream
from ical.store import TodoStore

lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Example//EN"]
relations = {"deleted": None, "parent": "CHILD", "sibling": "SIBLING", "later": "FINISHTOSTART"}
for uid, relation in relations.items():
    lines += ["BEGIN:VTODO", f"UID:{uid}", "DTSTAMP:20261101T000000Z", f"SUMMARY:{uid}"]
    lines += [f"RELATED-TO;RELTYPE={relation}:deleted"] if relation else []
    lines += ["END:VTODO"]
calendar = IcsCalendarStream.calendar_from_ics("\r\n".join([*lines, "END:VCALENDAR", ""]))
uid = ""
for line in IcsCalendarStream.calendar_to_ics(calendar).splitlines():
    if line.startswith("UID:"):
        uid = line.removeprefix("UID:")
    if line.startswith("RELATED-TO"):
        print(uid, line)
TodoStore(calendar).delete("deleted")
print("left:", [todo.uid for todo in calendar.todos])
PY
)
echo "$seen"
[ "$seen" = 'parent RELATED-TO;RELTYPE=PARENT:deleted
sibling RELATED-TO;RELTYPE=PARENT:deleted
later RELATED-TO;RELTYPE=PARENT:deleted
left: []' ]
