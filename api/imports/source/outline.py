"""What a JSON document looks like from afar: the names of its members, which tell whose it is."""

from collections.abc import Iterator

from api.http.bodies.strict_json import INVALID
from api.imports.source.json_walk import Walk
from core.errors import InvalidInput

_MAX_NAMES = 200
"""Of each object so many are noted."""


class Outline(Walk):
    """To be read through; then `names` has those of the document, or of its first element, and `inner` those below."""

    def __init__(self, document: bytes | bytearray, *, named: str = "#") -> None:
        super().__init__(document, named=named)
        self.is_array = False
        self.names: set[str] = set()
        self.inner: dict[str, set[str]] = {}
        self.kind = ""
        self.lines = False
        """Another value follows the first."""

    def read(self) -> Iterator[None]:
        """In small steps; raises `InvalidInput` where it is not JSON."""
        try:
            yield from self._read()
        except InvalidInput as error:
            raise self.placed(error) from None

    def _read(self) -> Iterator[None]:
        self.is_array = self.first == b"["
        if self.is_array:
            yield from self._elements(self.names, deeper=False)
        elif self.first == b"{":
            yield from self._note(self.names, deeper=True)
        else:
            raise self.broken(INVALID)
        self.lines = self.next_line()
        while self.lines and self.next_line():
            yield from self.skip()

    def _note(self, names: set[str], *, deeper: bool) -> Iterator[None]:
        """The object that comes next."""
        reader = self.reader
        reader.opens(b"{")
        first = True
        while (name := reader.next_name(first=first)) is not None:
            first = False
            if len(names) < _MAX_NAMES:
                names.add(name)
            start = self.first
            if deeper and start == b"{":
                yield from self._note(self.inner.setdefault(name, set()), deeper=False)
            elif deeper and start == b"[":
                yield from self._elements(self.inner.setdefault(name, set()), deeper=False)
            elif deeper and name == "kind" and start == b'"':
                self.kind = reader.value("#")
            else:
                yield from self.skip()

    def _elements(self, names: set[str], *, deeper: bool) -> Iterator[None]:
        """Of the array that comes next; the first that is an object tells for all."""
        reader = self.reader
        reader.opens(b"[")
        first = True
        while reader.goes_on(b"]", first=first):
            first = False
            if not names and self.first == b"{":
                yield from self._note(names, deeper=deeper)
            else:
                yield from self.skip()
