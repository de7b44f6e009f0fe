"""An import as it is read: task by task, so that it costs no more memory than its bytes, and nobody else any time."""

import json
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal, NamedTuple

from pydantic import TypeAdapter, ValidationError

from api.http.bodies.pieces import pieces
from api.http.problems import faults_of
from api.http.sentences import sentence_of
from api.tasks.files.lineage import TASKS, Family, family_faults
from api.tasks.files.transfer import Import, ImportedTask, row_of_uid
from api.turns import Turns
from core.errors import Fault, InvalidInput
from core.tasks.bulk import MAX_IMPORTED, Batches, Rows
from core.tasks.fields import DEFAULTS

MAX_FAULTS = 20
BATCH = 500
"""Rows that are written with one statement."""

_task = TypeAdapter(ImportedTask)


async def parse_import(document: bytes | bytearray) -> Batches:
    """The tasks as `core.tasks.bulk.insert_all` takes them; raises `InvalidInput`, at the twentieth mistake at last."""
    turns = Turns()
    head: dict[str, Any] = {}
    read = _Read()
    for piece in pieces(document, TASKS):
        await turns.next()
        if piece.number is None:
            if piece.name in Import.model_fields:
                head[piece.name] = piece.value
        elif piece.number == MAX_IMPORTED:
            context = {"max_length": MAX_IMPORTED, "field_type": "List"}
            raise InvalidInput(Fault(f"#/{TASKS}", sentence_of("too_long", context, "")))
        else:
            read.take(piece.number, piece.value)
            if len(read.faults) >= MAX_FAULTS:
                break
    if faults := [*_faults_of_head(head), *(read.faults or family_faults(read.family))]:
        raise InvalidInput(*faults[:MAX_FAULTS])
    return read.batches()


class _Naming(NamedTuple):
    """What a row says of another task: of its parent by its own number, of the others by the file's id for them."""

    column: Literal["parent_id", "series_id", "next_id"]
    of: int


@dataclass(slots=True)
class _Read:
    """What was read so far."""

    faults: list[Fault] = field(default_factory=list)
    family: Family = field(default_factory=Family)
    _rows: list[str] = field(default_factory=list)
    _named: list[_Naming] = field(default_factory=list)
    _done: list[tuple[bytes, int, list[_Naming]]] = field(default_factory=list)
    _series: dict[int, int] = field(default_factory=dict)
    """The first task of each series that is in the file, which stands for one that is not."""
    _positions: list[str | None] = field(default_factory=list)
    _uids: set[str] = field(default_factory=set)
    _names: set[str] = field(default_factory=set)

    def take(self, number: int, value: Any) -> None:
        """The first task of a uid has it."""
        try:
            task = _task.validate_python(value)
        except ValidationError as error:
            found = error.errors(include_url=False, include_input=False)
            self.faults += faults_of(found, below=f"#/{TASKS}/{number}")
            return
        if not self.faults:
            self._rows.append(self._row(task))
            if len(self._rows) == BATCH:
                self._close()

    def batches(self) -> Batches:
        self._close()
        rows = [Rows(json, size, [self._number(naming) for naming in named]) for json, size, named in self._done]
        return Batches(rows, _ranks(self._positions))

    def _number(self, naming: _Naming) -> int | None:
        if naming.column == "parent_id":
            return self.family.parents[naming.of]
        number = self.family.number(naming.of)
        return self._series[naming.of] if number is None and naming.column == "series_id" else number

    def _row(self, task: ImportedTask) -> str:
        columns = {**DEFAULTS, **task.columns()}
        number = self.family.add(columns.pop("id", None), columns.pop("parent_id", None), live=not task.deleted_at)
        self._positions.append(columns.pop("position", None))
        if task.series_id is not None:
            self._series.setdefault(task.series_id, number)
        for naming in (
            _Naming("parent_id", number) if task.parent_id is not None else None,
            _Naming("series_id", task.series_id) if task.series_id is not None else None,
            _Naming("next_id", task.next_id) if task.next_id is not None else None,
        ):
            if naming:
                self._named.append(naming)
                columns[naming.column] = len(self._named)
        calendar = task.calendar.model_dump(exclude_none=True) if task.calendar else {}
        uid, waits_for = columns.pop("uid", None), columns.pop("parent_uid", None)
        if uid and uid not in self._uids:
            self._uids.add(uid)
            columns |= row_of_uid(uid, calendar)
        if waits_for and task.parent_id is None:
            calendar["parent_uid"] = waits_for
        if (name := calendar.get("name")) in self._names:
            del calendar["name"]
        self._names |= {name} if name else set()
        columns.pop("calendar", None)
        if calendar:
            columns["calendar"] = calendar
        row = {name: item.isoformat() if isinstance(item, date) else item for name, item in columns.items()}
        return json.dumps(row, ensure_ascii=False)

    def _close(self) -> None:
        if self._rows:
            self._done.append((f"[{','.join(self._rows)}]".encode(), len(self._rows), self._named))
        self._rows, self._named = [], []


def _ranks(positions: list[str | None]) -> list[int]:
    """By hand, the last first; what says nothing of its place comes above, what was read later above the rest."""
    order = sorted(range(len(positions)), key=lambda number: (positions[number] is None, number))
    placed = [number for number in order if positions[number] is not None]
    placed.sort(key=lambda number: (str(positions[number]), -number), reverse=True)
    ranks = [0] * len(positions)
    for rank, number in enumerate([*placed, *order[len(placed) :]]):
        ranks[number] = rank
    return ranks


def _faults_of_head(head: dict[str, Any]) -> list[Fault]:
    """What is wrong with anything but the tasks, which may be missing, too."""
    try:
        Import.model_validate(head)
    except ValidationError as error:
        return faults_of(error.errors(include_url=False, include_input=False))
    return []
