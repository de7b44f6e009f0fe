"""Where a task stands by hand: keys that are compared byte by byte, each between its neighbours and of bounded length.

A task that nobody has moved has the key of its id: new tasks come first, and nothing is written for it. A key is in
hexadecimal digits, `WIDTH` of them and more where it was put between two others; the digits behind end in no zero, so
that no two keys mean the same place.
"""

from typing import LiteralString, NamedTuple

from core.types import MAX_TASK_ID, TaskId

WIDTH = 16
MOST = 48
"""Characters of a key."""

CROWDED = 32
"""Of a longer one the worker is told: it makes room before the keys come to their bound."""

PATTERN = f"[0-9a-f]{{{WIDTH},{MOST}}}"

END = "f" * WIDTH
"""Behind all keys."""

UNMOVED: LiteralString = "lpad(to_hex(9223372036854775807 - t.id), 16, '0') COLLATE \"C\""
"""What `of_number` makes of the id of the row `t`."""

PLACE: LiteralString = "coalesce(t.position, " + UNMOVED + ")"
"""The key of the row `t`."""

_MORE = 4
"""Digits that are added where two keys have no room between them."""

_STEP = 4
"""How far from the key that was put there last the next one is put: who moves one task after another to the same place
comes 8,192 times before it takes more digits. In the middle they would be needed with every fourth.
"""

_ROOM = 1 << 12
"""Between two keys that are spread anew, at least."""


class Place(NamedTuple):
    """A task and its key."""

    id: TaskId
    key: str


def of_number(number: int) -> str:
    """The key of the task of that id, or of whatever is put above all tasks so far."""
    return f"{MAX_TASK_ID - number:0{WIDTH}x}"


def number_of(key: str) -> int:
    """The number whose key is this one, or else the last one below it; of what was put at the end it is negative."""
    return MAX_TASK_ID - int(key[:WIDTH], 16)


def edge(place: Place, *, descending: bool = False) -> int:
    """Of the tasks that nobody has moved those behind `place` have a lower id than this; `descending`: a higher one."""
    number = number_of(place.key)
    same = len(place.key) == WIDTH
    if descending:
        return max(number - (not same or number < place.id), -1)
    return min(number + (same and number > place.id), MAX_TASK_ID)


def behind(key: str) -> str:
    """A key after this one, where none follows."""
    return f"{int(key[:WIDTH], 16) + 1:0{WIDTH}x}"


def between(low: str, high: str) -> str | None:
    """A key between these two; None if they are the same, as those of tasks that somebody else has placed may be.

    It may be longer than `MOST`: then the keys around are to be spread anew.
    """
    size = max(len(low), len(high))
    first, last = _number(low, size), _number(high, size)
    if first >= last:
        return None
    while last - first == 1:
        size += _MORE
        first, last = _number(low, size), _number(high, size)
    step = min(_STEP, (last - first) // 2)
    number = (first + last) // 2
    if len(low) != len(high):
        number = first + step if len(low) > len(high) else last - step
    if size > WIDTH and not number % 16 and number + 1 < last:
        number += 1  # a key that ends in a zero loses it, and the steps beside it would be 16 times as wide
    return _key(number, size)


def spread(low: str, high: str, count: int) -> list[str]:
    """So many keys between these two, as far from one another as can be, and none longer than it must be."""
    size = max(len(low), len(high))
    while (gap := (_number(high, size) - _number(low, size)) // (count + 1)) < _ROOM:
        size += _MORE
    return [_key(_number(low, size) + gap * number, size) for number in range(1, count + 1)]


def _number(key: str, size: int) -> int:
    return int(key.ljust(size, "0"), 16)


def _key(number: int, size: int) -> str:
    key = f"{number:0{size}x}"
    return key[:WIDTH] + key[WIDTH:].rstrip("0")
