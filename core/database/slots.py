"""So many transactions at a time, each in turn; fewer for a while when there are fewer connections than slots."""

import asyncio


class Slots:
    """Each belongs to a connection, or to the room for one. One for which there was no room rests for a while."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._free = asyncio.Semaphore(number)
        self._resting: dict[object, asyncio.TimerHandle] = {}

    @property
    def number(self) -> int:
        """How many there are now."""
        return self._number - len(self._resting)

    async def take(self, seconds: float) -> None:
        """Raises `TimeoutError` when none becomes free in `seconds`."""
        if not self._free.locked():
            await self._free.acquire()
            return
        async with asyncio.timeout(seconds):
            await self._free.acquire()

    def give(self) -> None:
        self._free.release()

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
            await self._free.acquire()

    def _wake(self, slot: object) -> None:
        del self._resting[slot]
        self._free.release()
