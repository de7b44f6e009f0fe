"""The product's own processes: what the image runs, run here."""

import http.client
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from deploy.local.children.child import Child, Launch
from deploy.local.children.guardian import Guardian
from deploy.local.plan import HOST, TOP

HTTP_OK = 200

MIGRATE = (sys.executable, "-m", "alembic", "upgrade", "head")
WORK = (sys.executable, "-m", "worker.main")
UVICORN = (sys.executable, "-m", "uvicorn", "--factory")
HTTP = ("--http", "api.hits.protocol:HitProtocol")
PLAIN_HTTP = ("--http", "httptools")
"""What it is made of, for whoever does not have it."""
OPTIONS = (
    *("--host", HOST, "--loop", "uvloop", *HTTP, "--no-access-log"),
    *("--no-proxy-headers", "--no-server-header", "--timeout-keep-alive", "75", "--timeout-graceful-shutdown", "10"),
)
SERVE = (*UVICORN, "api.main:create_app", *OPTIONS)
SERVE_ALL = (*UVICORN, "deploy.local.front:create_app", *OPTIONS)
"""The API with the page and the sign-in around it, of which two settings tell it:"""
PAGE = "TASKLANE_PAGE"
"""the folder with the built page, and"""
AUTH = "TASKLANE_AUTH"
"""the auth server's origin."""


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


class Service(Program):
    """A program that listens on one port; it is ready when it says so itself."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        port: int,
        environment: Mapping[str, str],
        log: Path,
        guardian: Guardian,
    ) -> None:
        super().__init__(name, command, environment=environment, log=log, guardian=guardian)
        self._port = port
        self.url = f"http://{HOST}:{port}"

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


def auth_server(program: Path, port: int, *, environment: Mapping[str, str], log: Path, guardian: Guardian) -> Service:
    """The auth server; its sessions and keys are in the database that `environment` names."""
    command = ("node", str(program))
    environment = {**environment, "HOST": HOST, "PORT": str(port)}
    return Service("the sign-in", command, port=port, environment=environment, log=log, guardian=guardian)
