"""`make up` as its user meets it: a copy of the project in a folder of its own, run as a process, ended by signals."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import httpx
import jwt
import psutil  # type: ignore[import-untyped]  # its stubs are a package of their own
import pytest

from deploy.local.plan import TOP
from deploy.local.servers.postgres import PostgresServer
from deploy.local.servers.redis import RedisServer
from tests.deploy.conftest import processes_in, wait_until_gone, with_word
from tests.ports import steady_port
from tests.stack import folder

UP = "Ctrl-C stops everything"
TOO_LONG = 600
"""Seconds after which a step that hangs is ended, so that the test fails instead of hanging too."""

SECRET = "s" * 40


class Up:
    """A running `python -m deploy.local`, read line by line."""

    def __init__(self, top: Path, **settings: str) -> None:
        self.port = int(settings.setdefault("PORT", str(steady_port())))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "deploy.local"],
            cwd=top,
            env=environment(**settings),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.output = ""

    def wait_for(self, text: str) -> str:
        """Read until a line contains `text`; returns all output so far."""
        for line in self._lines():
            self.output += line
            if text in line:
                return self.output
        raise AssertionError(f"ended without {text!r}:\n{self.output}")

    def end(self, number: signal.Signals = signal.SIGINT) -> int:
        """Send the signal; returns the exit code when the process has ended."""
        self.process.send_signal(number)
        return self.finish()

    def finish(self) -> int:
        """Read the rest; returns the exit code."""
        self.output += "".join(self._lines())
        return self.process.wait()

    def children(self) -> list[psutil.Process]:
        found: list[psutil.Process] = psutil.Process(self.process.pid).children(recursive=True)
        return found

    def create(self, title: str, token: str) -> httpx.Response:
        with self._client(token) as client:
            return client.post("/api/tasks", json={"title": title})

    def titles(self, token: str) -> list[str]:
        with self._client(token) as client:
            return [task["title"] for task in client.get("/api/tasks").raise_for_status().json()]

    def _client(self, token: str) -> httpx.Client:
        headers = {"Authorization": f"Bearer {token}"}
        return httpx.Client(
            base_url=f"http://127.0.0.1:{self.port}", headers=headers, timeout=TOO_LONG, trust_env=False
        )

    def _lines(self) -> Iterator[str]:
        alarm = threading.Timer(TOO_LONG, self.process.kill)
        alarm.start()
        try:
            yield from iter(self._stdout.readline, "")
        finally:
            alarm.cancel()

    @property
    def _stdout(self) -> IO[str]:
        assert self.process.stdout
        return self.process.stdout


@contextmanager
def running(top: Path, **settings: str) -> Iterator[Up]:
    """The stack of `top`; in the end no process of it is left, whatever the test did."""
    up = Up(top, **settings)
    try:
        yield up
    finally:
        if up.process.poll() is None:
            up.process.terminate()
        up.finish()
        up._stdout.close()
        wait_until_gone(processes_in(top))


def environment(**settings: str) -> dict[str, str]:
    """Nothing of the developer's own settings leaks into the stack."""
    own = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return {**own, "PYTHONUNBUFFERED": "1", **settings}


