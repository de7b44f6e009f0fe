"""Bodies that are made to hurt cost a process little memory, and nobody else their turn."""

import asyncio
import http.client
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing

import httpx
import pytest

from tests.hostile import imports
from tests.hostile.__main__ import forget_the_most, memory
from tests.stack import ApiProcess, Stack, client, new_user
from tests.steps import until
from tests.tokens import shared_secret_token

IMPORT = "/api/tasks/import"
MORE_MEGABYTES = 80
ONE_AFTER_ANOTHER = 60
JSON = {"content-type": "application/json"}


@pytest.fixture(scope="module")
def target(stack: Stack) -> Iterator[ApiProcess]:
    """An API of its own, which has imported before."""
    api = stack.api(LIMIT_WRITES_RATE="0")
    with client(api.url, new_user()) as someone:
        assert someone.post(IMPORT, content=imports.large_and_right(), headers=JSON).status_code == 201
    yield api
    api.stop()


@pytest.fixture
def mallory(target: ApiProcess) -> Iterator[httpx.Client]:
    with client(target.url, new_user()) as mallory:
        yield mallory


@pytest.mark.parametrize("kind", imports.KINDS)
def test_a_hostile_import_takes_little_memory(
    target: ApiProcess, mallory: httpx.Client, kind: Callable[[], bytes]
) -> None:
    """It is refused, with no more than twenty mistakes, and the process is never much larger than before."""
    assert target.pid
    body = kind()
    forget_the_most(target.pid)
    before = memory(target.pid, "VmRSS")
    refused = mallory.post(IMPORT, content=body, headers=JSON)
    assert refused.status_code == 422
    assert 1 <= len(refused.json()["errors"]) <= 20
    assert memory(target.pid, "VmHWM") < before + MORE_MEGABYTES


def test_hostile_imports_one_after_another_leave_nothing(target: ApiProcess, mallory: httpx.Client) -> None:
    """The process is alive, and not half as large again."""
    assert target.pid
    before = memory(target.pid, "VmRSS")
    bodies = [kind() for kind in imports.KINDS]
    for number in range(ONE_AFTER_ANOTHER):
        assert mallory.post(IMPORT, content=bodies[number % len(bodies)], headers=JSON).status_code == 422
    assert memory(target.pid, "VmRSS") < 1.5 * before


def test_a_large_import_takes_little_memory(target: ApiProcess, mallory: httpx.Client) -> None:
    """One that is right, too."""
    assert target.pid
    forget_the_most(target.pid)
    before = memory(target.pid, "VmRSS")
    assert mallory.post(IMPORT, content=imports.large_and_right(), headers=JSON).json() == {"imported": 20_000}
    assert memory(target.pid, "VmHWM") < before + MORE_MEGABYTES


@pytest.mark.anyio
async def test_others_have_their_turn_while_an_import_is_read(target: ApiProcess) -> None:
    """Whoever asks after it has come is answered before it."""
    head = {"authorization": f"Bearer {shared_secret_token(new_user())}", **JSON}
    async with httpx.AsyncClient(base_url=target.url, headers=head, timeout=60) as mallory:
        importing = asyncio.create_task(mallory.post(IMPORT, content=imports.large_and_right()))
        answered = 0
        while not importing.done():
            answered += (await mallory.get("/livez")).is_success
        assert (await importing).status_code == 201
    assert answered > 20


class SlowImport:
    """One whose body does not come."""

    def __init__(self, api: ApiProcess, user: str, *, begin: bytes = b'{"tasks":') -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", api.port, timeout=60)
        self.connection.putrequest("POST", IMPORT)
        self.connection.putheader("Authorization", f"Bearer {shared_secret_token(user)}")
        self.connection.putheader("Content-Type", "application/json")
        self.connection.putheader("Content-Length", "8000000")
        self.connection.endheaders(begin)

    def close(self) -> None:
        self.connection.close()


def test_slow_imports_are_in_nobodys_way(target: ApiProcess) -> None:
    """Twenty users announce a large body and send next to nothing: another's import is taken, then theirs are ended."""
    with ExitStack() as exits:
        slow = [exits.enter_context(closing(SlowImport(target, new_user()))) for _ in range(20)]
        with client(target.url, new_user()) as alice:
            for _ in range(3):
                assert alice.post(IMPORT, json={"tasks": [{"title": "Walk"}]}).status_code == 201
        for one in slow:
            answer = one.connection.getresponse()
            assert (answer.status, answer.headers["content-type"]) == (408, "application/problem+json")
            assert answer.headers["connection"] == "close"


def test_a_slow_body_of_one_task_is_ended_too(target: ApiProcess) -> None:
    """Wherever a body is taken."""
    with closing(socket.create_connection(("127.0.0.1", target.port), timeout=60)) as line:
        token = shared_secret_token(new_user())
        head = f"POST /api/tasks HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\n"
        line.sendall(f'{head}content-type: application/json\r\ncontent-length: 20\r\n\r\n{{"title"'.encode())
        assert line.recv(65536).startswith(b"HTTP/1.1 408 ")
        assert not line.recv(65536).startswith(b"HTTP")  # and the connection is closed


@pytest.mark.anyio
async def test_bodies_share_their_room(target: ApiProcess) -> None:
    """What has come of large bodies is bounded for all together: beyond it another is told to come back."""
    megabytes = b'{"tasks":["' + b"x" * 7_900_000
    large = imports.large_and_right()
    with ExitStack() as exits, client(target.url, new_user()) as alice:
        slow = [exits.enter_context(closing(SlowImport(target, new_user(), begin=megabytes))) for _ in range(4)]
        await until(lambda: alice.post(IMPORT, content=large, headers=JSON).status_code == 503)
        assert alice.post("/api/tasks", json={"title": "Walk"}).status_code == 201
        for one in slow:
            one.close()
        await until(lambda: alice.post(IMPORT, content=large, headers=JSON).status_code == 201)
