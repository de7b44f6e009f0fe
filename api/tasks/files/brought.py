"""What somebody brings along: a file of this service or of another, made into rows, or shown as it would be made."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from api.imports.detect import Format
from api.imports.parsed import Asked
from api.imports.read import format_of, is_archive, read
from api.tasks.files.foreign import Made, Making
from api.tasks.files.imports import BATCH, parse_import
from api.tasks.parameters import ImportAsked
from api.turns import Turns
from core.tasks.bulk import MAX_IMPORTED, Batches, Rows

OWN: Format = "json"


@dataclass(slots=True)
class Brought:
    """The tasks as `core.tasks.bulk.insert_all` takes them, or for a dry run as people see them, in JSON arrays."""

    format: Format
    batches: Batches = field(default_factory=lambda: Batches((), ()))
    shown: list[bytes] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    """How many of what was in the file, and becomes no task."""
    not_carried: Counter[str] = field(default_factory=Counter)
    """How many of what the tasks of the file have, and those of the service have not."""

    @property
    def size(self) -> int:
        """In bytes."""
        return sum(map(len, self.shown)) + sum(len(rows.json) for rows in self.batches.rows)

    @property
    def told(self) -> dict[str, Any]:
        """For the answer."""
        return {"format": self.format, "left_out": dict(self.left_out), "not_carried": dict(self.not_carried)}

    def preview(self) -> Iterator[bytes]:
        """The document of a dry run."""
        yield json.dumps(self.told, ensure_ascii=False)[:-1].encode() + b', "tasks": ['
        for number, array in enumerate(self.shown):
            yield b"," * bool(number) + array[1:-1]
        yield b"]}"


async def bring(document: bytes | bytearray, asked: ImportAsked) -> Brought:
    """Raises `InvalidInput`, with the place."""
    name = asked.format
    if name == "auto":
        name = None if is_archive(document) else await format_of(document)
        if name == OWN:
            return await _own(document, asked)
    elif name in (None, OWN):
        return await _own(document, asked)
    zone = asked.zone
    left = Asked(zone=zone, today=datetime.now(zone or UTC).date())
    found = await read(document, name, left, most=MAX_IMPORTED)
    brought = Brought(found.format, left_out=left.left_out)
    making, turns = Making(zone, lists_as_tags=asked.lists_as_tags), Turns()
    rows: list[Rows] = []
    batch: list[str] = []
    parents: list[int] = []
    count = 0
    for placed in found.placed():
        await turns.next()
        if placed is None:
            continue
        made = making.made(placed)
        brought.not_carried.update(what for what, _ in made.not_carried)
        if placed.parent is not None:
            parents.append(placed.parent)
            made.columns["parent_id"] = len(parents)
        batch.append(made.preview(placed.task.place, parent=placed.parent) if asked.dry_run else made.row)
        count += 1
        if len(batch) == BATCH:
            rows.append(Rows(_joined(batch), len(batch), parents))
            batch, parents = [], []
    if batch:
        rows.append(Rows(_joined(batch), len(batch), parents))
    if asked.dry_run:
        brought.shown = [one.json for one in rows]
    else:
        brought.batches = Batches(rows, range(count - 1, -1, -1))
    return brought


async def _own(document: bytes | bytearray, asked: ImportAsked) -> Brought:
    batches = await parse_import(document)
    if not asked.dry_run:
        return Brought(OWN, batches)
    brought, turns = Brought(OWN), Turns()
    number = 0
    for rows in batches.rows:
        shown: list[str] = []
        for row in json.loads(rows.json):
            await turns.next()
            parent = rows.named[row["parent_id"] - 1] if row.get("parent_id") else None
            shown.append(Made(row, ()).preview(f"#/tasks/{number}", parent=parent))
            number += 1
        brought.shown.append(_joined(shown))
    return brought


def _joined(batch: list[str]) -> bytes:
    return f"[{','.join(batch)}]".encode()
