"""An object as a client has put it, made to say what the task says now: nothing but that is changed in it."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from api.imports.parsed import Moment
from api.tasks.objects import fresh
from api.tasks.objects.content import Line, Part, line
from api.tasks.objects.times import alarms, recurrence
from api.tasks.objects.times.zones import Zones
from api.tasks.objects.told import Due, Told, due_of, moment, parents, tags_of
from core.tasks.tree.keys import of_number

COMPLETION = ("STATUS", "PERCENT-COMPLETE", "COMPLETED")


def patch(calendar: Part, todo: Part, said: Told, task: dict[str, Any]) -> bool:
    """Change the calendar's `todo`, which has `said` so much, to what the task says; False where that is the same."""
    change = _Change(calendar, todo, said, task)
    for one in calendar.parts:
        if one.name == "VTODO" and one.text("UID").strip() != task["uid"]:
            change.set("UID", fresh.uid(task["uid"]), within=one)
    change.texts()
    change.completion()
    change.series()
    change.due()
    change.recurrence()
    change.reminders()
    change.place()
    if change.made:
        change.set("DTSTAMP", fresh.stamp("DTSTAMP", task))
        change.set("LAST-MODIFIED", *fresh.instant("LAST-MODIFIED", task["updated_at"]))
    return change.made


