"""A JSON document of any shape and 16 MB, walked through so that no more of it is ever a value than one small piece.

A shape says what is of interest: `{"name": shape}` a member of an object, `[shape]` each element of an array, `{EACH:
shape}` each member of an object whatever its name, and PIECE a value of up to 64 KiB. All else is read as strictly, and
dropped.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ValidationError

from api.http.bodies.pieces import Reader
from api.http.bodies.strict_json import INVALID, TOO_DEEP
from api.http.problems import faults_of
from api.imports.source.faults import Path, line_of, pointer
from core.errors import Fault, InvalidInput

EACH: Final = "*"
MAX_DEPTH = 60
MAX_PIECES = 500_000
"""And of what is dropped so many: each takes its time."""
MAX_MEMBERS = 2000
"""Of an object whose members have names of their own."""

M = TypeVar("M", bound=BaseModel)


class _Piece:
    """The type of PIECE."""


PIECE: Final = _Piece()
Shape = _Piece | list[Any] | Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Found:
    """A piece, where it is by name, and the place of its first byte."""

    path: Path
    value: Any
    at: int


class Walk:
    """Through a document; what it yields is what it finds, and None for each step in which that was nothing."""

    def __init__(self, document: bytes | bytearray, *, named: str = "#") -> None:
        """`named`: what the document is called in words on its faults."""
        self._document = document
        self._named = named
        self._path: Path = ()
        self._pieces = 0
        self.reader = Reader(document, 3 if document.startswith(b"\xef\xbb\xbf") else 0)

    def through(self, shape: Shape) -> Iterator[Found | None]:
        """The whole of it; raises `InvalidInput` where it is broken, or has another shape."""
        yield from self.one(shape, ())
        if not self.reader.at_end():
            raise self.broken(INVALID)

    def one(self, shape: Shape, path: Path) -> Iterator[Found | None]:
        """The value that comes next."""
        self._path = path
        try:
            yield from self._at(shape, path)
        except InvalidInput as error:
            raise self.placed(error) from None

    def placed(self, error: InvalidInput) -> InvalidInput:
        """What the reader has found wrong, with the place of that."""
        return error if isinstance(error, _Placed) else self.broken(error.faults[0].detail)

    def next_line(self) -> bool:
        """Whether another value follows without more ado, or after a comma."""
        self.reader.opens(b",")
        return not self.reader.at_end()

    @property
    def first(self) -> bytes:
        """The character with which the next value begins."""
        self.reader.at_end()
        return bytes(self._document[self.reader.place : self.reader.place + 1])

    def check(self, found: Found, model: type[M]) -> M:
        """The piece as `model` has it; raises `InvalidInput`."""
        try:
            return model.model_validate(found.value)
        except ValidationError as error:
            faults = faults_of(error.errors(include_url=False, include_input=False), below=self._pointer(found.path))
            where = line_of(self._document, found.at)
            raise _Placed(*(Fault(fault.pointer, f"{fault.detail} (begins in {where})") for fault in faults)) from None

    def place(self, found: Found) -> str:
        return self._pointer(found.path)

    def broken(self, sentence: str) -> InvalidInput:
        """At the place of the reader."""
        where = line_of(self._document, self.reader.place)
        return _Placed(Fault(self._pointer(self._path), f"{sentence} ({where})"))

    def _pointer(self, path: Path) -> str:
        return pointer(path, self._named)

    def _at(self, shape: Shape, path: Path) -> Iterator[Found | None]:
        reader = self.reader
        self._path = path
        if isinstance(shape, _Piece):
            self._count()
            reader.at_end()
            at = reader.place
            yield Found(path, reader.value("#"), at)
        elif isinstance(shape, list):
            if not reader.opens(b"["):
                self._expect_null(path, "must be an array")
                return
            number = 0
            while reader.goes_on(b"]", first=not number):
                yield from self._at(shape[0], (*path, number))
                number += 1
            self._path = path
        elif reader.opens(b"{"):
            yield from self._members(shape, path)
        else:
            self._expect_null(path, "must be an object")

    def _members(self, shape: Mapping[str, Any], path: Path) -> Iterator[Found | None]:
        reader, names, each = self.reader, set[str](), shape.get(EACH)
        while (name := reader.next_name(first=not names)) is not None:
            if name in names:
                raise self.broken("names a member twice")
            names.add(name)
            if each is None and len(names) > MAX_MEMBERS:
                raise self.broken(f"must have at most {MAX_MEMBERS} members")
            inner = shape.get(name) if each is None else each
            if inner is None:
                yield from self.skip()
            elif each is None:
                yield from self._at(inner, (*path, name))
            else:  # by its number: a name that was sent is not shown
                yield from self._at(inner, (*path, len(names) - 1))
            self._path = path

    def skip(self, depth: int = 0) -> Iterator[None]:
        """Read what is of no interest, which may be large."""
        reader = self.reader
        self._count()
        yield None
        if reader.small() is not None:
            return
        if depth > MAX_DEPTH:
            raise self.broken(TOO_DEEP)
        if reader.opens(b"["):
            first = True
            while reader.goes_on(b"]", first=first):
                yield from self.skip(depth + 1)
                first = False
        elif reader.opens(b"{"):
            names: set[str] = set()
            while (name := reader.next_name(first=not names)) is not None:
                if name in names:
                    raise self.broken("names a member twice")
                names.add(name)
                yield from self.skip(depth + 1)
        else:
            reader.value("#")

    def _count(self) -> None:
        self._pieces += 1
        if self._pieces > MAX_PIECES:
            raise self.broken(f"is one of more than {MAX_PIECES} parts")

    def _expect_null(self, path: Path, sentence: str) -> None:
        self.reader.at_end()
        at = self.reader.place
        if self.reader.value("#") is not None:
            raise _Placed(Fault(self._pointer(path), f"{sentence} ({line_of(self._document, at)})"))


class _Placed(InvalidInput):
    """One that says where."""
