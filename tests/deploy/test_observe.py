"""Prometheus really gathers what its rules and Grafana's panels ask for: a real one, against a real stack.

It takes Debian's `prometheus` package; without it the tests skip.
"""

import contextlib
import json
import re
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml  # type: ignore[import-untyped]  # its stubs are a package of their own

from deploy.local.children.child import Child, Launch
from tests.deploy.k8s.manifests import load_yaml
from tests.ports import steady_port
from tests.stack import TOP, Stack, folder, new_user

OBSERVE = TOP / "deploy" / "observe"
RULES_TEST = TOP / "tests" / "deploy" / "rules_test.yml"
PATIENCE = 120
TOO_LONG = 900
"""For what computes hours of series, on however busy a machine."""
QUIET = "or vector(0)"
"""Ends the query of a panel that shows 0 where nothing has happened."""

pytestmark = pytest.mark.skipif(
    not (shutil.which("prometheus") and shutil.which("promtool")), reason="no prometheus and promtool here"
)

Series = list[dict[str, Any]]


class Prometheus(Child):
    """The server with our scrape configuration and rules, but the addresses of `targets`, and asking every second."""

    def __init__(self, folder: Path, targets: dict[str, int]) -> None:
        self.port = steady_port()
        self._folder = folder / "prometheus"
        self._targets = targets
        super().__init__("Prometheus", log=folder / "prometheus.log")

    def prepare(self) -> Launch:
        self._folder.mkdir(exist_ok=True)
        configuration = load_yaml(OBSERVE / "prometheus.yml")
        configuration["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
        configuration["rule_files"] = [str(OBSERVE / name) for name in configuration["rule_files"]]
        for job in configuration["scrape_configs"]:
            del job["dns_sd_configs"]  # the only part that needs compose's name server
            job["static_configs"] = [{"targets": [f"127.0.0.1:{self._targets[job['job_name']]}"]}]
        path = self._folder / "prometheus.yml"
        path.write_text(yaml.safe_dump(configuration))
        listen = f"--web.listen-address=127.0.0.1:{self.port}"
        return Launch(
            ("prometheus", f"--config.file={path}", f"--storage.tsdb.path={self._folder}", listen), cwd=self._folder
        )

    def ready(self) -> bool:
        try:
            return self.get("/-/ready").is_success
        except httpx.HTTPError:
            return False

    def get(self, path: str, **parameters: str) -> httpx.Response:
        return httpx.get(f"http://127.0.0.1:{self.port}{path}", params=parameters, timeout=PATIENCE, trust_env=False)

    def query(self, expression: str) -> Series:
        """What the expression gives now; fails if it cannot be evaluated."""
        answer = self.get("/api/v1/query", query=expression).json()
        assert answer["status"] == "success", answer
        return list(answer["data"]["result"])

    def wait_for(self, expression: str) -> Series:
        """The first answer with a number in it."""
        deadline = time.monotonic() + PATIENCE
        while not (found := [item for item in self.query(expression) if item["value"][1] != "NaN"]):
            assert time.monotonic() < deadline, f"no data: {expression}"
            time.sleep(0.2)
        return found


@pytest.fixture(scope="module")
def prometheus() -> Iterator[Prometheus]:
    """One that sees a stack do everything: hits, misses, writes, erasure; and has seen the database away."""
    with folder() as path, Stack(path) as stack:
        ports = {"tasklane-worker": steady_port()}
        stack.worker(
            WORKER_METRICS_PORT=str(ports["tasklane-worker"]),
            WORKER_PURGE_PERIOD="1",
            WORKER_ERASE_PERIOD="1",
            WORKER_AUDIT_PERIOD="1",
            TRASH_RETENTION_DAYS="0",
        )
        api = stack.api()
        ports["tasklane-api"] = api.port
        server = Prometheus(path, ports)
        stack.adopt(server)
        server.start()
        with api.client(new_user()) as alice:
            use(alice)
            server.wait_for('tasklane_cache_reads_total{result="hit"} > 0')
            stack.postgres.stop()
            assert alice.get("/api/tasks?sort=title").status_code == 503
            server.wait_for('tasklane_worker_jobs_total{outcome="failed"} > 0')
            stack.postgres.start()
            server.wait_for('tasklane_http_requests_total{status="503"} > 0')
            with using(alice):
                yield server


@contextlib.contextmanager
def using(alice: httpx.Client) -> Iterator[None]:
    """Somebody who goes on: of a time in which nothing happened there are rates, and no shares of them."""
    enough = threading.Event()

    def go_on() -> None:
        while not enough.wait(1):
            use(alice)

    with ThreadPoolExecutor(1) as thread:
        going_on = thread.submit(go_on)
        try:
            yield
        finally:
            enough.set()
        going_on.result()


def use(alice: httpx.Client) -> None:
    made = alice.post("/api/tasks", json={"title": "Water the plants"}).json()
    for _ in range(2):
        assert alice.get("/api/tasks").is_success
    assert alice.delete(f"/api/tasks/{made['id']}").is_success


def panels() -> list[dict[str, Any]]:
    """The panels of the dashboard, without the headings between them."""
    dashboard = json.loads((OBSERVE / "grafana" / "dashboards" / "tasklane.json").read_text())
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def rules() -> list[dict[str, str]]:
    return [rule for group in load_yaml(OBSERVE / "rules.yml")["groups"] for rule in group["rules"]]


def selectors(expression: str) -> list[str]:
    """The series that an expression reads: names with their labels."""
    without_strings = re.sub(r'"[^"]*"', lambda found: '"' + "x" * (len(found[0]) - 2) + '"', expression)
    return [
        expression[found.start() : found.end()]
        for found in re.finditer(r"\b(?:tasklane[\w:]*|up|process_\w+)\b(?:\{[^}]*\})?", without_strings)
    ]


def test_prometheus_takes_its_configuration() -> None:
    assert_passes("promtool", "check", "config", str(OBSERVE / "prometheus.yml"))


def test_the_alerts_fire_when_they_must_and_not_before() -> None:
    assert_passes("promtool", "test", "rules", str(RULES_TEST))


def test_each_alert_is_tested() -> None:
    """Somewhere it fires. That it does not fire without a reason is tested for all of them at once."""
    tests = [test for group in load_yaml(RULES_TEST)["tests"] for test in group.get("alert_rule_test", ())]
    fired = {test["alertname"] for test in tests if test["exp_alerts"]}
    assert fired == {rule["alert"] for rule in rules() if "alert" in rule}


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.get("record") or rule["alert"])
def test_every_rule_reads_what_is_there(prometheus: Prometheus, rule: dict[str, str]) -> None:
    """Each series that the expression names exists, and the expression can be evaluated."""
    prometheus.query(rule["expr"])
    named = selectors(rule["expr"])
    assert named
    for selector in named:
        prometheus.wait_for(selector)
    if "record" in rule:
        prometheus.wait_for(rule["record"])


@pytest.mark.parametrize("panel", panels(), ids=lambda panel: str(panel["title"]))
def test_every_panel_shows_something(prometheus: Prometheus, panel: dict[str, Any]) -> None:
    assert panel["targets"]
    for target in panel["targets"]:
        expression = target["expr"].replace("$__rate_interval", "2m")
        prometheus.wait_for(expression)
        for selector in selectors(expression.removesuffix(QUIET)):
            prometheus.wait_for(selector)
        for name in re.findall(r"{{(\w+)}}", target["legendFormat"]):
            assert name in prometheus.wait_for(expression)[0]["metric"]


def test_prometheus_finds_every_rule_in_order(prometheus: Prometheus) -> None:
    loaded = [rule for group in prometheus.get("/api/v1/rules").json()["data"]["groups"] for rule in group["rules"]]
    assert len(loaded) == len(rules())
    assert {(rule["health"], rule.get("lastError", "")) for rule in loaded} == {("ok", "")}


def assert_passes(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=TOO_LONG)
    assert done.returncode == 0, done.stdout + done.stderr
