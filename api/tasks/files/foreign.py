"""Other people's tasks as tasks of this service: what has no place here is told of, and nothing is lost in silence."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from api.imports.parsed import Moment, NotCarried, Parsed, Rule
from api.imports.tree import Placed
from api.imports.values.moments import in_utc
from api.imports.values.texts import plain
from api.tasks.files.transfer import known_uid, row_of_uid
from api.tasks.objects.write import told_of
from api.tasks.schemas.members import MAX_DESCRIPTION, MAX_TITLE
from api.tasks.schemas.reminders import MAX_MINUTES
from api.tasks.schemas.reminders import MOST as MAX_REMINDERS
from core.recurrence.rule import parse as parse_rule
from core.tasks import zones
from core.tasks.due import Due
from core.tasks.fields import DEFAULTS
from core.tasks.questions.queries import MAX_TAG, MAX_TAGS
from core.tasks.recurring.recurrence import Recurrence, recurrence_columns

_MORE = "…"
_SHOWN = (
    *("title", "description", "completed", "completed_at", "priority", "tags", "reminders"),
    *("created_at", "updated_at"),
)
_MAX_TOLD = 200
"""Of a value that is not carried over."""


@dataclass(frozen=True, slots=True)
class Made:
    """A task as it is to be made, by the names of its columns, and what it does not have of what was in the file."""

    columns: dict[str, Any]
    """But for its parent."""
    not_carried: Sequence[NotCarried]

    @property
    def row(self) -> str:
        """As `core.tasks.bulk.insert_all` takes it."""
        return json.dumps(self.columns, ensure_ascii=False)

    def preview(self, place: str, *, parent: int | None) -> str:
        """For a person who is asked whether it is right."""
        shown = {name: self.columns.get(name) for name in _SHOWN}
        due = self.columns.get("due_on") or self.columns.get("due_at")
        told = [{"what": what, "value": _cut(plain(value), _MAX_TOLD)} for what, value in self.not_carried]
        recurrence = json.loads(self.columns.get("recurrence") or "null")
        document = {
            **shown,
            "due_date": due,
            "recurrence": recurrence,
            "parent": parent,
            "place": place,
            "not_carried": told,
        }
        return json.dumps(document, ensure_ascii=False)


class Making:
    """Makes tasks of the parsed ones, one after another."""

    def __init__(self, zone: ZoneInfo | None, *, lists_as_tags: bool) -> None:
        self._zone = zone
        self._lists_as_tags = lists_as_tags
        self._uids: set[str] = set()

    def made(self, placed: Placed) -> Made:
        task = placed.task
        if "RECURRENCE-ID" in task.kept or "EXDATE" in task.kept:
            _pass_over(task)
        if task.lists and not self._lists_as_tags:
            task.leave("list", task.lists)
        title, description = _texts(task)
        columns: dict[str, Any] = {
            **DEFAULTS,
            "title": title,
            "description": description or None,
            "completed": task.completed,
            "tags": self._tags(task),
            "reminders": self._reminders(task),
            "completed_at": self._instant(task.completed_at) if task.completed else None,
            "created_at": self._instant(task.created),
            "updated_at": self._instant(task.updated),
            **self._calendar(task),
        }
        if task.priority:
            columns["priority"] = task.priority
        if isinstance(task.due, datetime):
            columns["due_at"] = _written(task.due)
        elif task.due:
            columns["due_on"] = task.due.isoformat()
        columns |= self._recurrence(task)
        kept = {name: value for name, value in columns.items() if value is not None}
        return Made({"description": None, **kept}, task.not_carried)

    def _recurrence(self, task: Parsed) -> dict[str, str]:
        """The rule on the clock of the file or of its user; told of where it is none here, or has no due date."""
        rule = task.rule
        if rule is None:
            return {}
        if isinstance(task.due, datetime):
            due, zone = Due(at=task.due), self._zone_of(rule)
        else:
            due, zone = Due(task.due), self._zone_of(rule) if rule.from_completion else None
        try:
            said = Recurrence(parse_rule(rule.text), zone, "completion" if rule.from_completion else "due")
            columns = recurrence_columns(said, due)
        except ValueError:
            task.leave("recurrence", _told_rule(rule))
            return {}
        return {**columns, "recurrence_date": rule.date} if rule.date else columns

    def _zone_of(self, rule: Rule) -> str | None:
        try:
            return zones.parse(rule.zone or "")
        except ValueError:
            return self._zone.key if self._zone else None

    def _reminders(self, task: Parsed) -> list[int | str]:
        """Minutes before it is due, or instants; some of those that are too many, or too early, are told of instead."""
        kept: dict[int | str, None] = {}
        for reminder in task.reminders:
            said = _written(reminder.at) if reminder.at else reminder.minutes_before or 0
            if (isinstance(said, int) and said > MAX_MINUTES) or (len(kept) == MAX_REMINDERS and said not in kept):
                task.leave("reminder", said if isinstance(said, str) else f"{said} minutes before")
            else:
                kept[said] = None
        return list(kept)

    def _tags(self, task: Parsed) -> list[str]:
        """Their order is kept, what comes twice comes once, and the list is the last one."""
        named = [plain(tag) or tag.replace("\0", "") for tag in task.tags]  # white space alone is a tag here
        if self._lists_as_tags and task.lists:
            named.append(task.lists)
        tags = list(dict.fromkeys(_cut(tag, MAX_TAG) for tag in named if tag))
        for tag in named:
            if len(tag) > MAX_TAG:
                task.leave("tag", tag)
        for tag in tags[MAX_TAGS:]:
            task.leave("tag", tag)
        return tags[:MAX_TAGS]

    def _calendar(self, task: Parsed) -> dict[str, Any]:
        """What calendars know of it; the first task of a uid has it."""
        calendar: dict[str, Any] = {}
        if task.kept:
            calendar = {"kept": task.kept, "as_is": not (self._lists_as_tags and task.lists)}
        columns: dict[str, Any] = {}
        if (uid := known_uid(task.uid)) and uid not in self._uids:
            self._uids.add(uid)
            columns = dict(row_of_uid(uid, calendar))
        if parent := known_uid(task.parent_missing):
            calendar["parent_uid"] = parent
        return {**columns, "calendar": calendar} if calendar else columns

    def _instant(self, moment: Moment | None) -> str | None:
        """A day begins at midnight where its user is."""
        if moment is None:
            return None
        if not isinstance(moment, datetime):
            moment = in_utc(datetime.combine(moment, time()), self._zone)
        return _written(moment)


def _pass_over(task: Parsed) -> None:
    """Single dates that are done or left out: the task is the first that is open."""
    said = told_of(task.kept)
    if said is None or not said.passed or said.due is None:
        return
    task.due, task.completed, task.completed_at = said.due.value, said.completed, said.completed_at
    task.rule = None
    if said.recurrence:
        task.rule = Rule(said.recurrence["rule"], said.recurrence["from"] == "completion", said.recurrence["time_zone"])


def _texts(task: Parsed) -> tuple[str, str]:
    """A title that is too long goes on in the description; what is too long for that one is cut."""
    title, description = " ".join(task.title.split("\n")), task.description
    if len(title) > MAX_TITLE:
        task.leave("title", "too long: the whole of it is in the description")
        description = f"{title}\n\n{description}" if description else title
        title = _cut(title, MAX_TITLE)
    if len(description) > MAX_DESCRIPTION:
        task.leave("description", f"its last {len(description) - MAX_DESCRIPTION + 1} characters")
    return title, _cut(description, MAX_DESCRIPTION)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1].rstrip() + _MORE


def _written(at: datetime) -> str:
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def _told_rule(rule: Rule) -> str:
    said = [rule.text, "after completion" if rule.from_completion else "", rule.zone or ""]
    return ", ".join(filter(None, said))
