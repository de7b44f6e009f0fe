"""Ports for servers of tests: each is given once, to one process of all that run tests here side by side."""

import contextlib
import fcntl
import os
import random
import tempfile
from functools import cache
from pathlib import Path
from typing import BinaryIO

from deploy.local.servers.sockets import free_port, port_is_free

LOWEST = 10_000

_given: set[int] = set()


def steady_port(*, bus: int = 0) -> int:
    """A free port that the system gives to no outgoing connection: a server that was killed finds it free again.

    Nobody else is given it, however late it is used. With `bus` the port that lies so far above it is one, too.
    """
    with contextlib.suppress(OSError):
        lowest_given = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
        steady = range(LOWEST, max(lowest_given - bus, LOWEST))
        for port in random.sample(steady, k=min(1000, len(steady))):
            if take(port, bus=bus):
                return port
    return next(port for port in iter(free_port, 0) if take(port, bus=bus))


def take(port: int, *, bus: int = 0) -> bool:
    """Whether it is this process's from now on, and nobody listens there."""
    both = {port, port + bus}
    if both & _given or not all(_hold(one) for one in both):
        return False
    _given.update(both)  # one that somebody listens on is as good as given
    return all(port_is_free(one) for one in both)


def _hold(port: int) -> bool:
    """A lock that lasts as long as this process (fcntl(2)): whoever tests beside it is refused."""
    try:
        fcntl.lockf(_locks(), fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
    except (BlockingIOError, PermissionError):
        return False
    return True


@cache
def _locks() -> BinaryIO:
    return (Path(tempfile.gettempdir()) / f"tasklane-ports-{os.getuid()}").open("ab")
