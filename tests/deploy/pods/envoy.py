"""A real Envoy before the pods, told of their endpoints late, as a gateway's is on a busy node."""

import json
import subprocess
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Self

import httpx

from tests.deploy.k8s.manifests import PROGRAMS, of_kind
from tests.ports import steady_port

ENVOY = PROGRAMS / "envoy"
PATIENCE = 60
TYPES = "type.googleapis.com/envoy.extensions"
Config = dict[str, Any]


class Envoy:
    """Routes everything to the endpoints that it knows, in the way of the overlay's own policy and route."""

    issuer = ""

    def __init__(self, folder: Path, secret: str, *, late: float, policy: bool = True) -> None:
        """`late`: seconds until it has heard of a change. Without `policy` it asks nobody a second time."""
        self.secret, self._late, self._policy = secret, late, policy
        self.port = steady_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._folder, self._log = folder, folder / "access.log"
        self._lock = threading.Lock()
        self._version = self._written = 0
        self._timers: list[threading.Timer] = []

    def __enter__(self) -> Self:
        self._write([], 0)
        bootstrap = self._folder / "envoy.json"
        bootstrap.write_text(json.dumps(self._bootstrap()))
        command = [str(ENVOY), "--config-path", str(bootstrap), "--concurrency", "1", "--disable-hot-restart"]
        self._process = subprocess.Popen([*command, "--log-level", "error", "--file-flush-interval-msec", "200"])
        return self

    def __exit__(self, *_: object) -> None:
        for timer in self._timers:
            timer.cancel()
        self._process.terminate()
        self._process.wait(PATIENCE)

    def tell(self, addresses: Iterable[str]) -> None:
        """The endpoints are these now; it will know."""
        with self._lock:
            self._version += 1
            timer = threading.Timer(self._late, self._write, ([*addresses], self._version))
            self._timers.append(timer)
            timer.start()

    def wait_until_it_answers(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                if httpx.get(f"{self.url}/livez", timeout=5, trust_env=False).is_success:
                    return
            except httpx.HTTPError:
                pass
            assert time.monotonic() < deadline, "Envoy has no endpoint that answers"
            time.sleep(0.1)

    def answered(self, *, since: float) -> list[dict[str, Any]]:
        lines = (json.loads(line) for line in self._log.read_text().splitlines())
        return [line for line in lines if float(line["began"]) >= since]

    @property
    def requests(self) -> int:
        """How many were answered, up to a moment ago."""
        return self._log.read_bytes().count(b"\n")

    def _write(self, addresses: list[str], version: int) -> None:
        """Moved into its place, which is what Envoy watches for; never something older than what lies there."""
        with self._lock:
            if version < self._written:
                return
            self._written = version
            self._move(addresses, version)

    def _move(self, addresses: list[str], version: int) -> None:
        endpoints = [
            {"endpoint": {"address": {"socket_address": {"address": address, "port_value": 8000}}}}
            for address in addresses
        ]
        assignment = {
            "@type": "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment",
            "cluster_name": "api",
            "endpoints": [{"lb_endpoints": endpoints}],
        }
        (self._folder / "new.json").write_text(json.dumps({"version_info": str(version), "resources": [assignment]}))
        (self._folder / "new.json").rename(self._folder / "endpoints.json")

    def _bootstrap(self) -> Config:
        cluster, route = self._cluster(), self._route()
        log = {
            "name": "log",
            "typed_config": {
                "@type": f"{TYPES}.access_loggers.file.v3.FileAccessLog",
                "path": str(self._log),
                "log_format": {
                    "json_format": {
                        "began": "%START_TIME(%s)%",
                        "status": "%RESPONSE_CODE%",
                        "flags": "%RESPONSE_FLAGS%",
                        "upstream": "%UPSTREAM_HOST%",
                        "attempts": "%UPSTREAM_REQUEST_ATTEMPT_COUNT%",
                        "path": "%REQ(:METHOD)% %PATH(NQ)%",
                        "detail": "%UPSTREAM_TRANSPORT_FAILURE_REASON% %RESPONSE_CODE_DETAILS%",
                    }
                },
            },
        }
        manager = {
            "@type": f"{TYPES}.filters.network.http_connection_manager.v3.HttpConnectionManager",
            "stat_prefix": "http",
            "access_log": [log],
            "route_config": {"virtual_hosts": [{"name": "api", "domains": ["*"], "routes": [route]}]},
            "http_filters": [
                {
                    "name": "router",
                    "typed_config": {"@type": f"{TYPES}.filters.http.router.v3.Router"},
                }
            ],
        }
        listener = {
            "address": {"socket_address": {"address": "127.0.0.1", "port_value": self.port}},
            "filter_chains": [{"filters": [{"name": "http", "typed_config": manager}]}],
        }
        node = {"id": "gateway", "cluster": "gateway"}
        return {"node": node, "static_resources": {"listeners": [listener], "clusters": [cluster]}}

    def _cluster(self) -> Config:
        """With the policy's times, as Envoy Gateway makes it of the policy."""
        spec = _policy()
        eds = {
            "path_config_source": {
                "path": str(self._folder / "endpoints.json"),
                "watched_directory": {"path": str(self._folder)},
            },
            "resource_api_version": "V3",
        }
        cluster: Config = {
            "name": "api",
            "type": "EDS",
            "eds_cluster_config": {"eds_config": eds},
            "lb_policy": "LEAST_REQUEST",
            "connect_timeout": spec["timeout"]["tcp"]["connectTimeout"],
        }
        if self._policy:
            passive = spec["healthCheck"]["passive"]
            cluster["outlier_detection"] = {
                "interval": passive["interval"],
                "split_external_local_origin_errors": passive["splitExternalLocalOriginErrors"],
                "consecutive_local_origin_failure": passive["consecutiveLocalOriginFailures"],
                "consecutive_gateway_failure": passive["consecutiveGatewayErrors"],
                "consecutive_5xx": passive["consecutive5XxErrors"],
                "base_ejection_time": passive["baseEjectionTime"],
                "max_ejection_percent": passive["maxEjectionPercent"],
            }
            idle = spec["timeout"]["http"]["connectionIdleTimeout"]
            cluster["typed_extension_protocol_options"] = {
                "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                    "@type": f"{TYPES}.upstreams.http.v3.HttpProtocolOptions",
                    "common_http_protocol_options": {"idle_timeout": idle},
                    "explicit_http_config": {"http_protocol_options": {}},
                }
            }
        return cluster

    def _route(self) -> Config:
        """With the time of the route's shortest rule."""
        rules = of_kind("gateway", "HTTPRoute")["tasklane"]["spec"]["rules"]
        action: Config = {"cluster": "api", "timeout": min(rule["timeouts"]["request"] for rule in rules)}
        if self._policy:
            retry = _policy()["retry"]
            action["retry_policy"] = {
                "retry_on": ",".join(retry["retryOn"]["triggers"]),
                "num_retries": retry["numRetries"],
                "retry_back_off": {"base_interval": "0.025s", "max_interval": "0.25s"},
                "retry_host_predicate": [
                    {
                        "name": "others",
                        "typed_config": {"@type": f"{TYPES}.retry.host.previous_hosts.v3.PreviousHostsPredicate"},
                    }
                ],
                "host_selection_retry_max_attempts": 5,
            }
        return {"match": {"prefix": "/"}, "route": action}


def _policy() -> Config:
    spec: Config = of_kind("gateway", "BackendTrafficPolicy")["tasklane"]["spec"]
    return spec
