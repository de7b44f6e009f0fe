"""Where a page ended: opaque to clients, bound to the question that it continues, of constant cost however deep."""

import base64
import binascii
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Literal

from core.tasks.tree import keys
from core.types import MAX_TASK_ID, TaskId

VERSION = 1
MAX_LENGTH = 2048
PATTERN = "^[A-Za-z0-9_-]+$"
WRONG = "must be a cursor from the Link header of the same query"

KeyKind = Literal["time", "text", "number", "place"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MAX_TITLE = 400
_MAX_RANK = 2**15 - 1


@dataclass(frozen=True, slots=True)
class Cursor:
    """The sort key and the id of the last task of a page. A time is in microseconds since 1970, None without an end."""

    key: int | str | None
    id: TaskId

    def encode(self, question: str) -> str:
        document = [VERSION, _fingerprint(question), self.key, self.id]
        text = json.dumps(document, separators=(",", ":"), ensure_ascii=False)  # or an emoji would take 12 bytes
        return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def decode(text: str, question: str, kind: KeyKind) -> Cursor:
    """Raises `ValueError` for anything that `encode` did not make for this question."""
    if not re.fullmatch(PATTERN, text):
        raise ValueError(WRONG)
    try:
        document = json.loads(base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True))
        version, fingerprint, key, id_ = document
    except (ValueError, TypeError, RecursionError, binascii.Error):
        raise ValueError(WRONG) from None
    fits = version == VERSION and fingerprint == _fingerprint(question) and _is_key(key, kind)
    if not fits or type(id_) is not int or not 0 < id_ <= MAX_TASK_ID:
        raise ValueError(WRONG)
    return Cursor(key, TaskId(id_))


def moment(key: int) -> datetime:
    """The instant that a key of kind `time` stands for."""
    return _EPOCH + timedelta(microseconds=key)


def _is_key(key: object, kind: KeyKind) -> bool:
    match kind:
        case "text":
            return isinstance(key, str) and len(key) <= _MAX_TITLE and "\0" not in key and _is_unicode(key)
        case "place":
            return isinstance(key, str) and bool(re.fullmatch(keys.PATTERN, key))
        case "number":
            return type(key) is int and 0 <= key <= _MAX_RANK
        case "time":
            return key is None or (type(key) is int and _is_moment(key))


def _is_moment(key: int) -> bool:
    try:
        moment(key)
    except OverflowError:
        return False
    return True


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _fingerprint(question: str) -> str:
    return blake2b(question.encode(), digest_size=6).hexdigest()
