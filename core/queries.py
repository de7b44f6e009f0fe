"""What a GET asks for, in one canonical form: the same question, however it was spelt, is one cache variant.

The forms are parsed here and nowhere else: the routes, the hot path and the worker's audit all use this.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal
from urllib.parse import parse_qsl, urlencode

from core import cursors, due
from core.cursors import Cursor, KeyKind
from core.errors import Fault, InvalidInput
from core.types import MAX_TASK_ID, TaskId

REPRESENTATION = 1
"""To be raised with every change of what a task or a list looks like: it is part of each variant and each ETag."""

DEFAULT_LIMIT = 500
MAX_LIMIT = 1000
MAX_OFFSET = 10_000
MAX_SEARCH = 200
MAX_TAG = 50
MAX_TAGS = 20

Status = Literal["all", "pending", "completed"]
Sort = Literal["created", "updated", "title", "due_date", "priority"]

PRIORITIES = ("low", "medium", "high", "urgent")
ORDERS = ("asc", "desc", "ASC", "DESC")
KEY_KINDS: dict[Sort, KeyKind] = {
    "created": "time",
    "updated": "time",
    "title": "text",
    "due_date": "time",
    "priority": "number",
}
STATUSES: dict[str, Status] = {"all": "all", "pending": "pending", "active": "pending", "completed": "completed"}
SORTS: dict[str, Sort] = {**{name: name for name in KEY_KINDS}, "created_at": "created", "updated_at": "updated"}

_LIST_PATH = "/api/tasks"
_TASK_ID = re.compile(r"[1-9][0-9]{0,18}", re.ASCII)


@dataclass(frozen=True, slots=True)
class ListQuery:
    """One page of a user's tasks, or of their trash (which has one order: the last deleted first)."""

    trash: bool = False
    status: Status = "all"
    priority: str | None = None
    tags: tuple[str, ...] = ()
    due_before: datetime | None = None
    due_after: datetime | None = None
    search: str | None = None
    sort: Sort = "created"
    descending: bool = True
    limit: int = DEFAULT_LIMIT
    offset: int = 0
    cursor: Cursor | None = None

    @property
    def question(self) -> str:
        """The filters and the order: what a cursor is bound to."""
        asked: list[tuple[str, str]] = [("tag", tag) for tag in self.tags]
        if self.status != "all":
            asked.append(("status", self.status))
        if self.priority:
            asked.append(("priority", self.priority))
        if self.due_before:
            asked.append(("due_before", _instant(self.due_before)))
        if self.due_after:
            asked.append(("due_after", _instant(self.due_after)))
        if self.search:
            asked.append(("search", self.search))
        if (self.sort, self.descending) != ("created", True):
            asked.append(("sort", "-" * self.descending + self.sort))
        path = _LIST_PATH + "/trash" * self.trash
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
        return f"{_LIST_PATH}/{self.id}"


@dataclass(frozen=True, slots=True)
class StatsQuery:
    """How many tasks there are, of which kinds."""

    @property
    def variant(self) -> str:
        return f"{_LIST_PATH}/stats"


Query = ListQuery | TaskQuery | StatsQuery


def parse_path(path: str, query: bytes) -> Query:
    """The query of a canonical path; raises `InvalidInput`."""
    match path.removeprefix(_LIST_PATH):
        case "":
            return parse_list(query)
        case "/trash":
            return parse_trash(query)
        case "/stats":
            return StatsQuery()
        case rest:
            return TaskQuery(parse_task_id(rest.removeprefix("/")))


def parse_variant(variant: str) -> Query:
    """The inverse of `variant`."""
    path, _, query = variant.partition("?")
    return parse_path(path, query.encode())


def parse_task_id(text: str) -> TaskId:
    """A positive 64-bit integer in its plain decimal form; raises `InvalidInput`."""
    if not _TASK_ID.fullmatch(text) or int(text) > MAX_TASK_ID:
        raise InvalidInput(Fault("id", "must be a positive 64-bit integer"))
    return TaskId(int(text))


def parse_list(query: bytes) -> ListQuery:
    """Read a query string as a browser sends it; raises `InvalidInput` with every fault that it has.

    Names that are not known are ignored: pages add their own. A name that takes one value must be given once. Of two
    names for one thing, the one that says it more plainly counts: `completed` before `status`, `sort` before `sort_by`,
    `order` before `sort_order` and before a `-`, `cursor` before `offset`.
    """
    return _parse(query, _READERS, ListQuery())


def parse_trash(query: bytes) -> ListQuery:
    """The trash takes `limit`, `offset` and `cursor`."""
    return _parse(query, {name: _READERS[name] for name in ("limit", "offset", "cursor")}, ListQuery(trash=True))


