"""What `api.hits.protocol` has to know of uvicorn beyond its documentation, and whether this uvicorn is the one it was
read in.

The protocol class stands between uvicorn's own and the transport. It relies on uvicorn doing what it does in the files
below: which attribute says that an answer is complete, when the keep-alive timer is set, what ends a connection,
and that a new list takes the place of the server's own headers.
"""

import hashlib
from functools import cache
from pathlib import Path

from uvicorn import server
from uvicorn.protocols.http import flow_control, httptools_impl

READ = {
    "httptools_impl.py": "1d4e1c579df4168433a61a01f10c628b31c1790e72dd9769d2b8633b22214033",
    "server.py": "c1be9d133467a42ab88d7168e408ef5a90257661a901899426214a3d1fc2d026",
    "flow_control.py": "d39d16560df512f3ce907c329c2a0c3f5cd7165fef3b753876eae5739bf2a785",
}
"""The files that were read, as of uvicorn 0.54.0, by their SHA-256."""


@cache
def differences() -> tuple[str, ...]:
    """The files that are others here."""
    return tuple(path.name for path in _files() if hashlib.sha256(_content(path)).hexdigest() != READ[path.name])


def _files() -> tuple[Path, ...]:
    return tuple(Path(str(module.__file__)) for module in (httptools_impl, server, flow_control))


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""  # without sources nobody can tell
