"""iCalendar's content lines and components (RFC 5545, section 3.1 and 3.4): unfolded as bytes, each with its line.

Not a library's: icalendar says of no mistake in which line it is, and reads a file as a whole.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from api.imports.source.faults import refused
from api.imports.source.lines import lines, where
from core.errors import InvalidInput

MAX_BYTES = 65_536
"""Of an unfolded line; what is beyond it, an attachment, is not read."""
MAX_DEPTH = 10
MAX_PROPERTIES = 5000
"""Of one component."""

_VALUE = r'(?:"[^"]*"|[^";:,]*)'
# Possessive: what is no such line is found out in one pass.
_NAMED = rf"[A-Za-z0-9_-]++(?:={_VALUE}(?:,{_VALUE})*+)?"
_LINE = re.compile(rf"(?P<name>[A-Za-z0-9_-]++)(?P<parameters>(?:;{_NAMED})*+):(?P<value>.*)", re.DOTALL)
_PARAMETER = re.compile(rf";([A-Za-z0-9_-]++)=?({_VALUE}(?:,{_VALUE})*+)")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_LISTED = re.compile(r"(?:\\.|[^\\,])+", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Property:
    """A content line: its name in capitals, its parameters by such names, and its value as it stands there."""

    name: str
    parameters: dict[str, str]
    value: str
    line: int
    written: str
    """All of it, unfolded; empty where it was too long to be read."""

    @property
    def text(self) -> str:
        return unescaped(self.value)

    @property
    def texts(self) -> list[str]:
        """Of a list, each."""
        return [unescaped(part) for part in _LISTED.findall(self.value)]


@dataclass(slots=True)
class Component:
    """With all that is in it, components too."""

    name: str
    line: int
    properties: list[Property] = field(default_factory=list)
    parts: list["Component"] = field(default_factory=list)

    def first(self, name: str) -> Property | None:
        return next((one for one in self.properties if one.name == name), None)

    def all(self, name: str) -> list[Property]:
        return [one for one in self.properties if one.name == name]

    def written(self) -> Iterator[str]:
        """All of it, unfolded, but for lines that are too long."""
        yield f"BEGIN:{self.name}"
        yield from (one.written for one in self.properties if one.written)
        for part in self.parts:
            yield from part.written()
        yield f"END:{self.name}"


def unescaped(value: str) -> str:
    """Section 3.3.11, in one pass."""
    return _ESCAPED.sub(lambda found: "\n" if found[1] in "nN" else found[1], value)


def calendars(document: bytes | bytearray, named: str) -> Iterator[tuple[Component, Component] | None]:
    """Each component of each calendar, with that calendar as far as it has come; None for a step without one.

    Raises `InvalidInput` where it is damaged.
    """
    nest = _Nest(named)
    for found in _properties(document, named):
        yield None
        nest.last = found.line
        if found.name == "BEGIN":
            nest.begin(found)
        elif found.name == "END":
            if done := nest.end(found):
                yield done, nest.open[0]
        else:
            nest.add(found)
    if nest.open or not nest.seen:
        raise refused(where(named, nest.last), "is the last one: the file ends before END:VCALENDAR")


class _Nest:
    """The components that are open, the outermost first."""

    def __init__(self, named: str) -> None:
        self._named = named
        self.open: list[Component] = []
        self.seen = False
        self.last = 1

    def begin(self, line: Property) -> None:
        name = line.value.strip().upper()
        if len(self.open) >= MAX_DEPTH or (name == "VCALENDAR") == bool(self.open):
            raise self._refused(line, "begins a component that cannot be here")
        self.open.append(Component(name, line.line))

    def end(self, line: Property) -> Component | None:
        """The component of a calendar that ends here; None for one that is in another, or the calendar itself."""
        if not self.open or self.open[-1].name != line.value.strip().upper():
            raise self._refused(line, "ends a component that is not open here")
        done = self.open.pop()
        self.seen = True
        if len(self.open) == 1:
            return done
        if self.open:
            self.open[-1].parts.append(done)
        return None

    def add(self, line: Property) -> None:
        if not self.open:
            raise self._refused(line, "is outside of any VCALENDAR")
        within = self.open[-1]
        if len(within.properties) + len(within.parts) >= MAX_PROPERTIES:
            raise self._refused(line, f"is one of more than {MAX_PROPERTIES} in a component")
        within.properties.append(line)

    def _refused(self, line: Property, sentence: str) -> InvalidInput:
        return refused(where(self._named, line.line), sentence)


def _properties(document: bytes | bytearray, named: str) -> Iterator[Property]:
    unfolded, begun = bytearray(), 0
    for line in lines(document, named):
        text = line.text.rstrip(b"\r\n")
        if text[:1] in (b" ", b"\t") and begun:
            if len(unfolded) <= MAX_BYTES:
                unfolded += text[1:]
            continue
        if unfolded:
            yield _property(unfolded, begun, named)
        unfolded, begun = bytearray(text), line.number
    if unfolded:
        yield _property(unfolded, begun, named)


def _property(line: bytearray, number: int, named: str) -> Property:
    place = where(named, number)
    try:
        text = line.decode(errors="ignore" if len(line) > MAX_BYTES else "strict")
    except UnicodeDecodeError:
        raise refused(place, "must be UTF-8") from None
    found = property_of(text, number)
    if found is None:
        raise refused(place, "is no line of iCalendar")
    return replace(found, written="") if len(line) > MAX_BYTES else found


def property_of(text: str, number: int) -> Property | None:
    """An unfolded line; None for what is none."""
    found = _LINE.fullmatch(text)
    if found is None:
        return None
    parameters = {name.upper(): value.strip('"') for name, value in _PARAMETER.findall(found["parameters"])}
    return Property(found["name"].upper(), parameters, found["value"], number, text)