class _Change:
    """What was said before is told once, for each change might say something else."""

    def __init__(self, calendar: Part, todo: Part, said: Told, task: dict[str, Any]) -> None:
        self._calendar = calendar
        self._todo = todo
        self._task = task
        self._zones = Zones(calendar)
        self._said = said
        self._reminders = alarms.said_by(todo, self._zones)
        self.made = False

    def set(self, name: str, *written: str, within: Part | None = None) -> None:
        """Have these lines of that name, where the first was or before all components."""
        part = within or self._todo
        old = [one for one in part.content if isinstance(one, Line) and one.name == name]
        components = (place for place, one in enumerate(part.content) if isinstance(one, Part))
        place = part.content.index(old[0]) if old else next(components, len(part.content))
        gone = {*map(id, old)}
        part.content[place:place] = map(line, written)
        part.content = [one for one in part.content if id(one) not in gone]
        self.made = True

    def texts(self) -> None:
        task, said = self._task, self._said
        if said.title != task["title"]:
            self.set("SUMMARY", fresh.summary(task["title"]))
        if said.description != (task["description"] or None):
            self.set("DESCRIPTION", *map(fresh.description, filter(None, [task["description"]])))
        if said.priority != task["priority"]:
            self.set("PRIORITY", f"PRIORITY:{fresh.PRIORITIES[task['priority']]}")
        if sorted(said.tags) != sorted(task["tags"]):
            self.set("CATEGORIES", *self._categories())

    def _categories(self) -> Iterable[str]:
        """A tag that a task has cut is written whole, and those that were too many for it stay."""
        written = tags_of(self._todo)
        shown = {*self._said.tags, *self._task["tags"]}
        tags = [*self._task["tags"], *(tag for tag in written if tag not in shown)]
        return [fresh.categories([written.get(tag, tag) for tag in tags])] if tags else []

    def completion(self) -> None:
        task, said = self._task, self._said
        lines = list(fresh.completion(task))
        if said.completed != task["completed"]:
            for name in COMPLETION:
                self.set(name, *(one for one in lines if one.startswith(f"{name}:")))
        elif said.completed_at and task["completed"] and not same(said.completed_at, _moment(task["completed_at"])):
            self.set("COMPLETED", *fresh.instant("COMPLETED", task["completed_at"]))

    def series(self) -> None:
        """Where dates are done that the task has left behind, and it says otherwise now, it begins with this one."""
        said, task = self._said, self._task
        before, now = said.due.value if said.due else None, _moment(task["due_date"])
        if not said.passed or (same(before, now) and said.recurrence == recurrence.recurs(task)):
            return
        rule, start = self._todo.first("RRULE"), moment(self._todo, "DTSTART", self._zones)
        own = due_of(self._todo, self._zones)
        if before and own:
            self.set("DUE", self._clocked("DUE", before, said.due, None))
            if start:
                self.set("DTSTART", self._clocked("DTSTART", _moved(start.value, own.value, before), start, None))
        if before and rule and said.recurrence:
            self.set("RRULE", *recurrence.lines({**task, "due_date": _text(before)}, said.recurrence))
        self._forget_single_dates()

    def due(self) -> None:
        """On the clock on which it was. What starts when it is due, or repeats, starts later by as much."""
        said, now = self._said.due, _moment(self._task["due_date"])
        before = said.value if said else None
        zone = recurrence.zone_of(self._task)
        if same(before, now) and (zone is None or (said and self._zones.key(said.zone) == zone)):
            return
        start = moment(self._todo, "DTSTART", self._zones)
        for name in ("X-TASKLANE-DUE", "DURATION"):
            self.set(name)
        self.set("DUE", *([self._clocked("DUE", now, said, zone)] if now else []))
        if start is None or now is None:
            return
        if self._todo.first("RRULE") or same(start.value, before):
            self.set("DTSTART", self._clocked("DTSTART", _moved(start.value, before, now), start, zone))
        elif isinstance(start.value, datetime) != isinstance(now, datetime) or start.value > now:
            self.set("DTSTART")

    def recurrence(self) -> None:
        """A rule begins with DTSTART, on the clock of what is due."""
        now = recurrence.recurs(self._task)
        if now == self._said.recurrence:
            return
        lines = list(recurrence.lines(self._task, now)) if now else []
        for name in ("RRULE", recurrence.COMPLETION):
            self.set(name, *(one for one in lines if one.startswith(name)))
        zone, due = recurrence.zone_of(self._task), _moment(self._task["due_date"])
        if now and due and not self._todo.first("DTSTART"):
            self.set("DTSTART", self._clocked("DTSTART", due, self._said.due, zone))
        if now is None:
            self._forget_single_dates()

    def _forget_single_dates(self) -> None:
        for name in ("EXDATE", "RDATE", "EXRULE"):
            self.set(name)
        self._calendar.content = [
            one for one in self._calendar.content if not (isinstance(one, Part) and one.first("RECURRENCE-ID"))
        ]

    def _clocked(self, name: str, at: Moment, before: Due | None, zone: str | None) -> str:
        """`zone`: by whose clock it recurs; else it stays on the one that it was on."""
        value = _text(at)
        if zone and self._zones.key(before.zone if before else None) != zone:
            if not self._zones.described(zone):
                self._calendar.content.insert(0, recurrence.zone_part(zone))
                self._zones = Zones(self._calendar)
            return fresh.due(value, zone, name=name)
        clock = self._zones.known(before.zone) if before and before.zone else None
        if before is None or clock is None or not isinstance(at, datetime) or not fresh.is_usual(value):
            return fresh.due(value, name=name)
        called = f'"{before.zone}"' if any(one in str(before.zone) for one in ",;:") else before.zone
        return f"{name};TZID={called}:{at.astimezone(clock):%Y%m%dT%H%M%S}"

    def reminders(self) -> None:
        """Of the alarms those go that say a reminder which the task has not any more; the others are in its order."""
        now, said = self._task["reminders"], self._said.reminders
        if said == now:
            return
        alarms_ = [one for one in self._todo.content if self._reminders.get(id(one)) in {*said, *now}]
        wanted: list[Line | Part] = []
        for reminder in now:
            there = [one for one in alarms_ if self._reminders[id(one)] == reminder]
            wanted += there or fresh.alarms(self._task, [reminder])
        if [*map(id, wanted)] != [*map(id, alarms_)]:
            gone = {*map(id, alarms_)}
            self._todo.content = [one for one in self._todo.content if id(one) not in gone] + wanted
            self.made = True

    def place(self) -> None:
        """Its parent, and where somebody has put it; a place that nobody has chosen is not told of."""
        task, said = self._task, self._said
        if said.parent_uid != task["parent_uid"]:
            gone = {one.line for one in parents(self._todo)}
            others = [
                one.written for one in self._todo.lines if one.name == "RELATED-TO" and one.stated.line not in gone
            ]
            self.set("RELATED-TO", *map(fresh.parent, filter(None, [task["parent_uid"]])), *others)
        if said.sort_order is None:
            moved = task["position"] != of_number(task["id"])
        else:
            moved = fresh.position_of(said.sort_order) != task["position"]
            moved = moved and said.sort_order != fresh.sort_order(task["position"])
        if moved:
            self.set("X-APPLE-SORT-ORDER", fresh.sorted_by(task["position"]))


def same(one: Moment | None, other: Moment | None) -> bool:
    """To the second, which is all that iCalendar knows of; a date is no instant."""
    if not isinstance(one, datetime) or not isinstance(other, datetime):
        return type(one) is type(other) and one == other
    return one.replace(microsecond=0) == other.replace(microsecond=0)


def _moved(start: Moment, before: Moment | None, now: Moment) -> Moment:
    """By as much as it is due later; where that says nothing, to when it is due."""
    if before is None or isinstance(start, datetime) != isinstance(before, datetime):
        return now
    try:
        if isinstance(now, datetime) and isinstance(before, datetime):
            return start + (now - before)
        return now if isinstance(now, datetime) or isinstance(before, datetime) else start + (now - before)
    except OverflowError:
        return now


def _moment(value: str | None) -> Moment | None:
    if value is None:
        return None
    return datetime.fromisoformat(value) if "T" in value else date.fromisoformat(value)


def _text(at: Moment) -> str:
    """As the service writes it."""
    return alarms.instant(at) if isinstance(at, datetime) else at.isoformat()
