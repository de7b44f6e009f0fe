"""To-dos of a file as calendar objects, each by itself: what a task has no place for is kept for calendars."""

from collections.abc import Iterable

from api.imports.parsed import Parsed
from api.imports.source.content_lines import Component

MAX_BYTES = 131_072
"""Of an object; a larger one is not kept."""

OWN = "-//Tasklane//"

_HAVE: dict[str, tuple[str, ...]] = {
    "UID": (),
    "DTSTAMP": (),
    "CREATED": (),
    "LAST-MODIFIED": (),
    "SUMMARY": (),
    "DESCRIPTION": (),
    "DUE": ("VALUE",),
    "X-TASKLANE-DUE": ("VALUE",),
    "PRIORITY": (),
    "CATEGORIES": (),
    "STATUS": (),
    "PERCENT-COMPLETE": (),
    "COMPLETED": (),
    "RELATED-TO": ("RELTYPE",),
    "X-APPLE-SORT-ORDER": (),
    "ACTION": (),
    "TRIGGER": ("RELATED", "VALUE"),
}
"""What this service writes of a task, and by which parameters: that comes back from the task itself."""


class Keeping:
    """The objects of a file. Its zones come before what needs them."""

    def __init__(self) -> None:
        self._zones: dict[str, Component] = {}

    def add_zone(self, component: Component) -> None:
        if component.name == "VTIMEZONE" and (name := component.first("TZID")):
            self._zones[name.value.strip()] = component

    def kept(self, todo: Component, calendar: Component) -> str:
        """Empty where the task itself says all of it."""
        program = calendar.first("PRODID")
        if program and program.value.startswith(OWN) and _is_plain(todo):
            return ""
        lines = ["BEGIN:VCALENDAR", "VERSION:2.0"]
        lines += [one.written for one in calendar.properties if one.name in ("PRODID", "CALSCALE") and one.written]
        for name in self._named(todo):
            lines += self._zones[name].written()
        return _text([*lines, *todo.written(), "END:VCALENDAR"])

    def add_date(self, task: Parsed, todo: Component) -> None:
        """What became of a single date of what repeats."""
        end = "END:VCALENDAR\r\n"
        if task.kept:
            whole = task.kept.removesuffix(end) + "".join(f"{line}\r\n" for line in todo.written()) + end
            task.kept = whole if len(whole.encode()) <= MAX_BYTES else task.kept

    def _named(self, todo: Component) -> dict[str, None]:
        within = [todo, *todo.parts]
        names = (one.parameters.get("TZID", "") for part in within for one in part.properties)
        return dict.fromkeys(name for name in names if name in self._zones)


_ALWAYS = frozenset(("CREATED", "PRIORITY", "STATUS", "PERCENT-COMPLETE", "X-APPLE-SORT-ORDER"))
"""Without one of these somebody else has written it, and this service has only handed it on."""


def _is_plain(todo: Component) -> bool:
    if not {one.name for one in todo.properties} >= _ALWAYS:
        return False
    properties = [*todo.properties, *(one for part in todo.parts for one in part.properties)]
    return all(part.name == "VALARM" and not part.parts for part in todo.parts) and all(
        set(one.parameters) <= set(_HAVE.get(one.name, ())) and one.name in _HAVE for one in properties
    )


def _text(lines: Iterable[str]) -> str:
    text = "".join(f"{line}\r\n" for line in lines)
    return text if len(text.encode()) <= MAX_BYTES else ""
