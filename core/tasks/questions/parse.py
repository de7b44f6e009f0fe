"""The forms in which a question is asked, read here and nowhere else: for the routes, the hot path and the audit."""

import re
from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import TypeVar
from urllib.parse import parse_qsl

from core.errors import Fault, InvalidInput, Resynchronise
from core.tasks import due, spelling, zones
from core.tasks.questions import cursors
from core.tasks.questions.other_names import Pair, spelt_out
from core.tasks.questions.queries import (
    KEY_KINDS,
    LIST_PATH,
    MAX_CHANGES,
    MAX_LIMIT,
    MAX_OCCURRENCES,
    MAX_OFFSET,
    MAX_SEARCH,
    MAX_TAG,
    MAX_TAGS,
    NO_PARENT,
    ORDERS,
    PRIORITIES,
    SORTS,
    STAND_VARIANT,
    STATUSES,
    ChangesQuery,
    ListQuery,
    OccurrencesQuery,
    Query,
    StandQuery,
    StatsQuery,
    TaskQuery,
)
from core.tasks.sync import token
from core.types import MAX_TASK_ID, TaskId

Q = TypeVar("Q", ListQuery, StatsQuery, ChangesQuery, OccurrencesQuery)
Reader = Callable[[Q, str], Q]
Spelling = Callable[[Iterable[Pair], Mapping[str, object]], list[Pair]]

MAX_FOLDED = 2 * MAX_SEARCH
"""Of a search, in characters: one sign may stand for eighteen."""

_TASK_ID = re.compile(r"[1-9][0-9]{0,18}", re.ASCII)


def parse_path(path: str, query: bytes) -> Query:
    """The query of a canonical path; raises `InvalidInput`, and `Resynchronise` for the token of another release."""
    match path.removeprefix(LIST_PATH):
        case "":
            return parse_list(query)
        case "/trash":
            return parse_trash(query)
        case "/stats":
            return parse_stats(query)
        case "/changes":
            return parse_changes(query)
        case rest:
            return TaskQuery(parse_task_id(rest.removeprefix("/")))


def parse_variant(variant: str) -> Query:
    """The inverse of `variant`."""
    if variant == STAND_VARIANT:
        return StandQuery()
    path, _, query = variant.partition("?")
    return parse_path(path, query.encode())


def parse_task_id(text: str) -> TaskId:
    """A positive 64-bit integer in its plain decimal form; raises `InvalidInput`."""
    if not _TASK_ID.fullmatch(text) or int(text) > MAX_TASK_ID:
        raise InvalidInput(Fault("id", "must be a positive 64-bit integer"))
    return TaskId(int(text))


def parse_list(query: bytes) -> ListQuery:
    """Read a query string as a browser sends it; raises `InvalidInput` with every fault that it has.

    By the contract's names, and by those of `other_names`; what else is asked is refused. A name that takes one value
    must be given once. Of two names for one thing, the one that says it more plainly counts: `completed` before
    `status`, `sort` before `sort_by`, `order` before `sort_order` and before a `-`, `cursor` before `offset`.
    """
    return _parse(query, _READERS, ListQuery(), spelt=spelt_out)


def parse_trash(query: bytes) -> ListQuery:
    """The trash takes `limit`, `offset` and `cursor`."""
    readers = {name: _READERS[name] for name in ("limit", "offset", "cursor")}
    return _parse(query, readers, ListQuery(trash=True), spelt=spelt_out)


def parse_stats(query: bytes) -> StatsQuery:
    """The statistics take `time_zone`."""
    return _parse(query, _OF_STATS, StatsQuery())


def parse_changes(query: bytes) -> ChangesQuery:
    """The changes take `since` and `limit`; raises `Resynchronise`, too."""
    return _parse(query, _OF_CHANGES, ChangesQuery())


def parse_occurrences(query: bytes) -> OccurrencesQuery:
    """What is to come takes `limit`."""
    return _parse(query, _OF_OCCURRENCES, OccurrencesQuery())


def parse_events(query: bytes, last_event: str | None) -> ChangesQuery:
    """What a stream begins with: after the last event that was seen, else as `?since=` says; raises as the changes do.

    `EventSource` repeats the path that it began with: what it has seen since then counts.
    """
    asked = ChangesQuery(limit=MAX_CHANGES)
    try:
        asked = _parse(query, {"since": _since}, asked)
    except Resynchronise:
        if not last_event:
            raise
    if not last_event:
        return asked
    try:
        return _since(asked, last_event)
    except ValueError as error:
        raise InvalidInput(Fault("Last-Event-ID", str(error))) from None


def _known(pairs: Iterable[Pair], known: Container[str]) -> list[Pair]:
    """The rest is ignored: pages add their own."""
    return [pair for pair in pairs if pair[0] in known]


