"""The handbook's commands for Kubernetes, one after another, before a stand-in for a new cluster."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.deploy.k8s.manifests import PROGRAMS, kustomize
from tests.deploy.standins.cluster import Object
from tests.stack import TOP

DOCUMENT = (TOP / "docs" / "kubernetes.md").read_text()
OTHERS = ("kind", "docker", "curl")
"""Programs of the handbook that are not what is tested here: they do nothing, and succeed."""


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the stand-ins, to be first in PATH."""
    if kustomize() is None:
        pytest.skip("no kubectl with kustomize 5 here")
    folder = tmp_path_factory.mktemp("bin")
    scripts = dict.fromkeys(OTHERS, "true")
    for name in ("kubectl", "helm"):
        scripts[name] = f'exec env PATH="$STANDIN_PATH" {sys.executable} -m tests.deploy.standins.{name} "$@"'
    for name, script in scripts.items():
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)
    return folder


@pytest.fixture(scope="module")
def first(programs: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, "subprocess.CompletedProcess[str]"]:
    """A folder in which the commands of "On your machine" were followed, and what they said."""
    folder = tmp_path_factory.mktemp("first")
    return folder, run(commands("On your machine"), programs, folder)


@pytest.fixture
def here(first: tuple[Path, object], tmp_path: Path) -> Path:
    """A copy of that folder, with its cluster."""
    shutil.copytree(first[0], tmp_path, dirs_exist_ok=True)
    return tmp_path


def test_the_first_overlay_needs_nothing(first: tuple[Path, "subprocess.CompletedProcess[str]"]) -> None:
    """Every command of "On your machine" succeeds without a warning where the built-in kinds alone are known."""
    folder, done = first
    assert (done.returncode, done.stderr) == (0, "")
    assert "Deployment/tasklane-api" in state(folder)


def test_a_gateway_needs_what_the_handbook_brings(programs: Path, here: Path) -> None:
    """Its commands succeed after those of the first overlay, and the overlay alone would not."""
    refused = run(f"kubectl apply {APPLY} --kustomize deploy/k8s/overlays/gateway", programs, here)
    assert refused.returncode == 1
    assert 'no matches for kind "Gateway"' in refused.stderr
    done, _ = follow("With a gateway", programs, here)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_whole_stack_needs_nothing_either(programs: Path, here: Path) -> None:
    done, _ = follow("With the page", programs, here, before="password=the-one-of-before")
    assert (done.returncode, done.stderr) == (0, "")
    assert "Deployment/tasklane-gateway" in state(here)


@pytest.mark.checks
def test_the_chart_comes_up(programs: Path, tmp_path: Path) -> None:
    """With Helm, after the namespace and the Secret; beside what kubectl has applied it is refused."""
    if (helm := shutil.which("helm", path=f"{PROGRAMS}:{os.environ['PATH']}")) is None:
        pytest.skip("no helm here")
    before, _, rest = commands("On your machine").partition("kubectl apply --server-side")
    done = run(f"{before}\n{commands('With Helm')}", programs, tmp_path, helm=helm)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Deployment/tasklane-worker" in state(tmp_path)
    (tmp_path / "cluster.json").unlink()
    done = run(f"{before}kubectl apply --server-side{rest}\n{commands('With Helm')}", programs, tmp_path, helm=helm)
    assert "is not owned by the release" in done.stderr


def test_a_token_comes_from_a_pod(programs: Path, here: Path) -> None:
    done, _ = follow("A token", programs, here)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_release_and_the_way_back(programs: Path, here: Path) -> None:
    """A new tag brings a migration of its own; `rollout undo` is no obstacle to the next apply."""
    done, objects = follow("Releases, and the way back", programs, here)
    assert (done.returncode, done.stderr) == (0, "")
    assert len([name for name in objects if name.startswith("Job/")]) == 2
    undone = run("kubectl --namespace tasklane rollout undo deployment/tasklane-api", programs, here)
    assert undone.returncode == 0, undone.stderr
    again, _ = follow("Releases, and the way back", programs, here)
    assert (again.returncode, again.stderr) == (0, "")


def test_old_settings_are_pruned(programs: Path, here: Path) -> None:
    """The ConfigMap in use stays, and those of others do."""
    tree = here / "deploy" / "k8s" / "base" / "kustomization.yaml"
    before = {name for name in state(here) if name.startswith("ConfigMap/")}
    tree.write_text(tree.read_text().replace("LOG_FORMAT=json", "LOG_FORMAT=text"))
    run(f"kubectl apply {APPLY} --kustomize deploy/k8s/overlays/local", programs, here)
    assert before < {name for name in state(here) if name.startswith("ConfigMap/")}
    done, objects = follow("Releases, and the way back", programs, here)
    assert (done.returncode, done.stderr) == (0, "")
    [kept] = [name for name in objects if name.startswith("ConfigMap/")]
    assert kept not in before


def test_a_second_time_changes_nothing(programs: Path, here: Path) -> None:
    """Applying twice is applying once."""
    objects = state(here)
    done = run(f"kubectl apply {APPLY} --kustomize deploy/k8s/overlays/local", programs, here)
    assert done.returncode == 0, done.stderr
    assert {line.rpartition(" ")[2] for line in done.stdout.splitlines()} == {"unchanged"}
    assert state(here) == objects


APPLY = "--server-side --force-conflicts"


def commands(heading: str) -> str:
    """The shell blocks of a section of the handbook."""
    section = re.search(rf"^## {heading}$(.*?)(?=^## |\Z)", DOCUMENT, re.MULTILINE | re.DOTALL)
    assert section, heading
    return "\n".join(re.findall(r"^```sh\n(.*?)^```", section[1], re.MULTILINE | re.DOTALL))


def follow(
    heading: str, programs: Path, folder: Path, *, before: str = ""
) -> "tuple[subprocess.CompletedProcess[str], dict[str, Object]]":
    return run(f"{before}\n{commands(heading)}", programs, folder), state(folder)


def run(script: str, programs: Path, folder: Path, *, helm: str = "") -> "subprocess.CompletedProcess[str]":
    """In one shell that ends with the first command that fails, in a copy of what the commands name."""
    tree = folder / "deploy"
    if not tree.exists():
        for part in ("k8s", "compose", "helm", "observe"):
            shutil.copytree(TOP / "deploy" / part, tree / part, symlinks=True)
    environment = {
        **os.environ,
        "PATH": f"{programs}:{os.environ['PATH']}",
        "STANDIN_PATH": os.environ["PATH"],
        "STANDIN_RENDERER": " ".join(kustomize() or ()),
        "STANDIN_HELM": helm,
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
        timeout=600,
    )


def state(folder: Path) -> dict[str, Object]:
    return dict(json.loads((folder / "cluster.json").read_text()))
