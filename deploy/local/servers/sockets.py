"""Folders for Unix sockets, whose whole path must be short and plain; and free TCP ports."""

import os
import re
import secrets
import shutil
import socket
import tempfile
from pathlib import Path

LOOPBACK = "127.0.0.1"

LONGEST_PATH = 103
"""Bytes in `sun_path` on macOS, less the closing NUL; Linux has four more."""

PLAIN = re.compile(r"[\w./-]+", re.ASCII)
"""Paths that every client reads the same in a URL, quoted or not."""


class SocketFolder:
    """A private folder for the socket `name`: the preferred one, or a short temporary one where that cannot be used.

    The path is the same for the object's whole life, so that clients find a restarted server again.
    """

    def __init__(self, preferred: Path, name: str) -> None:
        preferred = preferred.resolve()
        self._temporary = not _usable(preferred / name)
        self.path = _short_folder(name) if self._temporary else preferred

    def make(self) -> Path:
        """An existing folder, closed to others. A temporary one is made anew: nobody can have put it there first."""
        self.remove()
        self.path.mkdir(mode=0o700, parents=True, exist_ok=not self._temporary)
        return self.path

    def remove(self) -> None:
        """A temporary folder goes; one beside the data stays."""
        if self._temporary:
            shutil.rmtree(self.path, ignore_errors=True)


def free_port() -> int:
    """A TCP port on 127.0.0.1 that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def port_is_free(port: int) -> bool:
    """Whether this user may listen there and nobody does, be it on 127.0.0.1 or on all addresses."""
    try:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((LOOPBACK, port))
        socket.create_connection((LOOPBACK, port), timeout=1).close()
    except ConnectionRefusedError:
        return True
    except (OSError, OverflowError):
        return False
    return False


def _usable(path: Path) -> bool:
    return len(os.fsencode(path)) <= LONGEST_PATH and PLAIN.fullmatch(str(path)) is not None


def _short_folder(name: str) -> Path:
    folder = f"tasklane-{secrets.token_hex(8)}"
    preferred = Path(tempfile.gettempdir()).resolve() / folder
    return preferred if _usable(preferred / name) else Path("/tmp").resolve() / folder  # noqa: S108  # random, private
