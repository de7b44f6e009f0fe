"""The SQL of lists, trash and statistics: one statement each, so that what it shows and its revision are one snapshot.

PostgreSQL writes the JSON that a client gets; no row becomes a Python object. The owner stands in every statement;
row-level security, under the role that the transaction has taken, is the second wall.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import LiteralString

from psycopg2 import errors

from core.database.transaction import Row, Transaction
from core.errors import Fault, InvalidInput
from core.lists.stand import HISTORY, REVISION
from core.tasks import spelling, zones
from core.tasks.fields import DELETED_TASK_JSON, TASK_JSON, function
from core.tasks.questions.cursors import Cursor, moment
from core.tasks.questions.queries import KEY_KINDS, ListQuery, StatsQuery
from core.tasks.tree import keys
from core.tasks.tree.keys import Place, edge
from core.types import Stand


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a list: `json` is an array of `count` tasks; `total` match; `next` is None on the last page."""

    stand: Stand
    total: int
    count: int
    json: str
    next: Cursor | None


@dataclass(frozen=True, slots=True)
class Stats:
    """Counts as a JSON object, true until `until`: then a task will be overdue that is not yet.

    A moment further away than any answer lives in the cache is left out.
    """

    stand: Stand
    json: str
    until: datetime | None


_FILTERS: dict[str, LiteralString] = {
    "priority": " AND priority = %(priority)s",
    "tags": " AND tags @> %(tags)s::text[]",
    "parent": " AND parent_id = %(parent)s",
    "top_level": " AND parent_id IS NULL",
    "due_before": " AND due_rising < %(due_before)s",
    "due_after": " AND due_falling >= %(due_after)s",
    # The pattern has every spelling: what lower() and ILIKE find depends on the server's locale.
    "search": ' AND (title COLLATE "C" ~ %(pattern)s OR description COLLATE "C" ~ %(pattern)s)',
}
# The same where a date begins at another instant than in UTC: within a day of it, so the columns lead there.
_FILTERS_ELSEWHERE: dict[str, LiteralString] = {
    **_FILTERS,
    "due_before": " AND due_rising < %(due_before)s + interval '1 day'"
    " AND (due_at < %(due_before)s OR due_on < %(day_before)s::date)",
    "due_after": " AND due_falling >= %(due_after)s - interval '1 day'"
    " AND (due_at >= %(due_after)s OR due_on >= %(day_after)s::date)",
}
_STATUS: dict[str, LiteralString] = {"all": "", "pending": " AND NOT completed", "completed": " AND completed"}

# Per order and direction a column in which tasks without a due date come last; an index has it, but for those that are
# changed day by day, `updated_at` and `priority_rank` (ADR 0027), and for titles (ADR 0047): there all the user's tasks
# are looked at.
_COLUMNS: dict[tuple[str, bool], LiteralString] = {
    ("created", False): "created_at",
    ("created", True): "created_at",
    ("updated", False): "updated_at",
    ("updated", True): "updated_at",
    ("title", False): "title_here",
    ("title", True): "title_here",
    ("due_date", False): "due_rising",
    ("due_date", True): "due_falling",
    ("priority", False): "priority_rank",
    ("priority", True): "priority_rank",
    ("position", False): "place",
    ("position", True): "place",
}
# In another zone no column has the order by due date: all tasks of the user are looked at. What begins before the year
# 1 or after 9999 is taken for their ends: a cursor must be able to say it.
_HERE: dict[bool, LiteralString] = {
    descending: "(SELECT *, coalesce(due_at, greatest('0001-01-01T00:00:00Z', least('9999-12-31T23:59:59.999999Z',"
    " due_on::timestamp AT TIME ZONE %(time_zone)s)), '" + end + "') AS due_here FROM tasks) AS here"
    for descending, end in ((False, "infinity"), (True, "-infinity"))
}
# What the tasks are read from where their rows do not have the column.
_MADE: dict[LiteralString, LiteralString] = {
    "title_here": '(SELECT *, tasklane_title_order(title) COLLATE "C" AS title_here FROM tasks) AS titled',
    "place": "(SELECT *, " + keys.PLACE + " AS place FROM tasks t) AS placed",
}
_KEYS: dict[str, LiteralString] = {
    "time": "CASE WHEN isfinite({0}) THEN (extract(epoch FROM {0}) * 1000000)::bigint END"
}

_NEAR = 7
"""Days around now: no answer lives longer in the cache than two."""

_SEPARATOR: LiteralString = "chr(30)"
"""Between tasks; JSON escapes control characters, so it stands in no task."""

