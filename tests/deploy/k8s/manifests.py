"""The Kubernetes manifests as a cluster would get them: rendered by kustomize, one list of objects per overlay."""

import functools
import json
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]  # its stubs are a package of their own

from core import __version__
from tests.stack import TOP

K8S = TOP / "deploy" / "k8s"
VERSION = __version__
PROGRAMS = TOP / ".venv" / "checks" / "bin"
"""Those of requirements/checks.txt, which `make k8s-check` installs."""
SETS = TOP / "tests" / "deploy" / "sets"
OVERLAYS = ("local", "gateway", "page", "production", "load", "operators", "whole")
"""Those of the tree, and two sets of components that no overlay there has."""
SERVICES = ("local", "gateway", "page", "production")
"""The overlays that hold Tasklane itself."""
PUBLIC = ("gateway", "production")
"""Those with a way in by the Gateway API."""

Object = dict[str, Any]


@functools.cache
def kustomize() -> tuple[str, ...] | None:
    """The command that renders a folder: kubectl's own kustomize, if it is 5 or newer, or kustomize itself."""
    if shutil.which("kubectl"):
        version = subprocess.run(["kubectl", "version", "--client"], capture_output=True, text=True, check=False).stdout
        if "Kustomize Version: v5" in version:
            return "kubectl", "kustomize"
    return ("kustomize", "build") if shutil.which("kustomize") else None


def build(folder: Path) -> str:
    """One stream of YAML documents; kustomize must have nothing to remark."""
    if (command := kustomize()) is None:
        pytest.skip("no kubectl with kustomize 5 here")
    done = subprocess.run([*command, str(folder)], capture_output=True, text=True, check=False, timeout=600)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@functools.cache
def rendered(overlay: str, tree: Path = K8S) -> str:
    """An overlay of the tree, or a set of its components; of another tree, its overlays alone."""
    return build((SETS if tree == K8S and (SETS / overlay).is_dir() else tree / "overlays") / overlay)


@functools.cache
def objects(overlay: str) -> tuple[Object, ...]:
    """Everything in an overlay, to be read only."""
    return tuple(yaml.load_all(rendered(overlay), yaml.CSafeLoader))


def of_kind(overlay: str, kind: str) -> dict[str, Object]:
    """The objects of a kind by name."""
    return {item["metadata"]["name"]: item for item in objects(overlay) if item["kind"] == kind}


def pods(overlay: str) -> dict[str, Object]:
    """The pod templates by the name of what makes the pods."""
    return {
        item["metadata"]["name"]: item["spec"]["template"]
        for item in objects(overlay)
        if item["kind"] in ("Deployment", "StatefulSet", "Job")
    }


def containers(pod: Object) -> Iterator[Object]:
    """All containers of a pod template, those that run first and those that stay."""
    yield from pod["spec"].get("initContainers", ())
    yield from pod["spec"]["containers"]


def own(overlay: str) -> Iterator[tuple[Object, Object]]:
    """Each container that runs the product's image, with its pod template."""
    for pod in pods(overlay).values():
        for container in containers(pod):
            if container["image"].rpartition(":")[0].rpartition("/")[2] == "tasklane":
                yield pod, container


def selects(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """Whether a label selector, of either form, takes an object with these labels."""
    expressions = selector.get("matchExpressions", ())
    assert all(expression["operator"] == "In" for expression in expressions), "write it with In"
    return all(labels.get(key) == value for key, value in selector.get("matchLabels", {}).items()) and all(
        labels.get(expression["key"]) in expression["values"] for expression in expressions
    )


def load_yaml(path: Path) -> Any:
    return yaml.safe_load(path.read_text())


def image_command() -> list[str]:
    """What the image runs when it is told nothing."""
    text = (TOP / "deploy" / "Dockerfile").read_text()
    stage = re.search(r"^FROM \S+ AS app$(.*?)(?=^FROM )", text, re.MULTILINE | re.DOTALL)
    assert stage
    command = re.search(r"^CMD (\[.*?\])", stage[1], re.MULTILINE | re.DOTALL)
    assert command
    return list(json.loads(command[1].replace("\\\n", "")))
