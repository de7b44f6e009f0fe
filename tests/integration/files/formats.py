"""What stands in an export, and what should, in each format."""

import csv
import io
import json
import re
from collections.abc import Iterator

from tests.contract.reference import UNTOLD
from tests.integration.files.lists import Document

RECURRING: dict[str, dict[str, str]] = {
    "Often": {"DTSTART;VALUE=DATE": "20260306", "RRULE": "FREQ=WEEKLY;UNTIL=20261231;BYDAY=FR"},
    "Daily": {"DTSTART": "20260301T102030Z", "RRULE": "FREQ=DAILY;COUNT=3"},
    "Last Friday": {
        "DUE;TZID=Europe/Berlin": "20260327T090000",
        "DTSTART;TZID=Europe/Berlin": "20260327T090000",
        "RRULE": "FREQ=MONTHLY;UNTIL=20270101T225959Z;BYDAY=-1FR",
    },
}
"""What a calendar is told of those that recur, the ends of the rules by the kind of their beginning."""


def table(text: str) -> list[dict[str, str]]:
    """The rows of a CSV document (RFC 4180), by the names in its first line."""
    assert text.endswith("\r\n")
    head, *body = csv.reader(io.StringIO(text, newline=""), strict=True)
    return [dict(zip(head, row, strict=True)) for row in body]


def as_cells(task: Document) -> dict[str, str]:
    texts = {name: "" if value is None else str(value) for name, value in {"deleted_at": None, **task}.items()}
    texts |= {"completed": texts["completed"].lower(), "tags": ", ".join(map(quoted, task["tags"])), "parent_uid": ""}
    texts["reminders"] = ", ".join(map(str, task["reminders"]))
    texts["recurrence"] = json.dumps(task["recurrence"], separators=(",", ":")) if task["recurrence"] else ""
    del texts["user_id"], texts["etag"]
    return texts


def quoted(tag: str) -> str:
    return '"{}"'.format(tag.replace('"', '""')) if re.search('[,"]', tag) or tag != tag.strip() else tag


def calendar(content: bytes) -> list[dict[str, str]]:
    """The to-dos of a calendar, by property name and parameters; fails for what RFC 5545 does not allow."""
    assert content.endswith(b"\r\n")
    lines: list[str] = []
    for octets in content.removesuffix(b"\r\n").split(b"\r\n"):
        assert 1 <= len(octets) <= 75
        line = octets.decode()
        assert not re.search(r"[\x00-\x08\x0a-\x1f\x7f]", line)
        if line.startswith(" "):
            lines[-1] += line[1:]
        else:
            lines.append(line)
    assert lines[:2] == ["BEGIN:VCALENDAR", "VERSION:2.0"]
    assert lines[2].startswith("PRODID:")
    assert lines[3] == "CALSCALE:GREGORIAN"
    assert lines[-1] == "END:VCALENDAR"
    assert not re.search("[\x80-\x9f\u2028\u2029]", content.decode())
    todos, zones = without_zones(lines[4:-1])
    used = set(re.findall(r";TZID=([^:;]+)", "\n".join(todos)))
    assert used == zones - {"UTC"}
    return list(_todos(todos))


def without_zones(lines: list[str]) -> tuple[list[str], set[str]]:
    """What is left without the descriptions of zones, and the names of those."""
    text = "\n".join(lines) + "\n"
    zones = re.findall(r"BEGIN:VTIMEZONE\nTZID:(\S+)\n(?s:.*?)END:VTIMEZONE\n", text)
    assert len(zones) == len(set(zones))
    return re.sub(r"BEGIN:VTIMEZONE\n(?s:.*?)END:VTIMEZONE\n", "", text).splitlines(), set(zones)


def _todos(lines: list[str]) -> Iterator[dict[str, str]]:
    todo: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        assert colon
        if line == "BEGIN:VTODO":
            assert not todo
        elif line == "BEGIN:VALARM":
            alarm: dict[str, str] = {}
            outer, todo = todo, alarm
        elif line == "END:VALARM":
            assert alarm.keys() == {"UID", "ACTION", "DESCRIPTION"} | {name for name in alarm if "TRIGGER;" in name}
            todo, trigger = outer, next(name for name in alarm if "TRIGGER;" in name)
            todo["VALARM"] = todo.get("VALARM", "") + f" {trigger}:{alarm[trigger]}"
        elif line == "END:VTODO":
            yield todo
            todo = {}
        else:
            assert name not in todo
            todo[name] = value if name in ("CATEGORIES", "RRULE") else unescaped(value)
    assert not todo


def unescaped(value: str) -> str:
    assert re.fullmatch(r"(?:[^\\,;]|\\[\\,;nN])*", value)
    return re.sub(r"\\(.)", lambda match: "\n" if match[1] in "nN" else match[1], value)


BREAKS = "\r\n|[\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]"


def as_todo(task: Document) -> dict[str, str]:
    def instant(text: str) -> str:
        date, _, time = text.partition("T")
        return f"{date.replace('-', '')}T{time[:8].replace(':', '')}Z"

    def text(value: str) -> str:
        return re.sub(r"[\x00-\x08\x0e-\x1f\x7f-\x9f]", " ", "\n".join(re.split(BREAKS, value)))

    def usual(when: str | None) -> str:
        return "" if not when or when.startswith(("0001", "9999")) else when

    due, priorities = task["due_date"], {"urgent": "1", "high": "3", "medium": "5", "low": "9"}
    properties = {
        "UID": UNTOLD,
        "DTSTAMP": instant(task["updated_at"]),
        "CREATED": instant(task["created_at"]),
        "LAST-MODIFIED": instant(task["updated_at"]),
        "SUMMARY": text(task["title"]),
        "DESCRIPTION": text(task["description"] or ""),
        "DUE": instant(due) if usual(due) and "T" in due and task["title"] != "Last Friday" else "",
        "DUE;VALUE=DATE": due.replace("-", "") if usual(due) and "T" not in due else "",
        "X-TASKLANE-DUE": instant(due) if due and not usual(due) and "T" in due else "",
        "X-TASKLANE-DUE;VALUE=DATE": due.replace("-", "") if due and not usual(due) and "T" not in due else "",
        **RECURRING.get(task["title"], {}),
        "PRIORITY": priorities[task["priority"]],
        "CATEGORIES": ",".join(re.sub(r"([\\,;])", r"\\\1", text(tag)).replace("\n", "\\n") for tag in task["tags"]),
        "STATUS": "COMPLETED" if task["completed"] else "NEEDS-ACTION",
        "PERCENT-COMPLETE": "100" if task["completed"] else "0",
        "COMPLETED": instant(task["completed_at"]) if task["completed_at"] else "",
        "X-APPLE-SORT-ORDER": UNTOLD,
        "VALARM": "".join(
            f" TRIGGER;RELATED=END:-PT{one}M" if type(one) is int else f" TRIGGER;VALUE=DATE-TIME:{instant(one)}"
            for one in task["reminders"]
            if usual(due if type(one) is int else one)
        ),
    }
    return {name: value for name, value in properties.items() if value}
