"""From nothing to a working service and back, as somebody does it who has just cloned the project."""

import json
import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy.local.plan import TOP
from tests.deploy.containers.project import Project, docker, run
from tests.deploy.local.test_readme import MARK, _masked, _session

pytestmark = pytest.mark.containers


def test_the_readmes_session_twice_from_nothing(images: None, figure: Callable[[str], None]) -> None:
    """Up, the session of the README, down: `down -v` leaves nothing behind, so the second time is as the first."""
    with Project() as project:
        for _ in range(2):
            began = time.monotonic()
            project.up()
            figure(f"up from nothing: {time.monotonic() - began:.1f} s")
            session = _session()
            assert _printed(project, [command for command, _ in session]) == [_masked(output) for _, output in session]
            project.compose("down", "--volumes")
            assert _left_of(project) == []


def test_stop_and_start(images: None) -> None:
    """Each service ends by itself, with exit code 0; `down` alone keeps data and secrets, for new containers."""
    with Project() as project:
        project.up()
        token = project.token("alice")
        with project.client("alice") as alice:
            made = alice.post("/api/tasks", json={"title": "Still there"}).json()
        project.compose("stop")
        codes = [
            (service, container.inspect()["State"]["ExitCode"])
            for service in ("api", "worker", "auth", "gateway", "redis", "db")
            for container in project.containers(service)
        ]
        assert len(codes) == 7
        assert {code for _, code in codes} == {0}, codes
        project.compose("down")
        project.up()
        with project.client("alice", token=token) as alice:
            assert alice.get("/api/tasks").json() == [made]


def test_what_is_set_reaches_the_services(images: None, tmp_path: Path) -> None:
    """From a `.env`: plain settings as they are, secrets as files, and the shared secret is the one that was given."""
    secret = "a-secret-of-this-test-that-is-long-enough"
    (tmp_path / ".env").write_text(f"TASK_LIST_SHAPE=object\nBETTER_AUTH_SECRET={secret}\n")
    with Project() as project:
        command = [part if part != "/dev/null" else str(tmp_path / ".env") for part in project.command]
        run(*command, "up", "--wait", environment=project.environment)
        assert project.secret == secret
        with project.client("alice") as alice:
            assert alice.get("/api/tasks").json() == {"tasks": [], "total": 0, "count": 0}
        assert secret not in json.dumps([container.inspect() for container in project.all_containers()])


def test_another_database_takes_the_place_of_the_own(images: None) -> None:
    """With NEON_DB_URL no PostgreSQL is started; everything works with the one that it names."""
    url = "postgres://postgres:not-a-secret@neon.test:5432/postgres?sslmode=disable"
    with Project(NEON_DB_URL=url) as project:
        project.compose("up", "--no-start")
        neon = f"{project.name}-neon"
        network = f"{project.name}_edge"
        reachable = ("--network", network, "--network-alias", "neon.test")
        docker(
            "run", "--detach", "--name", neon, *reachable, "--env", "POSTGRES_PASSWORD=not-a-secret", "postgres:18.6"
        )
        try:
            docker("exec", neon, "bash", "-c", "until pg_isready --quiet --host=127.0.0.1; do sleep 0.2; done")
            project.up()
            assert project.containers("db") == []
            with project.client("alice") as alice:
                made = alice.post("/api/tasks", json={"title": "Far away"}).json()
                assert alice.get("/api/tasks").json() == [made]
            psql = ("psql", "--username=postgres", "--tuples-only", "--no-align")
            rows = docker("exec", neon, *psql, "--command=SELECT title FROM tasks")
            assert rows.strip() == "Far away"
        finally:
            docker("rm", "--force", "--volumes", neon)


def test_without_an_engine_make_says_so() -> None:
    """Whoever has none reads one sentence."""
    done = subprocess.run(
        ["make", "--silent", "compose-test"],
        cwd=TOP,
        env={**os.environ, "DOCKER_HOST": "unix:///nowhere"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "make compose-test needs a container engine" in done.stderr


def _printed(project: Project, commands: list[str]) -> list[str]:
    """What they print, one after another in one shell; only the address and the way to a token differ."""
    script = f"\necho '{MARK}'\n".join(commands)
    token = " ".join((*project.command, "run", "--rm", "token", "alice"))
    for ours, own in (("make --silent token USER=alice", token), ("localhost:8000", f"127.0.0.1:{project.port}")):
        assert ours in script
        script = script.replace(ours, own)
    return [_masked(part) for part in run("bash", "-c", script, environment=project.environment).split(f"{MARK}\n")]


def _left_of(project: Project) -> list[str]:
    label = f"label=com.docker.compose.project={project.name}"
    kinds = (("ps", "--all"), ("volume", "ls"), ("network", "ls"))
    return [line for kind in kinds for line in docker(*kind, "--quiet", "--filter", label).split()]
