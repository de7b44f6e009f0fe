"""The pods of the local overlay really run: each container with the user, root, mounts, limits and environment of its
manifest, on a container engine in place of a kubelet, and its own probes pass.
"""

import subprocess

import pytest

from tests.deploy.k8s.manifests import VERSION
from tests.deploy.pods.kubelet import Cluster, engine
from tests.stack import TOP, client, new_user

pytestmark = pytest.mark.containers


def test_the_pods_of_the_local_overlay_run(cluster: Cluster, local_pods: dict[str, str]) -> None:
    for name, container in local_pods.items():
        for probe in ("startup", "readiness", "liveness"):
            if f"{probe}Probe" in cluster.first(name):
                cluster.wait_for(container, cluster.first(name), probe)
    with client(f"http://{cluster.address(local_pods['tasklane-api'])}:8000", new_user()) as alice:
        made = alice.post("/api/tasks", json={"title": "Water the plants"})
        assert made.status_code == 201, made.text
        assert [alice.get("/api/tasks").headers["x-cache"] for _ in range(2)][1] == "hit"
        assert alice.post("/api/tasks/import", content=b"").status_code != 500
    with client(f"http://{cluster.address(local_pods['tasklane-api'])}:8000", "nobody") as bob:
        bob.headers["authorization"] = f"Bearer {token(local_pods['tasklane-api'])}"
        assert bob.get("/api/tasks").status_code == 200
    assert helms_test(cluster) == 0


def helms_test(cluster: Cluster) -> int:
    """What `helm test` runs beside them."""
    script = (TOP / "deploy" / "helm" / "tasklane" / "files" / "test.py").read_text()
    return engine("run", "--rm", "--network", cluster.name, f"tasklane:{VERSION}", "python", "-c", script).returncode


def token(api: str) -> str:
    """As the handbook makes one."""
    script = (TOP / "deploy" / "compose" / "sign_token.py").read_text()
    command = ["docker", "exec", "--interactive", api, "python", "-", "bob"]
    return subprocess.run(command, input=script, capture_output=True, text=True, check=True, timeout=60).stdout.strip()