_COUNTED: dict[str, LiteralString] = {"all": "live", "pending": "live - completed", "completed": "completed"}
"""What the list itself counts, by status; NULL where it was not counted yet."""

_DIRECT: LiteralString = "SELECT * FROM {source} WHERE {where} ORDER BY {order} LIMIT %(limit)s + 1"
# What is skipped is read from the index alone, not from the table.
_BY_ID: LiteralString = """
    SELECT task.*{besides} FROM (
        SELECT id, {column} FROM {source} WHERE {where} ORDER BY {order} LIMIT %(limit)s + 1 OFFSET %(offset)s
    ) page CROSS JOIN LATERAL (SELECT * FROM tasks WHERE user_id = %(owner)s AND id = page.id) task
    ORDER BY {page_order}
"""
# What was moved and what was not stand in one order, but in two indexes: a page is of the beginnings of both.
_BY_HAND: LiteralString = (
    "SELECT * FROM ((SELECT *, position AS place FROM tasks WHERE {where} AND position IS NOT NULL AND {moved}"
    " ORDER BY position {direction}, id {direction} LIMIT %(limit)s + 1 + %(offset)s)"
    " UNION ALL (SELECT *, " + keys.UNMOVED + " FROM tasks t WHERE {where} AND position IS NULL AND {unmoved}"
    " ORDER BY id {opposite} LIMIT %(limit)s + 1 + %(offset)s)) AS both_orders"
    " ORDER BY place {direction}, id {direction} LIMIT %(limit)s + 1 OFFSET %(offset)s"
)
# A search reads all of the user's tasks, once: for the count, and for the page.
_SOUGHT: LiteralString = "WITH sought AS MATERIALIZED (SELECT id, {column} FROM {source} WHERE {where})"

_NEWEST: LiteralString = "SELECT *, " + HISTORY + " FROM " + function("newest") + "(%(owner)s, %(done)s, %(limit)s)"
_DONE = {"all": None, "pending": False, "completed": True}


def page(transaction: Transaction, query: ListQuery) -> Page:
    """The tasks of one page, how many match in all, and where the next page begins."""
    if query == ListQuery(limit=query.limit, status=query.status):  # what most ask has its plan ready
        found = transaction.execute(_NEWEST, done=_DONE[query.status], limit=query.limit)
    else:
        found = _found(transaction, query)
    [(revision, total, tasks, last_key, last_id, history)] = found
    rows = tasks.split("\x1e") if tasks else []
    more = len(rows) > query.limit
    shown = rows[: query.limit]
    cursor = Cursor(last_key, last_id) if more else None
    return Page(Stand(revision, history), total, len(shown), f"[{','.join(shown)}]", cursor)


def _found(transaction: Transaction, query: ListQuery) -> list[Row]:
    try:
        return transaction.execute(_statement(query), **_parameters(query))
    except errors.InvalidParameterValue:
        if not query.minds_the_zone:
            raise
        # The server has a list of zones of its own, perhaps of an earlier year.
        raise InvalidInput(Fault("?time_zone", "is not known to the database, which cannot sort by it")) from None


def _statement(query: ListQuery) -> str:
    where = _where(query)
    column = "deleted_at" if query.trash else _COLUMNS[query.sort, query.descending]
    source: LiteralString = "tasks"
    if query.sort == "due_date" and query.minds_the_zone:
        column, source = "due_here", _HERE[query.descending]
    elif column in _MADE:
        source = _MADE[column]
    direction, beyond = ("DESC", "<") if query.descending else ("ASC", ">")
    behind = f"({column}, id) {beyond} (%(key)s, %(key_id)s)" if query.cursor else "true"
    key = _KEYS.get(KEY_KINDS[query.sort], "{0}").format(column)
    found = (_BY_ID if query.offset or query.search else _DIRECT).format(
        source="sought" if query.search else source,
        where=behind if query.search else f"{where} AND {behind}",
        column=column,
        besides="" if source == "tasks" else f", page.{column}",
        order=f"{column} {direction}, id {direction}",
        page_order=f"page.{column} {direction}, page.id {direction}",
    )
    if query.sort == "position" and not query.search:
        found = _by_hand(query, where)
    # One task more than asked for tells whether there is a next page. The subquery's order is the aggregates'.
    return f"""
        {_SOUGHT.format(column=column, source=source, where=where) if query.search else ""}
        SELECT coalesce({REVISION}, 0), {_total(query, where)},
            string_agg({DELETED_TASK_JSON if query.trash else TASK_JSON}, {_SEPARATOR}),
            (array_agg({key}))[%(limit)s], (array_agg(id))[%(limit)s], {HISTORY}
        FROM ({found}) t
    """


