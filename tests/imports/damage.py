"""Files damaged in ways that cannot be overlooked: fifty of each format, the same each time."""

import csv
import io
import json
import random
import re
from collections.abc import Iterator
from typing import Any

COUNT = 50

# What every reader must see, and where each format has it.
_TITLES = ("title", "content", "name", "text", "description", "displayName")
_WRONG: tuple[object, ...] = (5, [1], {"a": 1}, True)


def damaged(document: bytes, kind: str) -> list[bytes]:
    """`kind` is how the name of the file ends."""
    ways = {"json": _json, "csv": _csv, "ics": _ics, "txt": _txt}
    found = list(dict.fromkeys(one for one in ways[kind](document, random.Random(kind)) if one != document))
    assert len(found) >= COUNT
    return found[:COUNT]


def _places(document: bytes, count: int, *, least: int = 40) -> list[int]:
    return [least + (len(document) - least - 5) * number // count for number in range(count)]


def _inserted(document: bytes, place: int, what: bytes) -> bytes:
    """Between two characters."""
    while document[place] & 0xC0 == 0x80:
        place += 1
    return document[:place] + what + document[place:]


def _encodings(document: bytes) -> Iterator[bytes]:
    text = document.decode("utf-8-sig")
    yield text.encode("utf-16")
    yield text.encode("utf-16-be")
    yield text.encode("utf-32")


def _json(document: bytes, chance: random.Random) -> Iterator[bytes]:
    yield from _encodings(document)
    for wrong in _WRONG:
        yield from (json.dumps(one).encode() for one in _with_wrong_titles(json.loads(document), wrong))
    yield from (document[:place] for place in _places(document, 14))
    yield from (_inserted(document, place, b"\xff") for place in _places(document, 10))
    brackets = [found.start() for found in re.finditer(rb"[\[\]{}](?=[\s,]*\n)", document)]
    for place in chance.sample(brackets, 10):
        yield document[:place] + document[place + 1 :]
    for place in chance.sample(brackets, 6):
        yield document[:place] + b'"' + document[place + 1 :]
    yield document + b"]"
    yield b"[" + document
    yield document.replace(b": ", b" ", 1)
    yield document.replace(b'",', b'"', 1)
    yield document.replace(b": ", b": NaN, ", 1)
    yield document.rstrip()[:-1]
    yield document.replace(b'"', b"'")
    yield from (document[:place] for place in _places(document, 20, least=60))


def _with_wrong_titles(value: Any, wrong: object) -> Iterator[Any]:
    """The document once for each of its tasks: those are the objects that also say whether they are done."""
    whole = json.dumps(value)
    count = len(list(_tasks(value)))
    for number in range(min(count, 2)):
        copy = json.loads(whole)
        task = list(_tasks(copy))[number]
        name = next(name for name in _TITLES if name in task)
        task[name] = wrong
        yield copy


def _tasks(value: Any) -> Iterator[dict[str, Any]]:
    marks = {"status", "checked", "done", "isDone", "completed", "dueComplete", "date_modified", "creationDate"}
    if isinstance(value, dict):
        if marks & value.keys() and any(name in value for name in _TITLES) and not value.get("deleted"):
            yield value
        else:
            for inner in value.values():
                yield from _tasks(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _tasks(inner)


def _csv(document: bytes, chance: random.Random) -> Iterator[bytes]:
    yield from _encodings(document)
    width = max(len(row) for row in csv.reader(io.StringIO(document.decode("utf-8-sig"), newline="")))
    for place in _places(document, 200, least=len(document) // 2):
        cut = document[:place]
        last = list(csv.reader(io.StringIO(cut.decode("utf-8-sig", "ignore"), newline="")))[-1]
        if 0 < len(last) < width and any(last):
            yield cut
    yield from (_inserted(document, place, b"\xff") for place in _places(document, 20))
    yield from (_inserted(document, place, b"\0") for place in _places(document, 20))
    cells = [found.start() for found in re.finditer(rb",", document)]
    for place in chance.sample(cells, 5):
        yield document[:place] + b',"never ended' + document[place + 1 :].replace(b'"', b"")
    yield document.replace(b"\n", b"\n" + b"x" * 70_000, 1)


def _ics(document: bytes, chance: random.Random) -> Iterator[bytes]:
    yield from _encodings(document)
    yield from (document[:place] for place in _places(document, 15))
    yield from (_inserted(document, place, b"\xff") for place in _places(document, 10))
    lines = document.splitlines(keepends=True)
    bounds = [number for number, line in enumerate(lines) if line.startswith((b"BEGIN:", b"END:"))]
    for number in chance.sample(bounds, min(12, len(bounds))):
        yield b"".join(lines[:number] + lines[number + 1 :])
    for name in (b"DUE", b"CREATED", b"COMPLETED", b"LAST-MODIFIED"):
        for wrong in (b"tomorrow", b"20261340", b"20260101T990000Z"):
            yield re.sub(rb"(?m)^(" + name + rb"[^:\r\n]*):[^\r\n]*", rb"\1:" + wrong, document, count=1)
    for number in chance.sample(range(2, len(lines) - 2), 8):
        if not lines[number + 1].startswith((b" ", b"\t")):
            yield b"".join([*lines[: number + 1], b"no colon here\r\n", *lines[number + 1 :]])
    yield document + b"SUMMARY:after the end\r\n"
    yield document.replace(b"BEGIN:VTODO", b"BEGIN:VCALENDAR", 1)
    yield from (document[:place] for place in _places(document, 20, least=70))


def _txt(document: bytes, _chance: random.Random) -> Iterator[bytes]:
    """Any text is a list of tasks: only what is no text is damaged."""
    yield from _encodings(document)
    yield from (_inserted(document, place, b"\xff") for place in _places(document, 24, least=0))
    yield from (_inserted(document, place, b"\0") for place in _places(document, 24, least=0))
    yield document + b"x" * 70_000


def flipped(document: bytes, seed: int) -> bytes:
    """A few bytes of it changed, whatever comes of that."""
    chance = random.Random(seed)
    copy = bytearray(document)
    for _ in range(chance.randint(1, 5)):
        place = chance.randrange(len(copy))
        match chance.randrange(4):
            case 0:
                copy[place] ^= 1 << chance.randrange(8)
            case 1:
                del copy[place : place + chance.randint(1, 30)]
            case 2:
                copy[place:place] = bytes(chance.choice(b'"{}[],:;\\\r\n\0 9e-TZ') for _ in range(chance.randint(1, 4)))
            case _:
                copy[place:place] = copy[chance.randrange(len(copy)) :][: chance.randint(1, 60)]
        if not copy:
            break
    return bytes(copy)
