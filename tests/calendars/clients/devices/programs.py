"""Where the programs are, and how one is run; where they are not, the tests that need them skip, and say so."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

PROGRAMS = Path(sys.prefix) / "calendars/bin"
PYTHON = PROGRAMS / "python"
TOO_LONG = 600
"""Seconds after which a program that hangs is ended."""

needs_programs = pytest.mark.skipif(
    not (PROGRAMS / "vdirsyncer").exists(), reason="the programs are not installed: make .venv/.calendars"
)
needs_syncevolution = pytest.mark.skipif(
    shutil.which("syncevolution") is None, reason="syncevolution is not there: apt install syncevolution"
)
needs_litmus = pytest.mark.skipif(shutil.which("litmus") is None, reason="litmus is not there: apt install litmus")


def run(
    *command: str | Path, home: Path, answer: str = "", fails: bool = False, variables: Mapping[str, str] | None = None
) -> str:
    """All that it says; `fails` where it has to."""
    done = subprocess.run(
        command,
        cwd=home,
        env={**environment(home), **(variables or {})},
        input=answer,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=TOO_LONG,
    )
    assert (done.returncode != 0) is fails, done.stdout
    return done.stdout


def environment(home: Path) -> dict[str, str]:
    """Of somebody who lives west of Greenwich, where a day that was taken for an instant shows."""
    return {"PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8", "TZ": "America/New_York"}
