"""A damaged file says where it is damaged, is never taken for another's, and never does more than that."""

import asyncio
import contextlib

import pytest

from api.imports.detect import Format
from api.imports.read import format_of
from core.errors import InvalidInput
from tests.imports.damage import damaged, flipped
from tests.imports.test_samples import FORMATS, SAMPLES, found

FLIPS = 150


def fault_of(document: bytes, name: str) -> tuple[str, str] | None:
    try:
        found(document, FORMATS[name])
    except InvalidInput as error:
        return error.faults[0].pointer, error.faults[0].detail
    return None


def taken_for(document: bytes) -> str | None:
    try:
        return asyncio.run(format_of(document))
    except InvalidInput:
        return None


@pytest.mark.parametrize("name", FORMATS)
def test_every_damage_is_told_with_its_place(name: str) -> None:
    """Fifty of each: the line, and of JSON the item."""
    for document in damaged((SAMPLES / name).read_bytes(), name.rpartition(".")[2]):
        fault = fault_of(document, name)
        assert fault, document
        assert "line " in " ".join(fault), fault


@pytest.mark.parametrize("name", FORMATS)
def test_a_damaged_file_is_not_taken_for_anothers(name: str) -> None:
    """It is known for what it was, or not at all."""
    document = (SAMPLES / name).read_bytes()
    kind = name.rpartition(".")[2]
    for one in [*damaged(document, kind), *(flipped(document, seed) for seed in range(FLIPS))]:
        assert taken_for(one) in (FORMATS[name], None), one


HOSTILE: dict[str, tuple[Format, bytes]] = {
    "a line that is none": ("ics", b"BEGIN:VCALENDAR\n" + b"A;" + b"a" * 65_000 + b"\nEND:VCALENDAR\n"),
    "parameters without an end": ("ics", b"BEGIN:VCALENDAR\nA" + b";a=b,c" * 10_000 + b"\nEND:VCALENDAR\n"),
    "quotes without an end": ("ics", b"BEGIN:VCALENDAR\nA;b=" + b'"' * 65_001 + b"\nEND:VCALENDAR\n"),
    "to-dos without a title": (
        "ics",
        b"BEGIN:VCALENDAR\n" + b"BEGIN:VTODO\nEND:VTODO\n" * 200_000 + b"END:VCALENDAR\n",
    ),
    "many properties": ("ics", b"BEGIN:VCALENDAR\nBEGIN:VTODO\n" + b"A:b\n" * 100_000),
    "deep components": ("ics", b"BEGIN:VCALENDAR\n" + b"BEGIN:X\n" * 100_000),
    "empty lines": ("todo-txt", b"\n" * 2_000_000),
    "many parts": ("trello", b'{"lists":[],"cards":[],"actions":[' + b"0," * 700_000 + b"0]}"),
    "deep lists": ("trello", b'{"lists":[],"cards":[],"actions":' + b"[" * 2_000_000),
    "many members": ("trello", b"{" + b",".join(b'"%d":0' % number for number in range(5000)) + b"}"),
    "a long text": ("trello", b'{"cards":[{"name":"' + b"x" * 1_000_000 + b'"}]}'),
    "one too many": ("todo-txt", b"x\n" * 20_001),
    "many cells": ("asana", b"Name,Section/Column,Completed At\n" + b"," * 60_000),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_what_is_made_to_hurt_is_refused(what: str) -> None:
    """Before it has cost much."""
    name, document = HOSTILE[what]
    with pytest.raises(InvalidInput):
        found(document, name)


def test_a_comment_that_is_made_to_hurt_is_read() -> None:
    """In one pass."""
    header = b"TYPE,CONTENT,PRIORITY,INDENT,DATE\n"
    rows = b'task,Walk,1,1,\nnote,"' + b"[[file " * 9000 + b"x" * 10 + b'",,,\n'
    [task] = found(header + rows, "todoist-csv").tasks
    assert task.description.startswith("[[file ")


@pytest.mark.parametrize("name", FORMATS)
def test_nothing_but_a_refusal_comes_of_changed_bytes(name: str) -> None:
    """The changes may have hit what nobody reads, or a text: then it is read."""
    document = (SAMPLES / name).read_bytes()
    for seed in range(FLIPS):
        with contextlib.suppress(InvalidInput):
            found(flipped(document, seed), FORMATS[name])
