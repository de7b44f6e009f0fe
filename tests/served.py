"""An API in the test's own process, so that a test can look into it; and readers who take nothing."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx
import uvicorn

from api import main
from core.types import UserId
from tests.ports import steady_port
from tests.servers.address import until
from tests.stack import ApiProcess, Stack, new_user
from tests.tokens import shared_secret_token
from tests.watchers import EVENTS


@dataclass(frozen=True, slots=True)
class Place:
    url: str


@contextlib.contextmanager
def served(stack: Stack) -> Iterator[Place]:
    """An API in this process."""
    with contextlib.ExitStack() as resources:
        port = steady_port()
        services = main._services(stack.settings())
        app = main._stack(main._routes(services), services)
        server = uvicorn.Server(uvicorn.Config(app, port=port, log_config=None))
        thread = threading.Thread(target=server.run)
        thread.start()
        resources.callback(thread.join)
        resources.callback(setattr, server, "should_exit", True)
        until(lambda: server.started, "the server has started")
        yield Place(f"http://127.0.0.1:{port}")


@contextlib.contextmanager
def deaf(api: ApiProcess | Place, user: UserId) -> Iterator[socket.socket]:
    """A reader who asks for a stream and takes nothing of it."""
    parts = urlsplit(api.url)
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect((parts.hostname, parts.port))
        head = f"GET {EVENTS} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {shared_secret_token(user)}\r\n\r\n"
        connection.sendall(head.encode())
        yield connection


def with_much(stack: Stack) -> UserId:
    """A user with more than fits between two ends of a connection."""
    user = new_user()
    tasks = [{"title": f"{number}", "description": "x" * 1000} for number in range(6500)]
    with stack.api().client(user) as frontend:
        frontend.post("/api/tasks/import", json={"tasks": tasks}).raise_for_status()
    return user


def metrics(api: ApiProcess | Place) -> str:
    return httpx.get(f"{api.url}/metrics", timeout=60).text
