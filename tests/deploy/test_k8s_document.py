"""The handbook's commands for Kubernetes, one after another, before a stand-in for a new cluster."""

import json
import os
import re
import shutil
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
    for name in ("kubectl", "helm"):
        scripts[name] = f'exec env PATH="$STANDIN_PATH" {sys.executable} -m tests.deploy.standins.{name} "$@"'
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


def test_a_gateway_needs_what_the_handbook_brings(programs: Path, tmp_path: Path) -> None:
    """Its commands succeed after those of the first overlay, and the overlay alone would not."""
    follow("On your machine", programs, tmp_path)
    refused = run(f"kubectl apply {APPLY} --kustomize deploy/k8s/overlays/gateway", programs, tmp_path)
    assert refused.returncode == 1
    assert 'no matches for kind "Gateway"' in refused.stderr
    done, _ = follow("With a gateway", programs, tmp_path)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_whole_stack_needs_nothing_either(programs: Path, tmp_path: Path) -> None:
    script = "\n".join(commands(heading) for heading in ("On your machine", "With the page"))
    done = run(script, programs, tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Deployment/tasklane-gateway" in state(tmp_path)


def test_a_token_comes_from_a_pod(programs: Path, tmp_path: Path) -> None:
    follow("On your machine", programs, tmp_path)
    done, _ = follow("A token", programs, tmp_path)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_release_and_the_way_back(programs: Path, tmp_path: Path) -> None:
    """A new tag brings a migration of its own; `rollout undo` is no obstacle to the next apply."""
    follow("On your machine", programs, tmp_path)
    done, objects = follow("Releases, and the way back", programs, tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert len([name for name in objects if name.startswith("Job/")]) == 2
    undone = run("kubectl --namespace tasklane rollout undo deployment/tasklane-api", programs, tmp_path)
    assert undone.returncode == 0, undone.stderr
    again, _ = follow("Releases, and the way back", programs, tmp_path)
    assert (again.returncode, again.stderr) == (0, "")


def test_old_settings_are_pruned(programs: Path, tmp_path: Path) -> None:
    """The ConfigMap in use stays, and those of others do."""
    follow("On your machine", programs, tmp_path)
    tree = tmp_path / "deploy" / "k8s" / "base" / "kustomization.yaml"
    before = {name for name in state(tmp_path) if name.startswith("ConfigMap/")}
    tree.write_text(tree.read_text().replace("LOG_FORMAT=json", "LOG_FORMAT=text"))
    run(f"kubectl apply {APPLY} --kustomize deploy/k8s/overlays/local", programs, tmp_path)
    assert before < {name for name in state(tmp_path) if name.startswith("ConfigMap/")}
    done, objects = follow("Releases, and the way back", programs, tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    [kept] = [name for name in objects if name.startswith("ConfigMap/")]
    assert kept not in before


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
    """In one shell that ends with the first command that fails, in a copy of what the commands name."""
    tree = folder / "deploy"
    if not tree.exists():
        for part in ("k8s", "compose"):
            shutil.copytree(TOP / "deploy" / part, tree / part)
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
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def state(folder: Path) -> dict[str, Object]:
    return dict(json.loads((folder / "cluster.json").read_text()))
