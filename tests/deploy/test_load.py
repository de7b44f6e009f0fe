"""The load test passes where every answer is right, and fails where one is not."""

import json
import multiprocessing
import os
import random
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, ProcessPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count, repeat
from typing import ClassVar

import jwt
import pytest

from deploy.local.plan import TOP
from tests.deploy.containers.project import PATIENT
from tests.stack import ApiProcess
from tests.tokens import SECRET

PATIENCE = 600


def load(host: str, *, seconds: int, **settings: str) -> subprocess.CompletedProcess[str]:
    """What `make load` runs."""
    own = {"USERS": "20", "RATE": "20", "TIME": f"{seconds}s", "THINK": "0.05", "BETTER_AUTH_SECRET": SECRET}
    return subprocess.run(
        [sys.executable, "-m", "loadtests"],
        cwd=TOP,
        env={**os.environ, **own, "HOST": host, **settings},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def load_until(shown: Callable[[str], bool], host: str) -> subprocess.CompletedProcess[str]:
    """As long as it takes on this machine until what is printed has it."""
    for seconds in (4, 15, 60):
        result = load(host, seconds=seconds)
        if shown(result.stdout + result.stderr):
            return result
    pytest.fail(result.stdout + result.stderr)


def test_the_service_passes(api: ApiProcess) -> None:
    """Some seconds of reads and writes, conditional ones among them, without a wrong answer; the report is written."""
    asked = ("GET      /api/tasks ", "POST     /api/tasks ", "PATCH    /api/tasks/{id}/complete ")
    result = load_until(lambda printed: all(name in printed for name in asked), api.url)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "Every answer was right" in result.stdout
    assert (TOP / ".local" / "load" / "report.html").stat().st_size > 0


def test_it_brings_its_own_stack() -> None:
    """Without HOST it starts one, and stops it."""
    result = load("", seconds=4, USERS="2", **PATIENT)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "starting the embedded stack" in result.stdout


def test_a_host_that_is_no_url_is_a_sentence() -> None:
    result = load("localhost", seconds=1)
    assert result.returncode == 1
    assert "base URL" in result.stderr


class Honest(BaseHTTPRequestHandler):
    """A service that knows lists and new tasks, and no more; its children tell one lie each."""

    protocol_version = "HTTP/1.1"
    numbers = count(1)
    tasks: ClassVar[dict[str, list[dict[str, object]]]] = {}

    def shown(self, user: str) -> list[dict[str, object]]:
        return list(self.tasks.get(user, []))

    def unchanged(self) -> bool:
        return False

    def do_GET(self) -> None:
        shown = self.shown(self._user())
        if self.path != "/api/tasks":
            self.answer(404, {"detail": "no"})
        elif "If-None-Match" in self.headers and self.unchanged():
            self.answer(304, None)
        else:
            self.answer(200, shown, {"X-Total-Count": str(len(shown)), "ETag": f'"{next(self.numbers)}"'})

    def do_POST(self) -> None:
        made = {**self._body(), "id": next(self.numbers), "user_id": self._user(), "completed": False}
        self.tasks.setdefault(self._user(), []).append(made)
        self.answer(201, made)

    def do_PATCH(self) -> None:
        self._body()
        self.answer(404, {"detail": "no"})

    do_PUT = do_DELETE = do_PATCH  # noqa: N815  # the names that http.server calls

    def answer(self, status: int, body: object, headers: Mapping[str, str] | None = None) -> None:
        content = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        for name, value in {**(headers or {}), "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class's
        pass

    def _body(self) -> dict[str, object]:
        content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        return dict(json.loads(content or b"{}"))

    def _user(self) -> str:
        claims = jwt.decode(self.headers["Authorization"].removeprefix("Bearer "), SECRET, algorithms=["HS256"])
        return str(claims["sub"])


class Indiscreet(Honest):
    def shown(self, user: str) -> list[dict[str, object]]:
        return [*super().shown(user), {"id": 1_000_000, "user_id": "mallory"}]


class Forgetful(Honest):
    def shown(self, user: str) -> list[dict[str, object]]:
        return super().shown(user)[1:]


class Stale(Honest):
    def unchanged(self) -> bool:
        return True


class Broken(Honest):
    def do_GET(self) -> None:
        self.answer(500, {"detail": "no"})


@pytest.mark.parametrize(
    ("liar", "words"),
    [
        (Indiscreet, "the list has a task of somebody else"),
        (Forgetful, "1 acknowledged tasks missing, 0 too many"),
        (Stale, "304, though the list has changed"),
        (Broken, "200 was due, not 500"),
    ],
)
def test_a_service_that_lies_fails(liar: type[Honest], words: str) -> None:
    """Each wrong answer is told in words, and the exit code is not 0."""
    with ThreadingHTTPServer(("127.0.0.1", 0), liar) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        result = load_until(lambda printed: words in printed, f"http://127.0.0.1:{server.server_port}")
        server.shutdown()
    assert result.returncode == 1, result.stdout + result.stderr


Change = tuple[int, str | None]
Telling = Callable[[list[Change]], list[Change]]


def followed(seed: int, telling: Telling) -> list[str]:
    """What somebody finds wrong who writes one change after another and is told of them now and then, even before the
    answer is there; `telling` makes of what is due what is told.
    """
    from loadtests.locustfile import Ledger  # locust changes the standard library for its process

    chance, ledger, clock = random.Random(seed), Ledger(), count()
    tasks = [next(clock) for _ in range(4)]
    shown: dict[int, Change] = {}
    faults: list[str] = []

    def listen() -> None:
        if chance.random() < 0.3:
            ledger.tell(telling(list(shown.values())))
            shown.clear()
            faults.extend(fault for _, fault in ledger.settle() if fault)

    for _ in range(40):
        place = chance.randrange(4)
        number = tasks[place]
        change = (number, chance.choice((None, f"{next(clock)}")))
        if change[1] is None:
            tasks[place] = next(clock)
        shown.pop(number, None)
        shown[number] = change  # the last change of a task alone is due, in its place among the others'
        listen()
        ledger.acknowledge(change, 0)
        faults.extend(fault for _, fault in ledger.settle() if fault)
        listen()
    return faults


def honestly(due: list[Change]) -> list[Change]:
    return due


def backwards(due: list[Change]) -> list[Change]:
    return due[::-1]


def forgetfully(due: list[Change]) -> list[Change]:
    return due[1:]


def discreetly(due: list[Change]) -> list[Change]:
    """Never that a task has gone."""
    return [(number, at) for number, at in due if at]


def twice(due: list[Change]) -> list[Change]:
    return [*due, *due]


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[Executor]:
    """A process that locust may change."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        yield pool


def test_who_follows_an_honest_service_finds_nothing_wrong(elsewhere: Executor) -> None:
    """However late or early they are told, and whatever was changed again meanwhile."""
    assert not any(elsewhere.map(followed, range(1000), repeat(honestly)))


@pytest.mark.parametrize("telling", [backwards, discreetly, forgetfully, twice])
def test_who_follows_a_service_that_lies_finds_out(elsewhere: Executor, telling: Telling) -> None:
    assert all(elsewhere.map(followed, range(20), repeat(telling)))
