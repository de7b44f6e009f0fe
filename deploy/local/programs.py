"""The product's own processes: what the image runs, run here."""

import http.client
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from deploy.local.child import Child, Launch
from deploy.local.guardian import Guardian
from deploy.local.plan import HOST, TOP

HTTP_OK = 200

MIGRATE = (sys.executable, "-m", "alembic", "upgrade", "head")
WORK = (sys.executable, "-m", "worker.main")
SERVE = (
    *(sys.executable, "-m", "uvicorn", "--factory", "api.main:create_app"),
    *("--host", HOST, "--loop", "uvloop", "--http", "httptools", "--no-access-log"),
    *("--no-proxy-headers", "--no-server-header", "--timeout-graceful-shutdown", "10"),
)


class Program(Child):
    """A command of the product; it is ready as soon as it runs."""

    def __init__(
        self, name: str, command: Sequence[str], *, environment: Mapping[str, str], log: Path, guardian: Guardian
    ) -> None:
        super().__init__(name, log=log, guardian=guardian)
        self._command = command
        self._environment = environment

    def prepare(self) -> Launch:
        return Launch(self._command, cwd=TOP, environment=self._environment)

    def ready(self) -> bool:
        return self.running


class Api(Program):
    """The API on one port; it is ready when it says so itself."""

    def __init__(self, port: int, *, environment: Mapping[str, str], log: Path, guardian: Guardian) -> None:
        command = (*SERVE, "--port", str(port))
        super().__init__("the API", command, environment=environment, log=log, guardian=guardian)
        self._port = port

    def ready(self) -> bool:
        """Whether `/readyz` answers 200. Asked directly: urllib would go through the machine's proxy."""
        connection = http.client.HTTPConnection(HOST, self._port, timeout=2)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == HTTP_OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()
