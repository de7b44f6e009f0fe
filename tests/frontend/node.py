"""Node and what npm has installed: where either is missing the tests that need it skip, and say so."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from deploy.local.page import Frontend
from tests.stack import TOP

FRONTEND = Frontend(TOP / "frontend")
TOO_LONG = 1_200
"""Seconds after which a command that hangs is ended."""


def missing() -> str | None:
    """What keeps tests that need Node from running; None when nothing does."""
    if obstacle := FRONTEND.obstacle():
        return obstacle
    return None if FRONTEND.is_installed() else "the packages are not installed: make page"


needs_node = pytest.mark.skipif(missing() is not None, reason=str(missing()))
needs_auth_server = pytest.mark.skipif(
    missing() is not None or not FRONTEND.auth_server.exists(), reason=missing() or "it is not built: make page"
)


def run(*command: str | Path, **variables: str) -> None:
    """Run it in `frontend/`; its output is the failure's."""
    run_in(FRONTEND.folder, *command, **variables)


def run_in(folder: Path, *command: str | Path, **variables: str) -> None:
    """The same in another folder."""
    result = subprocess.run(
        command,
        cwd=folder,
        env=environment(variables),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=TOO_LONG,
    )
    assert result.returncode == 0, result.stdout


def environment(variables: Mapping[str, str]) -> dict[str, str]:
    """Nothing of the developer's own settings leaks in."""
    own = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TASKLANE_SHAKE") if name in os.environ}
    return {**own, "NO_COLOR": "1", **variables}
