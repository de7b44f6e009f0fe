"""What an operation takes besides its body."""

from typing import Any

from api.http.idempotency import KEY_PATTERN
from api.imports.detect import FORMATS as IMPORTED
from api.openapi.examples import TASK, TOKEN, etag
from api.tasks.files.formats import KINDS
from api.tasks.schemas.members import WITHOUT_NUL
from core.tasks import zones
from core.tasks.questions import cursors, queries
from core.tasks.sync import token
from core.types import MAX_TASK_ID

Document = dict[str, Any]


def _parameter(name: str, schema: Document, description: str, example: Any, *, where: str = "query") -> Document:
    made = {"name": name, "in": where, "description": description, "schema": schema, "example": example}
    return {**made, "required": True} if where == "path" else made


def _header(name: str, description: str, example: str) -> Document:
    return _parameter(name, {"type": "string"}, description, example, where="header")


def _one_of(values: tuple[str, ...]) -> Document:
    return {"type": "string", "enum": [*values]}


def _schema(name: str) -> Document:
    return {"$ref": f"#/components/schemas/{name}"}


_BOOLEAN = {"type": "boolean"}
_ORDERS = _one_of(queries.ORDERS)
_SORTS = _one_of(tuple(sign + name for name in queries.SORTS for sign in ("", "-")))

