"""Google Tasks: the `Tasks.json` of Takeout, in the shape of 2026 and in that of the years before, and the API's lists.

Google writes every past occurrence of what repeats as a task: here one task comes of each rule, the next open one.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, Field

from api.imports.parsed import Asked, Parsed
from api.imports.source.file import File
from api.imports.source.json_walk import PIECE, Found, Shape, Walk
from api.imports.values.moments import Instant, day_or_instant
from api.imports.values.rules import BY_NAME, every, listed, rule
from api.imports.values.texts import Flag, Foreign, Ref, Text, plain

_LIST: Final[dict[str, Any]] = {"title": PIECE, "items": [PIECE], "recurrences": [PIECE]}
_SHAPE: Final[Shape] = {"items": [_LIST]}


class _Scheduled(Foreign):
    start: Instant = None
    current: Flag = False


class _Link(Foreign):
    link: Text = ""


class _Written(Foreign):
    id: Ref = ""
    title: Text = ""
    notes: Text = ""
    status: Text = ""
    due: Instant = None
    # Reported once as text: then nobody knows when.
    scheduled_time: Annotated[
        list[_Scheduled], BeforeValidator(lambda value: [] if value is None or isinstance(value, str) else value)
    ] = []
    created: Instant = None
    updated: Instant = None
    completed: Instant = None
    parent: Ref = ""
    position: Text = ""
    links: Annotated[list[_Link], BeforeValidator(lambda value: value or [])] = []
    hidden: Flag = False
    deleted: Flag = False
    task_recurrence_id: Ref = ""


class _Interval(Foreign):
    daily: Any = None
    weekly: Any = None
    monthly: Any = None
    yearly: Any = None
    interval_multiplier: Annotated[int, BeforeValidator(lambda value: value or 1), Field(ge=1, le=1000)] = 1


class _End(Foreign):
    date_boundary: Instant = None
    instance_number_limit: Annotated[int | None, Field(ge=1)] = None


class _Schedule(Foreign):
    interval: _Interval | None = None
    end_condition: _End | None = None


class _Recurrence(Foreign):
    id: Ref = ""
    stopped: Flag = False
    schedule: _Schedule | None = None


@dataclass(slots=True)
class _Task:
    """A task as it was read; `rule` is the key of its rule, whose list may tell of it later."""

    number: int
    parsed: Parsed
    start: datetime | None
    rule: tuple[int, str] | None


def read(file: File, asked: Asked) -> Iterator[Parsed | None]:
    """Tasks of all lists, in the order of the file where they have no positions."""
    walk = file.walk()
    titles: dict[int, str] = {}
    rules: dict[tuple[int, str], _Recurrence] = {}
    tasks: list[_Task] = []
    for found in walk.through(_SHAPE):
        yield None
        if found is None:
            continue
        match found.path:
            case ("items", int(number), "title") if isinstance(found.value, str):
                titles[number] = plain(found.value)
            case ("items", int(number), "recurrences", int()):
                recurrence = walk.check(found, _Recurrence)
                rules[number, recurrence.id] = recurrence
            case ("items", int(number), "items", int()):
                tasks.extend(_task(number, walk, found, asked))
    yield from _chosen(tasks, titles, rules, asked)


def _task(number: int, walk: Walk, found: Found, asked: Asked) -> Iterator[_Task]:
    task = walk.check(found, _Written)
    if task.deleted:
        asked.leave_out("deleted")
        return
    if not task.title.strip():
        asked.leave_out("without a title")
        return
    scheduled = [one for one in task.scheduled_time if one.current] or task.scheduled_time
    start = scheduled[-1].start if scheduled else task.due
    parsed = Parsed(
        ref=task.id,
        key=f"{number}/{task.id}" if task.id else walk.place(found),
        title=plain(task.title),
        place=walk.place(found),
        description=plain(task.notes),
        completed=task.status == "completed" or task.hidden,
        completed_at=task.completed,
        due=day_or_instant(start, asked.zone) if start else None,
        parent=f"{number}/{task.parent}" if task.parent else "",
        order=(number, float(task.position)) if task.position.isdecimal() else (),
        created=task.created,
        updated=task.updated,
    )
    if isinstance(unreadable := found.value.get("scheduled_time"), str):
        parsed.leave("date", unreadable)
    parsed.leave("url", ", ".join(link.link for link in task.links if link.link))
    yield _Task(number, parsed, start, (number, task.task_recurrence_id) if task.task_recurrence_id else None)


def _chosen(
    tasks: list[_Task], titles: dict[int, str], rules: dict[tuple[int, str], _Recurrence], asked: Asked
) -> Iterator[Parsed | None]:
    """Each rule's next open occurrence alone, with the newest notes."""
    occurrences: dict[tuple[int, str], list[_Task]] = {}
    in_order = all(task.parsed.order for task in tasks)
    for task in tasks:
        yield None
        task.parsed.order = task.parsed.order if in_order else ()
        task.parsed.lists = titles.get(task.number, "")
        if task.rule:
            occurrences.setdefault(task.rule, []).append(task)
    chosen: set[int] = set()
    for key, found in occurrences.items():
        yield None
        recurrence = rules.get(key)
        open_ones = [task for task in found if not task.parsed.completed]
        if open_ones and not (recurrence and recurrence.stopped):
            following = min(open_ones, key=_when)
            noted = [task for task in found if task.parsed.description]
            following.parsed.description = max(noted, key=_when).parsed.description if noted else ""
            _repeat(following.parsed, recurrence, passed=sum(_when(task) < _when(following) for task in found))
            chosen.add(id(following))
    for task in tasks:
        if task.rule is None or id(task) in chosen:
            yield task.parsed
        else:
            asked.leave_out("other occurrences of what repeats")
            yield None


def _when(task: _Task) -> datetime:
    return task.start or datetime.max.replace(tzinfo=UTC)


def _repeat(task: Parsed, recurrence: _Recurrence | None, *, passed: int) -> None:
    """From this occurrence on, before which so many of the file come."""
    schedule = recurrence.schedule if recurrence else None
    written = _rule(schedule, passed) if schedule else None
    task.rule = rule(written) if written else None
    if task.rule is None:
        task.leave("recurrence", "the file does not say how it repeats")


def _rule(schedule: _Schedule, passed: int) -> str | None:
    interval, end = schedule.interval, schedule.end_condition
    if interval is None:
        return None
    until = end.date_boundary.strftime("%Y%m%d") if end and end.date_boundary else None
    most = end.instance_number_limit if end and until is None else None
    count = max(most - passed, 1) if most else None
    often = {
        "DAILY": interval.daily,
        "WEEKLY": interval.weekly,
        "MONTHLY": interval.monthly,
        "YEARLY": interval.yearly,
    }
    for frequency, said in often.items():
        if said is not None:
            named = said.get("day_of_week") if isinstance(said, dict) else None
            days = [BY_NAME.get(str(name).lower(), "") for name in named] if isinstance(named, list) else []
            by_day = listed(filter(None, days)) if frequency == "WEEKLY" else None
            return every(frequency, interval.interval_multiplier, BYDAY=by_day, COUNT=count, UNTIL=until)
    return None
