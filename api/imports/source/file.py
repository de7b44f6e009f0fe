"""A file as the readers of formats get it, and what they are."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from api.imports.parsed import Asked, Parsed
from api.imports.source.json_walk import Walk


@dataclass(frozen=True, slots=True)
class File:
    """Its bytes, the name that it had in an archive, and what it is called in words on its faults (`#` is the body)."""

    document: bytes | bytearray
    name: str = ""
    called: str = "#"

    def walk(self) -> Walk:
        return Walk(self.document, named=self.called)


Reader = Callable[[File, Asked], Iterator[Parsed | None]]
"""Reads a file in small steps, None for one in which no task came; raises `InvalidInput` where it is damaged."""
