"""Runs among the programs: reads files with their library, and is a script that works with the library `caldav`.

Each line that comes is a call, `[name, arguments]` as JSON, and each line that goes its result, or `{"error": …}`.
"""

import json
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import caldav
import icalendar
from caldav.lib import error


def meaning(texts: list[str]) -> list[dict[str, Any]]:
    """What each of the files says of its task."""
    return [_meaning(text) for text in texts]


def edit(text: str, changes: dict[str, Any]) -> str:
    """The file as it is after somebody has changed that much of it."""
    found = icalendar.Calendar.from_ical(text)
    _change(found.todos[0], changes)
    return str(found.to_ical().decode())


class Script:
    """Somebody's program, which keeps a copy of the collection."""

    def __init__(self) -> None:
        self.calendar: Any = None
        self.copy: Any = None

    def connect(self, url: str, user: str, password: str) -> list[str]:
        """The library asks /.well-known only of a host that speaks TLS, so it is told the way."""
        client = caldav.DAVClient(url=url, username=user, password=password)
        calendars = client.principal().get_calendars()
        [self.calendar] = calendars
        return [each.get_display_name() for each in calendars]

    def sync(self) -> dict[str, int]:
        if self.copy is None:
            self.copy = self.calendar.get_objects_by_sync_token(load_objects=True)
            return {"updated": len(self.copy), "deleted": 0}
        updated, deleted = self.copy.sync()
        return {"updated": len(updated), "deleted": len(deleted)}

    def copied(self) -> list[dict[str, Any]]:
        """What the copy says."""
        return meaning([each.data for each in self.copy])

    def listed(self, **filters: Any) -> list[str]:
        """The titles of what a search finds."""
        for name in ("start", "end"):
            if name in filters:
                filters[name] = _value(filters[name])
        found = self.calendar.search(todo=True, **filters)
        return [str(each.icalendar_component["SUMMARY"]) for each in found]

    def titled(self, text: str) -> list[str]:
        """The same of what has that in its title, in whatever case."""
        searcher = self.calendar.searcher(todo=True)
        searcher.add_property_filter("SUMMARY", text, case_sensitive=False)
        return [str(each.icalendar_component["SUMMARY"]) for each in searcher.search(self.calendar)]

    def add(self, values: dict[str, Any]) -> str:
        todo = self.calendar.add_todo(**{name: _value(value) for name, value in values.items()})
        return str(todo.icalendar_component["UID"])

    def put(self, text: str) -> str:
        return str(self.calendar.add_todo(text).icalendar_component["UID"])

    def change(self, uid: str, changes: dict[str, Any]) -> None:
        """Of the copy as it was last synced: what has changed since is a conflict."""
        todo = self._copy_of(uid)
        with todo.edit_icalendar_component() as component:
            _change(component, changes)
        todo.save()

    def complete(self, uid: str, how: dict[str, Any]) -> None:
        self.calendar.get_todo_by_uid(uid).complete(**how)

    def uncomplete(self, uid: str) -> None:
        self.calendar.get_todo_by_uid(uid).uncomplete()

    def nest(self, uid: str, parent: str) -> None:
        todo = self.calendar.get_todo_by_uid(uid)
        todo.set_relation(parent, reltype="PARENT", set_reverse=False)

    def delete(self, uid: str, *, if_match: bool = False) -> None:
        todo = self._copy_of(uid) if if_match else self.calendar.get_todo_by_uid(uid)
        todo.delete(if_match=if_match)

    def _copy_of(self, uid: str) -> Any:
        return next(each for each in self.copy if str(each.icalendar_component["UID"]) == uid)


def _meaning(text: str) -> dict[str, Any]:
    [todo, *_] = [each for each in icalendar.Calendar.from_ical(text).todos if "RECURRENCE-ID" not in each]
    due = todo.get("DUE")
    parents = [each for each in _listed(todo.get("RELATED-TO")) if each.params.get("RELTYPE", "PARENT") == "PARENT"]
    return {
        "uid": str(todo["UID"]),
        "title": str(todo.get("SUMMARY", "")),
        "description": str(todo["DESCRIPTION"]) if todo.get("DESCRIPTION") else None,
        "completed": todo.get("STATUS", "NEEDS-ACTION") in ("COMPLETED", "CANCELLED"),
        "priority": _priority(int(todo.get("PRIORITY", 0))),
        "due": _said(due.dt) if due else None,
        "tags": sorted({str(tag) for each in _listed(todo.get("CATEGORIES")) for tag in each.cats}),
        "parent": str(parents[0]) if parents else None,
        "repeats": "RRULE" in todo,
    }


def _change(todo: Any, changes: dict[str, Any]) -> None:
    for name, value in changes.items():
        todo.pop(name.upper().replace("_", "-"), None)
        if value is not None:
            todo.add(name.upper().replace("_", "-"), _value(value))
    todo.pop("LAST-MODIFIED", None)
    todo.add("LAST-MODIFIED", datetime.now(UTC))


def _value(value: Any) -> Any:
    """What is a date, or an instant, as that."""
    if isinstance(value, str) and value[:3] == "on ":
        return date.fromisoformat(value[3:])
    if isinstance(value, str) and value[:3] == "at ":
        when, _, zone = value[3:].partition(" ")
        return datetime.fromisoformat(when).replace(tzinfo=ZoneInfo(zone)) if zone else datetime.fromisoformat(when)
    return value


def _said(when: Any) -> str:
    if isinstance(when, datetime):
        return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return str(when.isoformat())


def _priority(number: int) -> str:
    """The four that there are (docs/calendars.md)."""
    return ("medium", "urgent", "high", "high", "high", "medium", "low", "low", "low", "low")[number]


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value] if value is not None else []


def main() -> None:
    script = Script()
    for line in sys.stdin:
        name, arguments, named = json.loads(line)
        functions: dict[str, Callable[..., Any]] = {"meaning": meaning, "edit": edit}
        function = functions.get(name) or getattr(script, name)
        try:
            said: Any = {"result": function(*arguments, **named)}
        except (error.DAVError, OSError) as refused:
            said = {"error": type(refused).__name__, "said": str(refused)}
        sys.stdout.write(json.dumps(said) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
