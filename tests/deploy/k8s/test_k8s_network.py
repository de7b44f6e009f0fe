"""Who may speak with whom: the network policies, read as a network plugin reads them, at both ends of a connection."""

import ipaddress
from collections.abc import Mapping
from typing import Any

import pytest

from tests.deploy.k8s.manifests import PUBLIC, SERVICES, Object, of_kind, pods, selects

OUTSIDE = "9.9.9.9"
CREDENTIALS = "169.254.169.254"
"""Where clouds tell a machine its own credentials."""

GATEWAY = {"namespace": "envoy-gateway-system", "labels": {}}
PROMETHEUS = {"namespace": "monitoring", "labels": {"app.kubernetes.io/name": "prometheus"}}
DNS = {"namespace": "kube-system", "labels": {"k8s-app": "kube-dns"}}
STRANGER = {
    "namespace": "default",
    "labels": {"app.kubernetes.io/name": "tasklane", "app.kubernetes.io/component": "api"},
}

Peer = Mapping[str, Any] | str


@pytest.fixture(params=SERVICES)
def services(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_what_must_speak_may(services: str) -> None:
    here = (services,)
    api, worker, migrate, redis = (peer(here, name) for name in ("api", "worker", "migrate", "redis"))
    assert allowed(here, GATEWAY, api, 8000) is (services in PUBLIC)
    assert allowed(here, PROMETHEUS, api, 8000)
    assert allowed(here, PROMETHEUS, worker, 9000)
    for pod in (api, worker):
        assert allowed(here, pod, redis, 6379)
    for pod in (api, worker, migrate):
        assert allowed(here, pod, OUTSIDE if services == "production" else peer(here, "postgres"), 5432)
        assert allowed(here, pod, DNS, 53, "UDP")
        assert allowed(here, pod, DNS, 53, "TCP")
    if services == "production":
        assert allowed(here, api, OUTSIDE, 443)


def test_nobody_else_may_speak(services: str) -> None:
    here = (services,)
    own = {name: peer(here, name) for name in ("api", "worker", "migrate", "redis")}
    for name, pod in own.items():
        assert not allowed(here, STRANGER, pod, 8000)
        assert not allowed(here, STRANGER, pod, 6379)
        for port in (80, 443, 5432, 6379):
            assert not allowed(here, pod, CREDENTIALS, port)
            assert not allowed(here, pod, "10.0.0.1", port)
        assert not allowed(here, pod, OUTSIDE, 80)
        assert not allowed(here, GATEWAY, pod, 6379)
        if name != "api":
            assert not allowed(here, GATEWAY, pod, 8000)
            assert not allowed(here, pod, own["api"], 8000)
            assert not allowed(here, pod, OUTSIDE, 443)
    assert not allowed(here, own["redis"], OUTSIDE, 5432)
    assert not allowed(here, own["migrate"], own["redis"], 6379)
    if services != "production":
        assert not allowed(here, own["redis"], peer(here, "postgres"), 5432)
        assert not allowed(here, STRANGER, peer(here, "postgres"), 5432)


def test_the_sign_in_and_the_page() -> None:
    """The page's gateway asks both, the API asks the sign-in for keys, and the sign-in asks its database alone."""
    here = ("page",)
    api, auth, gateway, redis, postgres = (peer(here, name) for name in ("api", "auth", "gateway", "redis", "postgres"))
    assert allowed(here, gateway, api, 8000)
    assert allowed(here, gateway, auth, 3000)
    assert allowed(here, api, auth, 3000)
    assert allowed(here, auth, postgres, 5432)
    assert not allowed(here, gateway, postgres, 5432)
    assert not allowed(here, auth, redis, 6379)
    assert not allowed(here, auth, api, 8000)
    assert not allowed(here, STRANGER, auth, 3000)
    assert not allowed(here, GATEWAY, gateway, 8080)
    assert allowed(("whole",), GATEWAY, peer(("whole",), "gateway"), 8080)


def test_what_other_operators_bring() -> None:
    """CloudNativePG's pods are the database's, a Redis elsewhere is outside, and the controller reaches the API."""
    here = ("operators",)
    api, worker, migrate = (peer(here, name) for name in ("api", "worker", "migrate"))
    database = {"namespace": "tasklane", "labels": {"cnpg.io/cluster": "tasklane-db"}}
    operator = {"namespace": "cnpg-system", "labels": {}}
    for pod in (api, worker, migrate):
        assert allowed(here, pod, database, 5432)
        assert not allowed(here, pod, OUTSIDE, 5432)
        assert not allowed(here, pod, database, 8000)
    for port in (5432, 8000):
        assert allowed(here, database, database, port)
        assert allowed(here, operator, database, port)
    for port in (443, 6443):
        assert allowed(here, database, "10.96.0.1", port)
        assert not allowed(here, database, CREDENTIALS, port)
    assert allowed(here, api, OUTSIDE, 6379)
    assert not allowed(here, migrate, OUTSIDE, 6379)
    assert allowed(here, {"namespace": "traefik", "labels": {}}, api, 8000)
    assert not allowed(here, GATEWAY, api, 8000)


def test_the_load_test_reaches_the_api_and_its_master() -> None:
    here = ("local", "load")
    load, master, api = (peer(here, name) for name in ("load-worker", "load-master", "api"))
    assert allowed(here, load, api, 8000)
    assert allowed(here, load, master, 5557)
    assert allowed(here, load, DNS, 53, "UDP")
    assert not allowed(here, master, api, 8000)
    assert not allowed(here, load, peer(here, "redis"), 6379)
    assert not allowed(here, GATEWAY, master, 8089)


def peer(overlays: tuple[str, ...], name: str) -> Peer:
    for overlay in overlays:
        for pod_name, pod in pods(overlay).items():
            if pod_name.startswith(f"tasklane-{name}"):
                return {"namespace": "tasklane", "labels": pod["metadata"]["labels"]}
    raise LookupError(name)


def allowed(overlays: tuple[str, ...], source: Peer, target: Peer, port: int, protocol: str = "TCP") -> bool:
    """Whether the network policies let a connection through, at both of its ends."""
    return one_way(overlays, "Egress", source, target, port=port, protocol=protocol) and one_way(
        overlays, "Ingress", target, source, port=port, protocol=protocol
    )


def one_way(overlays: tuple[str, ...], way: str, pod: Peer, other: Peer, *, port: int, protocol: str) -> bool:
    if isinstance(pod, str) or pod["namespace"] != "tasklane":
        return True  # none of our policies holds there
    policies = [item["spec"] for overlay in overlays for item in of_kind(overlay, "NetworkPolicy").values()]
    mine = [item for item in policies if way in item["policyTypes"] and selects(item["podSelector"], pod["labels"])]
    assert mine, "nothing denies by default"
    return any(
        {"protocol": protocol, "port": port} in rule["ports"] and any(matches(item, other) for item in rule[ends(way)])
        for policy in mine
        for rule in policy.get(way.lower(), ())
    )


def ends(way: str) -> str:
    return "from" if way == "Ingress" else "to"


def matches(item: Object, other: Peer) -> bool:
    if isinstance(other, str):
        address = ipaddress.ip_address(other)
        block = item.get("ipBlock", {"cidr": "0.0.0.0/32"})
        excepted = any(address in ipaddress.ip_network(part) for part in block.get("except", ()))
        return address in ipaddress.ip_network(block["cidr"]) and not excepted
    if "ipBlock" in item:
        return False
    namespace = {"kubernetes.io/metadata.name": other["namespace"]}
    there = (
        selects(item["namespaceSelector"], namespace)
        if "namespaceSelector" in item
        else other["namespace"] == "tasklane"
    )
    return there and selects(item.get("podSelector", {}), other["labels"])
