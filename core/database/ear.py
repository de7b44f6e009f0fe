"""What the event loop hears of one socket: a reader that stays, instead of one for every wait.

The loop has a descriptor of its own for the same socket. Whenever libpq closes its one, silently or not, the number of
ours belongs to nobody else: a connection that is accepted meanwhile cannot get it.
"""

import asyncio
import contextlib
import os

from psycopg2.extensions import connection as Connection  # noqa: N812  # a type, whatever its case


class Ear:
    """Wakes whoever waits for something to read.

    What nobody waits for is left unread, and listening ends until somebody does: else the loop would tell of it again
    and again. Once it may: some loops tell once more of what is just being read.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, descriptor: int) -> None:
        self._loop = loop
        self._descriptor = os.dup(descriptor)
        self._listening = False
        self._unclaimed = False
        self._waiting: asyncio.Future[bool] | None = None

    def wake(self, waiting: "asyncio.Future[bool]") -> None:
        """Settle it with True as soon as there is something to read, or the connection has ended."""
        self._waiting = waiting
        self._unclaimed = False
        if not self._listening:
            self._loop.add_reader(self._descriptor, self._heard)
            self._listening = True

    def rest(self) -> None:
        """Nobody waits any more."""
        self._waiting = None

    def close(self) -> None:
        """Give the descriptor back; safe to repeat."""
        if self._descriptor < 0:
            return
        self._stop()
        os.close(self._descriptor)
        self._descriptor = -1

    def _heard(self) -> None:
        if self._waiting is not None:
            if not self._waiting.done():
                self._waiting.set_result(True)
        elif self._unclaimed:
            self._stop()
        else:
            self._unclaimed = True

    def _stop(self) -> None:
        if self._listening:
            self._listening = False
            with contextlib.suppress(RuntimeError):  # the loop was closed before the connection
                self._loop.remove_reader(self._descriptor)


class Session(Connection):
    """A connection that the event loop listens to, from the first wait there to the end."""

    _ear: Ear | None = None

    def listen(self) -> Ear:
        """To be called where the loop runs."""
        if self._ear is None:
            self._ear = Ear(asyncio.get_running_loop(), self.fileno())
        return self._ear

    def stop_listening(self) -> None:
        """When it is broken: the server hears of the end only when ours is closed as well."""
        if self._ear is not None:
            self._ear.close()
            self._ear = None

    def close(self) -> None:
        self.stop_listening()
        super().close()