def _parse(query: bytes, readers: Mapping[str, Reader[Q]], asked: Q, *, spelt: Spelling = _known) -> Q:
    faults: list[Fault] = []
    seen: set[str] = set()
    pairs = spelt(_pairs(query), readers)
    if sum(name == "tag" for name, _ in pairs) > MAX_TAGS:  # before they are read: each costs as much as all before it
        faults.append(Fault("?tag", f"must be given at most {MAX_TAGS} times"))
        pairs = [pair for pair in pairs if pair[0] != "tag"]
    for name, value in sorted(pairs, key=lambda pair: _TURNS.get(pair[0], 0)):
        if name in seen and name != "tag":
            faults.append(Fault(f"?{name}", "must be given once"))
            continue
        seen.add(name)
        try:
            asked = readers[name](asked, _without_nul(value))
        except ValueError as error:
            faults.append(Fault(f"?{name}", str(error)))
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


def _parent(asked: ListQuery, value: str) -> ListQuery:
    if value == NO_PARENT:
        return replace(asked, top_level=True)
    if not _TASK_ID.fullmatch(value) or int(value) > MAX_TASK_ID:
        raise ValueError("must be the id of a task, or none")
    return replace(asked, parent=TaskId(int(value)))


def _search(asked: ListQuery, value: str) -> ListQuery:
    """Empty is no filter: a search box sends it as it is, and a phone's keyboard puts a space behind each word."""
    if len(value) > MAX_SEARCH or len(spelling.fold(value)) > MAX_FOLDED:
        raise ValueError(f"must have at most {MAX_SEARCH} characters")
    return replace(asked, search=value.strip() or None)


def _sort(asked: ListQuery, value: str) -> ListQuery:
    name = value.removeprefix("-")
    if name not in SORTS:
        raise ValueError(
            "must be created, updated, title, due_date, priority or position, with - in front for descending"
        )
    return replace(asked, sort=SORTS[name], descending=value.startswith("-"))


def _order(asked: ListQuery, value: str) -> ListQuery:
    return replace(asked, descending=_one_of(value, ORDERS).lower() == "desc")


def _cursor(asked: ListQuery, value: str) -> ListQuery:
    if len(value) > cursors.MAX_LENGTH:
        raise ValueError(cursors.WRONG)
    return asked.after(cursors.decode(value, asked.question, KEY_KINDS[asked.sort]))


def _since(asked: ChangesQuery, value: str) -> ChangesQuery:
    return replace(asked, since=token.decode(value))


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


def _due_before(asked: ListQuery, value: str) -> ListQuery:
    return replace(asked, due_before=_moment(value, asked.time_zone))


def _due_after(asked: ListQuery, value: str) -> ListQuery:
    return replace(asked, due_after=_moment(value, asked.time_zone))


def _moment(value: str, time_zone: str) -> datetime | None:
    asked = due.parse(value)
    return zones.beginning(asked.on, time_zone) if asked.on else asked.at


_limit = _integer(1, MAX_LIMIT)
_offset = _integer(0, MAX_OFFSET)
_occurrences = _integer(1, MAX_OCCURRENCES)
# What is read later counts; a date is read in its zone, a cursor after all that it is bound to.
_TURNS = {"time_zone": -1, "completed": 1, "sort": 1, "sort_order": 2, "order": 3, "cursor": 4}
_READERS: dict[str, Reader[ListQuery]] = {
    "completed": _completed,
    "status": _status,
    "priority": _priority,
    "tag": _tag,
    "parent_id": _parent,
    "due_before": _due_before,
    "due_after": _due_after,
    "time_zone": lambda asked, value: replace(asked, time_zone=zones.parse(value)),
    "search": _search,
    "accents": lambda asked, value: replace(asked, accents=_one_of(value, ("mind", "ignore")) == "mind"),
    "sort": _sort,
    "sort_by": _sort,
    "order": _order,
    "sort_order": _order,
    "limit": lambda asked, value: replace(asked, limit=_limit(value)),
    "offset": lambda asked, value: replace(asked, offset=_offset(value)),
    "cursor": _cursor,
}
_OF_STATS: dict[str, Reader[StatsQuery]] = {
    "time_zone": lambda asked, value: replace(asked, time_zone=zones.parse(value)),
}
_OF_CHANGES: dict[str, Reader[ChangesQuery]] = {
    "since": _since,
    "limit": lambda asked, value: replace(asked, limit=_limit(value)),
}
_OF_OCCURRENCES: dict[str, Reader[OccurrencesQuery]] = {
    "limit": lambda asked, value: replace(asked, limit=_occurrences(value)),
}
