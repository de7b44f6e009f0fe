"""A long JSON document read piece by piece: never is more of it a value than one element of its one long array.

The document is an object. What it has beside the array, and each element, is small, or it is refused: a megabyte of
nested lists would take twenty as values. Each piece is as strict as `strict_json`.
"""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from api.http.bodies import strict_json
from api.http.bodies.strict_json import NotJson
from core.errors import Fault, InvalidInput

MAX_PIECE_BYTES = 65_536
"""Of one element, and of all that stands beside the array."""

MAX_MEMBERS = 100

_WINDOW_BYTES = 2048
"""What most pieces fit in. One that does not is read once more, with all that it may have."""

_SPACE = re.compile(rb"[ \t\n\r]*")


@dataclass(frozen=True, slots=True)
class Piece:
    """A member of the document, or with a `number` an element of its long array."""

    name: str
    number: int | None
    value: Any


def pieces(document: bytes | bytearray, array: str) -> Iterator[Piece]:
    """The members in their order, for `array` its elements; raises `InvalidInput` when it comes to what is wrong."""
    reader = Reader(document)
    reader.expect_object()
    names: set[str] = set()
    beside = 0
    while (name := reader.next_name(first=not names)) is not None:
        if name in names:
            raise InvalidInput(Fault("#", "names a member twice"))
        names.add(name)
        if len(names) > MAX_MEMBERS:
            raise InvalidInput(Fault("#", f"must have at most {MAX_MEMBERS} members"))
        start = reader.place
        if name == array and reader.opens(b"["):
            yield Piece(name, None, [])
            for number, element in enumerate(reader.elements(f"#/{array}")):
                yield Piece(name, number, element)
        else:
            yield Piece(name, None, reader.value("#"))  # not by a name that was sent, which may be no text at all
            beside += reader.place - start
            if beside > MAX_PIECE_BYTES:
                raise _too_large("#")
    reader.expect_end()


class Reader:
    """At a place in the document; after `InvalidInput` at that of the mistake, as nearly as it is known."""

    def __init__(self, document: bytes | bytearray, place: int = 0) -> None:
        self._document = document
        self.place = place

    def expect_object(self) -> None:
        if not self.opens(b"{"):
            self.value("#")
            self.expect_end()
            raise InvalidInput(Fault("#", "must be an object"))

    def opens(self, bracket: bytes) -> bool:
        """Go past it, if it comes next."""
        self._skip_space()
        return self._take(bracket)

    def next_name(self, *, first: bool) -> str | None:
        """The next member's; the place is then before its value. None, and after the object, if there is none."""
        if not self.goes_on(b"}", first=first):
            return None
        if self._document[self.place : self.place + 1] != b'"':
            raise _not_json()
        name: str = self.value("#")
        self._skip_space()
        if not self._take(b":"):
            raise _not_json()
        self._skip_space()
        return name

    def elements(self, pointer: str) -> Iterator[Any]:
        """Of an array that is open."""
        number = 0
        while self.goes_on(b"]", first=not number):
            yield self.value(f"{pointer}/{number}")
            number += 1

    def value(self, pointer: str) -> Any:
        """What comes next; then the place is after it."""
        found = self.small()
        if found is None:
            raise _too_large(pointer)
        return found[0]

    def small(self) -> tuple[Any] | None:
        """The same alone in a tuple; None, and the place as it was, if it is larger than a piece may be."""
        text = ""
        try:
            for size in (_WINDOW_BYTES, MAX_PIECE_BYTES):
                window = self._document[self.place : self.place + size]
                whole = self.place + size >= len(self._document)
                text = codecs.getincrementaldecoder("utf-8")().decode(window, final=whole)
                found = strict_json.parse_first(text, whole=whole)
                if found is not None:
                    value, end = found
                    self.place += end if text.isascii() else len(text[:end].encode())
                    return (value,)
        except UnicodeDecodeError as error:
            self.place += error.start
            raise InvalidInput(Fault("#", "must be UTF-8")) from None
        except NotJson as error:
            self.place += len(text[: error.at].encode())
            raise InvalidInput(Fault("#", str(error))) from None
        return None

    def expect_end(self) -> None:
        if not self.at_end():
            raise _not_json()

    def goes_on(self, end: bytes, *, first: bool) -> bool:
        """Whether another member follows in what is open, or its end, past which the place is then."""
        self._skip_space()
        if self._take(end):
            return False
        if not first and not self._take(b","):
            raise _not_json()
        self._skip_space()
        return True

    def at_end(self) -> bool:
        """Nothing follows but white space."""
        self._skip_space()
        return self.place >= len(self._document)

    def _take(self, character: bytes) -> bool:
        taken = self._document.startswith(character, self.place)
        self.place += taken
        return taken

    def _skip_space(self) -> None:
        found = _SPACE.match(self._document, self.place)
        assert found
        self.place = found.end()


def _not_json() -> InvalidInput:
    return InvalidInput(Fault("#", strict_json.INVALID))


def _too_large(pointer: str) -> InvalidInput:
    return InvalidInput(Fault(pointer, f"must have at most {MAX_PIECE_BYTES} bytes"))
