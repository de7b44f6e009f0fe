#!/usr/bin/env bash
# todoman 4.7.0: a category with a comma becomes two when any other property of the to-do is edited.
#
# RFC 5545 (3.3.11) writes the comma of a text as "\,", and CATEGORIES:a\, b,c names two categories: "a, b" and "c". todoman reads
# them from its cache, joined by commas and split there again, so an edit of the summary writes three of them.
# Seen on 2026-11-28:
#   before: a, b | c
#   after:  a | b | c
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/python" -m pip install --quiet --disable-pip-version-check todoman==4.7.0
seen=$(cd "$work" && "$work/venv/bin/python" - <<'PY'
from pathlib import Path

from icalendar import Calendar
from todoman.model import Database

file = Path("list/a.ics")
file.parent.mkdir()
lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Example//EN", "BEGIN:VTODO", "UID:a", "DTSTAMP:20260301T000000Z"]
lines += ["SUMMARY:x", "CATEGORIES:a\\, b,c", "END:VTODO", "END:VCALENDAR", ""]
file.write_bytes("\r\n".join(lines).encode())


def categories():
    found = Calendar.from_ical(file.read_bytes()).walk("VTODO")[0]["CATEGORIES"]
    return " | ".join(sorted(str(one).strip() for one in found.cats))


print("before:", categories())
database = Database(["list"], "./cache.sqlite3")
[todo] = database.todos()
todo.summary = "y"
database.save(todo)
print("after: ", categories())
PY
)
echo "$seen"
[ "$seen" = 'before: a, b | c
after:  a | b | c' ]