PARAMETERS: dict[str, Document] = {
    "task_id": _parameter("task_id", _schema("Id"), "The `id` of the task.", TASK["id"], where="path"),
    "token_id": _parameter(
        "token_id",
        {"type": "integer", "minimum": 1, "maximum": MAX_TASK_ID},
        "The `id` of the token.",
        TOKEN["id"],
        where="path",
    ),
    "completed": _parameter("completed", _BOOLEAN, "Only completed or only pending tasks.", example=False),
    "set_completed": _parameter("completed", _BOOLEAN, "As in the body, and before what is said there.", example=True),
    "status": _parameter("status", _one_of(tuple(queries.STATUSES)), "The same in words.", "pending"),
    "priority": _parameter("priority", _schema("Priority"), "Only tasks of this priority.", "high"),
    "tag": _parameter(
        "tag",
        {"type": "array", "items": _schema("Tag"), "maxItems": queries.MAX_TAGS},
        "Only tasks with this tag; given more than once, with all of them.",
        ["home"],
    ),
    "parent_id": _parameter(
        "parent_id",
        {"anyOf": [_schema("Id"), {"const": queries.NO_PARENT}]},
        "Only the subtasks of this task, without theirs; `none`: only tasks that are no subtasks.",
        queries.NO_PARENT,
    ),
    "descendants": _parameter(
        "descendants",
        {**_BOOLEAN, "default": True},
        "Whether completing completes what is open beneath the task.",
        example=False,
    ),
    "due_before": _parameter(
        "due_before",
        _schema("DueDate"),
        "Only tasks due before; a date is its first moment in the `time_zone`.",
        "2027-01-01",
    ),
    "due_after": _parameter("due_after", _schema("DueDate"), "Only tasks due then or later.", "2026-12-01"),
    "time_zone": _parameter(
        "time_zone",
        {"type": "string", "maxLength": zones.MAX_LENGTH, "default": zones.UNIVERSAL},
        "The zone in which a calendar date begins and ends, wherever one is compared with an instant (IANA).",
        "Europe/Berlin",
    ),
    "search": _parameter(
        "search",
        {"type": "string", "maxLength": queries.MAX_SEARCH, "pattern": WITHOUT_NUL},
        "Only tasks whose title or description contains this, however it is spelt there: in upper or lower case, with "
        "`ß` or `ss`, with letters in one code point or in two. White space around it does not count. Empty: all.",
        "milk",
    ),
    "accents": _parameter(
        "accents",
        {**_one_of(("mind", "ignore")), "default": "mind"},
        "Whether a search for `a` finds `ä`, too, and one for `ä` also `a`.",
        "ignore",
    ),
    "sort": _parameter(
        "sort",
        _SORTS,
        "The order; with `-` from the greatest. Ties go by `id`; what has no due date is last. Without: `-created`.",
        "due_date",
    ),
    "sort_by": _parameter("sort_by", _SORTS, "Another name of `sort`.", "title"),
    "order": _parameter("order", _ORDERS, "The direction of the order.", "desc"),
    "sort_order": _parameter("sort_order", _ORDERS, "Another name of `order`.", "asc"),
    "limit": _parameter(
        "limit",
        {"type": "integer", "minimum": 1, "maximum": queries.MAX_LIMIT, "default": queries.DEFAULT_LIMIT},
        "How many tasks are on a page.",
        50,
    ),
    "limit_of_occurrences": _parameter(
        "limit",
        {
            "type": "integer",
            "minimum": 1,
            "maximum": queries.MAX_OCCURRENCES,
            "default": queries.OCCURRENCES,
        },
        "How many dates to give at most.",
        3,
    ),
    "offset": _parameter(
        "offset",
        {"type": "integer", "minimum": 0, "maximum": queries.MAX_OFFSET, "default": 0},
        "How many tasks come before the page, for whoever counts pages; a cursor costs less.",
        0,
    ),
    # No example: only the service can make one.
    "cursor": {
        "name": "cursor",
        "in": "query",
        "description": "Where the page begins: from the `Link` of the page before, with the same filters and order.",
        "schema": {"type": "string", "maxLength": cursors.MAX_LENGTH, "pattern": cursors.PATTERN},
    },
    "since": {
        "name": "since",
        "in": "query",
        "description": "What the client has seen last: the `next` of an earlier answer. Without: everything.",
        "schema": {"type": "string", "maxLength": token.MAX_LENGTH, "pattern": token.PATTERN},
    },
    "format": _parameter(
        "format",
        {**_one_of(tuple(KINDS)), "default": "json"},
        "`json` can be imported again, `csv` is for spreadsheets, `ics` for calendars; `zip` has one for each task.",
        "json",
    ),
    "format_of_import": _parameter(
        "format",
        _one_of(("auto", *IMPORTED)),
        "Whose file it is; `auto` tells by itself. Without: `json`, and the answer says no more than how many there "
        "are. All but `json` may come as a zip.",
        "json",
    ),
    "dry_run": _parameter(
        "dry_run", {**_BOOLEAN, "default": False}, "Only show what would be made, task by task: 200.", example=True
    ),
    "zone_of_import": _parameter(
        "time_zone",
        {"type": "string", "maxLength": zones.MAX_LENGTH},
        "Where the user is (IANA): many files write a day as midnight there, and times without a zone are that clock's."
        " Without, a day is the nearest midnight, and such times are UTC.",
        "Europe/Berlin",
    ),
    "lists": _parameter(
        "lists",
        {**_one_of(("leave", "tags")), "default": "leave"},
        "What becomes of the names of the lists, projects or boards: nothing, or a tag of each task.",
        "tags",
    ),
    "bom": _parameter(
        "bom", {**_BOOLEAN, "default": False}, "Whether `csv` begins with the mark that some spreadsheets need.", True
    ),
    "after": _parameter(
        "after",
        {"type": "integer", "minimum": 0, "maximum": MAX_TASK_ID},
        "In parts that an import takes: the first is behind 0, the `Link` of each names the next.",
        0,
    ),
    "If-None-Match": _header(
        "If-None-Match", "ETags of what the client has, or `*`: 304 when it would come again.", etag(6)
    ),
    "If-Match": _header("If-Match", "ETags of what the client has seen, or `*`: 412 when the task is another.", "*"),
    "Unless-Match": _header("If-None-Match", "ETags, or `*`: 412 when the task is one of them.", etag(5)),
    # No example: only the service can make one.
    "Last-Event-ID": {
        "name": "Last-Event-ID",
        "in": "header",
        "description": "The id of the last event that the client has seen, and before `since`.",
        "schema": {"type": "string", "maxLength": token.MAX_LENGTH, "pattern": token.PATTERN},
    },
    "Idempotency-Key": {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "A new one for each new request, the same for its retries: they get the first one's answer.",
        "schema": {"type": "string", "pattern": KEY_PATTERN},
        "examples": {"bare": {"value": "8e03978e-40d5-43dd-bc93-6894a57f9324"}, "quoted": {"value": '"checkout 7"'}},
    },
    "X-Request-ID": _header(
        "X-Request-ID",
        "Comes back if it is 1 to 64 letters, digits, `.`, `_` or `-`, and stands in the log; else a new one does.",
        "page-7f3a",
    ),
}
