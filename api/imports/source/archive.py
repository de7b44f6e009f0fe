"""Zip archives: only what may hold tasks is unpacked, and never more than a file may have by itself."""

import io
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from api.imports.source.faults import refused

MAX_FILES = 25_000
MAX_NAME = 255
MAX_UNPACKED_BYTES = 16 * 1024 * 1024
SIGNATURE = b"PK\x03\x04"
EMPTY = b"PK\x05\x06"

_OF_INTEREST = re.compile(r".*\.(?:json|csv|ics|txt)", re.IGNORECASE | re.DOTALL)
_ENCRYPTED = 1


@dataclass(frozen=True, slots=True)
class Member:
    """A file of an archive: its number, the first is 1, its own name without folders, and what is in it."""

    number: int
    name: str
    document: bytes


def members(document: bytes | bytearray) -> Iterator[Member]:
    """Those that may hold tasks, one after another; raises `InvalidInput`. It takes its time: for a thread."""
    try:
        with ZipFile(io.BytesIO(document)) as archive:
            infos = archive.infolist()
            if len(infos) > MAX_FILES:
                raise refused("#", f"must have at most {MAX_FILES} files")
            found = [(number, info) for number, info in enumerate(infos, 1) if _OF_INTEREST.fullmatch(info.filename)]
            if sum(info.file_size for _, info in found) > MAX_UNPACKED_BYTES:
                raise refused("#", f"must have at most {MAX_UNPACKED_BYTES} bytes when it is unpacked")
            for number, info in found:
                yield Member(number, re.split(r"[/\\]", info.filename)[-1][:MAX_NAME], _unpacked(archive, number, info))
    except BadZipFile:
        raise refused("#", "is not a zip archive, or was cut off") from None
    except (ValueError, NotImplementedError, OSError):  # of the directory: an offset that leads nowhere
        raise refused("#", "is not a zip archive that can be read") from None


def called(number: int) -> str:
    """In words."""
    return f"file {number} of the archive"


def _unpacked(archive: ZipFile, number: int, info: ZipInfo) -> bytes:
    """The announced size is all that is unpacked; another one is found out by the checksum."""
    if info.flag_bits & _ENCRYPTED or info.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
        raise refused(called(number), "is encrypted, or packed in a way that is not read here")
    try:
        with archive.open(info) as file:
            return file.read(info.file_size + 1)
    except (BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError, OSError):
        raise refused(called(number), "is damaged") from None
