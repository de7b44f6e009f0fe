"""An export that is read as slowly as a test likes."""

import http.client
import socket

from tests.integration.files.lists import EXPORT
from tests.stack import ApiProcess
from tests.tokens import shared_secret_token


class Download:
    """An export that is read as slowly as the test likes: the sockets hold little."""

    def __init__(self, api: ApiProcess, user: str) -> None:
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self._socket.settimeout(60)
        self._socket.connect(("127.0.0.1", api.port))
        headers = f"host: localhost\r\nauthorization: Bearer {shared_secret_token(user)}"
        self._socket.sendall(f"GET {EXPORT} HTTP/1.1\r\n{headers}\r\n\r\n".encode())
        self._response = http.client.HTTPResponse(self._socket)
        self._response.begin()
        self.status = self._response.status
        self.head = self._response.read(100)

    def rest(self) -> bytes:
        return self._response.read()

    def close(self) -> None:
        self._response.close()
        self._socket.close()
