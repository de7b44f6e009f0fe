"""Where somebody's mirror of a list stands: opaque to clients, bound to the user, the history and the revision.

It is no secret and proves nothing: row-level security decides what its bearer sees. The checksum tells what is
malformed from what another release has made.
"""

import base64
import binascii
import re
import struct
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b

from core.errors import Resynchronise
from core.tasks.fields import REPRESENTATION
from core.types import MAX_TASK_ID, History, Revision, TaskId, UserId

VERSION = 1
PATTERN = "^[A-Za-z0-9_-]+$"
MAX_LENGTH = 128
WRONG = "must be the `next` of an earlier answer"

_HEAD = struct.Struct(">BB6sqq")
_PLACE = struct.Struct(">qqq")
_CHECKSUM = 4


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page ended that was not the last one."""

    floor: Revision
    """Deletions up to it were known, or there was nothing to delete, before the first page."""
    revision: Revision
    id: TaskId
    """The last task of the page: those that follow have a greater (revision, id)."""


@dataclass(frozen=True, slots=True)
class Token:
    """What its bearer has seen last, and how far they have come with it."""

    owner: bytes
    history: History
    """Under which the list had taken its revision."""
    revision: Revision
    """The list's, when the page was made. Not the page's last one: whoever reads on relies on the whole state."""
    place: Place | None = None
    """None when nothing was left."""

    @classmethod
    def of(cls, owner: UserId, history: History, revision: Revision, place: Place | None = None) -> "Token":
        """A user's."""
        return cls(fingerprint(owner), history, revision, place)

    @property
    def floor(self) -> Revision:
        """Deletions above it must still be there to be told."""
        return self.place.floor if self.place else self.revision

    @property
    def holds_nothing(self) -> bool:
        """The list had never been written to, so there is nothing that could be out of date."""
        return not self.revision and self.place is None

    def encode(self) -> str:
        """Short enough for a query."""
        content = _HEAD.pack(VERSION, REPRESENTATION, self.owner, self.history, self.revision)
        if self.place:
            content += _PLACE.pack(self.place.floor, self.place.revision, self.place.id)
        return base64.urlsafe_b64encode(content + _checksum(content)).rstrip(b"=").decode()


def decode(text: str) -> Token:
    """Raises `ValueError` for what no release has made, and `Resynchronise` for what another one has.

    Another representation of tasks is another release: a mirror of it does not look like today's list.
    """
    if len(text) > MAX_LENGTH or not re.fullmatch(PATTERN, text):
        raise ValueError(WRONG)
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error:
        raise ValueError(WRONG) from None
    content, checksum = raw[:-_CHECKSUM], raw[-_CHECKSUM:]
    if len(content) < 2 or checksum != _checksum(content):  # noqa: PLR2004  # the two that are compared below
        raise ValueError(WRONG)
    if (content[0], content[1]) != (VERSION, REPRESENTATION):
        raise Resynchronise
    token = _read(content)
    if token is None or token.encode() != text:
        raise ValueError(WRONG)
    return token


@lru_cache(maxsize=10_000)
def fingerprint(owner: UserId) -> bytes:
    """Tells users apart without naming them."""
    return blake2b(owner.encode(), digest_size=6).digest()


def _read(content: bytes) -> Token | None:
    if len(content) not in (_HEAD.size, _HEAD.size + _PLACE.size):
        return None
    _, _, owner, history, revision = _HEAD.unpack_from(content)
    if history < 0 or revision < 0:
        return None
    if len(content) == _HEAD.size:
        return Token(owner, History(history), Revision(revision))
    floor, reached, id_ = _PLACE.unpack_from(content, _HEAD.size)
    if floor < 0 or reached < 0 or not 0 < id_ <= MAX_TASK_ID:
        return None
    return Token(owner, History(history), Revision(revision), Place(Revision(floor), Revision(reached), TaskId(id_)))


def _checksum(content: bytes) -> bytes:
    return blake2b(content, digest_size=_CHECKSUM).digest()
