"""The pods of the local overlay really run: each container with the user, root, mounts, limits and environment of its
manifest, on a container engine in place of a kubelet, and its own probes pass.

No cluster: Services are aliases on a network, and what only a cluster does (policies, rollouts, scaling) is not seen.
"""

import json
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from tests.deploy.manifests import Object, of_kind, pods
from tests.deploy.test_k8s_settings import VERSION
from tests.stack import TOP, client, new_user
from tests.tokens import SECRET

pytestmark = [
    pytest.mark.containers,
    pytest.mark.skipif(
        not shutil.which("docker")
        or subprocess.run(["docker", "info"], capture_output=True, check=False).returncode != 0,
        reason="no container engine here",
    ),
]

PATIENCE = 120
PASSWORD = secrets.token_hex(12)
DATABASE = f"postgresql://tasklane:{PASSWORD}@tasklane-postgres/tasklane"
SECRETS = {
    "POSTGRES_PASSWORD": PASSWORD,
    "DATABASE_URL": DATABASE,
    "DIRECT_DATABASE_URL": DATABASE,
    "BETTER_AUTH_SECRET": SECRET,
}


def engine(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False, timeout=600)


def docker(*arguments: str) -> str:
    """What the engine answers; it must not refuse."""
    done = engine(*arguments)
    assert done.returncode == 0, f"docker {' '.join(arguments)}: {done.stderr}"
    return done.stdout.strip()