def _by_hand(query: ListQuery, where: str) -> str:
    opposite, nearer = ("ASC", ">") if query.descending else ("DESC", "<")
    direction, beyond = ("DESC", "<") if query.descending else ("ASC", ">")
    return _BY_HAND.format(
        where=where,
        moved=f"(position, id) {beyond} (%(key)s, %(key_id)s)" if query.cursor else "true",
        unmoved=f"id {nearer} %(edge)s" if query.cursor else "true",
        direction=direction,
        opposite=opposite,
    )


def _total(query: ListQuery, where: str) -> str:
    if query.search:
        return "(SELECT count(*) FROM sought)"
    count = f"(SELECT count(*) FROM tasks WHERE {where})"
    if not any(getattr(query, name) for name in _FILTERS):
        counted = "in_trash" if query.trash else _COUNTED[query.status]
        return f"coalesce((SELECT {counted} FROM task_lists WHERE user_id = %(owner)s), {count})"
    # The first page of a list that fits it has counted the list; only others need the second look.
    return count if query.cursor or query.offset else f"CASE WHEN count(*) <= %(limit)s THEN count(*) ELSE {count} END"


def stats(transaction: Transaction, query: StatsQuery) -> Stats:
    """Counts of all live tasks. A due date is over when its day has ended in the zone, an instant when it has passed.

    The server's clock decides; this one only says which days are near enough that it may have to.
    """
    first, ends = zones.last_moments(datetime.now(UTC), query.time_zone, days=_NEAR)
    sql = f"""
        WITH live AS MATERIALIZED (
            SELECT completed, priority, tags, CASE WHEN NOT completed THEN coalesce(
                due_at, CASE WHEN due_on < %(first)s THEN '-infinity' ELSE (%(ends)s)[due_on - %(first)s + 1] END
            ) END AS deadline
            FROM tasks WHERE user_id = %(owner)s AND deleted_at IS NULL
        ), priorities AS (
            SELECT jsonb_object_agg(name, (SELECT count(*) FROM live WHERE priority = name)) AS counts
            FROM unnest(ARRAY['low', 'medium', 'high', 'urgent']) AS name
        ), tagged AS (
            SELECT coalesce(jsonb_object_agg(tag, uses), '{{}}') AS counts
            FROM (SELECT tag, count(*) AS uses FROM live, unnest(tags) AS tag GROUP BY tag) AS used
        )
        SELECT coalesce({REVISION}, 0), jsonb_build_object(
            'total', count(*),
            'completed', count(*) FILTER (WHERE completed),
            'pending', count(*) FILTER (WHERE NOT completed),
            'overdue', count(*) FILTER (WHERE deadline <= now()),
            'by_priority', (SELECT counts FROM priorities),
            'by_tag', (SELECT counts FROM tagged)
        )::text, min(deadline) FILTER (WHERE deadline > now() AND deadline < now() + interval '2 days'), {HISTORY}
        FROM live
    """
    [(revision, json, until, history)] = transaction.execute(sql, first=first, ends=ends)
    return Stats(Stand(revision, history), json, until)


def _where(query: ListQuery) -> str:
    where = "user_id = %(owner)s AND deleted_at IS " + ("NOT NULL" if query.trash else "NULL") + _STATUS[query.status]
    filters = _FILTERS_ELSEWHERE if query.minds_the_zone else _FILTERS
    return where + "".join(sql for name, sql in filters.items() if getattr(query, name))


def _parameters(query: ListQuery) -> dict[str, object]:
    key: object = None
    if query.cursor:
        key = query.cursor.key
        if KEY_KINDS[query.sort] == "time":
            endless = "-infinity" if query.descending else "infinity"
            key = endless if key is None else moment(int(key))
    return {
        "priority": query.priority,
        "tags": list(query.tags),
        "parent": query.parent,
        "due_before": query.due_before,
        "due_after": query.due_after,
        "day_before": _day(query.due_before, query.time_zone),
        "day_after": _day(query.due_after, query.time_zone),
        "time_zone": query.time_zone,
        "pattern": spelling.pattern(query.search, accents=query.accents) if query.search else None,
        "key": key,
        "key_id": query.cursor.id if query.cursor else None,
        "edge": _edge(query),
        "limit": query.limit,
        "offset": query.offset,
    }


def _edge(query: ListQuery) -> int | None:
    if query.cursor is None or query.sort != "position":
        return None
    return edge(Place(query.cursor.id, str(query.cursor.key)), descending=query.descending)


def _day(moment: datetime | None, time_zone: str) -> date | str | None:
    """The first that begins then or later."""
    return moment and (zones.first_day_from(moment, time_zone) or "infinity")
