"""The cluster's own rules, as far as they can be held without one: names, labels, kinds, and what cannot change."""

import copy
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]  # its stubs are a package of their own

from tests.deploy.k8s.manifests import (
    K8S,
    OVERLAYS,
    SERVICES,
    Object,
    build,
    containers,
    load_yaml,
    objects,
    of_kind,
    pods,
    rendered,
)
from tests.deploy.standins.cluster import BUILT_IN, DNS_LABEL, IMMUTABLE
from tests.stack import TOP

PREREQUISITES = {
    "local": set(),
    "gateway": {"gateway.networking.k8s.io", "gateway.envoyproxy.io"},
    "page": set(),
    "operators": {"postgresql.cnpg.io", "barmancloud.cnpg.io"},
    "whole": {"gateway.networking.k8s.io", "monitoring.coreos.com"},
    "production": {
        "gateway.networking.k8s.io",
        "gateway.envoyproxy.io",
        "monitoring.coreos.com",
        "external-secrets.io",
    },
    "load": set(),
}
"""What the cluster must have been taught before an overlay comes; the handbook says how."""

Edit = Callable[[Path], None]


@pytest.fixture(params=OVERLAYS)
def overlay(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=SERVICES)
def services(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_nothing_needs_a_kind_that_nobody_has_brought(overlay: str) -> None:
    kinds = {(item["apiVersion"], item["kind"]) for item in objects(overlay)}
    brought = {version for version, kind in kinds if kind not in BUILT_IN.get(version, ())}
    assert {version.partition("/")[0] for version in brought} == PREREQUISITES[overlay]


def test_names_are_dns_labels(overlay: str) -> None:
    """Some become host names, and there a dot makes a warning; so does none of them have one."""
    for item in objects(overlay):
        assert DNS_LABEL.fullmatch(item["metadata"]["name"])


def test_every_object_says_whose_it_is(overlay: str) -> None:
    """What belongs together can be found by its labels; the load test's objects are no part of the service."""
    whose = "tasklane-load" if overlay == "load" else "tasklane"
    for item in (*objects(overlay), load_yaml(K8S / "namespace.yaml")):
        labels = item["metadata"]["labels"]
        assert labels["app.kubernetes.io/part-of"] == (whose if item["kind"] != "Namespace" else "tasklane")
        assert labels["app.kubernetes.io/name"] == labels["app.kubernetes.io/part-of"]


def test_who_deletes_an_overlay_keeps_secrets_and_data(overlay: str) -> None:
    assert {"Namespace", "Secret", "PersistentVolumeClaim"}.isdisjoint(item["kind"] for item in objects(overlay))
    for item in of_kind(overlay, "StatefulSet").values():
        policy = item["spec"].get("persistentVolumeClaimRetentionPolicy", {"whenDeleted": "Retain"})
        assert policy["whenDeleted"] == "Retain"


def test_no_image_floats() -> None:
    """What runs changes when a manifest does: others' images are named by their release, here and in compose."""
    found = {item["image"] for overlay in OVERLAYS for pod in pods(overlay).values() for item in containers(pod)}
    composed = (TOP / "deploy" / name for name in ("docker-compose.yml", "compose/variants.yml"))
    found |= {
        image for file in composed for image in re.findall(r"^ +image: ([^$\n]+)$", file.read_text(), re.MULTILINE)
    }
    others = {image for image in found if not re.match(r"([^/]+/)*tasklane", image)}
    assert {image.partition(":")[0] for image in others} >= {"postgres", "redis"}
    assert {image for image in others if not re.search(r":v?\d+\.\d+(\.\d+)?$", image)} == set()


def test_a_restore_is_left_alone(tmp_path: Path) -> None:
    """With `components/stopped` nobody writes, however often the overlay is applied."""
    kustomization = tmp_path / "kustomization.yaml"
    parts = {"resources": ["../k8s/overlays/local"], "components": ["../k8s/components/stopped"]}
    shutil.copytree(K8S, tmp_path / "k8s")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / kustomization.name).write_text(yaml.safe_dump(parts))
    rendering = yaml.load_all(build(tmp_path / "mine"), yaml.CSafeLoader)
    replicas = {
        item["metadata"]["name"]: item["spec"].get("replicas") for item in rendering if item["kind"] == "Deployment"
    }
    assert replicas == {"tasklane-api": 0, "tasklane-worker": 0, "tasklane-redis": 1}


def test_a_private_registry_is_told_who_asks() -> None:
    accounts = of_kind("production", "ServiceAccount")
    for name, pod in pods("production").items():
        own = any(re.search(r"/tasklane[^/]*$", item["image"]) for item in containers(pod))
        assert ("imagePullSecrets" in accounts[pod["spec"]["serviceAccountName"]]) is own, name


# --- what cannot change ---


def retag(tree: Path) -> None:
    edit(tree / "overlays", r"(newTag: ).+", r"\g<1>1.2.3-rc.1")


def move(tree: Path) -> None:
    edit(tree / "overlays" / "production", r"(newName: ).+", r"\g<1>registry.example.com:5000/team/tasklane")


def rename_a_secret(tree: Path) -> None:
    edit(tree / "base", r"key: DIRECT_DATABASE_URL", "key: MIGRATIONS_DATABASE_URL")


def give_it_more_memory(tree: Path) -> None:
    edit(tree / "base", r"memory: 256Mi", "memory: 512Mi")


def reconfigure(tree: Path) -> None:
    edit(tree / "base", r"LOG_FORMAT=json", "LOG_FORMAT=text")


@pytest.mark.parametrize("change", [retag, move, rename_a_secret, give_it_more_memory, reconfigure])
def test_what_cannot_change_never_does(services: str, tmp_path: Path, change: Edit) -> None:
    """Between two tags, or with any edit under the same one, no object that stays must change what it keeps."""
    before, after = keyed(objects(services)), keyed(changed(services, tmp_path, change))
    for name in before.keys() & after.keys():
        for field in IMMUTABLE.get(name[0], ()):
            assert before[name]["spec"].get(field) == after[name]["spec"].get(field), name


@pytest.mark.parametrize(("change", "another"), [(retag, True), (rename_a_secret, True), (reconfigure, False)])
def test_a_migration_is_named_by_what_it_holds(services: str, tmp_path: Path, change: Edit, another: bool) -> None:  # noqa: FBT001  # a case's second half
    """Whatever the Job holds is in its name; and what it does not hold is not, so that it does not run again."""
    [before], [after] = (jobs(items) for items in (objects(services), changed(services, tmp_path, change)))
    assert re.fullmatch(r"tasklane-migrate-[a-z0-9]{10}", after["metadata"]["name"])
    assert (before["metadata"]["name"] != after["metadata"]["name"]) is another
    assert "annotations" not in after["metadata"]


def jobs(items: tuple[Object, ...]) -> list[Object]:
    return [item for item in items if item["kind"] == "Job"]


def keyed(items: tuple[Object, ...]) -> dict[tuple[str, str], Object]:
    return {(item["kind"], item["metadata"]["name"]): copy.deepcopy(item) for item in items}


def changed(overlay: str, folder: Path, change: Edit) -> tuple[Object, ...]:
    """The overlay of a tree in which something is different."""
    shutil.copytree(K8S, folder, dirs_exist_ok=True)
    change(folder)
    return tuple(yaml.load_all(rendered(overlay, folder), yaml.CSafeLoader))


def edit(folder: Path, pattern: str, replacement: str) -> None:
    for file in folder.rglob("*.yaml"):
        file.write_text(re.sub(pattern, replacement, file.read_text()))
