"""A long document read piece by piece says what it says as a whole, and is never larger than its bytes."""

import asyncio
import json
from typing import Any

import pytest
from starlette.requests import Request

from api.http.bodies.pieces import MAX_PIECE_BYTES, pieces
from api.http.idempotency import key_of_pieces
from core.errors import InvalidInput
from core.idempotency import Key

LONG = "x" * 5000
DOCUMENTS: list[dict[str, Any]] = [
    {},
    {"tasks": []},
    {"tasks": {"a": 1}},
    {"tasks": None, "version": 1},
    {"version": 1, "tasks": [1, -2.5e300, "a", None, True, {}, [], {"a": [{"b": "\u00e4\U0001f600"}]}]},
    {"tasks": [{"title": LONG}, {"title": "\u00e4" * 5000}, {"title": "\U0001f600" * 5000}], "z": LONG, "a": "\u00e4"},
    {"a/b~c": {"b": 1, "a": 2}, "tasks": [{"z": 1, "a": [2]}], "": 0},
    {"tasks": [10**200, 1.0, "\\", '"', "\U0001f600", "\u2028"]},
    {"zz": [], "aa": {}, "tasks": [[0] * 3000, "x" * 2046, "x" * 2047, "x" * 2048]},
]


def put_together(document: bytes) -> dict[str, Any]:
    whole: dict[str, Any] = {}
    for piece in pieces(document, "tasks"):
        if piece.number is None:
            whole[piece.name] = piece.value
        else:
            assert piece.number == len(whole[piece.name])
            whole[piece.name].append(piece.value)
    return whole


def spelled(document: dict[str, Any]) -> list[bytes]:
    """In more than one way."""
    tight = json.dumps(document, separators=(",", ":"))
    return [tight.encode(), json.dumps(document, ensure_ascii=False, indent="\t").encode(), f" {tight}\r\n".encode()]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_the_pieces_are_the_document(document: dict[str, Any]) -> None:
    """However it is spelled, and wherever its values lie."""
    for text in spelled(document):
        assert put_together(text) == document
        assert put_together(text.replace(b'"tasks"', b'"t\\u0061sks"')) == document


@pytest.mark.parametrize("document", DOCUMENTS)
def test_a_key_is_that_of_the_whole(document: dict[str, Any]) -> None:
    """An import that is sent again is known, also by a process that reads it otherwise."""
    request = Request({"type": "http", "headers": [(b"idempotency-key", b"one")]})
    for text in spelled(document):
        key = asyncio.run(key_of_pieces(request, "import", text, array="tasks"))
        assert key == Key.of("one", "import", document)


@pytest.mark.parametrize(
    ("text", "pointer", "detail"),
    [
        (b"", "#", "is not valid JSON"),
        (b"nonsense", "#", "is not valid JSON"),
        (b"[]", "#", "must be an object"),
        (b"[] x", "#", "is not valid JSON"),
        (b"1", "#", "must be an object"),
        (b'{"tasks":[1,]}', "#", "is not valid JSON"),
        (b'{"tasks":[1 2]}', "#", "is not valid JSON"),
        (b'{"tasks":[,1]}', "#", "is not valid JSON"),
        (b'{"tasks":[1}', "#", "is not valid JSON"),
        (b'{"tasks":[1]', "#", "is not valid JSON"),
        (b'{"tasks":[1]}}', "#", "is not valid JSON"),
        (b'{"tasks":[1],}', "#", "is not valid JSON"),
        (b'{"tasks" 1}', "#", "is not valid JSON"),
        (b"{1:2}", "#", "is not valid JSON"),
        (b'{"a":tru}', "#", "is not valid JSON"),
        (b'{"tasks":["' + b"x" * 3000 + b"\n" + b"x" * 70_000 + b'"]}', "#", "is not valid JSON"),
        (b'{"tasks":["' + b"x" * 3000, "#", "is not valid JSON"),
        (b'{"a":NaN}', "#", "has a number that JSON does not know"),
        (b'{"tasks":[-Infinity]}', "#", "has a number that JSON does not know"),
        (b'{"tasks":[' + b"1" * 5000 + b"]}", "#", "has a number that is too long"),
        (b'{"tasks":[{"a":1,"a":2}]}', "#", "names a member twice"),
        (b'{"tasks":[],"tasks":[]}', "#", "names a member twice"),
        (b'{"tasks":["\xff"]}', "#", "must be UTF-8"),
        (b'{"tasks":["' + b"x" * 3000 + b'\xc3"]}', "#", "must be UTF-8"),
        (b'{"tasks":[' + b"[" * 40_000 + b"]" * 40_000 + b"]}", "#", "is nested too deeply"),
        (b'{"tasks":[0,"' + b"x" * MAX_PIECE_BYTES + b'"]}', "#/tasks/1", "must have at most 65536 bytes"),
        (b'{"a/b":"' + b"x" * MAX_PIECE_BYTES + b'"}', "#", "must have at most 65536 bytes"),
        (b'{"\\ud800":"' + b"x" * MAX_PIECE_BYTES + b'"}', "#", "must have at most 65536 bytes"),
        (b'{"a":"' + b"x" * 40_000 + b'","b":"' + b"x" * 40_000 + b'"}', "#", "must have at most 65536 bytes"),
        (b"{" + b",".join(b'"%d":0' % number for number in range(101)) + b"}", "#", "must have at most 100 members"),
    ],
)
def test_what_is_wrong_is_told(text: bytes, pointer: str, detail: str) -> None:
    """As of a short document; and what would be too large as a value is not made one."""
    with pytest.raises(InvalidInput) as refused:
        put_together(text)
    [fault] = refused.value.faults
    assert (fault.pointer, fault.detail) == (pointer, detail)
