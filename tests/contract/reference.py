"""The task service as plain lists and loops: what it promises, without database, cache, cursors or HTTP.

Times and ids are the service's to give: the model holds `UNTOLD` for one that it has not been told yet.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, date, datetime, tzinfo
from functools import partial
from typing import Any, Literal
from zoneinfo import ZoneInfo

Document = dict[str, Any]
Parameters = Sequence[tuple[str, str]]

PRIORITIES = ("low", "medium", "high", "urgent")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


class _Untold:
    """Equal to whatever it is compared with."""

    def __eq__(self, _other: object) -> bool:
        return True

    __hash__ = object.__hash__


UNTOLD: Any = _Untold()

IfMatch = Literal["absent", "*", "current", "old"]
"""What a client says of the task that it changes; `current` is what was so when the request was sent."""


@dataclass(frozen=True, slots=True)
class Create:
    body: Document


@dataclass(frozen=True, slots=True)
class Update:
    task: int
    body: Document
    if_match: IfMatch = "absent"


@dataclass(frozen=True, slots=True)
class Complete:
    """Without `completed`, toggle."""

    task: int
    completed: bool | None
    if_match: IfMatch = "absent"


@dataclass(frozen=True, slots=True)
class Delete:
    task: int
    if_match: IfMatch = "absent"


@dataclass(frozen=True, slots=True)
class Restore:
    task: int


Operation = Create | Update | Complete | Delete | Restore


@dataclass(slots=True)
class Task:
    """What a client has set, and what the service has given."""

    title: str = ""
    description: str | None = None
    completed: bool = False
    priority: str = "medium"
    due_date: str | None = None
    recurrence: None = None
    series_id: None = None
    next_id: None = None
    tags: tuple[str, ...] = ()
    reminders: tuple[int | str, ...] = ()
    parent_id: int | None = None
    position: str = UNTOLD
    id: int = 0
    """0 until the service has given one."""
    completed_at: str | None = None
    created_at: str = UNTOLD
    updated_at: str = UNTOLD
    etag: str = UNTOLD
    deleted_at: str | None = None
    version: int = 0
    """Raised by every change."""

    def merge(self, body: Document) -> None:
        """RFC 7396 over a default task: what is absent stays, null clears."""
        for name, read in _GIVEN.items():
            if name in body:
                setattr(self, name, getattr(Task(), name) if body[name] is None else read(body[name]))
        if "completed" in body:
            self.complete(completed=bool(body["completed"]))

    def complete(self, *, completed: bool) -> None:
        """What is completed already stays completed since then."""
        if completed != self.completed:
            self.completed_at = UNTOLD if completed else None
        self.completed = completed

    def touch(self) -> None:
        """What changes with every change."""
        self.updated_at, self.etag, self.version = UNTOLD, UNTOLD, self.version + 1

    def learn(self, document: Document) -> None:
        """Take what the service has given."""
        for name in ("created_at", "updated_at", "completed_at", "deleted_at", "etag", "position"):
            if getattr(self, name) is UNTOLD and name in document:
                assert name in ("etag", "position") or TIME.fullmatch(document[name])
                setattr(self, name, document[name])
        if not self.id:
            assert type(document["id"]) is int
            assert document["id"] > 0
            self.id = document["id"]


_SHOWN = tuple(member.name for member in fields(Task) if member.name not in ("deleted_at", "version"))


@dataclass(frozen=True, slots=True)
class Outcome:
    """A status, and the task as the answer shows it, if it does."""

    status: int
    task: Task | None = None
    document: Document | None = None


@dataclass
class Model:
    """One user's tasks."""

    user: str
    tasks: list[Task] = field(default_factory=list)

    @property
    def live(self) -> list[Document]:
        return [self.shown(task) for task in self.tasks if task.deleted_at is None]

    @property
    def trash(self) -> list[Document]:
        """The last deleted first."""
        trash = [self.shown(task) for task in self.tasks if task.deleted_at is not None]
        return sorted(trash, key=lambda document: (document["deleted_at"], document["id"]), reverse=True)

    def shown(self, task: Task) -> Document:
        document = {name: getattr(task, name) for name in _SHOWN}
        document |= {"id": task.id or UNTOLD, "user_id": self.user, "tags": list(task.tags)}
        document["reminders"] = list(task.reminders)
        return document if task.deleted_at is None else {**document, "deleted_at": task.deleted_at}

    def find(self, id_: int, *, deleted: bool = False) -> Task | None:
        return next(
            (task for task in self.tasks if task.id == id_ and (task.deleted_at is not None) == deleted),
            None,
        )

    def versions(self) -> dict[int, int]:
        """What a client can know now, for `If-Match`."""
        return {task.id: task.version for task in self.tasks}

    def apply(self, operation: Operation, known: Mapping[int, int]) -> Outcome:
        """Do one thing; `known` are the versions that the client had seen."""
        match operation:
            case Create(body):
                if not is_valid(body, new=True):
                    return Outcome(422)
                task = Task()
                self.tasks.append(task)
                task.merge(body)
                return Outcome(201, task, self.shown(task))
            case Restore(id_):
                found = self.find(id_, deleted=True)
                if found is None:
                    return Outcome(404)
                found.deleted_at = None
                found.touch()
                return Outcome(200, found, self.shown(found))
            case _:
                return self._change(operation, known)

    def batch(self, operations: Sequence[Operation], *, atomic: bool) -> list[Outcome]:
        """Each for itself in order, or, when `atomic`, all or none."""
        known, before = self.versions(), [replace(task) for task in self.tasks]
        invalid = [_is_invalid(operation) for operation in operations]
        if atomic and any(invalid):
            return [Outcome(422 if wrong else 424) for wrong in invalid]
        outcomes = [self.apply(operation, known) for operation in operations]
        if atomic and any(outcome.status >= 400 for outcome in outcomes):
            self.tasks = before
            return [outcome if outcome.status >= 400 else Outcome(424) for outcome in outcomes]
        return outcomes

    def empty_trash(self) -> None:
        self.tasks = [task for task in self.tasks if task.deleted_at is None]

    def stats(self, now: datetime, zone: tzinfo) -> Document:
        live = self.live
        tags = [tag for task in live for tag in task["tags"]]
        done = sum(task["completed"] for task in live)
        return {
            "total": len(live),
            "completed": done,
            "pending": len(live) - done,
            "overdue": sum(not task["completed"] and is_over(task["due_date"], now, zone) for task in live),
            "by_priority": {name: sum(task["priority"] == name for task in live) for name in PRIORITIES},
            "by_tag": {tag: tags.count(tag) for tag in tags},
        }

    def _change(self, operation: Update | Complete | Delete, known: Mapping[int, int]) -> Outcome:
        if _is_invalid(operation):
            return Outcome(422)
        task = self.find(operation.task)
        if task is None:
            return Outcome(404)
        if operation.if_match == "old" or (operation.if_match == "current" and known[task.id] != task.version):
            return Outcome(412)
        task.touch()
        match operation:
            case Update(_, body):
                task.merge(body)
            case Complete(_, completed):
                task.complete(completed=not task.completed if completed is None else completed)
            case Delete():
                task.deleted_at = UNTOLD
                return Outcome(204, task)
        return Outcome(200, task, self.shown(task))