@dataclass
class Cluster:
    """A network, a folder for secrets, and the containers that run."""

    folder: Path
    name: str = field(default_factory=lambda: f"tasklane-pods-{secrets.token_hex(4)}")
    started: list[str] = field(default_factory=list)

    def start(self, pod_name: str, container: Object) -> str:
        """One container of a pod, as its manifest has it; returns its id."""
        pod = pods("local")[pod_name]["spec"]
        command = ["run", "--detach", "--network", self.name, "--network-alias", pod_name, "--init=false"]
        command += [*self._security(pod, container), *self._environment(container)]
        for mount in container["volumeMounts"]:
            command += self._mount(pod, mount)
        limits = container["resources"]["limits"]
        command += ["--memory", limits["memory"].removesuffix("i").lower(), "--cpus", limits["cpu"]]
        program = [*container.get("command", ())]
        command += ["--entrypoint", program[0]] if program else []
        command += [container["image"], *program[1:], *container.get("args", ())]
        self.started.append(docker(*command))
        return self.started[-1]

    def _security(self, pod: Object, container: Object) -> list[str]:
        inside, outside = container["securityContext"], pod["securityContext"]
        assert (inside["readOnlyRootFilesystem"], inside["allowPrivilegeEscalation"]) == (True, False)
        flags = ["--user", f"{outside['runAsUser']}:{outside['runAsGroup']}", "--read-only"]
        flags += [
            "--security-opt",
            "no-new-privileges",
            *(f"--cap-drop={name}" for name in inside["capabilities"]["drop"]),
        ]
        return flags + (["--group-add", str(outside["fsGroup"])] if "fsGroup" in outside else [])

    def _environment(self, container: Object) -> list[str]:
        values = {item["name"]: item["value"] for item in container.get("env", ())}
        for source in container.get("envFrom", ()):
            values |= of_kind("local", "ConfigMap")[source["configMapRef"]["name"]]["data"]
        return [flag for name, value in values.items() for flag in ("--env", f"{name}={value}")]

    def _mount(self, pod: Object, mount: Object) -> list[str]:
        """An emptyDir is anybody's, a claim is the group's, and a Secret is the group's to read."""
        path, group = mount["mountPath"], pod["securityContext"].get("fsGroup", 0)
        volume: Object = next((item for item in pod["volumes"] if item["name"] == mount["name"]), {})
        if "emptyDir" in volume:
            return ["--tmpfs", f"{path}:mode=0777,size={volume['emptyDir']['sizeLimit'].removesuffix('i').lower()}"]
        if not volume:
            return ["--tmpfs", f"{path}:mode=2775,uid=0,gid={group}"]
        sources = (
            [volume["secret"]] if "secret" in volume else [item["secret"] for item in volume["projected"]["sources"]]
        )
        folder = self.folder / secrets.token_hex(4)
        folder.mkdir(mode=0o755)
        for item in (item for source in sources for item in source["items"]):
            file = folder / item["path"]
            file.write_text(SECRETS[item["key"]])
            shutil.chown(file, 0, group)
            file.chmod((volume.get("secret") or volume["projected"])["defaultMode"])
        return ["--volume", f"{folder}:{path}:ro"]

    def finished(self, container: str) -> int:
        """The exit code, when it has ended."""
        return int(docker("wait", container))

    def wait_until_it_says(self, container: str, words: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while words not in engine("logs", container).stderr:
            assert time.monotonic() < deadline, f"it does not say {words!r}"
            time.sleep(0.1)

    def address(self, container: str) -> str:
        networks = json.loads(docker("inspect", "--format", "{{json .NetworkSettings.Networks}}", container))
        return str(networks[self.name]["IPAddress"])

    def passes(self, container: str, manifest: Object, probe: str) -> bool:
        """Whether a probe of the manifest passes now."""
        action = manifest[f"{probe}Probe"]
        if "exec" in action:
            return engine("exec", container, *action["exec"]["command"]).returncode == 0
        [port] = [item["containerPort"] for item in manifest["ports"] if item["name"] == action["httpGet"]["port"]]
        url = f"http://{self.address(container)}:{port}{action['httpGet']['path']}"
        try:
            return httpx.get(url, timeout=action.get("timeoutSeconds", 1), trust_env=False).is_success
        except httpx.HTTPError:
            return False

    def wait_for(self, container: str, manifest: Object, probe: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while not self.passes(container, manifest, probe):
            running = docker("inspect", "--format", "{{.State.Running}}", container) == "true"
            assert running, docker("logs", container)
            assert time.monotonic() < deadline, f"the {probe} probe does not pass"
            time.sleep(0.2)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Everything in the order in which a cluster would come to it: all at once, each waiting for what it needs."""
    docker(
        "build",
        "--quiet",
        "--file",
        str(TOP / "deploy" / "Dockerfile"),
        "--target",
        "app",
        "--tag",
        f"tasklane:{VERSION}",
        str(TOP),
    )
    cluster = Cluster(tmp_path_factory.mktemp("secrets"))
    docker("network", "create", cluster.name)
    try:
        yield cluster
    finally:
        for container in cluster.started:
            engine("rm", "--force", "--volumes", container)
        docker("network", "rm", cluster.name)


def test_the_pods_of_the_local_overlay_run(cluster: Cluster) -> None:
    templates = {name: pod["spec"] for name, pod in pods("local").items()}
    waiting = {
        name: cluster.start(name, templates[name]["initContainers"][0]) for name in ("tasklane-api", "tasklane-worker")
    }
    running = {
        name: cluster.start(name, templates[name]["containers"][0]) for name in ("tasklane-postgres", "tasklane-redis")
    }
    asked = cluster.start("tasklane-api", templates["tasklane-api"]["initContainers"][0])
    cluster.wait_until_it_says(asked, "waiting: ")
    docker("stop", "--time", "60", asked)
    assert cluster.finished(asked) == 128 + signal.SIGTERM, "a pod that waits was killed instead of ended"
    migrate(cluster)
    for name, container in waiting.items():
        assert cluster.finished(container) == 0, docker("logs", container)
        running[name] = cluster.start(name, templates[name]["containers"][0])
    for name, container in running.items():
        for probe in ("startup", "readiness", "liveness"):
            if f"{probe}Probe" in templates[name]["containers"][0]:
                cluster.wait_for(container, templates[name]["containers"][0], probe)
    with client(f"http://{cluster.address(running['tasklane-api'])}:8000", new_user()) as alice:
        made = alice.post("/api/tasks", json={"title": "Water the plants"})
        assert made.status_code == 201, made.text
        assert [alice.get("/api/tasks").headers["x-cache"] for _ in range(2)][1] == "hit"
        assert alice.post("/api/tasks/import", content=b"").status_code != 500
    with client(f"http://{cluster.address(running['tasklane-api'])}:8000", "nobody") as bob:
        bob.headers["authorization"] = f"Bearer {token(running['tasklane-api'])}"
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


def migrate(cluster: Cluster) -> None:
    """The Job beside a database that only just starts: its first pod succeeds."""
    [(name, job)] = of_kind("local", "Job").items()
    spec = job["spec"]["template"]["spec"]
    for item in (*spec["initContainers"], *spec["containers"]):
        container = cluster.start(name, item)
        assert cluster.finished(container) == 0, docker("logs", container)
