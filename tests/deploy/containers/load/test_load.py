"""Under load and under siege: every answer is right, and whoever is slow keeps nobody waiting."""

import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from statistics import quantiles

import httpx
import pytest

from tests.deploy.containers.project import Project, machine, run, until

pytestmark = pytest.mark.containers

SLOW = Path(__file__).with_name("slow.py")
SLOW_CLIENTS = 1000
CLIENTS = 4
SECONDS = 5
PAUSE = 0.02
"""Between two requests of a client: together they stay below what one address may ask."""


def test_the_load_profile_finds_no_wrong_answer(project: Project) -> None:
    """Locust in its container, against the gateway; its exit code is 0 only if every answer was right."""
    said = ""
    for seconds in (10, 30, 90):  # until each kind of request has come
        said = run(
            *(*project.command, "run", "--rm", "load", "--headless", "--only-summary"),
            *("--users", "20", "--spawn-rate", "20", "--run-time", f"{seconds}s"),
            environment={**project.environment, "THINK": "0.1"},
            merge=True,
        )
        if "PATCH    /api/tasks/{id}/complete " in said:
            break
    assert "PATCH    /api/tasks/{id}/complete " in said


def test_the_load_profile_shows_its_page(project: Project) -> None:
    """On this machine alone, with the gateway filled in as the host."""
    project.compose("--profile", "load", "up", "--detach", "--no-recreate", "load")
    try:
        page = until(lambda: _page(project.load_url), "locust's page is there")
        assert "http://gateway:8080" in page
    finally:
        project.compose("--profile", "load", "rm", "--force", "--stop", "load")


def test_slow_clients_keep_nobody_waiting(project: Project, figure: Callable[[str], None]) -> None:
    """While a thousand connections dawdle, everyone else is answered; how fast is measured, not tested."""
    with project.client("alice") as alice:
        alice.post("/api/tasks", json={"title": "Read again and again"})
    usual = _seconds(project)
    with _slow_clients(project):
        besieged = _seconds(project)
    again = _seconds(project)
    figure(
        f"p99 of a cached list with {CLIENTS} clients: {_p99(usual):.1f} ms, with {SLOW_CLIENTS} slow connections "
        f"{_p99(besieged):.1f} ms, without them again {_p99(again):.1f} ms; {len(besieged)} answers, none missing"
    )


@contextmanager
def _slow_clients(project: Project) -> Iterator[None]:
    """They come from an address of their own, as they would."""
    name = f"{project.name}-slow"
    network = f"--network={project.name}_edge"
    slow = ("python", "-", "gateway", "8080", str(SLOW_CLIENTS))
    with (
        SLOW.open() as script,
        subprocess.Popen(
            ["docker", "run", "--rm", "--interactive", f"--name={name}", network, "tasklane", *slow],
            env=machine(),
            stdin=script,
            stdout=subprocess.PIPE,
            text=True,
        ) as process,
    ):
        try:
            assert process.stdout
            assert process.stdout.readline() == "slow\n"
            yield
        finally:
            run("docker", "kill", name, environment=machine())


def _seconds(project: Project) -> list[float]:
    """Of each answer that several clients get who ask one request after another; raises when one is not 200."""
    until_when = time.monotonic() + SECONDS

    def ask() -> list[float]:
        seconds = []
        with project.client("alice") as alice:
            while time.monotonic() < until_when:
                began = time.perf_counter()
                alice.get("/api/tasks").raise_for_status()
                seconds.append(time.perf_counter() - began)
                time.sleep(PAUSE)
        return seconds

    with ThreadPoolExecutor(CLIENTS) as pool:
        asking = [pool.submit(ask) for _ in range(CLIENTS)]
    return [one for client in asking for one in client.result()]


def _p99(seconds: list[float]) -> float:
    return quantiles(seconds, n=100)[98] * 1000


def _page(url: str) -> str:
    try:
        return httpx.get(url, timeout=60).raise_for_status().text
    except httpx.HTTPError:
        return ""