def select(documents: Iterable[Document], asked: Parameters) -> list[Document]:
    """Those that every parameter lets through, in the order asked for."""
    zone = zone_of(asked)
    passed = [task for task in documents if all(_passes(task, *parameter, zone) for parameter in asked)]
    return ordered(passed, asked)


def ordered(documents: Iterable[Document], asked: Parameters) -> list[Document]:
    """Newest first unless asked otherwise; ties by id, in the same direction; without a due date last in both."""
    key, descending = order(asked)
    documents = sorted(documents, key=lambda task: task["id"], reverse=descending)
    comparable = [task for task in documents if key(task) is not None]
    return sorted(comparable, key=key, reverse=descending) + [task for task in documents if key(task) is None]


def order(asked: Parameters) -> tuple[Callable[[Document], Any], bool]:
    """What is compared, None for what comes last; and whether the greatest comes first."""
    given = {name.replace("sort_by", "sort").replace("sort_order", "order"): value for name, value in asked}
    sort = given.get("sort", "-created" if "order" not in given else "created")
    descending = given.get("order", "desc" if sort.startswith("-") else "asc").lower() == "desc"
    name = sort.removeprefix("-").removesuffix("_at")
    if name == "due_date":
        return partial(_due, zone=zone_of(asked)), descending
    return _KEYS[name], descending