Reader = Callable[[ListQuery, str], ListQuery]


def _parse(query: bytes, readers: dict[str, Reader], asked: ListQuery) -> ListQuery:
    faults: list[Fault] = []
    seen: set[str] = set()
    pairs = [(name, value) for name, value in _pairs(query) if name in readers]
    for name, value in sorted(pairs, key=lambda pair: _TURNS.get(pair[0], 0)):
        if name in seen and name != "tag":
            faults.append(Fault(f"?{name}", "must be given once"))
            continue
        seen.add(name)
        try:
            asked = readers[name](asked, _without_nul(value))
        except ValueError as error:
            faults.append(Fault(f"?{name}", str(error)))
    if sum(name == "tag" for name, _ in pairs) > MAX_TAGS:
        faults.append(Fault("?tag", f"must be given at most {MAX_TAGS} times"))
    if faults:
        raise InvalidInput(*faults)
    return asked


def _pairs(query: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(query.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=100)
    except ValueError as error:  # also UnicodeDecodeError
        raise InvalidInput(Fault("?", "must be percent-encoded UTF-8, with at most 100 fields")) from error


def _without_nul(value: str) -> str:
    if "\0" in value:
        raise ValueError("must not contain NUL")
    return value


def _completed(asked: ListQuery, value: str) -> ListQuery:
    return _status(asked, "completed" if _one_of(value, ("true", "false")) == "true" else "pending")


def _status(asked: ListQuery, value: str) -> ListQuery:
    if value not in STATUSES:
        raise ValueError("must be all, pending, active or completed")
    return replace(asked, status=STATUSES[value])


def _priority(asked: ListQuery, value: str) -> ListQuery:
    return replace(asked, priority=_one_of(value, PRIORITIES))


def _tag(asked: ListQuery, value: str) -> ListQuery:
    if not 1 <= len(value) <= MAX_TAG:
        raise ValueError(f"must have 1 to {MAX_TAG} characters")
    return replace(asked, tags=tuple(sorted({*asked.tags, value})))


def _search(asked: ListQuery, value: str) -> ListQuery:
    """Empty is no filter: a search box sends it as it is."""
    if len(value) > MAX_SEARCH:
        raise ValueError(f"must have at most {MAX_SEARCH} characters")
    return replace(asked, search=value or None)


def _sort(asked: ListQuery, value: str) -> ListQuery:
    name = value.removeprefix("-")
    if name not in SORTS:
        raise ValueError("must be created, updated, title, due_date or priority, with - in front for descending")
    return replace(asked, sort=SORTS[name], descending=value.startswith("-"))


def _order(asked: ListQuery, value: str) -> ListQuery:
    return replace(asked, descending=_one_of(value, ORDERS).lower() == "desc")


def _cursor(asked: ListQuery, value: str) -> ListQuery:
    if len(value) > cursors.MAX_LENGTH:
        raise ValueError(cursors.WRONG)
    return asked.after(cursors.decode(value, asked.question, KEY_KINDS[asked.sort]))


def _integer(least: int, most: int) -> Callable[[str], int]:
    def read(value: str) -> int:
        if not re.fullmatch(r"[0-9]{1,9}", value, re.ASCII) or not least <= int(value) <= most:
            raise ValueError(f"must be an integer from {least} to {most}")
        return int(value)

    return read


def _one_of(value: str, choices: tuple[str, ...]) -> str:
    if value not in choices:
        raise ValueError(f"must be {', '.join(choices[:-1])} or {choices[-1]}")
    return value


def _moment(value: str) -> datetime | None:
    return due.parse(value).moment


def _instant(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


_limit = _integer(1, MAX_LIMIT)
_offset = _integer(0, MAX_OFFSET)
# What is read later counts; a cursor is read after all that it is bound to.
_TURNS = {"completed": 1, "sort": 1, "sort_order": 2, "order": 3, "cursor": 4}
_READERS: dict[str, Reader] = {
    "completed": _completed,
    "status": _status,
    "priority": _priority,
    "tag": _tag,
    "due_before": lambda asked, value: replace(asked, due_before=_moment(value)),
    "due_after": lambda asked, value: replace(asked, due_after=_moment(value)),
    "search": _search,
    "sort": _sort,
    "sort_by": _sort,
    "order": _order,
    "sort_order": _order,
    "limit": lambda asked, value: replace(asked, limit=_limit(value)),
    "offset": lambda asked, value: replace(asked, offset=_offset(value)),
    "cursor": _cursor,
}
