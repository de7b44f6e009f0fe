"""The handbook's commands for Kubernetes, one after another, before a stand-in for a new cluster."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.deploy.manifests import kustomize
from tests.deploy.standins.cluster import Object
from tests.stack import TOP

DOCUMENT = (TOP / "docs" / "kubernetes.md").read_text()
OTHERS = ("kind", "docker", "curl")
"""Programs of the handbook that are not what is tested here: they do nothing, and succeed."""


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """A folder with the stand-ins, to be first in PATH."""
    if kustomize() is None:
        pytest.skip("no kubectl with kustomize 5 here")
    folder = tmp_path / "bin"
    folder.mkdir()
    scripts = dict.fromkeys(OTHERS, "true")
    scripts["kubectl"] = f'exec env PATH="$STANDIN_PATH" {sys.executable} -m tests.deploy.standins.kubectl "$@"'
    for name, script in scripts.items():
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)
    return folder


def test_the_first_overlay_needs_nothing(programs: Path, tmp_path: Path) -> None:
    """Every command of "On your machine" succeeds without a warning where the built-in kinds alone are known."""
    done, objects = follow("On your machine", programs, tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert "Deployment/tasklane-api" in objects


def test_a_second_time_changes_nothing(programs: Path, tmp_path: Path) -> None:
    """Applying twice is applying once."""
    _, objects = follow("On your machine", programs, tmp_path)
    done = run(f"kubectl apply {APPLY} --kustomize deploy/k8s/overlays/local", programs, tmp_path)
    assert done.returncode == 0, done.stderr
    assert {line.rpartition(" ")[2] for line in done.stdout.splitlines()} == {"unchanged"}
    assert state(tmp_path) == objects


APPLY = "--server-side --force-conflicts"


def commands(heading: str) -> str:
    """The shell blocks of a section of the handbook."""
    section = re.search(rf"^## {heading}$(.*?)(?=^## |\Z)", DOCUMENT, re.MULTILINE | re.DOTALL)
    assert section, heading
    return "\n".join(re.findall(r"^```sh\n(.*?)^```", section[1], re.MULTILINE | re.DOTALL))


def follow(heading: str, programs: Path, folder: Path) -> "tuple[subprocess.CompletedProcess[str], dict[str, Object]]":
    return run(commands(heading), programs, folder), state(folder)


def run(script: str, programs: Path, folder: Path) -> "subprocess.CompletedProcess[str]":
    """In one shell that ends with the first command that fails."""
    environment = {
        **os.environ,
        "PATH": f"{programs}:{os.environ['PATH']}",
        "STANDIN_PATH": os.environ["PATH"],
        "STANDIN_RENDERER": " ".join(kustomize() or ()),
        "STANDIN_CLUSTER": str(folder / "cluster.json"),
        "PYTHONPATH": str(TOP),
    }
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=TOP,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def state(folder: Path) -> dict[str, Object]:
    return dict(json.loads((folder / "cluster.json").read_text()))
