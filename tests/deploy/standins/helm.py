"""A stand-in for helm where it brings others' charts to a cluster: what the handbook needs of them is there then."""

import os
import sys
from pathlib import Path

from tests.deploy.standins.cluster import Cluster, Object, key

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


def main(verb: str, name: str, chart: str, *_: str) -> None:
    if (verb, name) != ("install", "eg"):
        sys.exit(f"unknown: {verb} {name}")
    cluster = Cluster(Path(os.environ["STANDIN_CLUSTER"]))
    cluster.learn(*BROUGHT[chart])
    for item in ENVOY:
        cluster.objects[key(item["kind"], item["metadata"]["name"])] = item
    cluster.save()


if __name__ == "__main__":
    main(*sys.argv[1:])
