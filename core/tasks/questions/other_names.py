"""Other names and values by which frontends say the same: read as the contract's own, before anything else looks.

docs/frontend.md has them as a table.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from itertools import islice

from core.errors import Fault, InvalidInput
from core.tasks.questions.queries import DEFAULT_LIMIT, MAX_OFFSET, MAX_TAGS

Pair = tuple[str, str]

PRIORITIES: Mapping[str, str] = {
    **{name: name for name in ("low", "medium", "high", "urgent")},
    **dict.fromkeys(("critical", "highest"), "urgent"),
    **dict.fromkeys(("normal", "med"), "medium"),
    **dict.fromkeys(("none", "lowest"), "low"),
}
STATUSES: Mapping[str, bool] = {
    **dict.fromkeys(("completed", "complete", "done", "finished", "closed"), True),
    **dict.fromkeys(("pending", "todo", "to-do", "to_do", "open", "active", "incomplete", "not_started"), False),
    **dict.fromkeys(("in_progress", "in-progress", "in progress"), False),
}
"""Whether who is so is completed."""

_NAMES: Mapping[str, str] = {
    **dict.fromkeys(("q", "query"), "search"),
    **dict.fromkeys(("status_filter", "statusFilter", "filter"), "status"),
    **dict.fromkeys(("per_page", "perPage", "page_size", "pageSize"), "limit"),
    "skip": "offset",
    **dict.fromkeys(("sortBy", "order_by", "orderBy"), "sort_by"),
    "sortOrder": "sort_order",
    **dict.fromkeys(("timezone", "timeZone", "tz"), "time_zone"),
    "dueBefore": "due_before",
    "dueAfter": "due_after",
    "parentId": "parent_id",
}
_SORTS: Mapping[str, str] = {
    **dict.fromkeys(("date", "createdAt"), "created"),
    "updatedAt": "updated",
    **dict.fromkeys(("dueDate", "due"), "due_date"),
    "name": "title",
}
_EVERYTHING = ("all", "any")
_HARMLESS = re.compile(r"_|t|ts|timestamp|v|cb|cache|nocache|user_id|userId|utm_[a-z]+")
"""What pages add so that nobody answers out of a cache, and what the token says anyway."""

_PLAIN = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_PAGE = re.compile(r"[1-9][0-9]{0,8}", re.ASCII)


def spelt_out(pairs: Iterable[Pair], known: Iterable[str]) -> list[Pair]:
    """A list's parameters by the names in `known`; empty ones are absent. Raises `InvalidInput`.

    Two names for one thing must say the same, but for those of which `parse_list` says which counts; a name that nobody
    knows is refused, for a list that is not what was asked for looks as if it were.
    """
    known = frozenset(known)
    read: list[Pair] = []
    others: list[tuple[str, str, str]] = []
    pages: list[str] = []
    for name, value in pairs:
        meant = _NAMES.get(name, name)
        if not value:
            continue
        if name == "tags" and "tag" in known:
            read += islice((("tag", tag) for part in value.split(",") if (tag := part.strip())), MAX_TAGS + 1)
        elif name == "page" and "offset" in known:
            pages.append(value)
        elif name in known:
            read += [(name, plain) for plain in _plain(name, value)]
        elif meant in known:
            others += [(name, meant, plain) for plain in _plain(meant, value)]
        elif not _HARMLESS.fullmatch(name):
            raise InvalidInput(Fault(f"?{name if _PLAIN.fullmatch(name) else ''}", "is not known here"))
    for name, meant, value in others:
        _add(read, name, (meant, value))
    for page in pages:
        _add(read, "page", ("offset", _offset(page, dict(read).get("limit", ""))))
    return read


def _add(read: list[Pair], name: str, pair: Pair) -> None:
    said = [value for other, value in read if other == pair[0]]
    if not said:
        read.append(pair)
    elif said != [pair[1]]:
        raise InvalidInput(Fault(f"?{name}", f"says something else than another name of {pair[0]}"))


def _offset(page: str, limit: str) -> str:
    """Of a page; a limit that is none is refused by whoever reads it."""
    each = int(limit) if _PAGE.fullmatch(limit) else DEFAULT_LIMIT
    if not _PAGE.fullmatch(page) or (offset := (int(page) - 1) * each) > MAX_OFFSET:
        raise InvalidInput(
            Fault("?page", f"must be an integer from 1, and no page behind the first {MAX_OFFSET} tasks")
        )
    return str(offset)


def _plain(name: str, value: str) -> list[str]:
    """The value in the contract's spelling; none where it filters nothing."""
    return [value] if name not in _VALUES else _VALUES[name](value)


def _status(value: str) -> list[str]:
    if value.lower() in _EVERYTHING:
        return ["all"]
    completed = STATUSES.get(value.lower())
    return [value if completed is None else "completed" if completed else "pending"]


def _priority(value: str) -> list[str]:
    return [] if value.lower() in _EVERYTHING else [PRIORITIES.get(value.lower(), value)]


def _sort(value: str) -> list[str]:
    name = value.removeprefix("-")
    return [value.removesuffix(name) + _SORTS.get(name, name)]


_VALUES: Mapping[str, Callable[[str], list[str]]] = {
    "status": _status,
    "priority": _priority,
    "sort": _sort,
    "sort_by": _sort,
}
