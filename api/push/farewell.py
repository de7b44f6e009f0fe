"""The process is about to end: streams must know before the server waits for them to end by themselves."""

import asyncio
import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextlib.contextmanager
def heard(act: Callable[[], None]) -> Iterator[None]:
    """Meanwhile call `act`, in the event loop, when the process is told to end; whoever heard that before still does.

    The server has no hook for it: it tells its application only when all answers have ended.
    """
    if threading.current_thread() is not threading.main_thread():  # signals are heard there and nowhere else
        yield
        return
    loop = asyncio.get_running_loop()
    before = {number: signal.getsignal(number) for number in SIGNALS}

    def handle(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(act)
        handler = before[signal.Signals(number)]
        if callable(handler):
            handler(number, frame)

    for number in SIGNALS:
        signal.signal(number, handle)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
