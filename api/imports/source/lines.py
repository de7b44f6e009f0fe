"""Text by its lines, and tables by their records: each a small step, and each with the number that an editor shows."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass

from api.imports.source.faults import refused

MAX_LINES = 1_000_000
MAX_LINE_BYTES = 65_536
MAX_RECORD_BYTES = 262_144
MAX_CELLS = 500

_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Line:
    """Of the file, the first is 1; with its end."""

    number: int
    text: bytes


def lines(document: bytes | bytearray, named: str) -> Iterator[Line]:
    """Ended by LF or CRLF; raises `InvalidInput` for one that is too long, or is no text at all."""
    place = len(_MARK) if document.startswith(_MARK) else 0
    number = 0
    while place < len(document):
        number += 1
        if number > MAX_LINES:
            raise refused(named, f"must have at most {MAX_LINES} lines")
        end = document.find(b"\n", place) + 1 or len(document)
        if end - place > MAX_LINE_BYTES:
            raise refused(where(named, number), f"must have at most {MAX_LINE_BYTES} bytes")
        text = bytes(document[place:end])
        if b"\0" in text:
            raise refused(where(named, number), "has a NUL character: is it UTF-8 text?")
        yield Line(number, text)
        place = end


def decoded(line: Line, named: str) -> str:
    """Raises `InvalidInput` for what is not UTF-8."""
    try:
        return line.text.decode()
    except UnicodeDecodeError as error:
        place = f"{where(named, line.number)}, byte {error.start + 1}"
        raise refused(place, "must be UTF-8") from None


def where(named: str, line: int) -> str:
    """A place in words."""
    return f"line {line}" if named == "#" else f"{named}, line {line}"


@dataclass(frozen=True, slots=True)
class Record:
    """Of a table (RFC 4180): its number, the first is 1, and the line in which it begins."""

    number: int
    line: int
    cells: list[str]


def records(document: bytes | bytearray, named: str) -> Iterator[Record]:
    """Those without any cell too; raises `InvalidInput` where the quotes do not fit."""
    size = last = 0

    def texts() -> Iterator[str]:
        nonlocal size, last
        for line in lines(document, named):
            size += len(line.text)
            last = line.number
            if size > MAX_RECORD_BYTES:
                raise refused(where(named, begun), "begins a record that never ends: a quotation mark may be missing")
            yield decoded(line, named)

    reader = csv.reader(texts(), strict=True)
    number, begun = 0, 1
    while True:
        size, begun = 0, last + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            raise refused(where(named, max(begun, last)), "is not valid CSV: the quotation marks do not fit") from None
        if len(cells) > MAX_CELLS:
            raise refused(where(named, begun), f"must have at most {MAX_CELLS} cells")
        number += 1
        yield Record(number, begun, cells)


@dataclass(frozen=True, slots=True)
class Row:
    """A record below a header: its cells by the names of their columns, which may be missing."""

    record: Record
    cells: dict[str, str]
    place: str
    too_many: bool
    """There were more cells than columns: a comma may have parted one."""

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column, "").strip()

    def raw(self, column: str) -> str:
        return self.cells.get(column, "")


def rows(found: Iterator[Record], header: list[str], named: str) -> Iterator[Row | None]:
    """The records that follow; None for an empty one; raises `InvalidInput` for one that was cut off."""
    names = [name.strip() for name in header]
    for record in found:
        if not any(record.cells):
            yield None
            continue
        place = where(named, record.line)
        if len(record.cells) < len(names):
            raise refused(place, f"has {len(record.cells)} cells where the header has {len(names)}")
        cells = dict(zip(names, record.cells, strict=False))
        yield Row(record, cells, place, too_many=any(record.cells[len(names) :]))


def header_of(found: Iterator[Record], *needed: str, within: int = 10) -> list[str] | None:
    """The first record that has these columns, which is not always the first of all; None if none has."""
    for record in found:
        names = [cell.strip() for cell in record.cells]
        if all(name in names for name in needed):
            return names
        if record.number >= within:
            break
    return None
