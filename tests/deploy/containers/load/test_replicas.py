"""Replicas come and go while the service is used, and nobody notices."""

import itertools
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import httpx
import pytest

from deploy.local.plan import TOP
from tests.deploy.containers.load.traffic import ROLLOUTS, Traffic
from tests.deploy.containers.project import Project, docker, run, until

pytestmark = pytest.mark.containers

BAD_GATEWAY = 502
LOST = 0
CLIENTS = 4
PAUSE = 0.02
"""Between two requests of a client: together they stay below what the gateway allows one address."""

MOMENT = 5
"""As many requests of one client, one after another, may meet a process that is about to be no more."""


@pytest.fixture(scope="module")
def project(images: None) -> Iterator[Project]:
    """Of this module's own: its replicas are not those that it began with."""
    with Project() as project:
        project.up()
        yield project


def test_both_replicas_answer(project: Project) -> None:
    """One user's requests go to both, and the second sees what the first has written."""
    with project.client("alice") as alice:
        for number in range(20):
            made = alice.post("/api/tasks", json={"title": f"Task {number}"})
            assert made.json() in alice.get("/api/tasks").json()
    replicas = {f"{replica.address}:8000" for replica in project.containers("api")}
    assert len(replicas) == 2
    assert replicas <= {line["upstream"] for line in project.answered()}


def test_a_third_replica_under_load(project: Project) -> None:
    """It is found and used; taken away again, it is not missed. No request fails and no answer is wrong."""
    with Traffic(project):
        project.up("--no-recreate", "--scale", "api=3")
        assert len(project.containers("api")) == 3
        for replica in project.containers("api"):
            project.wait_until_asked(replica)
        project.up("--no-recreate", "--scale", "api=2")
        assert len(project.containers("api")) == 2


def test_a_rolling_restart_under_load(project: Project) -> None:
    """One replica after another is restarted: what it was asked it answers, and what comes meanwhile goes elsewhere."""
    with Traffic(project):
        for replica in project.containers("api"):
            docker("restart", replica.id)
            replica.wait_until_healthy()
            project.wait_until_asked(replica)


@pytest.mark.usefixtures("others")
def test_a_rolling_replacement_under_load(project: Project, figure: Callable[[str], None]) -> None:
    """As `make compose-roll` does it for a new image: other containers, as many as before, and no failed request."""
    before = project.containers("api")
    with Traffic(project) as traffic:
        for _ in range(ROLLOUTS):
            roll = (str(TOP / "deploy" / "compose" / "roll"), *project.command[2:])
            run(*roll, environment=project.environment)
    after = project.containers("api")
    assert len(after) == len(before)
    assert not set(after) & set(before)
    figure(f"{traffic.requests} requests in {ROLLOUTS} rolling restarts behind compose's gateway, none failed")


def test_replicas_that_do_not_come_up_change_nothing(project: Project) -> None:
    """With a setting that cannot work, the new ones go again and the old ones go on."""
    before = project.containers("api")
    roll = (str(TOP / "deploy" / "compose" / "roll"), *project.command[2:])
    with pytest.raises(AssertionError, match="the old ones go on"):
        run(*roll, environment={**project.environment, "CACHE_TTL": "1"})
    assert project.containers("api") == before
    with project.client("alice") as alice:
        assert alice.get("/api/tasks").status_code == 200


def test_a_replica_that_is_killed(project: Project, figure: Callable[[str], None]) -> None:
    """Only what it was about to answer is lost, and a write among it is made once or not at all; the rest goes on."""
    over = threading.Event()
    numbers = itertools.count()
    pause = partial(over.wait, PAUSE)

    def read() -> Counter[int]:
        with project.client("reader") as reader:
            return Counter(_status(reader, "GET") for _ in iter(pause, True))

    def write(user: str) -> dict[str, int]:
        with project.client(user) as writer:
            titles = (f"Task {next(numbers)}" for _ in iter(pause, True))
            return {title: _status(writer, "POST", json={"title": title}) for title in titles}

    writers = [f"writer-{number}" for number in range(CLIENTS)]
    with ThreadPoolExecutor(2 * CLIENTS) as pool:
        reading = [pool.submit(read) for _ in range(CLIENTS)]
        writing = {user: pool.submit(write, user) for user in writers}
        try:
            victim = project.containers("api")[0]
            project.wait_until_asked(victim)
            started = victim.inspect()["State"]["StartedAt"]
            victim.crash()
            until(lambda: victim.inspect()["State"]["StartedAt"] != started, "it was started again")
            victim.wait_until_healthy()
            project.wait_until_asked(victim)
        finally:
            over.set()
    for client in reading:
        read_lost = client.result() - Counter({200: client.result()[200]})
        assert read_lost.total() <= MOMENT
        assert set(read_lost) <= {LOST}
    written = {user: client.result() for user, client in writing.items()}
    for user, outcomes in written.items():
        with project.client(user) as writer:
            kept = Counter(task["title"] for task in writer.get("/api/tasks", params={"limit": 1000}).json())
        made = {title for title, status in outcomes.items() if status == 201}
        unknown = {title for title, status in outcomes.items() if status in (LOST, BAD_GATEWAY)}
        assert len(made) + len(unknown) == len(outcomes)
        assert len(unknown) <= MOMENT
        assert made <= set(kept) <= made | unknown
        assert set(kept.values()) == {1}
    total = sum(map(len, written.values()))
    figure(f"one of two replicas killed under {CLIENTS} writers: {total} writes, none lost that was acknowledged")


def _status(client: httpx.Client, method: str, **content: object) -> int:
    """Of the answer; `LOST` when it broke off, which it does when the replica had begun to send it."""
    try:
        return client.request(method, "/api/tasks", **content).status_code  # type: ignore[arg-type]  # json alone
    except httpx.RemoteProtocolError:
        return LOST
