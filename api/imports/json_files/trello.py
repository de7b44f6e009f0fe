"""Trello: a board as JSON. Order is by positions, lists and cards may be archived, and steps stand at the board."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Final

from pydantic import BeforeValidator

from api.imports.parsed import Asked, Parsed
from api.imports.source.file import File
from api.imports.source.json_walk import PIECE, Found, Shape, Walk
from api.imports.values.moments import Instant
from api.imports.values.texts import Camel, Flag, Number, Ref, Refs, Text, plain

_SHAPE: Final[Shape] = {"name": PIECE, "lists": [PIECE], "cards": [PIECE], "checklists": [PIECE]}

_WITH_TIME = re.compile("[0-9a-f]{24}")


class _List(Camel):
    id: Ref = ""
    name: Text = ""
    closed: Flag = False
    pos: Number = 0


class _Label(Camel):
    name: Text = ""
    color: Text = ""


class _Card(Camel):
    id: Ref = ""
    id_list: Ref = ""
    name: Text = ""
    desc: Text = ""
    due: Instant = None
    start: Instant = None
    due_complete: Flag = False
    closed: Flag = False
    pos: Number = 0
    labels: Annotated[list[_Label], BeforeValidator(lambda value: value or [])] = []
    id_members: Refs = []
    attachments: Annotated[list[object], BeforeValidator(lambda value: value or [])] = []
    date_last_activity: Instant = None


class _Step(Camel):
    id: Ref = ""
    name: Text = ""
    state: Text = ""
    due: Instant = None
    pos: Number = 0


class _Checklist(Camel):
    id: Ref = ""
    id_card: Ref = ""
    pos: Number = 0
    check_items: Annotated[list[_Step], BeforeValidator(lambda value: value or [])] = []


@dataclass(slots=True)
class _Waiting:
    """A card whose list may come behind it."""

    parsed: Parsed
    list: str
    pos: float


def read(file: File, asked: Asked) -> Iterator[Parsed | None]:
    """Cards that are not archived, their steps behind them."""
    walk = file.walk()
    board = ""
    lists: dict[str, _List] = {}
    cards: list[_Waiting] = []
    steps: list[Parsed] = []
    for found in walk.through(_SHAPE):
        yield None
        if found is None:
            continue
        match found.path:
            case ("name",) if isinstance(found.value, str):
                board = plain(found.value)
            case ("lists", int()):
                one = walk.check(found, _List)
                lists[one.id] = one
            case ("cards", int()):
                cards.extend(_card(walk, found, asked))
            case ("checklists", int()):
                steps.extend(_steps(walk, found))
    shown: set[str] = set()
    for card in cards:
        yield _in_list(card, lists.get(card.list), board, shown, asked)
    for step in steps:
        if step.parent not in shown:
            asked.leave_out("steps of archived cards")
        yield step if step.parent in shown else None


def _card(walk: Walk, found: Found, asked: Asked) -> Iterator[_Waiting]:
    card = walk.check(found, _Card)
    if card.closed:
        asked.leave_out("archived")
    elif not card.name.strip():
        asked.leave_out("without a title")
    else:
        task = Parsed(
            ref=card.id,
            key=card.id or walk.place(found),
            title=plain(card.name),
            place=walk.place(found),
            description=plain(card.desc),
            completed=card.due_complete,
            due=card.due,
            tags=tuple(plain(label.name) or plain(label.color) for label in card.labels),
            created=_made(card.id),
            updated=card.date_last_activity,
        )
        task.leave("start", card.start)
        task.leave_many("assignee", card.id_members)
        task.leave_many("attachment", card.attachments)
        yield _Waiting(task, card.id_list, card.pos)


def _in_list(card: _Waiting, within: _List | None, board: str, shown: set[str], asked: Asked) -> Parsed | None:
    if within and within.closed:
        asked.leave_out("in archived lists")
        return None
    task = card.parsed
    shown.add(task.key)
    task.lists = board
    task.leave("section", plain(within.name) if within else "")
    task.order = (within.pos if within else float("inf"), card.pos)
    return task


def _made(card: str) -> datetime | None:
    """Its id begins with the seconds since 1970."""
    return datetime.fromtimestamp(int(card[:8], 16), UTC) if _WITH_TIME.fullmatch(card) else None


def _steps(walk: Walk, found: Found) -> Iterator[Parsed]:
    checklist = walk.check(found, _Checklist)
    for number, step in enumerate(checklist.check_items):
        if step.name.strip():
            yield Parsed(
                ref=step.id,
                key=f"{checklist.id_card}/{checklist.id}/{step.id or number}",
                title=plain(step.name),
                place=f"{walk.place(found)}/checkItems/{number}",
                completed=step.state == "complete",
                due=step.due,
                parent=checklist.id_card,
                order=(checklist.pos, step.pos),
            )
