"""The manifests hold together: schemas, selectors, what the public sees, what a pod may do."""

import copy
import functools
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # its stubs are a package of their own

from tests.deploy.k8s.manifests import (
    K8S,
    OVERLAYS,
    PUBLIC,
    SERVICES,
    Object,
    containers,
    image_command,
    load_yaml,
    objects,
    of_kind,
    pods,
    selects,
)
from tests.stack import TOP

SCHEMAS = load_yaml(TOP / "tests" / "deploy" / "schemas" / "custom_resources.yaml")
CORE = ("v1", "apps/v1", "batch/v1", "autoscaling/v2", "policy/v1", "networking.k8s.io/v1")
"""What `make k8s-check` holds against the schemas of Kubernetes itself."""


@pytest.fixture(params=OVERLAYS)
def overlay(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=SERVICES)
def services(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=PUBLIC)
def public(request: pytest.FixtureRequest) -> str:
    return str(request.param)


# --- schemas of custom resources ---


def custom(overlay: str) -> Iterator[Object]:
    return (item for item in objects(overlay) if item["apiVersion"] not in CORE)


@functools.cache
def definition(kind: str) -> Draft202012Validator:
    schema = {
        "$defs": SCHEMAS["$defs"],
        "required": ["spec"],
        "additionalProperties": False,
        "properties": {
            "apiVersion": {},
            "kind": {},
            "metadata": {"$ref": "#/$defs/metadata"},
            "spec": SCHEMAS["resources"][kind],
        },
    }
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def defined(item: Object) -> Draft202012Validator:
    return definition(f"{item['apiVersion']} {item['kind']}")


def test_custom_resources_fit_their_schemas(overlay: str) -> None:
    for item in custom(overlay):
        defined(item).validate(item)


def test_the_schemas_refuse_what_the_cluster_would(overlay: str) -> None:
    """Whatever place of an object is spoilt, by a wrong name or a wrong type, the schema sees it."""
    for item in custom(overlay):
        for path in places(item["spec"]):
            for spoil in (misname, mistype):
                spoilt = copy.deepcopy(item)
                if spoil(spoilt["spec"], path):
                    assert not defined(item).is_valid(spoilt), path


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
        yield (*path, key)
        if isinstance(inner, dict | list):
            yield from places(inner, (*path, key))


def misname(spec: Any, path: tuple[Any, ...]) -> bool:
    *above, key = path
    for step in above:
        spec = spec[step]
    if isinstance(key, int) or free_names(above):
        return False
    spec[f"{key}x"] = spec.pop(key)
    return True


def mistype(spec: Any, path: tuple[Any, ...]) -> bool:
    *above, key = path
    for step in above:
        spec = spec[step]
    spec[key] = 5.5
    return True


def free_names(path: list[Any]) -> bool:
    return bool(path) and path[-1] in ("labels", "annotations", "matchLabels")


def test_every_kind_is_known(overlay: str) -> None:
    """Nothing goes unchecked because nobody knows it."""
    for item in custom(overlay):
        assert f"{item['apiVersion']} {item['kind']}" in SCHEMAS["resources"]


# --- names that must meet ---


def test_everything_is_in_the_namespace(overlay: str) -> None:
    for item in objects(overlay):
        assert item["metadata"]["namespace"] == "tasklane"


def test_selectors_take_the_pods_that_they_mean(overlay: str) -> None:
    labels = {name: pod["metadata"]["labels"] for name, pod in pods(overlay).items()}
    for item in objects(overlay):
        name, kind, spec = item["metadata"]["name"], item["kind"], item.get("spec", {})
        if kind in ("Deployment", "StatefulSet", "PodDisruptionBudget"):
            assert [pod for pod in labels if selects(spec["selector"], labels[pod])] == [name]
        elif kind == "Service":
            chosen = [pod for pod in labels if selects({"matchLabels": spec["selector"]}, labels[pod])]
            assert chosen == [name.removesuffix("-pods")]
    for name, pod in pods(overlay).items():
        for spread in pod["spec"].get("topologySpreadConstraints", ()):
            assert [other for other in labels if selects(spread["labelSelector"], labels[other])] == [name]


