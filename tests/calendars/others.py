"""What other libraries find in a calendar object: icalendar and vobject here, ical.js in Node."""

import json
import subprocess
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import vobject
from icalendar import Calendar

from tests.frontend.node import environment

FOLDER = Path(__file__).parent
INSTALLED = FOLDER / "node_modules/ical.js"
TOO_LONG = 1800

Found = dict[str, Any]


def icalendar(body: bytes) -> Found:
    todo: Any = Calendar.from_ical(body).walk("VTODO")[0]

    def text(name: str) -> str | None:
        return str(todo[name]) if name in todo else None

    def time(name: str) -> str | None:
        return shown(todo.decoded(name)) if name in todo else None

    categories = todo.get("CATEGORIES", [])
    lists = categories if isinstance(categories, list) else [categories]
    return {
        "title": text("SUMMARY"),
        "description": text("DESCRIPTION"),
        "due": time("DUE"),
        "priority": int(todo["PRIORITY"]) if "PRIORITY" in todo else None,
        "tags": [str(tag) for one in lists for tag in one.cats],
        "status": text("STATUS"),
        "completed_at": time("COMPLETED"),
        "parent": text("RELATED-TO"),
        "rule": todo["RRULE"].to_ical().decode() if "RRULE" in todo else None,
        "minutes": [_minutes(alarm.decoded("TRIGGER")) for alarm in todo.walk("VALARM")],
        "order": text("X-APPLE-SORT-ORDER"),
    }


def vobject_(body: bytes) -> Found:
    todo = vobject.readOne(body.decode()).vtodo
    contents = todo.contents

    def value(name: str) -> Any:
        return contents[name][0].value if name in contents else None

    return {
        "title": value("summary"),
        "description": value("description"),
        "due": shown(value("due")),
        "priority": int(value("priority")) if "priority" in contents else None,
        "tags": [tag for one in contents.get("categories", []) for tag in one.value],
        "status": value("status"),
        "completed_at": shown(value("completed")),
        "parent": value("related-to"),
        "rule": value("rrule"),
        "minutes": [_minutes(alarm.trigger.value) for alarm in contents.get("valarm", [])],
        "order": value("x-apple-sort-order"),
    }


def ical_js(bodies: Sequence[bytes]) -> Iterator[Found]:
    node = subprocess.run(
        ["node", "others.mjs"],
        cwd=FOLDER,
        env=environment({}),
        input="".join(json.dumps(body.decode()) + "\n" for body in bodies),
        stdout=subprocess.PIPE,
        text=True,
        timeout=TOO_LONG,
        check=True,
    )
    for line in node.stdout.splitlines():
        found = json.loads(line)
        assert isinstance(found, dict), found
        yield found


def shown(when: date | datetime | None) -> str | None:
    if isinstance(when, datetime):
        return f"{when.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if when.tzinfo else f"{when:%Y-%m-%dT%H:%M:%S}"
    return when.isoformat() if when else None


def _minutes(before: Any) -> float | str | None:
    return -before.total_seconds() / 60 if isinstance(before, timedelta) else shown(before)
