"""What every format becomes: tasks that say what the file said, before anything is made of them here."""

from collections import Counter
from collections.abc import Sized
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from core.errors import Fault, InvalidInput

MAX_LEFT_OUT = 100_000
"""Of one kind."""

Priority = Literal["low", "medium", "high", "urgent"]

Moment = date | datetime
"""A day, the same everywhere, or an instant in UTC."""

Remark = Literal[
    "assignee",
    "attachment",
    "comment",
    "completion",
    "date",
    "deadline",
    "dependency",
    "description",
    "difficulty",
    "duration",
    "list",
    "parent",
    "position",
    "priority",
    "recurrence",
    "reminder",
    "section",
    "start",
    "status",
    "tag",
    "time zone",
    "title",
    "url",
    "other",
]
"""What it is that could not be carried over."""


NotCarried = tuple[Remark, str]
"""Something that the task had in the file, and how it stood there, or what was the matter."""


class Rule(NamedTuple):
    """How a task repeats: an RRULE (RFC 5545) without its name."""

    text: str
    from_completion: bool = False
    zone: str | None = None
    """In which it repeats, where the file says so."""
    date: str | None = None
    """Which date of its series the task stands for, as this service writes it."""


class Reminder(NamedTuple):
    """When to remind: at an instant, or so many minutes before the task is due."""

    at: datetime | None = None
    minutes_before: int | None = None


@dataclass(slots=True, kw_only=True)
class Parsed:
    """A task of a file. Of few objects, for there are many: Python's search for garbage stops everybody meanwhile."""

    ref: str
    """What the file calls it: its id, or the number of its line or record."""
    title: str
    place: str
    """Where it stands, for people."""
    key: str = ""
    """The `ref`, unique in the file, where that is not so of itself."""
    description: str = ""
    completed: bool = False
    completed_at: Moment | None = None
    priority: Priority | None = None
    due: Moment | None = None
    tags: tuple[str, ...] = ()
    lists: str = ""
    """The name of the list, the project or the board."""
    parent: str = ""
    """The `key` of another."""
    order: tuple[float, ...] = ()
    """Among its siblings; who says nothing comes after those, in the order of the file."""
    rule: Rule | None = None
    reminders: tuple[Reminder, ...] = ()
    uid: str = ""
    kept: str = ""
    """The whole of it as a calendar object, where the file has more of it than a task has."""
    parent_missing: str = ""
    """The uid of a parent that is not in the file."""
    created: Moment | None = None
    updated: Moment | None = None
    not_carried: tuple[NotCarried, ...] = ()

    def leave(self, what: Remark, value: object) -> None:
        """Note what is not carried over; nothing is no news."""
        if value not in (None, "", [], {}):
            self.not_carried += ((what, str(value)),)

    def leave_many(self, what: Remark, entries: Sized) -> None:
        """Note how many there are, of which the file may say no more."""
        if entries:
            self.leave(what, f"{len(entries)} of them")

    def remind(self, *, at: datetime | None = None, minutes_before: int | None = None) -> None:
        self.reminders += (Reminder(at, minutes_before),)

    def tell(self, more: str) -> None:
        """Add a paragraph to the description."""
        if more := more.strip():
            self.description = f"{self.description}\n\n{more}" if self.description else more


@dataclass(slots=True, kw_only=True)
class Asked:
    """What an import needs to know besides the file, and what it has left out."""

    zone: ZoneInfo | None
    """The user's, where it is known."""
    today: date
    """There."""
    left_out: Counter[str] = field(default_factory=Counter)
    """How many of what was in the file and is no task of the list: by a few words for it."""

    def leave_out(self, why: str) -> None:
        """Count one of these; raises `InvalidInput` when there are far too many."""
        self.left_out[why] += 1
        if self.left_out[why] > MAX_LEFT_OUT:
            raise InvalidInput(Fault("#", f"has more than {MAX_LEFT_OUT} things that are no tasks of a list"))
