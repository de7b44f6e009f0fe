"""The pods of the page's overlay: the sign-in, and the page behind the compose stack's nginx."""

from collections.abc import Iterator
from functools import partial
from http import HTTPStatus
from pathlib import Path

import httpx
import pytest

from tests.deploy.containers.project import until
from tests.deploy.k8s.manifests import VERSION
from tests.deploy.pods.kubelet import Cluster, docker

pytestmark = pytest.mark.containers


@pytest.fixture
def cluster(images: None, tmp_path: Path) -> Iterator[Cluster]:
    """A network for the overlay's pods; the images are those of compose, by the tag that a cluster pulls."""
    for name in ("tasklane", "tasklane-auth", "tasklane-gateway"):
        docker("tag", name, f"{name}:{VERSION}")
    cluster = Cluster(tmp_path, overlay="page")
    cluster.open()
    try:
        yield cluster
    finally:
        cluster.close()


def test_the_whole_stack_by_its_gateway(cluster: Cluster) -> None:
    """Every probe passes; a person signs up at the page's origin, and the API knows the token by the sign-in's keys."""
    running = {}
    for name in ("postgres", "redis", "api", "auth", "gateway"):
        pod, item = f"tasklane-{name}", cluster.first(f"tasklane-{name}")
        running[name] = cluster.start(pod, item)
        if name == "postgres":
            cluster.migrate()
        for probe in ("startup", "readiness", "liveness"):
            if f"{probe}Probe" in item:
                cluster.wait_for(running[name], item, probe)
    url = f"http://{cluster.address(running['gateway'])}:8080"
    with httpx.Client(
        base_url=url, headers={"origin": "http://localhost:8080"}, timeout=60, trust_env=False
    ) as browser:
        assert "<title>Tasklane</title>" in browser.get("/").text
        account = {"email": "a@example.test", "password": "a-password-123", "name": "A"}
        until(lambda: browser.post("/api/auth/sign-up/email", json=account).is_success, "the gateway finds the sign-in")
        token = browser.get("/api/auth/token").raise_for_status().json()["token"]
        until(lambda: browser.get("/livez").is_success, "the gateway finds the API")
        tasks = partial(browser.get, "/api/tasks", headers={"authorization": f"Bearer {token}"})
        until(lambda: tasks().status_code != HTTPStatus.SERVICE_UNAVAILABLE, "the API finds its database and the keys")
        answer = tasks()
        assert (answer.status_code, answer.json()) == (200, [])
        assert browser.get("/metrics").status_code == 404
