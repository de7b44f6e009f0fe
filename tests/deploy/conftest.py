"""Folders and leftovers: every test here has its own place, and nothing may run there afterwards."""

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import psutil  # type: ignore[import-untyped]  # its stubs are a package of their own
import pytest

from deploy.local.plan import TOP
from tests.stack import folder

GONE_TIMEOUT = 30

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


def processes_in(path: Path) -> list[psutil.Process]:
    """Living processes whose command or working directory lies in `path`."""
    return [process for process in psutil.process_iter() if _belongs(process, str(path.resolve()))]


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


def _belongs(process: psutil.Process, path: str) -> bool:
    try:
        return lives(process) and (process.cwd().startswith(path) or any(path in part for part in process.cmdline()))
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return False
