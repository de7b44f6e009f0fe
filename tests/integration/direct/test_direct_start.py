"""Processes as they are started: which of them answer hits where the bytes arrive, and what the others say."""

import json
import re
import sys
from pathlib import Path

import pytest

from core.logs import user_hash
from deploy.local.children.child import Launch
from deploy.local.programs import AUTH, PAGE, PLAIN_HTTP, SERVE, SERVE_ALL
from tests.stack import ApiProcess, Stack, new_user

DIRECT = re.compile(r"^tasklane_direct_hits_total (\S+)$", re.MULTILINE)

OTHER_UVICORN = (
    "import runpy, sys; from api.hits import internals; internals.READ['flow_control.py'] = 'another';"
    "sys.argv = ['uvicorn', *sys.argv[1:]]; runpy.run_module('uvicorn', run_name='__main__')"
)


class Started(ApiProcess):
    """With a command that is not the usual one."""

    def __init__(self, place: Path, variables: dict[str, str], command: tuple[str, ...]) -> None:
        super().__init__(place, variables)
        self._command = command

    def prepare(self) -> Launch:
        return Launch((*self._command, "--port", str(self.port)), cwd=self.log.parent, environment=self.variables)


def test_the_embedded_stacks_own_process_answers_directly(stack: Stack, tmp_path: Path) -> None:
    """What `make up` serves: page, sign-in and API at one origin."""
    (tmp_path / "index.html").write_text("page")
    around = {PAGE: str(tmp_path), AUTH: "http://127.0.0.1:1"}
    api = Started(stack.folder, {**stack.environment(), **around}, SERVE_ALL)
    stack.adopt(api)
    api.start()
    with api.client() as alice:
        alice.post("/api/tasks", json={"title": "x"})
        assert [alice.get("/api/tasks").headers["x-cache"] for _ in range(4)] == ["miss", "hit", "hit", "hit"]
        assert float(DIRECT.findall(alice.get("/metrics").text)[0]) == 2
        assert alice.get("/").text == "page"
    api.stop()


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        ((*SERVE, "--limit-concurrency", "100"), "concurrency is limited"),
        ((*SERVE, "--proxy-headers"), "something stands around the application"),
        ((sys.executable, "-c", OTHER_UVICORN, *SERVE[3:]), "uvicorn is another: flow_control.py"),
        ((*SERVE, *PLAIN_HTTP), None),
    ],
)
def test_where_it_cannot_be_uvicorn_answers(stack: Stack, command: tuple[str, ...], reason: str | None) -> None:
    """The service is whole without it, and one line says why it is."""
    api = Started(stack.folder, stack.environment(LOG_FORMAT="json"), command)
    stack.adopt(api)
    api.start()
    with api.client() as alice:
        alice.post("/api/tasks", json={"title": "x"})
        assert [alice.get("/api/tasks").headers["x-cache"] for _ in range(4)] == ["miss", "hit", "hit", "hit"]
        assert float(DIRECT.findall(alice.get("/metrics").text)[0]) == 0
    api.stop()
    lines = [json.loads(line) for line in api.log.read_text().splitlines() if line.startswith("{")]
    assert [line["reason"] for line in lines if line["event"] == "direct_hits_off"] == ([reason] if reason else [])


def test_a_slow_one_is_logged_like_any_other(stack: Stack) -> None:
    """By route, status, user and id."""
    api = stack.api(LOG_FORMAT="json", SLOW_REQUEST="0.000001")
    user = new_user()
    with api.client(user) as alice:
        alice.post("/api/tasks", json={"title": "x"})
        for number in range(5):
            alice.get("/api/tasks", headers={"x-request-id": f"slow-{number}"})
        assert float(DIRECT.findall(alice.get("/metrics").text)[0]) >= 2
    api.stop()
    lines = [json.loads(line) for line in api.log.read_text().splitlines() if '"slow-' in line]
    shown = [(line["request_id"], line["event"], line["route"], line["method"], line["status"]) for line in lines]
    assert shown == [(f"slow-{number}", "request_slow", "/api/tasks", "GET", 200) for number in range(5)]
    assert {line["user"] for line in lines} == {user_hash(user)}
    assert {frozenset(line) for line in lines} == {frozenset(lines[0])}
