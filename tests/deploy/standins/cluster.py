"""A cluster's API as far as a handbook's commands meet it: which kinds it knows, what it refuses, what it warns of.

It knows the built-in kinds and no others, as a new cluster does; its namespaces and objects lie in one JSON file.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Object = dict[str, Any]

BUILT_IN = {
    "v1": ("Namespace", "ServiceAccount", "ConfigMap", "Secret", "Service", "PersistentVolumeClaim", "Pod"),
    "apps/v1": ("Deployment", "StatefulSet", "DaemonSet"),
    "batch/v1": ("Job", "CronJob"),
    "autoscaling/v2": ("HorizontalPodAutoscaler",),
    "policy/v1": ("PodDisruptionBudget",),
    "networking.k8s.io/v1": ("NetworkPolicy", "Ingress", "IngressClass"),
}
MAKES_PODS = ("Deployment", "StatefulSet", "DaemonSet", "Job")
DNS_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
OF_THE_CLUSTER = ("Namespace", "GatewayClass")
DEFINITION = "CustomResourceDefinition"
IMMUTABLE = {
    "Deployment": ("selector",),
    "DaemonSet": ("selector",),
    "StatefulSet": ("selector", "serviceName", "volumeClaimTemplates", "podManagementPolicy"),
    "Job": ("selector", "template", "completions", "completionMode"),
    "Service": ("clusterIP",),
}
"""Fields of `spec` that an object keeps for as long as it lives."""


class RefusedError(Exception):
    """What a real one would say instead of doing it."""


class Cluster:
    def __init__(self, file: Path) -> None:
        self._file = file
        self.objects: dict[str, Object] = json.loads(file.read_text()) if file.exists() else {}

    def save(self) -> None:
        self._file.write_text(json.dumps(self.objects))

    def apply(self, item: Object, *, force: bool) -> tuple[str, list[str]]:
        """What became of it, and the warnings; raises `RefusedError`."""
        kind, name = item["kind"], item["metadata"]["name"]
        if kind not in BUILT_IN.get(item["apiVersion"], ()) and key(DEFINITION, kind) not in self.objects:
            raise RefusedError(
                f'resource mapping not found for name: "{name}": no matches for kind "{kind}" in version '
                f'"{item["apiVersion"]}"\nensure CRDs are installed first'
            )
        namespace = item["metadata"].get("namespace", "")
        if kind not in OF_THE_CLUSTER and key("Namespace", namespace) not in self.objects:
            raise RefusedError(f'namespaces "{namespace}" not found')
        old = self.objects.get(key(kind, name))
        if old:
            self._may_become(old, item, force=force)
        outcome = "created" if not old else "unchanged" if old == item else "configured"
        self.objects[key(kind, name)] = item
        return outcome, list(_warnings(item))

    def _may_become(self, old: Object, new: Object, *, force: bool) -> None:
        kind, name = new["kind"], new["metadata"]["name"]
        for field in IMMUTABLE.get(kind, ()):
            if old["spec"].get(field) != new["spec"].get(field):
                raise RefusedError(f'The {kind} "{name}" is invalid: spec.{field}: field is immutable')
        if old.pop("changed by another", False) and not force:
            raise RefusedError(f'Apply failed with 1 conflict: conflict with "kubectl-rollout": {kind} {name}')

    def learn(self, *kinds: str) -> None:
        """As by an operator's chart, which brings definitions."""
        for kind in kinds:
            self.objects[key(DEFINITION, kind)] = {"kind": DEFINITION, "metadata": {"name": kind}}

    def find(self, kind: str, name: str) -> Object:
        if (item := self.objects.get(key(kind, name))) is None:
            raise RefusedError(f'{kind.lower()}s "{name}" not found')
        return item

    def missing(self, pods: Object) -> Iterator[str]:
        """What keeps the pods of a Deployment from starting."""
        spec = pods["spec"]["template"]["spec"]
        if key("ServiceAccount", spec["serviceAccountName"]) not in self.objects:
            yield f"serviceaccount {spec['serviceAccountName']}"
        for container in (*spec.get("initContainers", ()), *spec["containers"]):
            for source in container.get("envFrom", ()):
                if key("ConfigMap", source["configMapRef"]["name"]) not in self.objects:
                    yield f"configmap {source['configMapRef']['name']}"
        for kind, source in _mounted(spec["volumes"]):
            name = source.get("name") or source["secretName"]
            held = self.objects.get(key(kind, name), {"data": {}})
            keys = {item["key"] for item in source["items"]}
            if not source.get("optional") and not keys <= set(held["data"]):
                yield f"{kind} {name}: {', '.join(sorted(keys))}"


def _mounted(volumes: list[Object]) -> Iterator[tuple[str, Object]]:
    """Secrets and ConfigMaps that are files in a pod."""
    for volume in volumes:
        for source in (volume, *volume.get("projected", {}).get("sources", ())):
            if "secret" in source:
                yield "Secret", source["secret"]
            if "configMap" in source:
                yield "ConfigMap", source["configMap"]


def key(kind: str, name: str) -> str:
    return f"{kind}/{name}"


def _warnings(item: Object) -> Iterator[str]:
    if item["kind"] in MAKES_PODS and not DNS_LABEL.fullmatch(item["metadata"]["name"]):
        yield (
            "metadata.name: this is used in Pod names and hostnames, which can result in surprising behavior; "
            "a DNS label is recommended"
        )
