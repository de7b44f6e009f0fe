"""What the gateway passes on and what it asks again, seen from where the API stands."""

import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.deploy.containers.project import docker, until
from tests.ports import steady_port

pytestmark = pytest.mark.containers

UPSTREAM = Path(__file__).with_name("upstream.py")


@dataclass(frozen=True, slots=True)
class Wire:
    """The gateway's image in front of two stand-ins for the API."""

    url: str
    upstreams: tuple[str, ...]

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=self.url, timeout=60)

    def seen(self, request_id: str) -> list[dict[str, Any]]:
        """What they were sent of a request that has been answered: the engine has their words a moment later."""
        return until(lambda: self._seen(request_id), "one of them says what it was sent")

    def _seen(self, request_id: str) -> list[dict[str, Any]]:
        lines = [json.loads(line) for name in self.upstreams for line in docker("logs", name).splitlines()]
        return [line for line in lines if ["x-request-id", request_id] in line["headers"]]


@pytest.fixture(scope="module")
def wire(images: None) -> Iterator[Wire]:
    name = f"tasklane-wire-{secrets.token_hex(4)}"
    upstreams = (f"{name}-1", f"{name}-2")
    port = steady_port()
    docker("network", "create", name)
    try:
        script = UPSTREAM.read_text()
        for upstream in upstreams:
            where = ("--network", name, "--network-alias", "api")
            docker("run", "--detach", "--name", upstream, *where, "tasklane", "python", "-c", script)
        published = f"127.0.0.1:{port}:8080"
        docker("run", "--detach", "--name", name, "--network", name, "--publish", published, "tasklane-gateway")
        wire = Wire(f"http://127.0.0.1:{port}", upstreams)
        with wire.client() as client:
            until(lambda: ready(client) and all(map(asked, upstreams)), "the gateway has found both")
        yield wire
    finally:
        docker("rm", "--force", "--volumes", name, *upstreams)
        docker("network", "rm", name)


def ready(client: httpx.Client) -> bool:
    try:
        return all(client.get("/api/tasks").status_code == 200 for _ in range(4))
    except httpx.TransportError:
        return False


def asked(upstream: str) -> bool:
    return docker("logs", upstream) != ""


def test_what_the_client_says_of_itself_is_not_passed_on(wire: Wire) -> None:
    """Of all that names an address there is one header, with the address that the gateway sees."""
    lies = ("x-forwarded-for", "x-real-ip", "forwarded", "x-forwarded-host", "x-forwarded-proto")
    with wire.client() as client:
        client.get("/api/tasks", headers={"x-request-id": "spoofed", **dict.fromkeys(lies, "203.0.113.7")})
    [seen] = wire.seen("spoofed")
    headers = dict(seen["headers"])
    assert len(headers) == len(seen["headers"])
    assert "203.0.113.7" not in json.dumps(seen)
    assert headers["x-forwarded-proto"] == "http"
    assert {"x-real-ip", "forwarded"}.isdisjoint(headers)


def test_what_a_request_is_about_goes_through(wire: Wire) -> None:
    """The path as it was written, the query, the token, the preconditions and the body."""
    sent = {"authorization": "Bearer x", "if-match": '"1"', "idempotency-key": "k", "x-request-id": "whole"}
    path = "/api/us%2Fer/tasks/?search=a%20b&tag=%C3%A9"
    with wire.client() as client:
        client.post(path, headers=sent, json={"title": "Å"})
    [seen] = wire.seen("whole")
    assert (seen["method"], seen["path"], json.loads(seen["body"])) == ("POST", path, {"title": "Å"})
    assert sent.items() <= dict(seen["headers"]).items()


@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_a_write_is_never_sent_twice(wire: Wire, method: str) -> None:
    """Whether it was made nobody knows, and the answer says so."""
    with wire.client() as client:
        answer = client.request(method, "/api/tasks/lost", json={}, headers={"x-request-id": f"lost-{method}"})
    assert answer.status_code == 502
    assert answer.headers["content-type"] == "application/problem+json"
    assert "may have been made" in answer.json()["detail"]
    assert len(wire.seen(f"lost-{method}")) == 1


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_what_may_be_asked_again_is(wire: Wire, method: str) -> None:
    """What has the same effect twice is asked of the other replica, too, and then it is over."""
    with wire.client() as client:
        answer = client.request(method, "/api/tasks/lost", headers={"x-request-id": f"lost-{method}"})
    assert answer.status_code == 502
    until(lambda: len(wire.seen(f"lost-{method}")) >= 2, "both have been asked")
    assert len(wire.seen(f"lost-{method}")) <= 4


def test_a_write_finds_the_replica_that_is_left(wire: Wire) -> None:
    """A connection that is refused has carried nothing: the other replica is asked, once."""
    gone, left = wire.upstreams
    docker("kill", gone)
    try:
        with wire.client() as client:
            for number in range(20):
                answer = client.post("/api/tasks", json={}, headers={"x-request-id": f"left-{number}"})
                assert answer.status_code == 200
        assert all(len(Wire(wire.url, (left,)).seen(f"left-{number}")) == 1 for number in range(20))
    finally:
        docker("start", gone)
        with wire.client() as client:
            until(lambda: ready(client), "both are back")
