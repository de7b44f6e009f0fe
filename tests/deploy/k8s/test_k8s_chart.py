"""The Helm chart renders the objects of the kustomize tree, and refuses what it cannot be told."""

import copy
import functools
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]  # its stubs are a package of their own

from core.settings import Settings
from tests.deploy.k8s.manifests import PROGRAMS, Object, containers, objects
from tests.deploy.k8s.test_k8s_checks import run as check
from tests.deploy.standins.cluster import DNS_LABEL
from tests.stack import TOP

pytestmark = pytest.mark.checks

CHART = TOP / "deploy" / "helm" / "tasklane"
SETS = ("local", "gateway", "page", "production", "operators", "whole")
"""Overlays, and the values beside the chart that shall be the same."""
HELMS = {"app.kubernetes.io/instance", "app.kubernetes.io/managed-by", "helm.sh/chart"}
"""Labels that Helm's users look for."""


@functools.cache
def helm() -> str:
    """Of the checks' environment, or the machine's."""
    return shutil.which("helm", path=str(PROGRAMS)) or shutil.which("helm") or pytest.skip("no helm here")


def run(*arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([helm(), *arguments], capture_output=True, text=True, check=False, timeout=600)


def render(*arguments: str | Path) -> str:
    done = run("template", "tasklane", CHART, "--namespace", "tasklane", *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def items(text: str) -> list[Object]:
    return [item for item in yaml.load_all(text, yaml.CSafeLoader) if item]


def comparable(rendered: "tuple[Object, ...] | list[Object]") -> dict[str, Object]:
    """By kind and name, without Helm's labels; a Job's name without its hash, which either makes in its own way."""
    found = {}
    for item in copy.deepcopy(rendered):
        metadata = item["metadata"]
        metadata["labels"] = {name: value for name, value in metadata["labels"].items() if name not in HELMS}
        metadata.get("annotations", {}).pop("helm.sh/resource-policy", None)
        if not metadata.get("annotations", True):
            del metadata["annotations"]
        if item["kind"] == "Job":
            metadata["name"] = re.sub(r"-[a-z0-9]{10}$", "", metadata["name"])
        found[f"{item['kind']} {metadata['name']}"] = item
    assert len(found) == len(rendered)
    return found


def values(name: str) -> Path:
    return CHART / "ci" / f"{name}-values.yaml"


@pytest.mark.parametrize("name", SETS)
def test_the_chart_is_the_kustomize_tree(name: str) -> None:
    """Object by object, field by field, the ConfigMaps' hashed names among them."""
    chart, tree = comparable(items(render("--no-hooks", "--values", values(name)))), comparable(objects(name))
    assert chart.keys() == tree.keys()
    for which, item in tree.items():
        assert chart[which] == item, which


def test_no_set_is_like_another() -> None:
    """Or fewer of them would be compared than there seem to be."""
    assert len({json.dumps(comparable(objects(name)), sort_keys=True) for name in SETS}) == len(SETS)


def test_helm_says_whose_each_object_is() -> None:
    for item in items(render()):
        assert set(item["metadata"]["labels"]) >= {*HELMS, "app.kubernetes.io/part-of"}
        assert DNS_LABEL.fullmatch(item["metadata"]["name"])


@pytest.mark.parametrize(
    ("change", "another"),
    [
        ("image.tag=1.2.3", True),
        ("image.registry=registry.example.com:5000/team", True),
        ("secret=mine", True),
        ("config.LOG_FORMAT=text", False),
        ("api.replicas=3", False),
    ],
)
def test_a_migration_is_named_by_what_it_holds(change: str, another: bool) -> None:  # noqa: FBT001  # a case's second half
    before, after = (
        [item["metadata"]["name"] for item in items(text) if item["kind"] == "Job"]
        for text in (render(), render("--set", change))
    )
    assert (before != after) is another


def test_settings_reach_the_services() -> None:
    """With another name for their ConfigMap, so that pods are made anew."""
    [before], [after] = (
        [item for item in items(text) if item["kind"] == "ConfigMap"]
        for text in (render(), render("--set-string", "config.CACHE_TTL=600"))
    )
    assert after["data"] == {**before["data"], "CACHE_TTL": "600"}
    assert after["metadata"]["name"] != before["metadata"]["name"]


@pytest.mark.parametrize(
    "refused",
    [
        "databse.kind=bundled",
        "database.kind=sqlite",
        "gateway.kind=nginx",
        "gateway.kind=ingress",  # without a host
        "gateway.tls=true",  # without a gateway
        "worker.replicas=0",
        "api.autoscaling.minReplicas=1",
        "config.CACHE_TIL=600",
        "page.url=localhost",
    ],
)
def test_what_cannot_be_is_refused(refused: str) -> None:
    """By the schema, before anything is rendered."""
    done = run("template", "tasklane", CHART, "--set", refused)
    assert done.returncode == 1
    assert "values don't meet the specifications of the schema" in done.stderr


def test_every_value_is_in_the_schema() -> None:
    """With a default that it accepts; every setting of the services may be given, and none that there is not."""
    schema = json.loads((CHART / "values.schema.json").read_text())
    defaults = yaml.safe_load((CHART / "values.yaml").read_text())
    assert described(schema, defaults) == set()
    own = {"DATABASE_URL", "REDIS_URL", "BETTER_AUTH_SECRET", "WORKER_METRICS_PORT"}
    known = {name.upper() for name in Settings.model_fields} - own
    assert set(schema["properties"]["config"]["properties"]) == known


def described(schema: Object, given: Any, path: str = "") -> set[str]:
    """Names that one of the two has and the other has not."""
    if not isinstance(given, dict) or "properties" not in schema or path == ".config":
        return set()
    differing = {f"{path}.{name}" for name in set(schema["properties"]) ^ set(given)}
    inner = (
        described(schema["properties"][name], given[name], f"{path}.{name}")
        for name in given
        if name in schema["properties"]
    )
    return differing.union(*inner)


def test_lint_finds_nothing() -> None:
    for name in SETS:
        done = run("lint", "--strict", "--values", values(name), CHART)
        assert done.returncode == 0, done.stdout
        assert "[WARNING]" not in done.stdout + done.stderr
        assert "[ERROR]" not in done.stdout + done.stderr


def test_what_it_renders_fits_the_schemas_of_kubernetes(tmp_path: Path) -> None:
    """Its test's pod too, which the tree has not."""
    (tmp_path / "chart.yaml").write_text(render())
    done = check(PROGRAMS / "kubernetes-validate", "--strict", tmp_path / "chart.yaml")
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_packed_chart_is_whole(tmp_path: Path) -> None:
    """Nothing in it leads out of it: what is a link here is a file there."""
    assert run("package", CHART, "--destination", tmp_path).returncode == 0
    [packed] = tmp_path.glob("tasklane-*.tgz")
    shutil.unpack_archive(packed, tmp_path)
    done = run("template", "tasklane", tmp_path / "tasklane", "--namespace", "tasklane", "--values", values("whole"))
    assert done.returncode == 0, done.stderr
    assert done.stdout == render("--values", values("whole"))


def test_its_test_may_do_nothing_that_it_need_not() -> None:
    """The pod of `helm test` is one of the namespace's: restricted, and let through to the API by its own policies."""
    hooks = [item for item in items(render()) if "helm.sh/hook" in item["metadata"].get("annotations", {})]
    assert sorted(item["kind"] for item in hooks) == ["NetworkPolicy", "NetworkPolicy", "Pod"]
    [pod] = [item for item in hooks if item["kind"] == "Pod"]
    assert pod["spec"]["securityContext"]["runAsNonRoot"] is True
    for container in containers(pod):
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
        assert container["securityContext"]["readOnlyRootFilesystem"] is True
        assert container["command"][2].strip() == (CHART / "files" / "test.py").read_text().strip()