def run(top: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run a command that ends by itself."""
    command = [sys.executable, "-m", "deploy.local", *arguments]
    return subprocess.run(
        command, cwd=top, env=environment(**settings), capture_output=True, text=True, timeout=TOO_LONG, check=False
    )


def token_on(screen: str) -> str:
    """The token that the screen offers."""
    match = re.search(r"^  (eyJ\S+)$", screen, re.MULTILINE)
    assert match, screen
    return match[1]


def test_up_serves_and_finds_its_data_again(top: Path) -> None:
    """The printed token works at once, Ctrl-C ends every process with exit code 0, and a second start has the task."""
    with running(top) as up:
        token = token_on(up.wait_for(UP))
        assert up.create("Water the plants", token).status_code == 201
        children = up.children()
        assert "postgres" in {child.name() for child in children}
        assert up.end(signal.SIGINT) == 0
        assert processes_in(top) == []
        wait_until_gone(children)
        stopped = re.findall(r"stopping (?:the )?(\w+)", up.output)
        assert stopped == ["API", "worker", "Redis", "PostgreSQL"]
    with running(top) as up:
        up.wait_for(UP)
        assert up.titles(token) == ["Water the plants"]
        assert up.end(signal.SIGTERM) == 0


def test_up_shows_a_curl_line_that_works(top: Path) -> None:
    """The line to try can be pasted into a shell as it is."""
    if shutil.which("curl") is None:
        pytest.skip("no curl here")
    with running(top) as up:
        line = up.wait_for(UP).partition("Try it:")[2].partition("Ctrl-C")[0].strip()
        answer = subprocess.run(line, shell=True, capture_output=True, text=True, timeout=TOO_LONG, check=True)
        assert json.loads(answer.stdout)["title"] == "Water the plants"


def test_up_killed_leaves_nothing_and_starts_again(top: Path) -> None:
    """SIGKILL for the supervisor ends its processes too; the next start waits for that and finds the data."""
    with running(top) as up:
        token = token_on(up.wait_for(UP))
        assert up.create("Survive", token).status_code == 201
        children = up.children()
        assert up.end(signal.SIGKILL) == -signal.SIGKILL
    with running(top) as up:
        up.wait_for(UP)
        wait_until_gone(children)
        assert up.titles(token) == ["Survive"]


@pytest.mark.parametrize("step", ["making the database", "starting Redis", "migrating", "starting the API"])
def test_ctrl_c_during_the_start(top: Path, step: str) -> None:
    """Ctrl-C in the middle of the first start ends it in order, and the next start works."""
    with running(top) as up:
        up.wait_for(step)
        assert up.end() == 0
        assert step == "starting the API" or UP not in up.output  # which may have been done by then
        assert processes_in(top) == []
    with running(top) as up:
        token = token_on(up.wait_for(UP))
        assert up.create("After all", token).status_code == 201


def test_taken_port_names_a_free_one(top: Path) -> None:
    """A taken port is told before anything starts, with a port that can be had."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        result = run(top, PORT=str(port))
    assert result.returncode == 1
    match = re.fullmatch(rf"Port {port} is taken; try PORT=(\d+) make up", result.stderr.strip())
    assert match
    assert int(match[1]) != port
    assert not (top / ".local" / "postgres").exists()


def test_port_that_is_none(top: Path) -> None:
    """A `PORT` that cannot be is a plain sentence."""
    result = run(top, PORT="http")
    assert (result.returncode, result.stderr.strip()) == (1, "PORT must be a number from 1 to 65535")


def test_second_instance_is_told_of_the_first(top: Path) -> None:
    """A second `make up` says where the first one is, and does it no harm."""
    with running(top) as up:
        token = token_on(up.wait_for(UP))
        result = run(top)
        assert result.returncode == 1
        assert f"already running (pid {up.process.pid}, http://127.0.0.1:{up.port})" in result.stderr
        assert up.titles(token) == []


@pytest.mark.parametrize(("module", "name"), [("worker.main", "the worker"), ("api.main:create_app", "the API")])
def test_part_that_dies_ends_the_stack(top: Path, module: str, name: str) -> None:
    """When a part dies the rest is stopped, the exit code is 1, and the sentence names the part and its log."""
    with running(top) as up:
        up.wait_for(UP)
        with_word(module, up.children()).send_signal(signal.SIGKILL)
        assert up.finish() == 1
        assert f"{name} ended (SIGKILL). The end of {top.resolve()}/.local/logs/" in up.output
        assert processes_in(top) == []


def test_setting_that_cannot_work_is_shown(top: Path) -> None:
    """When the API refuses to start, its own sentence is on the screen."""
    with running(top, BETTER_AUTH_SECRET="short") as up:
        assert up.finish() == 1
        assert "BETTER_AUTH_SECRET: must be at least 32 bytes" in up.output


def test_the_users_own_servers_are_used(top: Path) -> None:
    """With DATABASE_URL and REDIS_URL in `.env` no server is started, and no password is shown."""
    with (
        folder() as own,
        PostgresServer(own / "postgres", durable=False, port=0) as postgres,
        RedisServer(own / "redis", port=0) as redis,
    ):
        database = postgres.create_database("mine").replace("postgres@", "postgres:hidden@")
        (top / ".env").write_text(f"DATABASE_URL={database}\nREDIS_URL={redis.url}\n")
        with running(top) as up:
            screen = up.wait_for(UP)
            assert screen.count("(yours)") == 2
            assert "hidden" not in screen
            assert "  Page        none: the sign-in needs a database of its own, AUTH_DATABASE_URL" in screen
            assert not (top / ".local" / "postgres").exists()
            assert up.create("Elsewhere", token_on(screen)).status_code == 201
            assert up.end() == 0


def test_token_for_a_running_stack(top: Path) -> None:
    """`token` signs for any user with what the running stack checks: its secret, issuer and audience."""
    with running(top, AUTH_ISSUER="https://issuer.example", AUTH_AUDIENCE="tasks") as up:
        up.wait_for(UP)
        result = run(top, "token", "bob", "--days", "2")
        claims = jwt.decode(result.stdout.strip(), options={"verify_signature": False})
        assert (claims["sub"], claims["iss"], claims["aud"]) == ("bob", "https://issuer.example", "tasks")
        assert claims["exp"] - claims["iat"] == 2 * 24 * 3600
        assert up.create("Bob's", result.stdout.strip()).json()["user_id"] == "bob"
        wrong = run(top, "token", "bob", BETTER_AUTH_SECRET=SECRET)
        assert (wrong.returncode, "another BETTER_AUTH_SECRET" in wrong.stderr) == (1, True)


def test_a_secret_of_ones_own_demands_nothing_else(top: Path) -> None:
    """Whoever brings a secret is asked for no claim that they were not told of, and the screen says what is asked."""
    with running(top, BETTER_AUTH_SECRET=SECRET, AUTH_USER_CLAIM="sub,user_id") as up:
        screen = up.wait_for(UP)
        assert "  Tokens      HS256 with BETTER_AUTH_SECRET; exp, sub,user_id, any iss and aud" in screen
        token = jwt.encode({"user_id": 7, "exp": int(time.time()) + 900}, SECRET, "HS256")
        assert up.create("Mine", token).json()["user_id"] == "7"


def test_the_terminal_says_why_a_page_gets_nothing(top: Path) -> None:
    """A page from elsewhere, and a token that nobody takes; the usual development servers are not from elsewhere."""
    with running(top) as up:
        up.wait_for(UP)
        url = f"http://127.0.0.1:{up.port}/api/tasks"
        httpx.get(url, headers={"origin": "http://localhost:4200"}, trust_env=False, timeout=60)
        httpx.get(url, headers={"origin": "http://localhost:4321"}, trust_env=False, timeout=60)
        screen = up.wait_for("name it in CORS_ORIGINS")
        assert "A page from http://localhost:4321 asks" in screen
        assert "4200 asks" not in screen
        token = jwt.encode({"sub": "alice", "exp": int(time.time()) + 900}, SECRET, "HS256")
        httpx.get(url, headers={"authorization": f"Bearer {token}"}, trust_env=False, timeout=60)
        assert "signature" in up.wait_for("Tokens are refused")


def test_secret_is_private(top: Path) -> None:
    """What the first start makes is for its owner's eyes, and long enough."""
    with running(top) as up:
        up.wait_for(UP)
    secret = top / ".local" / "secret"
    assert secret.stat().st_mode & 0o077 == 0
    assert len(secret.read_text().strip()) >= 43
    assert not (top / ".local" / "stack.json").exists()


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({}, "nothing can be signed before the first start"),
        ({"AUTH_JWKS_URL": "https://issuer.example/jwks"}, "a key set only"),
    ],
)
def test_token_that_nobody_could_sign(top: Path, settings: dict[str, str], sentence: str) -> None:
    """Without a secret there is a plain sentence instead of a token."""
    result = run(top, "token", "alice", **settings)
    assert (result.returncode, result.stdout) == (1, "")
    assert sentence in result.stderr


def test_make_token_takes_its_user_from_the_command_line() -> None:
    """USER is everyone's login name in the environment: only the command line's counts."""

    def user(*arguments: str) -> str:
        command = ["make", "--print-data-base", "--question", "help", *arguments]
        listing = subprocess.run(
            command, cwd=TOP, env=environment(USER="login"), capture_output=True, text=True, check=False
        )
        match = re.search(r"^TOKEN_USER :?= (.*)$", listing.stdout, re.MULTILINE)
        assert match
        return match[1]

    assert user() == "alice"
    assert user("USER=bob") == "bob"


@pytest.mark.parametrize(("smaller", "larger"), [("app", "local"), ("local", "dev")])
def test_locks_agree(smaller: str, larger: str) -> None:
    """What is tested is what runs: each lock holds the very versions of the one that it extends."""

    def pins(name: str) -> set[str]:
        lines = (TOP / "requirements" / f"{name}.txt").read_text().splitlines()
        return {line.split()[0] for line in lines if "==" in line and line[0].isalnum()}

    assert pins(smaller) <= pins(larger)
