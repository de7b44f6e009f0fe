"""What a process remembers of its users, within bounds for all and for each: nobody pushes the others out."""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, NamedTuple, TypeVar

from core.types import UserId

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class _Entry(NamedTuple, Generic[V]):
    value: V
    owner: UserId
    weight: int


class Shares(Generic[K, V]):
    """The last used values, within `capacity` bytes, and of one user the last that came, within `share`."""

    def __init__(self, capacity: int, share: int) -> None:
        self._capacity = capacity
        self._share = share
        self._entries: OrderedDict[K, _Entry[V]] = OrderedDict()
        self._owned: dict[UserId, OrderedDict[K, None]] = {}
        self._weights: dict[UserId, int] = {}
        self.size = 0
        """Bytes, as they were weighed."""

    def __contains__(self, key: K) -> bool:
        return key in self._entries

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: K) -> V | None:
        """It has been used now."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        self._entries.move_to_end(key)
        return entry[0]

    def peek(self, key: K) -> V | None:
        """As `get`, without its being used."""
        entry = self._entries.get(key)
        return None if entry is None else entry[0]

    def put(self, owner: UserId, key: K, value: V, weight: int) -> None:
        """What is too much for a share is not kept."""
        self.drop(key)
        if weight > self._share:
            return
        self._entries[key] = _Entry(value, owner, weight)
        owned = self._owned.setdefault(owner, OrderedDict())
        owned[key] = None
        self.size += weight
        self._weights[owner] = self._weights.get(owner, 0) + weight
        while self._weights[owner] > self._share:
            self.drop(next(iter(owned)))
        while self.size > self._capacity:
            self.drop(next(iter(self._entries)))

    def drop(self, key: K) -> None:
        entry = self._entries.pop(key, None)
        if entry is None:
            return
        owner = entry.owner
        self.size -= entry.weight
        self._weights[owner] -= entry.weight
        del self._owned[owner][key]
        if not self._owned[owner]:
            del self._owned[owner], self._weights[owner]

    def clear(self) -> None:
        self._entries.clear()
        self._owned.clear()
        self._weights.clear()
        self.size = 0
