"""A stand-in for helm: of others' charts it brings what the handbook needs; ours the real one renders."""

import argparse
import os
import subprocess
import sys
from pathlib import Path

import yaml  # type: ignore[import-untyped]  # its stubs are a package of their own

from tests.deploy.standins.cluster import Cluster, Object, RefusedError, key

BROUGHT = {
    "oci://docker.io/envoyproxy/gateway-helm": (
        "GatewayClass",
        "Gateway",
        "HTTPRoute",
        "BackendTrafficPolicy",
        "ClientTrafficPolicy",
    )
}
ENVOY: tuple[Object, ...] = (
    {"kind": "Deployment", "metadata": {"name": "envoy-gateway"}},
    {
        "kind": "Service",
        "metadata": {
            "name": "envoy-tasklane-tasklane",
            "labels": {"gateway.envoyproxy.io/owning-gateway-name": "tasklane"},
        },
        "spec": {"ports": [{"port": 80}]},
    },
)
OWNER = "app.kubernetes.io/managed-by"


def main() -> None:
    parser = argparse.ArgumentParser("helm", allow_abbrev=False)
    parser.add_argument("verb", choices=("install", "upgrade", "test"))
    parser.add_argument("name")
    parser.add_argument("chart", nargs="?")
    parser.add_argument("--namespace", required=True)
    parser.add_argument("--values", action="append", default=[])
    parser.add_argument("--version")
    parser.add_argument("--timeout")
    for flag in ("--install", "--create-namespace", "--wait"):
        parser.add_argument(flag, action="store_true")
    options = parser.parse_args()
    cluster = Cluster(Path(os.environ["STANDIN_CLUSTER"]))
    try:
        {"install": bring, "upgrade": upgrade, "test": test}[options.verb](cluster, options)
    except RefusedError as error:
        sys.exit(f"Error: {error}")
    finally:
        cluster.save()


def bring(cluster: Cluster, options: argparse.Namespace) -> None:
    cluster.learn(*BROUGHT[options.chart])
    for item in ENVOY:
        cluster.objects[key(item["kind"], item["metadata"]["name"])] = item


def upgrade(cluster: Cluster, options: argparse.Namespace) -> None:
    """With `--wait`: until the pods are there. It takes over nothing that it has not made."""
    command = [os.environ["STANDIN_HELM"], "template", options.name, options.chart, "--namespace", options.namespace]
    command += ["--no-hooks", *(f"--values={file}" for file in options.values)]
    rendering = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    for item in yaml.load_all(rendering, yaml.CSafeLoader):
        old = cluster.objects.get(key(item["kind"], item["metadata"]["name"]), item)
        if old["metadata"].get("labels", {}).get(OWNER) != "Helm":
            raise RefusedError(f"{item['kind']} {item['metadata']['name']} exists and is not owned by the release")
        cluster.apply(item, force=True)
    for item in cluster.objects.values():
        if item["kind"] == "Deployment" and (missing := list(cluster.missing(item))):
            raise RefusedError(f"context deadline exceeded: {'; '.join(missing)}")


def test(cluster: Cluster, options: argparse.Namespace) -> None:
    """Nothing runs here: the pods' test runs what the hook does."""
    cluster.find("Deployment", f"{options.name}-api")


if __name__ == "__main__":
    main()
