"""An import as it is read: task by task, so that it costs no more memory than its bytes, and nobody else any time."""

import json
from datetime import date
from typing import Any

from pydantic import TypeAdapter, ValidationError

from api.http.pieces import pieces
from api.http.problems import faults_of
from api.http.sentences import sentence_of
from api.tasks.transfer import Import, ImportedTask
from api.turns import Turns
from core.errors import Fault, InvalidInput
from core.tasks.bulk import MAX_IMPORTED
from core.tasks.fields import DEFAULTS

TASKS = "tasks"
MAX_FAULTS = 20
BATCH = 500
"""Rows that are written with one statement."""

_task = TypeAdapter(ImportedTask)


async def parse_import(document: bytes | bytearray) -> list[bytes]:
    """The rows as `core.tasks.bulk.insert_all` takes them; raises `InvalidInput`, at the twentieth mistake at last."""
    turns = Turns()
    head: dict[str, Any] = {}
    faults: list[Fault] = []
    batches: list[bytes] = []
    rows: list[str] = []
    uids: set[str] = set()
    for piece in pieces(document, TASKS):
        await turns.next()
        if piece.number is None:
            if piece.name in Import.model_fields:
                head[piece.name] = piece.value
        elif piece.number == MAX_IMPORTED:
            context = {"max_length": MAX_IMPORTED, "field_type": "List"}
            raise InvalidInput(Fault(f"#/{TASKS}", sentence_of("too_long", context, "")))
        else:
            row = _row(piece.number, piece.value, uids, faults)
            if len(faults) >= MAX_FAULTS:
                break
            if row and not faults:
                rows.append(row)
            if len(rows) == BATCH:
                batches.append(_joined(rows))
                rows.clear()
    faults = [*_faults_of_head(head), *faults]
    if faults:
        raise InvalidInput(*faults[:MAX_FAULTS])
    return [*batches, _joined(rows)] if rows else batches


def _row(number: int, value: Any, uids: set[str], faults: list[Fault]) -> str | None:
    """The first task of a uid has it."""
    try:
        task = _task.validate_python(value)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        faults += faults_of(found, below=f"#/{TASKS}/{number}")
        return None
    columns = {**DEFAULTS, **task.columns()}
    if columns.get("uid") in uids:
        del columns["uid"]
    elif uid := columns.get("uid"):
        uids.add(uid)
    row = {name: item.isoformat() if isinstance(item, date) else item for name, item in columns.items()}
    return json.dumps(row, ensure_ascii=False)


def _joined(rows: list[str]) -> bytes:
    return f"[{','.join(rows)}]".encode()


def _faults_of_head(head: dict[str, Any]) -> list[Fault]:
    """What is wrong with anything but the tasks, which may be missing, too."""
    try:
        Import.model_validate(head)
    except ValidationError as error:
        return faults_of(error.errors(include_url=False, include_input=False))
    return []