def zone_of(asked: Parameters) -> tzinfo:
    """In which dates begin."""
    return ZoneInfo(dict(asked).get("time_zone", "UTC"))


def lower(text: str) -> str:
    """In one normal form, character by character, so that none minds its neighbours; the sharp s is two."""
    small = "".join(character.lower() for character in unicodedata.normalize("NFKC", text))
    return unicodedata.normalize("NFKC", small.replace("\u03c2", "\u03c3").replace("\u00df", "ss"))[:200]


def folded(text: str) -> str:
    """One text for all spellings of it (Unicode, section 3.13)."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def moment(due_date: str, zone: tzinfo = UTC) -> datetime:
    """A date begins at midnight; what UTC's calendar has not is its first or last instant."""
    if "T" in due_date:
        return datetime.fromisoformat(due_date).astimezone(UTC)
    try:
        return datetime.combine(date.fromisoformat(due_date), datetime.min.time(), zone).astimezone(UTC)
    except OverflowError:
        return datetime.min.replace(tzinfo=UTC) if due_date[0] == "0" else datetime.max.replace(tzinfo=UTC)


def as_shown(due_date: str) -> str:
    """A date stays; an instant comes back in UTC, with milliseconds, or microseconds where it has them."""
    if "T" not in due_date:
        return due_date
    instant = moment(due_date).replace(tzinfo=None)
    return instant.isoformat(timespec="microseconds" if instant.microsecond % 1000 else "milliseconds") + "Z"


def is_over(due_date: str | None, now: datetime, zone: tzinfo) -> bool:
    """A day is over when it has ended in the zone, an instant when it has come."""
    if due_date is None:
        return False
    return moment(due_date) <= now if "T" in due_date else due_date < str(now.astimezone(zone).date())


def is_valid(body: Document, *, new: bool) -> bool:
    """Only titles go wrong here."""
    if "title" not in body:
        return not new
    return isinstance(body["title"], str) and 1 <= len(body["title"].strip()) <= 200


def _is_invalid(operation: Operation) -> bool:
    match operation:
        case Create(body):
            return not is_valid(body, new=True)
        case Update(_, body):
            return not is_valid(body, new=False)
        case _:
            return False


def _passes(task: Document, name: str, value: str, zone: tzinfo) -> bool:
    if name in ("due_before", "due_after"):
        due, bound = _due(task, zone), moment(value, zone)
        return due is not None and (due < bound) == (name == "due_before")
    return name not in _FILTERS or bool(_FILTERS[name](task, value))


def _due(task: Document, zone: tzinfo) -> datetime | None:
    return moment(task["due_date"], zone) if task["due_date"] else None


_GIVEN: dict[str, Callable[[Any], Any]] = {
    "title": lambda title: title.strip(),
    "description": lambda description: description,
    "priority": lambda priority: priority,
    "due_date": as_shown,
    "tags": lambda tags: tuple(dict.fromkeys(tags)),
    "reminders": lambda reminders: tuple(
        dict.fromkeys(as_shown(one)[:23] + "Z" if isinstance(one, str) else one for one in reminders)
    ),
}
"""What a client gives, and how it is read."""
_FILTERS: dict[str, Callable[[Document, str], Any]] = {
    "completed": lambda task, value: task["completed"] == (value == "true"),
    "status": lambda task, value: value == "all" or task["completed"] == (value == "completed"),
    "priority": lambda task, value: task["priority"] == value,
    "tag": lambda task, value: value in task["tags"],
    "search": lambda task, value: any(
        folded(value.strip()) in folded(task[name] or "") for name in ("title", "description")
    ),
}
_KEYS: dict[str, Callable[[Document], Any]] = {
    "created": lambda task: task["created_at"],
    "updated": lambda task: task["updated_at"],
    "title": lambda task: lower(task["title"]),
    "priority": lambda task: PRIORITIES.index(task["priority"]),
    "position": lambda task: task["position"],
}
