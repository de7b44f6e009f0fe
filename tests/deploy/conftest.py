"""Folders and leftovers: every test here has its own place, and nothing may run there afterwards."""

import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil  # type: ignore[import-untyped]  # its stubs are a package of their own
import pytest

from deploy.local.plan import TOP
from tests.deploy.containers.project import PATIENT
from tests.deploy.k8s.manifests import VERSION, pods
from tests.deploy.pods.kubelet import Cluster, available, docker
from tests.stack import folder

GONE_TIMEOUT = 90
_figures = pytest.StashKey[list[str]]()

PARTS = ("alembic.ini", "api", "core", "deploy", "migrations", "worker")
"""What `make up` runs."""


@pytest.fixture
def place() -> Iterator[Path]:
    """An empty folder in which, after the test, no process is left."""
    with folder() as path:
        yield path
        assert processes_in(path) == []


@pytest.fixture
def top(place: Path) -> Path:
    """A copy of the project without any `.env` or data."""
    for part in PARTS:
        if (TOP / part).is_dir():
            shutil.copytree(TOP / part, place / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(TOP / part, place / part)
    return place


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A network for pods, with the product's image built; empty until a test starts some."""
    if not available():
        pytest.skip("no container engine here")
    cluster = Cluster(tmp_path_factory.mktemp("secrets"))
    cluster.build(VERSION)
    cluster.open()
    try:
        yield cluster
    finally:
        cluster.close()


@pytest.fixture(scope="session")
def local_pods(cluster: Cluster) -> dict[str, str]:
    """The local overlay, by name: started all at once, as a cluster would, each waiting for what it needs."""
    templates = {name: pod["spec"] for name, pod in pods("local").items()}
    waiting = {
        name: cluster.start(name, templates[name]["initContainers"][0]) for name in ("tasklane-api", "tasklane-worker")
    }
    running = {
        name: cluster.start(name, templates[name]["containers"][0]) for name in ("tasklane-postgres", "tasklane-redis")
    }
    asked = cluster.start("tasklane-api", templates["tasklane-api"]["initContainers"][0])
    cluster.wait_until_it_says(asked, "waiting: ")
    docker("stop", "--time", "60", asked)
    assert cluster.finished(asked) == 128 + signal.SIGTERM, "a pod that waits was killed instead of ended"
    cluster.migrate()
    for name, container in waiting.items():
        assert cluster.finished(container) == 0, docker("logs", container)
        running[name] = cluster.start(name, templates[name]["containers"][0], PATIENT)
    return running


@pytest.fixture
def others() -> Iterator[None]:
    """Somebody else on the machine, who needs a core for themselves."""
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as busy:
        try:
            yield
        finally:
            busy.kill()


def processes_in(path: Path) -> list[psutil.Process]:
    """Living processes whose command or working directory lies in `path`."""
    return [process for process in psutil.process_iter() if _belongs(process, str(path.resolve()))]


def with_word(word: str, processes: list[psutil.Process]) -> psutil.Process:
    """The one whose command has it; others, PostgreSQL's sessions, may end while they are looked at."""
    [found] = [process for process in processes if any(word in part for part in _command(process))]
    return found


def wait_until_gone(processes: list[psutil.Process]) -> None:
    """Returns when all have ended."""
    deadline = time.monotonic() + GONE_TIMEOUT
    while left := [process for process in processes if lives(process)]:
        assert time.monotonic() < deadline, left
        time.sleep(0.02)


def lives(process: psutil.Process) -> bool:
    """Whether it has not ended; a zombie, which only its parent can bury, has."""
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _command(process: psutil.Process) -> list[str]:
    try:
        return list(process.cmdline())
    except psutil.NoSuchProcess:  # a zombie, too
        return []


def _belongs(process: psutil.Process, path: str) -> bool:
    try:
        return lives(process) and (process.cwd().startswith(path) or any(path in part for part in process.cmdline()))
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return False


@pytest.fixture
def figure(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Tells something measured, which the run prints at its end: a test does not depend on it."""
    return request.config.stash.setdefault(_figures, []).append


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for line in config.stash.get(_figures, []):
        terminalreporter.write_line(f"measured: {line}")
