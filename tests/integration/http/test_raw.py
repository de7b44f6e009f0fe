"""What no HTTP library would send."""

import contextlib
import socket
from collections.abc import Mapping

import httpx
import pytest

from core.types import UserId
from tests.stack import ApiProcess

POST = b"POST /api/tasks HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n{auth}"
GET = b"GET /api/tasks HTTP/1.1\r\nHost: x\r\n{auth}"
CHUNK = b"8000\r\n" + b" " * 0x8000 + b"\r\n"
RAW: Mapping[str, tuple[bytes, set[int]]] = {
    "too large, in chunks": (POST + b"Transfer-Encoding: chunked\r\n\r\n" + CHUNK * 3 + b"0\r\n\r\n", {413}),
    "too large, in chunks that never end": (POST + b"Transfer-Encoding: chunked\r\n\r\n" + CHUNK * 3, {413}),
    "too large, announced and not sent": (POST + b"Content-Length: 10000000\r\n\r\n", {413}),
    "too large, asking first": (POST + b"Content-Length: 10000000\r\nExpect: 100-continue\r\n\r\n", {413}),
    "length of 5000 digits": (POST + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n", {400, 413}),
    "length beyond 64 bits": (POST + b"Content-Length: 18446744073709551616\r\n\r\n", {400, 413}),
    "length of letters": (POST + b"Content-Length: abc\r\n\r\n", {400}),
    "negative length": (POST + b"Content-Length: -1\r\n\r\n", {400}),
    "two lengths": (POST + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}x", {400}),
    "length and chunks": (POST + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", {400}),
    "chunk of letters": (POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", {400}),
    "chunk beyond 64 bits": (POST + b"Transfer-Encoding: chunked\r\n\r\n" + b"F" * 17 + b"\r\n", {400}),
    "NUL in a header": (GET + b"X-A: a\0b\r\n\r\n", {400}),
    "NUL in a header's name": (GET + b"X\0A: ab\r\n\r\n", {400}),
    "newline in a header": (GET + b"X-A: a\nb\r\n\r\n", {400}),
    "header without a colon": (GET + b"nonsense\r\n\r\n", {400}),
    "space before the colon": (GET + b"X-A : b\r\n\r\n", {400}),
    "token of 100,000 characters": (
        GET.replace(b"{auth}", b"Authorization: Bearer " + b"a" * 100_000 + b"\r\n\r\n"),
        {401, 431},
    ),
    "tag of 100,000 characters": (GET + b"If-None-Match: " + b'"' * 100_000 + b"\r\n\r\n", {200, 431}),
    "two keys": (
        POST + b"Idempotency-Key: a\r\nIdempotency-Key: b\r\nContent-Length: 13\r\n\r\n" + b'{"title":"x"}',
        {422},
    ),
    "path of 60,000 characters": (GET.replace(b"tasks", b"tasks/" + b"1" * 60_000) + b"\r\n", {414, 422}),
    "query of 60,000 characters": (GET.replace(b"tasks", b"tasks?limit=" + b"1" * 60_000) + b"\r\n", {414, 422}),
    "query of 20,000 fields": (GET.replace(b"tasks", b"tasks?" + b"a&" * 20_000) + b"\r\n", {414, 422}),
    "raw bytes in the path": (GET.replace(b"tasks", b"tasks/\xff\xfe") + b"\r\n", {400, 422}),
    "raw bytes in the query": (GET.replace(b"tasks", b"tasks?search=\xff") + b"\r\n", {400, 422}),
    "NUL in the path": (GET.replace(b"tasks", b"tasks/\0") + b"\r\n", {400}),
    "method that nobody knows": (GET.replace(b"GET", b"BREW") + b"\r\n", {400, 405}),
    "method in lower case": (GET.replace(b"GET", b"get") + b"\r\n", {400, 405}),
    "no version": (b"GET /api/tasks\r\n\r\n", {400, 401}),
    "unknown version": (GET.replace(b"1.1", b"9.9") + b"\r\n", {400, 505}),
    "HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", {400, 505}),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 500, {400}),
    "nothing but newlines": (b"\r\n" * 100 + b"x\r\n\r\n", {400}),
    "the server as a whole": (b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", {400, 404, 405}),
}


@pytest.mark.parametrize("name", RAW)
def test_what_no_library_would_send(api: ApiProcess, alice: httpx.Client, user: UserId, name: str) -> None:
    """A clear answer as soon as there can be one, and the process goes on."""
    request, statuses = RAW[name]
    authorization = alice.headers["authorization"].encode()
    answer = exchange(api, request.replace(b"{auth}", b"Authorization: " + authorization + b"\r\n"))
    assert int(answer.split(b" ", 2)[1]) in statuses, answer
    assert alice.get("/livez").status_code == 200
    assert alice.get("/api/tasks").json() == []


def test_a_body_that_ends_early_makes_no_task(api: ApiProcess, alice: httpx.Client) -> None:
    """Half a request is none, and whoever leaves in the middle of it does no harm."""
    request = POST.replace(b"{auth}", b"Authorization: " + alice.headers["authorization"].encode() + b"\r\n")
    for end in (
        b'Content-Length: 1000\r\n\r\n{"title": "x"}',
        b'Transfer-Encoding: chunked\r\n\r\nd\r\n{"title":"x"}\r\n',
    ):
        with socket.create_connection(("127.0.0.1", api.port), timeout=30) as connection:
            connection.sendall(request + end)
    assert alice.get("/livez").status_code == 200
    assert alice.get("/api/tasks").json() == []


def exchange(api: ApiProcess, request: bytes) -> bytes:
    """Send bytes, and read up to the end of the answer's header."""
    answer = b""
    with socket.create_connection(("127.0.0.1", api.port), timeout=30) as connection:
        with contextlib.suppress(ConnectionError):  # the server may have heard enough
            connection.sendall(request)
        while b"\r\n\r\n" not in answer and (received := connection.recv(65_536)):
            answer += received
    return answer
