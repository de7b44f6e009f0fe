"""Room for large bodies: what they take of a process's memory is bounded, and nobody holds it who does not send.

Room is taken by what has come, not by what was announced: a hundred slow bodies take as much as one, and end in time.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.requests import Request

from api.http.bodies.read import received
from core.errors import TooBusy
from core.types import UserId

ROOM_BYTES = 32 * 1024 * 1024
"""For all bodies, and what is made of them."""
AT_ONCE = 2
"""Of those that have come, so many are worked on."""
PATIENCE_SECONDS = 10.0
"""For so long the others wait for their turn."""


class Intake:
    """What the large bodies of a process share."""

    def __init__(self, room: int = ROOM_BYTES) -> None:
        self._left = room
        self._owners: set[UserId] = set()
        self._turns = asyncio.Semaphore(AT_ONCE)

    @asynccontextmanager
    async def place(self, owner: UserId) -> AsyncIterator["Place"]:
        """For one body, one per user; raises `TooBusy`."""
        if owner in self._owners:
            raise TooBusy
        self._owners.add(owner)
        place = Place(self)
        try:
            yield place
        finally:
            self._owners.discard(owner)
            place.leave()

    def take(self, size: int) -> None:
        """Raises `TooBusy` when there is no room for so much."""
        if size > self._left:
            raise TooBusy
        self._left -= size

    def give(self, size: int) -> None:
        self._left += size

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """To work on what has come; raises `TooBusy` when that takes too long to begin."""
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await self._turns.acquire()
        except TimeoutError:
            raise TooBusy from None
        try:
            yield
        finally:
            self._turns.release()


class Place:
    """What one body takes, of all the room there is."""

    def __init__(self, intake: Intake) -> None:
        self.intake = intake
        self._size = 0

    def grow(self, size: int) -> None:
        """Raises `TooBusy`."""
        self.intake.take(size)
        self._size += size

    def leave(self) -> None:
        """All of it."""
        self.intake.give(self._size)
        self._size = 0


class LargeRequest(Request):
    """A request whose body is not read into a value."""

    def __init__(self, request: Request, place: Place) -> None:
        super().__init__(request.scope, request.receive)
        self.place = place
        self.document: bytes | bytearray = b""

    async def read(self) -> None:
        """Take the body in, of whatever type; raises `TooSlow` and `TooBusy`."""
        self.document = await received(self.receive, make_room=self.place.grow)
