"""Rolling restarts of the API's Deployment behind an Envoy that learns of endpoints three seconds late.

Containers in place of pods, with the manifest's own command, probes and grace periods; another process takes a core.
`ROLLOUTS=20 REQUESTS=50000` is the long form, whose figures stand in docs/reliability.
"""

import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests.deploy.containers.load.traffic import REQUESTS, ROLLOUTS, Traffic
from tests.deploy.containers.project import PATIENT, until
from tests.deploy.k8s.manifests import of_kind, pods
from tests.deploy.pods.envoy import ENVOY, Envoy
from tests.deploy.pods.kubelet import Cluster, docker
from tests.tokens import SECRET

pytestmark = pytest.mark.containers

POLICY = os.environ.get("POLICY") != "none"
"""Whether Envoy has the component's policy; without it, it asks nobody a second time."""
LATE_SECONDS = 3
REPLICAS = 2


class Replica:
    """A pod of the API: started, probed and ended as its manifest says."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._spec = pods("local")["tasklane-api"]["spec"]
        [self._item] = self._spec["containers"]
        self.ready = False
        self.ending = threading.Event()
        self._container = cluster.start("tasklane-api", self._item, PATIENT)
        self.address = cluster.address(self._container)

    def come_up(self) -> None:
        """Returns when the startup probe has passed, and readiness after it."""
        for probe in ("startupProbe", "readinessProbe"):
            until(lambda probe=probe: self._passes(probe), f"{probe} passes")  # type: ignore[misc]  # bound now
        self.ready = True

    def watch(self, changed: Callable[[], None]) -> None:
        """Asks whether it is ready until it ends, and takes it out when it is not, as a kubelet does."""
        probe, failures = self._item["readinessProbe"], 0
        while not self.ending.wait(probe["periodSeconds"]):
            failures = 0 if self._passes("readinessProbe") else failures + 1
            ready = failures < probe["failureThreshold"]
            if ready is not self.ready and not self.ending.is_set():
                self.ready = ready
                changed()

    def end(self) -> int:
        """Its exit code, after `preStop` and SIGTERM; 137 if it had to be killed when its grace was over."""
        self.ending.set()
        sleep = self._item["lifecycle"]["preStop"]["sleep"]["seconds"]
        time.sleep(sleep)
        docker("stop", "--time", str(self._spec["terminationGracePeriodSeconds"] - sleep), self._container)
        code = self._cluster.finished(self._container)
        docker("rm", self._container)
        self._cluster.started.remove(self._container)
        return code

    def _passes(self, name: str) -> bool:
        probe = self._item[name]
        url = f"http://{self.address}:8000{probe['httpGet']['path']}"
        try:
            return httpx.get(url, timeout=probe["timeoutSeconds"], trust_env=False).is_success
        except httpx.HTTPError:
            return False


class Deployment:
    """Its replicas, replaced one by one: a new one is ready before an old one is told to go."""

    def __init__(self, cluster: Cluster, changed: Callable[[list[str]], None]) -> None:
        self._cluster, self._changed = cluster, changed
        self._replicas: list[Replica] = []
        self._threads = ThreadPoolExecutor()
        self._ends: list[Future[int]] = []

    def scale(self, replicas: int) -> None:
        for _ in range(replicas):
            self._add()

    def restart(self) -> None:
        strategy = of_kind("local", "Deployment")["tasklane-api"]["spec"]["strategy"]["rollingUpdate"]
        assert strategy == {"maxSurge": 1, "maxUnavailable": 0}
        for old in [*self._replicas]:
            self._add()
            self._replicas.remove(old)
            self._publish()
            self._ends.append(self._threads.submit(old.end))

    def settle(self) -> list[int]:
        """The exit codes of all that were told to go, once they have."""
        codes = [end.result() for end in self._ends]
        self._ends.clear()
        return codes

    def close(self) -> None:
        """Nobody asks any longer whether they are ready; they go with the cluster."""
        for replica in self._replicas:
            replica.ending.set()
        self._threads.shutdown()

    def _add(self) -> None:
        replica = Replica(self._cluster)
        replica.come_up()
        self._replicas.append(replica)
        self._publish()
        self._threads.submit(replica.watch, self._publish)

    def _publish(self) -> None:
        self._changed([replica.address for replica in self._replicas if replica.ready])


@pytest.mark.skipif(not ENVOY.exists(), reason="no Envoy for this machine")
@pytest.mark.usefixtures("local_pods", "others")
def test_no_request_fails_in_a_rolling_restart(cluster: Cluster, tmp_path: Path, figure: Callable[[str], None]) -> None:
    """However often, every request is answered, each answer is right, and every process ends by itself."""
    with Envoy(tmp_path, SECRET, late=LATE_SECONDS, policy=POLICY) as envoy:
        deployment = Deployment(cluster, envoy.tell)
        try:
            deployment.scale(REPLICAS)
            envoy.wait_until_it_answers()
            with Traffic(envoy, users=14) as traffic:
                rollouts, codes = 0, list[int]()
                while rollouts < ROLLOUTS or envoy.requests < REQUESTS:
                    deployment.restart()
                    rollouts += 1
                    codes += deployment.settle()
        finally:
            deployment.close()
    assert codes == [0] * REPLICAS * rollouts
    figure(f"{traffic.requests} requests in {rollouts} rolling restarts behind Envoy, none failed")
