"""A compose project of a test's own, brought up as a user does it and driven through its gateway."""

import json
import os
import secrets
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self, TypeVar

import httpx

from deploy.local.plan import TOP
from tests.ports import steady_port
from tests.stack import client
from tests.tokens import shared_secret_token

T = TypeVar("T")

PATIENCE = 180
"""Seconds after which a step that hangs is ended, so that the test fails instead of hanging too."""

NAME = "tasklane"
"""The issuer and the audience of tokens, where nothing else is set."""

PATIENT = {"REDIS_TIMEOUT": "5", "DATABASE_STATEMENT_TIMEOUT": "10", "DATABASE_TIMEOUT": "12"}
"""Where a test is not about a time-out, a machine that is busy must not look like a part that hangs; within what the
gateway waits for an answer."""


@dataclass(frozen=True, slots=True)
class Container:
    id: str

    def inspect(self) -> dict[str, Any]:
        [description] = json.loads(docker("inspect", self.id))
        return dict(description)

    @property
    def health(self) -> str:
        return str(self.inspect()["State"].get("Health", {}).get("Status"))

    @property
    def address(self) -> str:
        """Where the gateway finds it."""
        [edge] = [net for name, net in self.inspect()["NetworkSettings"]["Networks"].items() if name.endswith("_edge")]
        return str(edge["IPAddress"])

    def crash(self) -> None:
        """SIGKILL, as from the kernel when memory runs out: not asked for by anybody, unlike `docker kill`."""
        described = self.inspect()
        program = "import os, sys; os.kill(int(sys.argv[1]), 9)"
        user, number = described["Config"]["User"], str(described["State"]["Pid"])
        docker("run", "--rm", "--pid=host", "--user", user, "tasklane", "python", "-c", program, number)

    def logs(self, *, since: float = 0) -> str:
        """What it said, from that time on."""
        return docker("logs", "--since", f"{since:.3f}", self.id, merge=True)

    def wait_until_healthy(self) -> None:
        until(lambda: self.health == "healthy", f"{self.inspect()['Name']} is healthy")


class Project:
    """`docker compose` with an own name, own ports, and none of the developer's own settings."""

    def __init__(self, **variables: str) -> None:
        self.name = f"tasklane-test-{secrets.token_hex(4)}"
        self.port = steady_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.issuer = NAME
        load_port = steady_port()
        self.load_url = f"http://127.0.0.1:{load_port}"
        self._variables = {
            "GATEWAY_ADDRESS": "127.0.0.1",
            "GATEWAY_PORT": str(self.port),
            "LOAD_PORT": str(load_port),
            **PATIENT,
            **variables,
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.compose("--profile", "*", "down", "--volumes", "--timeout", "1")

    @property
    def command(self) -> tuple[str, ...]:
        return ("docker", "compose", "--env-file", os.devnull, "--project-name", self.name)

    @property
    def environment(self) -> dict[str, str]:
        return {**machine(), **self._variables}

    def compose(self, *arguments: str) -> str:
        """Its output; raises `AssertionError` with what it said when it fails."""
        return run(*self.command, *arguments, environment=self.environment)

    def up(self, *arguments: str) -> None:
        self.compose("up", "--wait", *arguments)

    def containers(self, service: str) -> list[Container]:
        """Those that were not removed, running or not."""
        return [Container(line) for line in self.compose("ps", "--all", "--quiet", service).split()]

    def container(self, service: str) -> Container:
        [only] = self.containers(service)
        return only

    def all_containers(self) -> list[Container]:
        """Those that have done their work among them."""
        return [Container(line) for line in self.compose("--profile", "*", "ps", "--all", "--quiet").split()]

    @cached_property
    def secret(self) -> str:
        """What tokens are signed with, made by the project itself."""
        return self.compose("exec", "--no-TTY", "api", "cat", "/run/secrets/better_auth_secret").strip()

    def token(self, user: str) -> str:
        return shared_secret_token(user, self.secret, iss=NAME, aud=NAME)

    def client(self, user: str, *, token: str = "") -> httpx.Client:
        """A frontend of `user`, or of whom the token names."""
        frontend = client(self.url, user)
        frontend.headers["authorization"] = f"Bearer {token or self.token(user)}"
        return frontend

    def access_log(self, request_id: str) -> dict[str, Any]:
        """The gateway's line about a request, once it is written."""
        [line] = until(
            lambda: [line for line in self.answered() if line["request_id"] == request_id],
            f"the access log has {request_id}",
        )
        return line

    def answered(self, *, since: float = 0) -> list[dict[str, Any]]:
        """The access log from that time on."""
        lines = self.container("gateway").logs(since=since).splitlines()
        return [json.loads(line) for line in lines if line.startswith('{"time"')]

    def wait_until_asked(self, container: Container) -> None:
        """Returns when the gateway has found it and had an answer of it."""
        since, address = time.time(), container.address
        until(
            lambda: any(line["upstream"].endswith(f"{address}:8000") for line in self.answered(since=since)),
            f"{address} is asked",
        )


def docker(*arguments: str, merge: bool = False) -> str:
    return run("docker", *arguments, environment=machine(), merge=merge)


def run(*command: str, environment: Mapping[str, str], merge: bool = False) -> str:
    """Its output, with what it says on stderr if they are to be merged."""
    done = subprocess.run(
        command,
        cwd=TOP,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT if merge else subprocess.PIPE,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, f"{' '.join(command)}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def machine() -> dict[str, str]:
    """What docker itself needs of the environment; a developer's settings must not leak in."""
    return {name: value for name, value in os.environ.items() if name in ("PATH", "HOME") or name.startswith("DOCKER_")}


def until(event: Callable[[], T], what: str, *, patience: float = PATIENCE) -> T:
    """Returns what `event` returns, as soon as it is true."""
    deadline = time.monotonic() + patience
    while not (result := event()):
        assert time.monotonic() < deadline, f"waited in vain: {what}"
        time.sleep(0.1)
    return result
