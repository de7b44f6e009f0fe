"""Whatever is sent as XML becomes a small tree, or `NotXml`: in bounded time and memory, and nothing is ever fetched.

The parser is Python's own, expat, stopped at the first sight of a document type: without one there are no entities, and
what is left to bound is depth, number and size.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

from api.turns import Turns

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 24
MAX_ELEMENTS = 12_000
"""Of a multiget that names as many tasks as any client does at once, several times over."""
MAX_ATTRIBUTES = 32
MAX_NAMES = 1_000_000
"""Characters of all names, each with its namespace: that is said once, and is in each of them."""
MAX_TAG_BYTES = 64 * 1024
"""Of a tag, or a comment: expat takes all of one before it says anything. Roughly."""

_PIECE_BYTES = 16 * 1024


class NotXml(Exception):
    """The body is none, or is more than anybody needs."""


@dataclass(slots=True)
class Element:
    """An element with its text, in the order in which it came; comments and instructions are left out."""

    name: str
    attributes: dict[str, str]
    children: list["Element"] = field(default_factory=list)
    text: str = ""

    def find(self, name: str) -> "Element | None":
        """The first child of that name."""
        return next(self.all(name), None)

    def all(self, name: str) -> Iterator["Element"]:
        return (child for child in self.children if child.name == name)


async def read(document: bytes | bytearray) -> Element:
    """The root; raises `NotXml`. Others have their turn while a long one is read."""
    if len(document) > MAX_BYTES:
        raise NotXml("is too large")
    reader, turns = _Reader(), Turns()
    with memoryview(document) as view:
        for start in range(0, len(view), _PIECE_BYTES):
            reader.feed(view[start : start + _PIECE_BYTES])
            await turns.next()
    return reader.close()


def read_small(document: bytes) -> Element:
    """The same at once, of what nobody has to wait for."""
    reader = _Reader()
    reader.feed(document)
    return reader.close()


class _Reader:
    def __init__(self) -> None:
        self._parser = parser = expat.ParserCreate(namespace_separator="}")
        parser.buffer_text = True
        parser.StartElementHandler = self._begin
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.StartDoctypeDeclHandler = self._refuse_document_type
        self._open: list[Element] = []
        self._root: Element | None = None
        self._count = 0
        self._names = 0
        self._silent = 0
        """Bytes since anything was said."""

    def feed(self, piece: memoryview | bytes, *, last: bool = False) -> None:
        self._silent += len(piece)
        try:
            self._parser.Parse(bytes(piece), last)
        except expat.ExpatError:
            raise NotXml("is not well-formed XML") from None
        except (LookupError, ValueError):  # an encoding that there is not, or one that Python reads otherwise
            raise NotXml("is in an encoding that is not taken") from None
        if self._silent > MAX_TAG_BYTES:
            raise NotXml("has a part that is too long")

    def close(self) -> Element:
        self.feed(b"", last=True)
        assert self._root is not None  # or it was not well-formed
        return self._root

    def _begin(self, name: str, attributes: dict[str, str]) -> None:
        self._count += 1
        self._silent = 0
        if len(self._open) >= MAX_DEPTH:
            raise NotXml("is nested too deeply")
        self._names += len(name) + sum(map(len, attributes))
        if self._count > MAX_ELEMENTS or len(attributes) > MAX_ATTRIBUTES or self._names > MAX_NAMES:
            raise NotXml("has too many parts")
        element = Element("{" + name if "}" in name else name, attributes)
        if self._open:
            self._open[-1].children.append(element)
        else:
            self._root = element
        self._open.append(element)

    def _end(self, _name: str) -> None:
        self._open.pop()
        self._silent = 0

    def _text(self, text: str) -> None:
        self._open[-1].text += text
        self._silent = 0

    def _refuse_document_type(self, *_declared: object) -> None:
        raise NotXml("has a document type")
