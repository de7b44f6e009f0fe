"""What a client may send without end: the service without a gateway takes none of it, nor waits for it for ever."""

import json
import re
import socket
from collections.abc import Iterator
from contextlib import suppress

import pytest

from api.http.wire import HEAD_BYTES, HEAD_SECONDS
from core.types import UserId
from deploy.local.programs import SERVE
from tests.integration.direct.test_direct_start import Started
from tests.stack import ApiProcess, Stack
from tests.tokens import shared_secret_token

CHUNKED = b"POST /api/tasks HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n"
MOST = 64 * 1024 * 1024
"""What the systems between two sockets may take before the sender learns that nobody reads."""


@pytest.fixture(scope="module")
def api(stack: Stack) -> Iterator[ApiProcess]:
    api = stack.api()
    yield api
    api.stop()


@pytest.fixture
def line(api: ApiProcess) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", api.port), timeout=60) as line:
        yield line


def answer(line: socket.socket) -> tuple[int, dict[str, object]] | None:
    """The last answer, which ends the connection: its status and its problem. None where what was still coming then
    has made the system forget it."""
    received = b""
    try:
        while piece := line.recv(65_536):
            received += piece
    except ConnectionResetError:
        return None
    head, _, body = received.rpartition(b"\r\n\r\n")
    assert b"application/problem+json" in head
    return int(head.rpartition(b"HTTP/1.1 ")[2][:3]), json.loads(body)


def pour(line: socket.socket, piece: bytes) -> None:
    """Send it again and again, until nobody takes it."""
    sent = 0
    try:
        while sent < MOST:
            sent += line.send(piece)
    except OSError:
        return
    pytest.fail("nobody minds")


@pytest.mark.parametrize(
    "head",
    [
        b"GET /livez HTTP/1.1\r\nHost: a\r\nX-Long: %b\r\n\r\n" % (b"a" * HEAD_BYTES),
        b"GET /livez?%b HTTP/1.1\r\nHost: a\r\n\r\n" % (b"a" * HEAD_BYTES),
        b"GET /livez HTTP/1.1\r\nHost: a\r\n%b\r\n" % (b"X-Many: a\r\n" * (HEAD_BYTES // 7)),
    ],
    ids=["one long header", "a long URL", "many headers"],
)
def test_a_head_is_as_large_as_it_may_be(line: socket.socket, head: bytes) -> None:
    """More is 431, in one piece or in several."""
    line.sendall(head)
    assert answer(line) in (
        None,
        (
            431,
            {
                "type": "about:blank",
                "title": "Request Header Fields Too Large",
                "status": 431,
                "detail": "The headers are larger than 65536 bytes, which is the limit.",
                "message": "The headers are larger than 65536 bytes, which is the limit.",
            },
        ),
    )


@pytest.mark.parametrize(
    ("begin", "piece"),
    [
        (b"GET /livez HTTP/1.1\r\nX-Long: ", b"a" * 16_384),
        (b"GET /", b"a" * 16_384),
        (b"GET /livez HTTP/1.1\r\n", b"X-Many: a\r\n" * 1000),
        (CHUNKED + b"\r\n0\r\n", b"X-Trailer: a\r\n" * 1000),
        (CHUNKED + b"\r\n0\r\nX-Trailer: ", b"a" * 16_384),
        (CHUNKED + b"\r\n1;", b"a" * 16_384),
    ],
    ids=["header", "URL", "headers", "trailers", "trailer", "extension of a chunk"],
)
def test_what_never_ends_is_not_taken(api: ApiProcess, begin: bytes, piece: bytes) -> None:
    """The connection is closed before it has cost anything, and the process goes on."""
    with socket.create_connection(("127.0.0.1", api.port), timeout=60) as line:
        line.sendall(begin)
        pour(line, piece)
    with api.client() as frontend:
        assert frontend.get("/livez").status_code == 200


@pytest.mark.parametrize(
    "begin", [b"GET /", b"GET /livez HTTP/1.1\r\nHost: a\r\nX-Half"], ids=["half a line", "half a head"]
)
def test_half_a_head_is_not_waited_for(line: socket.socket, begin: bytes) -> None:
    """Nor is one that comes letter by letter, on a connection that was good before."""
    line.sendall(b"HEAD /livez HTTP/1.1\r\nHost: a\r\n\r\n")  # an answer of one piece
    assert line.recv(4096).startswith(b"HTTP/1.1 200")
    line.sendall(begin)
    line.settimeout(1)
    received = []
    for _ in range(6 * HEAD_SECONDS):
        try:
            received.append(line.recv(65_536))
        except TimeoutError:
            with suppress(OSError):
                line.sendall(b"a")
        except ConnectionResetError:  # a letter that came too late takes the answer with it
            break
        if received and not received[-1]:
            break
    else:
        pytest.fail("it waits and waits")
    answered = b"".join(received)
    assert not answered or answered.startswith(b"HTTP/1.1 408 Request Timeout\r\n")


def test_who_says_nothing_is_not_waited_for(stack: Stack) -> None:
    """A connection without a request ends as one that is kept and idle does: here after a second."""
    api = Started(stack.folder, stack.environment(), (*SERVE, "--timeout-keep-alive", "1"))
    stack.adopt(api)
    api.start()
    with socket.create_connection(("127.0.0.1", api.port), timeout=60) as line:
        assert line.recv(1) == b""
    api.stop()


def test_trailers_are_no_headers(line: socket.socket, user: UserId) -> None:
    """RFC 9110, 6.5.1: what authorises a request stands before its content."""
    token = shared_secret_token(user).encode()
    line.sendall(
        CHUNKED + b'Connection: close\r\n\r\nd\r\n{"title":"a"}\r\n0\r\nAuthorization: Bearer ' + token + b"\r\n\r\n"
    )
    assert (answer(line) or [0])[0] == 401


def test_trailers_are_taken_as_nothing(line: socket.socket, user: UserId) -> None:
    """A request with some is as good as one without."""
    token = shared_secret_token(user).encode()
    head = CHUNKED + b"Connection: close\r\nAuthorization: Bearer " + token
    line.sendall(head + b'\r\n\r\nd\r\n{"title":"a"}\r\n0\r\nX-Trailer: a\r\n\r\n')
    assert line.recv(65_536).startswith(b"HTTP/1.1 201 ")


def test_an_answer_under_way_is_not_broken_into(line: socket.socket, user: UserId) -> None:
    """What comes behind a request and is none is answered behind it, and ends the connection."""
    token = shared_secret_token(user).encode()
    good = b"GET /api/tasks HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer " + token + b"\r\n\r\n"
    line.sendall(2 * good + b"not HTTP\r\n\r\n")
    received = b""
    while piece := line.recv(65_536):
        received += piece
    assert re.findall(rb"HTTP/1.1 (\d+)", received) == [b"200", b"200", b"400"]