def test_services_lead_to_ports_that_are_there(overlay: str) -> None:
    for name, service in of_kind(overlay, "Service").items():
        named = {
            port["name"]: port["containerPort"]
            for item in containers(pods(overlay)[name.removesuffix("-pods")])
            for port in item.get("ports", ())
        }
        for port in service["spec"]["ports"]:
            assert named[port["targetPort"]] == port["port"]


def test_routes_and_monitors_lead_to_services(services: str) -> None:
    by_name = of_kind(services, "Service")
    for route in of_kind(services, "HTTPRoute").values():
        listeners = {item["name"] for item in of_kind(services, "Gateway")["tasklane"]["spec"]["listeners"]}
        assert {parent["sectionName"] for parent in route["spec"]["parentRefs"]} <= listeners
        for rule in route["spec"]["rules"]:
            for backend in rule.get("backendRefs", ()):
                assert backend["port"] in [port["port"] for port in by_name[backend["name"]]["spec"]["ports"]]
    for name, monitor in of_kind(services, "ServiceMonitor").items():
        assert selects(monitor["spec"]["selector"], by_name[name]["metadata"]["labels"])
        for endpoint in monitor["spec"]["endpoints"]:
            assert endpoint["port"] in [port["name"] for port in by_name[name]["spec"]["ports"]]


def test_policies_are_about_what_is_there(public: str) -> None:
    for kind in ("BackendTrafficPolicy", "ClientTrafficPolicy"):
        for policy in of_kind(public, kind).values():
            assert all(target["name"] in of_kind(public, target["kind"]) for target in policy["spec"]["targetRefs"])


def test_a_pod_that_cannot_be_reached_costs_no_request(public: str) -> None:
    """Another one is asked; a write too, and therefore never after something was sent."""
    [policy] = of_kind(public, "BackendTrafficPolicy").values()
    assert policy["spec"]["retry"]["numRetries"] >= 2
    assert set(policy["spec"]["retry"]["retryOn"]["triggers"]) == {"connect-failure", "refused-stream"}


def test_the_gateway_closes_idle_connections_first(public: str) -> None:
    """Or a request would now and then run into one that the API is closing."""
    [policy] = of_kind(public, "BackendTrafficPolicy").values()
    kept = int(policy["spec"]["timeout"]["http"]["connectionIdleTimeout"].removesuffix("s"))
    command = image_command()
    assert kept + 5 <= int(command[command.index("--timeout-keep-alive") + 1])


def test_jobs_in_prometheus_have_the_same_names_everywhere() -> None:
    """The rules say `job="tasklane-api"`: compose's scrape configuration and the Services must, too."""
    scraped = load_yaml(TOP / "deploy" / "observe" / "prometheus.yml")["scrape_configs"]
    assert {item["job_name"] for item in scraped} == set(of_kind("production", "ServiceMonitor"))


# --- what the public sees ---


def reachable(overlay: str, path: str) -> Object | None:
    """The rule by which the route sends a path to the API. A prefix means whole parts of the path (Gateway API)."""
    rules: list[Object] = of_kind(overlay, "HTTPRoute")["tasklane"]["spec"]["rules"]
    for rule in rules:  # from the longest path to the shortest
        for match in rule["matches"]:
            value, kind = match["path"]["value"], match["path"]["type"]
            if kind == "RegularExpression":
                if re.fullmatch(value, path):
                    return rule
            elif path == value or (kind == "PathPrefix" and path.startswith(f"{value}/")):
                return rule
    return None


