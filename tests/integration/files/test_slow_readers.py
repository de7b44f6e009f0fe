"""Readers who do not read cost a process bounded memory, and nobody else their answer."""

import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing

import pytest

from api.hits.readers import Readers
from core.types import UserId
from tests.hostile import imports
from tests.hostile.__main__ import forget_the_most, memory
from tests.integration.files.download import Download
from tests.integration.files.lists import MANY, seed
from tests.stack import ApiProcess, Stack, client, new_user
from tests.steps import until
from tests.tokens import shared_secret_token

STALLED = 30
ROOM_MEGABYTES = 32


class Line:
    """A connection's transport, as far as it is looked at."""

    def __init__(self, unread: int, *, takes: int = 0) -> None:
        self.unread = unread
        self.aborted = False
        self._takes = takes

    def get_write_buffer_size(self) -> int:
        """Whose reader takes so much between one look and the next, takes it with each."""
        self.unread = max(0, self.unread - self._takes)
        return self.unread

    def abort(self) -> None:
        self.aborted = True


@pytest.mark.anyio
async def test_whoever_takes_next_to_nothing_is_let_go() -> None:
    """And nobody else: who takes what is asked of them, or has taken it all, stays."""
    readers = Readers(room=10**10, patience=0.05)
    stalled, slow, done = Line(100_000), Line(10**9, takes=10**8), Line(100_000)
    for line in (stalled, slow, done):
        readers.pause(line)
    readers.resume(done)
    await until(lambda: slow.aborted or slow.unread < 10**8)
    readers.resume(slow)
    assert [line.aborted for line in (stalled, slow, done)] == [True, False, False]


@pytest.mark.anyio
async def test_who_is_waited_for_longest_makes_room() -> None:
    """As many as have to, by what waits for them now."""
    readers = Readers(room=1000)
    first, second, third = Line(400), Line(400), Line(400)
    readers.pause(first)
    readers.pause(second)
    second.unread = 100
    readers.pause(third)
    assert not first.aborted
    fourth = Line(600)
    readers.pause(fourth)
    assert [line.aborted for line in (first, second, third, fourth)] == [True, True, False, False]


@pytest.fixture
def target(stack: Stack) -> Iterator[ApiProcess]:
    api = stack.api()
    yield api
    api.stop()


def test_stalled_readers_hold_bounded_memory(target: ApiProcess) -> None:
    """Thirty of them, each with 13 MB that they do not take: others are served, and memory is as before."""
    assert target.pid
    hungry = new_user()
    bell = {"title": "a", "description": "\x01" * 1000, "tags": [str(n) + "\x01" * 48 for n in range(20)]}
    with client(target.url, hungry) as alice:
        for _ in range(2):
            assert alice.post("/api/tasks/import", json={"tasks": [bell] * 500}).status_code == 201
        assert len(alice.get("/api/tasks?limit=1000").content) > 12_000_000
        forget_the_most(target.pid)
        before = memory(target.pid, "VmRSS")
        with ExitStack() as lines:
            for _ in range(STALLED):
                line = lines.enter_context(closing(socket.socket()))
                line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                line.connect(("127.0.0.1", target.port))
                head = f"host: localhost\r\nauthorization: Bearer {shared_secret_token(hungry)}"
                line.sendall(f"GET /api/tasks?limit=1000 HTTP/1.1\r\n{head}\r\n\r\n".encode())
                assert line.recv(15) == b"HTTP/1.1 200 OK"
            assert alice.get("/api/tasks?limit=1").status_code == 200
            assert memory(target.pid, "VmHWM") < before + ROOM_MEGABYTES + 80


@pytest.mark.anyio
async def test_stalled_exports_make_room_for_others(stack: Stack, target: ApiProcess, user: UserId) -> None:
    """As many as there may be, and none of them reads: in the end they are let go of, though they stay connected."""
    crowds = [new_user() for _ in range(4)]
    for crowd in crowds:
        seed(stack, crowd, MANY)
    with ExitStack() as downloads, client(target.url, user) as alice:
        for crowd in crowds:
            downloads.enter_context(closing(Download(target, crowd)))
        assert alice.get("/api/tasks/export").status_code == 503
        await until(lambda: alice.get("/api/tasks/export").status_code == 200)
    lines = [json.loads(line) for line in target.log.read_text().splitlines() if line.startswith("{")]
    assert {line["reason"] for line in lines if line["event"] == "reader_let_go"} == {"slow"}
    assert not [line for line in lines if line["level"] == "error"]


def test_a_large_answer_reaches_a_reader_who_reads(target: ApiProcess) -> None:
    """However much it is."""
    with client(target.url, new_user()) as alice:
        assert (
            alice.post(
                "/api/tasks/import", content=imports.large_and_right(), headers={"content-type": "application/json"}
            ).status_code
            == 201
        )
        assert len(alice.get("/api/tasks/export").json()["tasks"]) == 20_000
