"""A container engine in place of a kubelet: containers as a pod's manifest has them, on a network of their own.

Services are aliases on that network; what only a cluster does (policies, scaling) is not seen.
"""

import json
import secrets
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import httpx

from tests.deploy.k8s.manifests import Object, of_kind, pods, selects
from tests.stack import TOP
from tests.tokens import SECRET

PATIENCE = 120
PASSWORD = secrets.token_hex(12)
DATABASE = f"postgresql://tasklane:{PASSWORD}@tasklane-postgres/tasklane"
SECRETS = {
    "POSTGRES_PASSWORD": PASSWORD,
    "DATABASE_URL": DATABASE,
    "DIRECT_DATABASE_URL": DATABASE,
    "BETTER_AUTH_SECRET": SECRET,
    "AUTH_DATABASE_URL": DATABASE,
    "AUTH_SECRET": secrets.token_hex(24),
}


def available() -> bool:
    return shutil.which("docker") is not None and engine("info").returncode == 0


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
    overlay: str = "local"
    name: str = field(default_factory=lambda: f"tasklane-pods-{secrets.token_hex(4)}")
    started: list[str] = field(default_factory=list)

    def build(self, tag: str) -> None:
        """The product's image, as the handbook has it built."""
        dockerfile = str(TOP / "deploy" / "Dockerfile")
        docker("build", "--quiet", "--file", dockerfile, "--target", "app", "--tag", f"tasklane:{tag}", str(TOP))

    def open(self) -> None:
        docker("network", "create", self.name)

    def first(self, pod_name: str) -> Object:
        """The container of a pod that is its service."""
        return dict(pods(self.overlay)[pod_name]["spec"]["containers"][0])

    def migrate(self) -> None:
        """The Job beside a database that may only just start: its first pod succeeds."""
        [(name, job)] = of_kind(self.overlay, "Job").items()
        spec = job["spec"]["template"]["spec"]
        for item in (*spec["initContainers"], *spec["containers"]):
            container = self.start(name, item)
            assert self.finished(container) == 0, docker("logs", container)

    def close(self) -> None:
        for container in self.started:
            engine("rm", "--force", "--volumes", container)
        docker("network", "rm", self.name)

    def start(self, pod_name: str, container: Object, environment: Mapping[str, str] = MappingProxyType({})) -> str:
        """One container of a pod, as its manifest has it and with what else it is told; returns its id."""
        pod = pods(self.overlay)[pod_name]["spec"]
        command = ["run", "--detach", "--network", self.name, "--init=false", *self._services(pod_name)]
        command += [*self._security(pod, container), *self._environment(container)]
        command += [flag for name, value in environment.items() for flag in ("--env", f"{name}={value}")]
        for mount in container["volumeMounts"]:
            command += self._mount(pod, mount)
        limits = container["resources"]["limits"]
        command += ["--memory", limits["memory"].removesuffix("i").lower(), "--cpus", limits["cpu"]]
        program = [*container.get("command", ())]
        command += ["--entrypoint", program[0]] if program else []
        command += [container["image"], *program[1:], *container.get("args", ())]
        self.started.append(docker(*command))
        return self.started[-1]

    def _services(self, pod_name: str) -> list[str]:
        """The names by which others find the pod; and the engine's resolver by the name of the cluster's."""
        labels = pods(self.overlay)[pod_name]["metadata"]["labels"]
        flags = ["--add-host", "kube-dns.kube-system.svc.cluster.local:127.0.0.11"]
        for name, service in of_kind(self.overlay, "Service").items():
            if selects({"matchLabels": service["spec"]["selector"]}, labels):
                flags += ["--network-alias", name, "--network-alias", f"{name}.tasklane.svc.cluster.local"]
        return flags

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
            values |= of_kind(self.overlay, "ConfigMap")[source["configMapRef"]["name"]]["data"]
        return [flag for name, value in values.items() for flag in ("--env", f"{name}={value}")]

    def _mount(self, pod: Object, mount: Object) -> list[str]:
        """An emptyDir is anybody's, a claim is the group's, and a Secret is the group's to read."""
        path, group = mount["mountPath"], pod["securityContext"].get("fsGroup", 0)
        volume: Object = next((item for item in pod["volumes"] if item["name"] == mount["name"]), {})
        if "emptyDir" in volume:
            return ["--tmpfs", f"{path}:mode=0777,size={volume['emptyDir']['sizeLimit'].removesuffix('i').lower()}"]
        if not volume:
            return ["--tmpfs", f"{path}:mode=2775,uid=0,gid={group}"]
        folder = self.folder / secrets.token_hex(4)
        folder.mkdir(mode=0o755)
        for item, text in self._files(volume):
            file = folder / item["path"]
            file.write_text(text)
            shutil.chown(file, 0, group)
            file.chmod(next(iter(volume[kind] for kind in volume if kind != "name")).get("defaultMode", 0o644))
        return ["--volume", f"{folder}:{path}:ro"]

    def _files(self, volume: Object) -> Iterator[tuple[Object, str]]:
        """What a volume of Secrets or of a ConfigMap holds."""
        for source in (volume, *volume.get("projected", {}).get("sources", ())):
            for item in source.get("secret", {}).get("items", ()):
                yield item, SECRETS[item["key"]]
            for item in source.get("configMap", {}).get("items", ()):
                yield item, of_kind(self.overlay, "ConfigMap")[source["configMap"]["name"]]["data"][item["key"]]

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