def test_the_public_sees_the_contract_and_nothing_else(public: str) -> None:
    paths = json.loads((TOP / "docs" / "openapi.json").read_text())["paths"]
    documented = {*paths, "/docs", "/mcp", "/openapi.json"}
    hidden = {"/readyz", "/metrics"}
    for path in documented - hidden:
        assert reachable(public, path)
        assert reachable(public, f"{path}/")
    for path in (*hidden, "/", "/readyz/", "/metrics/", "/apis", "/livezz", "/.env"):
        assert not reachable(public, path)


def test_no_process_that_stands_still_keeps_a_request(public: str) -> None:
    """Only imports, exports and streams may take longer than a moment more than the API gives its database."""
    for path in json.loads((TOP / "docs" / "openapi.json").read_text())["paths"]:
        for asked in (path, path.replace("/api/", "/api/alice/")) if "/tasks" in path else (path,):
            if rule := reachable(public, asked):
                seconds = int(rule["timeouts"]["request"].removesuffix("s"))
                if path.endswith("/events"):
                    assert seconds == 0
                else:
                    assert seconds == 120 if path.endswith(("/import", "/export")) else 10 <= seconds <= 20


def test_browsers_are_told_what_nginx_tells_them(public: str) -> None:
    nginx = "".join((TOP / "deploy" / "nginx" / name).read_text() for name in ("policies.conf", "service.conf"))
    told = dict(re.findall(r"^add_header (\S+) ([^$\s]+) always;$", nginx, re.MULTILINE))
    patterns = (r"~\^/docs", r"~\^/\(\?:api/\S+", "on")
    docs, rest, transport = (re.findall(rf'^    {name} "(.+)";$', nginx, re.MULTILINE)[0] for name in patterns)
    for rule in of_kind(public, "HTTPRoute")["tasklane"]["spec"]["rules"]:
        policy = docs if rule["matches"][0]["path"]["value"] == "/docs" else rest
        expected = {**told, "Content-Security-Policy": policy, "Strict-Transport-Security": transport}
        [change] = rule["filters"]
        assert {header["name"]: header["value"] for header in change["responseHeaderModifier"]["set"]} == expected


def test_in_production_nothing_is_served_without_tls() -> None:
    assert [
        parent["sectionName"] for parent in of_kind("production", "HTTPRoute")["tasklane"]["spec"]["parentRefs"]
    ] == ["https"]
    [rule] = of_kind("production", "HTTPRoute")["tasklane-redirect"]["spec"]["rules"]
    assert "backendRefs" not in rule


# --- what a pod may do ---


def test_pods_may_do_nothing_that_they_need_not(overlay: str) -> None:
    """The Pod Security Standard "restricted", a root that cannot be written, no token, and bounds."""
    for pod in pods(overlay).values():
        spec = pod["spec"]
        assert spec["automountServiceAccountToken"] is False
        assert spec["serviceAccountName"] != "default"
        assert spec["enableServiceLinks"] is False
        security = spec["securityContext"]
        assert (security["runAsNonRoot"], security["seccompProfile"]) == (True, {"type": "RuntimeDefault"})
        assert security["runAsUser"] > 0
        assert {next(iter(set(volume) - {"name"})) for volume in spec["volumes"]} <= {
            "configMap",
            "emptyDir",
            "projected",
            "secret",
        }
        for item in containers(pod):
            assert item["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            assert {"requests", "limits"} <= set(item["resources"])
            assert set(item["resources"]["limits"]) == {"cpu", "memory"}
        for volume in spec["volumes"]:
            assert "sizeLimit" in volume.get("emptyDir", {"sizeLimit": ""})


def test_accounts_have_no_token(overlay: str) -> None:
    accounts = of_kind(overlay, "ServiceAccount")
    assert {pod["spec"]["serviceAccountName"] for pod in pods(overlay).values()} <= set(accounts)
    assert not [name for name, account in accounts.items() if account["automountServiceAccountToken"]]


def test_the_namespace_is_restricted() -> None:
    labels = load_yaml(K8S / "namespace.yaml")["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
