"""What a GET asks for, in one canonical form: the same question, however it was spelt, is one cache variant.

The forms are parsed by `parse` and nowhere else: the routes, the hot path and the worker's audit all use this.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal
from urllib.parse import urlencode

from core.tasks.questions.cursors import Cursor, KeyKind
from core.tasks.sync.token import Token
from core.tasks.zones import UNIVERSAL
from core.types import TaskId

DEFAULT_LIMIT = 500
MAX_LIMIT = 1000
MAX_CHANGES = 100
"""In one event of a stream."""

OCCURRENCES = 10
MAX_OCCURRENCES = 100
MAX_OFFSET = 10_000
MAX_SEARCH = 200
MAX_TAG = 50
MAX_TAGS = 20

Status = Literal["all", "pending", "completed"]
Sort = Literal["created", "updated", "title", "due_date", "priority", "position"]

PRIORITIES = ("low", "medium", "high", "urgent")
ORDERS = ("asc", "desc", "ASC", "DESC")
KEY_KINDS: dict[Sort, KeyKind] = {
    "created": "time",
    "updated": "time",
    "title": "text",
    "due_date": "time",
    "priority": "number",
    "position": "place",
}
STATUSES: dict[str, Status] = {"all": "all", "pending": "pending", "active": "pending", "completed": "completed"}
SORTS: dict[str, Sort] = {**{name: name for name in KEY_KINDS}, "created_at": "created", "updated_at": "updated"}

NO_PARENT = "none"

LIST_PATH = "/api/tasks"
STAND_VARIANT = "/stand"


@dataclass(frozen=True, slots=True)
class ListQuery:
    """One page of a user's tasks, or of their trash (which has one order: the last deleted first)."""

    trash: bool = False
    status: Status = "all"
    priority: str | None = None
    tags: tuple[str, ...] = ()
    parent: TaskId | None = None
    top_level: bool = False
    """Only tasks without a parent."""
    due_before: datetime | None = None
    due_after: datetime | None = None
    time_zone: str = UNIVERSAL
    """In which a date has its beginning."""
    search: str | None = None
    accents: bool = True
    """Whether a search minds them."""
    sort: Sort = "created"
    descending: bool = True
    limit: int = DEFAULT_LIMIT
    offset: int = 0
    cursor: Cursor | None = None

    @property
    def minds_the_zone(self) -> bool:
        """Whether a date is compared with an instant elsewhere than in UTC."""
        compared = self.due_before or self.due_after or self.sort == "due_date"
        return bool(compared) and self.time_zone != UNIVERSAL

    @property
    def question(self) -> str:
        """The filters and the order: what a cursor is bound to."""
        asked: list[tuple[str, str]] = [("tag", tag) for tag in self.tags]
        if self.status != "all":
            asked.append(("status", self.status))
        if self.priority:
            asked.append(("priority", self.priority))
        if self.parent or self.top_level:
            asked.append(("parent_id", str(self.parent or NO_PARENT)))
        if self.due_before:
            asked.append(("due_before", _instant(self.due_before)))
        if self.due_after:
            asked.append(("due_after", _instant(self.due_after)))
        if self.minds_the_zone:
            asked.append(("time_zone", self.time_zone))
        if self.search:
            asked.append(("search", self.search))
            if not self.accents:
                asked.append(("accents", "ignore"))
        if (self.sort, self.descending) != ("created", True):
            asked.append(("sort", "-" * self.descending + self.sort))
        path = LIST_PATH + "/trash" * self.trash
        return f"{path}?{urlencode(sorted(asked))}" if asked else path

    @property
    def variant(self) -> str:
        """The canonical path and query: sorted, without what is the default anyway."""
        page: list[tuple[str, object]] = []
        if self.limit != DEFAULT_LIMIT:
            page.append(("limit", self.limit))
        if self.offset:
            page.append(("offset", self.offset))
        if self.cursor:
            page.append(("cursor", self.cursor.encode(self.question)))
        question = self.question
        return f"{question}{'&' if '?' in question else '?'}{urlencode(page)}" if page else question

    def after(self, cursor: Cursor) -> "ListQuery":
        """The page that begins behind `cursor`."""
        return replace(self, cursor=cursor, offset=0)


@dataclass(frozen=True, slots=True)
class TaskQuery:
    """One task."""

    id: TaskId

    @property
    def variant(self) -> str:
        return f"{LIST_PATH}/{self.id}"


@dataclass(frozen=True, slots=True)
class StatsQuery:
    """How many tasks there are, of which kinds."""

    time_zone: str = UNIVERSAL
    """In which a day has its end."""

    @property
    def variant(self) -> str:
        path = f"{LIST_PATH}/stats"
        return path if self.time_zone == UNIVERSAL else f"{path}?{urlencode([('time_zone', self.time_zone)])}"


@dataclass(frozen=True, slots=True)
class ChangesQuery:
    """What has changed since; without `since` all that there is."""

    since: Token | None = None
    limit: int = DEFAULT_LIMIT

    @property
    def variant(self) -> str:
        """As that of a list."""
        asked: list[tuple[str, object]] = []
        if self.limit != DEFAULT_LIMIT:
            asked.append(("limit", self.limit))
        if self.since:
            asked.append(("since", self.since.encode()))
        path = f"{LIST_PATH}/changes"
        return f"{path}?{urlencode(asked)}" if asked else path


@dataclass(frozen=True, slots=True)
class OccurrencesQuery:
    """When a task comes again: how many dates of it."""

    limit: int = OCCURRENCES


@dataclass(frozen=True, slots=True)
class StandQuery:
    """How far the list has come: the token of whoever has seen all of it. No path asks that alone."""

    @property
    def variant(self) -> str:
        return STAND_VARIANT


Query = ListQuery | TaskQuery | StatsQuery | ChangesQuery | StandQuery


def _instant(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
