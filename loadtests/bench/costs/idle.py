"""What an idle connection takes: of as many as a busy evening leaves open, each of which has read a list."""

import contextlib
import socket
from dataclasses import dataclass
from pathlib import Path

from deploy.local.plan import HOST
from loadtests.bench.measure import BenchFailed
from loadtests.bench.stage import traffic
from loadtests.bench.stage.stage import Server, Stage

CONNECTIONS = 5000
MOST_BYTES = 8192
WARMING = 2000
PATIENCE = 60


@dataclass(frozen=True, slots=True)
class Idle:
    """Bytes of the process's own memory per connection; the connections of each kind are opened on a new process."""

    hits: float
    """The same request on each, answered directly."""
    others: float
    """On each a request that nobody has sent before, answered by way of the framework."""


def idle(on: Stage) -> Idle:
    return Idle(_bytes_each(on, "idle-hits", "Host: bench"), _bytes_each(on, "idle-others", "Host: bench-{}"))


def _bytes_each(on: Stage, name: str, host: str) -> float:
    server = on.tasklane(name)
    request = traffic.raw("GET", "/api/tasks", traffic.token(traffic.readers()[-3], on.secret)).decode()
    with contextlib.ExitStack() as opened:
        opened.callback(server.stop)
        with _connect(server) as first:
            for _ in range(WARMING):  # the allocator has what it takes to serve at all
                _ask(first, request)
        for number in range(WARMING):
            with _connect(server) as passing:
                _ask(passing, request.replace("Host: bench", host.format(-number - 1)))
        before = _private_bytes(server.pid)
        for number in range(CONNECTIONS):
            _ask(opened.enter_context(_connect(server)), request.replace("Host: bench", host.format(number)))
        return (_private_bytes(server.pid) - before) / CONNECTIONS


def _connect(server: Server) -> socket.socket:
    return socket.create_connection((HOST, server.port), timeout=PATIENCE)


def _ask(connection: socket.socket, request: str) -> None:
    connection.sendall(request.encode())
    answer = b""
    while not (answer.endswith(b"]") and b"\r\n\r\n" in answer):
        if not (received := connection.recv(65_536)):
            raise BenchFailed(f"a connection was closed after {answer!r}")
        answer += received
    if not answer.startswith(b"HTTP/1.1 200"):
        raise BenchFailed(f"a list could not be read: {answer[:100]!r}")


def _private_bytes(pid: int) -> int:
    """What only this process has, in memory."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError as error:
        raise BenchFailed("this system does not tell what a process takes") from error
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Private_"))
