"""Where a file is wrong, so that a person finds it: the item, the line, the column."""

from collections.abc import Sequence

from core.errors import Fault, InvalidInput

Path = tuple[str | int, ...]


def line_of(document: bytes | bytearray, place: int) -> str:
    """Of a byte, as people count."""
    line = document.count(b"\n", 0, place) + 1
    column = place - (document.rfind(b"\n", 0, place) + 1) + 1
    return f"line {line}, column {column}"


def pointer(path: Sequence[str | int], below: str = "#") -> str:
    """A JSON pointer (RFC 6901)."""
    return "/".join((below, *(str(step).replace("~", "~0").replace("/", "~1") for step in path)))


def refused(where: str, sentence: str) -> InvalidInput:
    """`where` is a pointer, or a place in words."""
    return InvalidInput(Fault(where, sentence))
