"""iCalendar (RFC 5545): the to-dos of Apple Reminders, Nextcloud, Thunderbird, Tasks.org, others, and this service."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from api.imports.parsed import Asked, Moment, Parsed, Priority, Remark, Reminder, Rule
from api.imports.source.content_lines import Component, Property, calendars
from api.imports.source.faults import refused
from api.imports.source.file import File
from api.imports.source.lines import where
from api.imports.text_files.objects import OWN, Keeping
from api.imports.values.ical import duration, when
from api.imports.values.moments import in_utc, zone_named
from api.imports.values.rules import DAYS, rule
from api.imports.values.texts import plain

_NUMBER = re.compile(r"[+-]?\d{1,30}", re.ASCII)
_SORTED_SINCE = datetime(2001, 1, 1, tzinfo=UTC)
_HIGHEST_OF_MEDIUM, _LOWEST = 5, 9
_ALL_DONE = 100
_PARENT = ("", "PARENT")
_TIMED_BY_TASKS_ORG = 1
"""The second that Tasks.org gives to a time, to tell it from a day."""

_LEFT: Final[dict[str, Remark]] = {
    "ATTACH": "attachment",
    "ATTENDEE": "assignee",
    "ORGANIZER": "assignee",
    "COMMENT": "comment",
    "CONTACT": "other",
    "GEO": "other",
    "LOCATION": "other",
    "RESOURCES": "other",
    "URL": "url",
    "EXDATE": "recurrence",
    "RDATE": "recurrence",
    "EXRULE": "recurrence",
}
_OTHERS = {"VEVENT": "events", "VJOURNAL": "journal entries", "VFREEBUSY": "times that are free or busy"}


def read(file: File, asked: Asked) -> Iterator[Parsed | None]:
    """To-dos; of one that repeats, what became of single dates is left out."""
    overrides: list[tuple[Parsed, Component]] = []
    masters: dict[str, Parsed] = {}
    keeping = Keeping()
    for found in calendars(file.document, file.called):
        yield None
        if found is None:
            continue
        component, calendar = found
        if component.name != "VTODO":
            keeping.add_zone(component)
            if component.name in _OTHERS:
                asked.leave_out(_OTHERS[component.name])
            continue
        todo = _Todo(component, calendar, file, asked)
        if not plain(todo.text("SUMMARY")):
            asked.leave_out("without a title")
        elif component.first("RECURRENCE-ID"):
            overrides.append((todo.parsed(), component))
        elif (task := todo.parsed()).key in masters:
            asked.leave_out("the same once more")
        else:
            masters[task.key] = task
            task.kept = keeping.kept(component, calendar)
            yield task
    for task, component in overrides:
        yield None
        if task.key in masters:
            asked.leave_out("single dates of what repeats")
            keeping.add_date(masters[task.key], component)
        else:  # the only word on it
            masters[task.key] = task
            yield task


class _Todo:
    """A VTODO that becomes a task."""

    def __init__(self, component: Component, calendar: Component, file: File, asked: Asked) -> None:
        self._component = component
        self._calendar = calendar
        self._file = file
        self._zone = asked.zone
        self.place = where(file.called, component.line)

    def text(self, name: str) -> str:
        found = self._component.first(name)
        return found.text if found else ""

    def parsed(self) -> Parsed:
        uid = self.text("UID").strip()
        percent = self._number("PERCENT-COMPLETE") or 0
        status = self.text("STATUS").strip().upper()
        created, completed_at = self._moment("CREATED"), self._moment("COMPLETED")
        names = self._calendar.first("X-WR-CALNAME") or self._calendar.first("NAME")
        task = Parsed(
            ref=uid,
            key=uid or self.place,
            title=plain(self.text("SUMMARY")),
            place=self.place,
            description=plain(self.text("DESCRIPTION")),
            completed=status in ("COMPLETED", "CANCELLED") or completed_at is not None or percent >= _ALL_DONE,
            completed_at=completed_at,
            priority=self._priority(),
            tags=tuple(tag for one in self._component.all("CATEGORIES") for part in one.texts if (tag := plain(part))),
            lists=plain(names.text) if names else "",
            parent=self._parent(),
            order=self._order(created),
            uid=uid,
            created=created,
            updated=self._moment("LAST-MODIFIED") or self._moment("DTSTAMP"),
        )
        self._dates(task)
        self._alarms(task)
        if status in ("IN-PROCESS", "CANCELLED") or 0 < percent < _ALL_DONE:
            task.leave("status", " ".join(filter(None, (status, f"{percent} %" if percent else ""))))
        for name, what in _LEFT.items():
            for one in self._component.all(name):
                task.leave(what, one.text)
        return task

    def _number(self, name: str) -> int | None:
        found = self._component.first(name)
        return int(found.value) if found and _NUMBER.fullmatch(found.value.strip()) else None

    def _priority(self) -> Priority | None:
        """1 to 4, 5, and 6 to 9; in this service's own files 1 is another one."""
        number = self._number("PRIORITY") or 0
        program = self._calendar.first("PRODID")
        if number == 1 and program and program.value.startswith(OWN):
            return "urgent"
        if 0 < number < _HIGHEST_OF_MEDIUM:
            return "high"
        return "medium" if number == _HIGHEST_OF_MEDIUM else "low" if 0 < number <= _LOWEST else None

    def _parent(self) -> str:
        for one in self._component.all("RELATED-TO"):
            if one.parameters.get("RELTYPE", "").upper() in _PARENT:
                return one.text.strip()
        return ""

    def _order(self, created: Moment | None) -> tuple[float, ...]:
        """Who has none is sorted by the seconds since 2001 in which it was made, as Apple and Nextcloud do."""
        number = self._number("X-APPLE-SORT-ORDER")
        if number is not None:
            return (number,)
        return ((created - _SORTED_SINCE).total_seconds(),) if isinstance(created, datetime) else ()

    def _dates(self, task: Parsed) -> None:
        start, due = self._moment("DTSTART", task), self._moment("DUE", task) or self._moment("X-TASKLANE-DUE")
        length = self._component.first("DURATION")
        if due is None and start is not None and length and (lasts := duration(length.value)):
            due = start + lasts
        if isinstance(due, datetime) and due.second == _TIMED_BY_TASKS_ORG:
            due = due.replace(second=0)
        if due is None and self._component.first("RRULE"):  # of what only starts and repeats, when it does
            due = start
        task.due = due
        if start and start != due:
            task.leave("start", start)
        if repeats := self._component.first("RRULE"):
            task.rule = self._rule(repeats.value)
            task.leave("recurrence", "" if task.rule else repeats.value)

    def _rule(self, text: str) -> Rule | None:
        """The days that a rule names are those of the start: it would find others from what is due on another day."""
        start, due = self._component.first("DTSTART"), self._component.first("DUE")
        timed = due or start
        zone = timed.parameters.get("TZID") if timed else None
        found = rule(text, from_completion=self.text("X-TASKLANE-RECURS-FROM") == "COMPLETION", zone=zone)
        if found is None or not (start and due) or _day_of(start) == _day_of(due) or "BY" not in found.text:
            return found
        first = when(start.value.strip())
        weekly = f"FREQ=WEEKLY;BYDAY={DAYS[first.value.weekday()]}" if first else None
        return found._replace(text="FREQ=WEEKLY") if found.text == weekly else None

    def _moment(self, name: str, task: Parsed | None = None) -> Moment | None:
        """Raises `InvalidInput` for what is neither a day nor a time."""
        found = self._component.first(name)
        if found is None or not found.value.strip():
            return None
        zone = self._zone
        if named := found.parameters.get("TZID"):
            zone = zone_named(named) or self._zone
            if task and zone_named(named) is None:
                task.leave("time zone", named)
        moment = _moment(found.value.strip(), zone)
        if moment is None:
            raise refused(where(self._file.called, found.line), f"has no date or time for {name}")
        return moment

    def _alarms(self, task: Parsed) -> None:
        for alarm in self._component.parts:
            trigger = alarm.first("TRIGGER")
            if alarm.name != "VALARM" or trigger is None:
                continue
            if alarm.first("X-APPLE-PROXIMITY"):
                task.leave("reminder", "at a place")
            elif reminder := self._reminder(trigger):
                task.reminders += (reminder,)
            else:
                task.leave("reminder", trigger.value)

    def _reminder(self, trigger: Property) -> Reminder | None:
        """Before what is due; what counts from a start that is another time is none."""
        value = trigger.value.strip()
        moment = _moment(value, self._zone)
        if isinstance(moment, datetime):
            return Reminder(at=moment)
        lasts = duration(value)
        due, start = self._component.first("DUE"), self._component.first("DTSTART")
        from_end = trigger.parameters.get("RELATED", "").upper() == "END"
        same = due and (start is None or start.value == due.value or from_end)
        if lasts is None or lasts > timedelta() or not same:
            return None
        return Reminder(minutes_before=round(-lasts.total_seconds() / 60))


def _day_of(moment: Property) -> tuple[str, str | None]:
    return moment.value.strip()[:8], moment.parameters.get("TZID")


def _moment(value: str, zone: ZoneInfo | None) -> Moment | None:
    found = when(value)
    if found is None or not isinstance(found.value, datetime):
        return found and found.value
    return in_utc(found.value, None if found.utc else zone)
