"""What other people's programs say of the manifests, the image and the gateway: nothing, or what is answered below.

`make k8s-check` installs them (requirements/checks.txt) and runs this; none of them calls anybody.
"""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deploy.k8s.manifests import OVERLAYS, PROGRAMS, objects, rendered
from tests.deploy.k8s.test_k8s import CORE
from tests.stack import TOP

pytestmark = pytest.mark.checks

DEPLOY = TOP / "deploy"

TAGGED = "a tag of ours never changes its image, and a digest is what whoever releases puts in"
PRESENT = "the tag never changes its image, so one that is there need not be asked for; a registry away stops no start"
STRANGERS = "the official image, by its release: a digest is what whoever pulls from a registry of their own puts in"
SIGNS_TOKENS = "locust takes the secret from its environment; it is a load test, in a cluster made for that"
EXCEPTIONS = {
    ("CKV_DOCKER_7", "Dockerfile"): "the bases are arguments; their defaults name a tag, which is not seen",
    ("CKV_K8S_43", "tasklane-redis"): STRANGERS,
    ("CKV_K8S_43", "tasklane-postgres"): STRANGERS,
    ("CKV_K8S_15", "tasklane-redis"): PRESENT,
    ("CKV_K8S_15", "tasklane-postgres"): PRESENT,
    **{
        (check, name): reason
        for name in (
            "tasklane-api",
            "tasklane-worker",
            "tasklane-migrate",
            "tasklane-auth",
            "tasklane-gateway",
            "tasklane-load-master",
            "tasklane-load-worker",
        )
        for check, reason in (("CKV_K8S_43", TAGGED), ("CKV_K8S_15", PRESENT))
    },
    ("CKV_K8S_40", "tasklane-postgres"): "the image's own user, 999: initdb wants one that /etc/passwd knows",
    ("CKV_K8S_35", "tasklane-load-master"): SIGNS_TOKENS,
    ("CKV_K8S_35", "tasklane-load-worker"): SIGNS_TOKENS,
    ("CKV_K8S_8", "tasklane-load-worker"): "locust's worker listens to nobody; it ends when its master is gone",
    ("CKV_K8S_9", "tasklane-load-worker"): "nothing sends it requests, so nothing asks whether it is ready",
    ("CKV_SECRET_6", "values.yaml"): "the name of a Secret, as an operator's chart has it, not what it holds",
    ("CKV_DOCKER_2", "Dockerfile"): "one image has several commands: who runs it says how it is probed",
}
"""Failed checks of checkov that stand, each with its reason: the check, and what it was held against."""


@pytest.fixture(scope="module")
def manifests(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a file for each overlay."""
    folder = tmp_path_factory.mktemp("manifests")
    for overlay in OVERLAYS:
        (folder / f"{overlay}.yaml").write_text(rendered(overlay))
    return folder


def run(*command: str | Path) -> "subprocess.CompletedProcess[str]":
    """One of the programs, where no proxy leads out; it must be installed."""
    environment = {**os.environ, "NO_COLOR": "1", "CHECKOV_RUN_SCA_PACKAGE_SCAN_V2": "false"}
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300, env=environment)


def test_everything_fits_the_schemas_of_kubernetes(manifests: Path) -> None:
    """Strictly: an unknown field fails. Custom resources have schemas of their own (test_k8s.py)."""
    files = [manifests / f"{overlay}.yaml" for overlay in OVERLAYS]
    done = run(PROGRAMS / "kubernetes-validate", "--strict", *files)
    assert done.returncode == 0, done.stdout + done.stderr
    passed = re.findall(
        r"^INFO \S+ passed for resource (\S+) against version ([\d.]+)$", done.stdout + done.stderr, re.MULTILINE
    )
    assert {version for _, version in passed} == {newest_schemas()}
    expected = [name(item) for overlay in OVERLAYS for item in objects(overlay) if item["apiVersion"] in CORE]
    assert sorted(resource for resource, _ in passed) == sorted(expected)


def test_the_schemas_of_kubernetes_are_looked_at(tmp_path: Path) -> None:
    """A field with a letter too few is seen."""
    (tmp_path / "wrong.yaml").write_text(
        rendered("local").replace("terminationGracePeriodSeconds", "terminationGracePeriodSecond")
    )
    assert run(PROGRAMS / "kubernetes-validate", "--strict", tmp_path / "wrong.yaml").returncode != 0


def test_checkov_finds_nothing_that_is_not_answered(manifests: Path) -> None:
    """Neither more nor less: an exception that is no longer needed goes."""
    failed = {*checkov("kubernetes", manifests), *checkov("dockerfile", DEPLOY / "Dockerfile")}
    failed |= {*checkov("secrets", DEPLOY)}
    assert failed - set(EXCEPTIONS) == set()
    assert set(EXCEPTIONS) - failed == set()


def test_hadolint_finds_nothing() -> None:
    done = run(PROGRAMS / "hadolint", DEPLOY / "Dockerfile")
    assert (done.returncode, done.stdout) == (0, "")


def test_gixy_finds_nothing(tmp_path: Path) -> None:
    """With TLS and without: both servers are there when tls.conf lies in conf.d."""
    shutil.copytree(DEPLOY / "nginx", tmp_path / "nginx")
    (tmp_path / "nginx" / "conf.d").mkdir()
    shutil.move(tmp_path / "nginx" / "tls.conf", tmp_path / "nginx" / "conf.d")
    done = run(PROGRAMS / "gixy", "--format", "json", tmp_path / "nginx" / "nginx.conf")
    assert json.loads(done.stdout) == []
    assert done.returncode == 0


def test_gixy_is_looking(tmp_path: Path) -> None:
    (tmp_path / "nginx.conf").write_text("http { server { location / { return 301 http://$host$uri; } } }")
    assert json.loads(run(PROGRAMS / "gixy", "--format", "json", tmp_path / "nginx.conf").stdout)


def checkov(framework: str, target: Path) -> Iterator[tuple[str, str]]:
    """What failed, and where; fails itself if nothing was looked at."""
    how = "--directory" if target.is_dir() else "--file"
    done = run(
        *(PROGRAMS / "checkov", "--quiet", "--compact", "--skip-download", "--output", "json"),
        *("--framework", framework, how, target),
    )
    report = json.loads(done.stdout)
    if framework != "secrets":
        assert report["summary"]["passed"] > 0
        assert report["summary"]["parsing_errors"] == 0
    for check in report.get("results", {}).get("failed_checks", ()):
        resource = check["resource"].split(".", 2)[2] if framework == "kubernetes" else Path(check["file_path"]).name
        yield check["check_id"], re.sub(r"(?<=migrate)-.*", "", resource)


def name(item: dict[str, object]) -> str:
    metadata = item["metadata"]
    assert isinstance(metadata, dict)
    return f"{str(item['kind']).lower()}/{metadata['name']}"


def newest_schemas() -> str:
    """The Kubernetes that requirements/checks.txt knows."""
    text = (TOP / "requirements" / "checks.txt").read_text()
    locked = re.search(r"^kubernetes-validate==(\d+\.\d+)\.", text, re.MULTILINE)
    assert locked
    return locked[1]
