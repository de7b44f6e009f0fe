"""So many transactions at a time; fewer for a while when there are fewer connections than slots.

Nobody has more than half of them, and whoever has the fewest is next: one who asks for much waits for themselves.
"""

import asyncio
from collections import OrderedDict, deque

Waiter = asyncio.Future[None]


class Slots:
    """Each belongs to a connection, or to the room for one. One for which there was no room rests for a while."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._free = number
        self._share = (number + 1) // 2
        self._held: dict[object, int] = {}
        """How many each has, by whom they are taken for."""
        self._waiting: dict[object, deque[Waiter]] = {}
        self._turns: tuple[OrderedDict[object, None], ...] = tuple(OrderedDict() for _ in range(self._share))
        """Those who wait and may have one more, by how many they have, whoever came first first."""
        self._resting: dict[object, asyncio.TimerHandle] = {}

    @property
    def number(self) -> int:
        """How many there are now."""
        return self._number - len(self._resting)

    async def take(self, seconds: float, owner: object = None) -> None:
        """For `owner`, or for the process itself, which has no share; raises `TimeoutError` when none becomes free in
        `seconds`.
        """
        if self._free > 0 and (owner is None or self._held.get(owner, 0) < self._share):
            self._grant(owner)  # were somebody waiting who may have it, they had it
            return
        waiter = self._line_up(owner)
        try:
            async with asyncio.timeout(seconds):
                await waiter
        except BaseException:
            if waiter.done() and not waiter.cancelled():
                self.give(owner)
            else:
                self._forget(owner, waiter)
            raise

    def give(self, owner: object = None) -> None:
        """Back what was taken for `owner`."""
        self._strike(owner)
        if owner is not None:
            left = self._held[owner] - 1
            if left:
                self._held[owner] = left
            else:
                del self._held[owner]
        self._free += 1
        self._enlist(owner)
        self._serve()

    async def exchange(self, seconds: float, *, rest: float) -> None:
        """Take another than the one that the caller has, which rests from then on; raises `TimeoutError`.

        After an error the caller has its old one.
        """
        await self.take(seconds)
        slot = object()
        self._resting[slot] = asyncio.get_running_loop().call_later(rest, self._wake, slot)

    async def close(self) -> None:
        """Wait until each has been given back."""
        for slot, alarm in list(self._resting.items()):
            alarm.cancel()
            self._wake(slot)
        for _ in range(self._number):
            if not self._free:
                await self._line_up(None)
            else:
                self._grant(None)

    def _line_up(self, owner: object) -> Waiter:
        waiter: Waiter = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(owner, deque()).append(waiter)
        self._enlist(owner)
        return waiter

    def _grant(self, owner: object) -> None:
        self._free -= 1
        if owner is not None:
            self._held[owner] = self._held.get(owner, 0) + 1

    def _serve(self) -> None:
        """Whoever has the fewest, and among those whoever came first."""
        while self._free > 0:
            turn = next((turn for turn in self._turns if turn), None)
            if turn is None:
                return
            owner, _ = turn.popitem(last=False)
            waiting = self._waiting[owner]
            waiter = waiting.popleft()
            if not waiting:
                del self._waiting[owner]
            if not waiter.done():  # its caller may have been cancelled, and not have heard of it yet
                self._grant(owner)
                waiter.set_result(None)
            self._enlist(owner)

    def _enlist(self, owner: object) -> None:
        """Where those wait who have as many; at the end, unless they wait there already."""
        held = self._held.get(owner, 0)
        if owner in self._waiting and held < self._share:
            self._turns[held].setdefault(owner)

    def _strike(self, owner: object) -> None:
        held = self._held.get(owner, 0)
        if held < self._share:
            self._turns[held].pop(owner, None)

    def _forget(self, owner: object, waiter: Waiter) -> None:
        waiting = self._waiting.get(owner)
        if waiting is None or waiter not in waiting:
            return
        waiting.remove(waiter)
        if not waiting:
            self._strike(owner)
            del self._waiting[owner]

    def _wake(self, slot: object) -> None:
        del self._resting[slot]
        self._free += 1
        self._serve()
