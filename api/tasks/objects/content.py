"""A calendar object as text (RFC 5545, section 3.1): components of lines, each as it stood there and in its order.

So what is not understood is kept to the letter. A library that makes objects of the lines gives back others.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Union

from api.imports.source.content_lines import Property, property_of
from core.errors import InvalidCalendar

MAX_BYTES = 131_072
"""Of an object."""
MAX_UID_BYTES = 500
MAX_LINES = 5_000
MAX_DEPTH = 5

_MARK = "\ufeff"
_LINE_OCTETS = 75
_NAME = re.compile("[;:]")


@dataclass(slots=True)
class Line:
    """A property: its name in capitals, and how it is written, unfolded."""

    name: str
    written: str
    _stated: Property | None = None

    @property
    def stated(self) -> Property:
        """What it says; of what the service writes, nobody asks."""
        if self._stated is None:
            self._stated = property_of(self.written, 0)
        if self._stated is None:
            raise AssertionError("what the service writes is a line")
        return self._stated


@dataclass(slots=True)
class Part:
    """A component, with its lines and components in their order."""

    name: str
    number: int = 0
    content: list[Union[Line, "Part"]] = field(default_factory=list)

    @property
    def lines(self) -> Iterator[Line]:
        return (one for one in self.content if isinstance(one, Line))

    @property
    def parts(self) -> Iterator["Part"]:
        return (one for one in self.content if isinstance(one, Part))

    def first(self, name: str) -> Property | None:
        for one in self.content:
            if one.name == name and isinstance(one, Line):
                return one.stated
        return None

    def all(self, name: str) -> list[Property]:
        return [one.stated for one in self.content if one.name == name and isinstance(one, Line)]

    def text(self, name: str) -> str:
        found = self.first(name)
        return found.text if found else ""

    def written(self) -> Iterator[str]:
        """All of it, unfolded."""
        yield f"BEGIN:{self.name}"
        for one in self.content:
            if isinstance(one, Line):
                yield one.written
            else:
                yield from one.written()
        yield f"END:{self.name}"


def line(written: str) -> Line:
    """One that the service writes."""
    return Line(_NAME.split(written, 1)[0], written)


def parse(text: str) -> Part:
    """The one VCALENDAR of an object; raises `InvalidCalendar`."""
    open_: list[Part] = []
    done: Part | None = None
    number = 1
    for count, (number, written) in enumerate(_unfolded(text)):
        found = property_of(written, number)
        if found is None or count >= MAX_LINES:
            raise invalid(number, "is no line of iCalendar" if found is None else f"is one of more than {MAX_LINES}")
        name = found.value.strip().upper()
        if found.name == "BEGIN":
            if done or len(open_) >= MAX_DEPTH or (name == "VCALENDAR") == bool(open_):
                raise invalid(number, "begins a component that cannot be here")
            open_.append(Part(name, number))
        elif found.name == "END":
            if not open_ or open_[-1].name != name:
                raise invalid(number, "ends a component that is not open here")
            done = open_.pop()
            if open_:
                open_[-1].content.append(done)
                done = None
        elif not open_:
            raise invalid(number, "is outside of any VCALENDAR")
        else:
            open_[-1].content.append(Line(found.name, written, found))
    if done is None:
        raise invalid(number, "is the last one: the object ends before END:VCALENDAR")
    return done


def invalid(number: int, sentence: str, precondition: str = "valid-calendar-data") -> InvalidCalendar:
    return InvalidCalendar(precondition, f"line {number} {sentence}")


def _unfolded(text: str) -> Iterator[tuple[int, str]]:
    """Each line with its number; ended by LF or CRLF."""
    pieces: list[str] = []
    begun = 0
    for number, raw in enumerate(text.removeprefix(_MARK).split("\n"), start=1):
        piece = raw.removesuffix("\r")
        if piece[:1] in (" ", "\t") and pieces:
            pieces.append(piece[1:])
            continue
        if pieces:
            yield begun, "".join(pieces)
        pieces, begun = [piece] if piece else [], number
    if pieces:
        yield begun, "".join(pieces)


def folded(line: str) -> bytes:
    """No line longer than 75 octets, and no character cut in two."""
    encoded = line.encode()
    if len(encoded) <= _LINE_OCTETS:
        return encoded + b"\r\n"
    parts, part = [], b""
    for character in line:
        one = character.encode()
        if len(part) + len(one) > _LINE_OCTETS:
            parts.append(part)
            part = b" "
        part += one
    return b"\r\n".join([*parts, part]) + b"\r\n"
