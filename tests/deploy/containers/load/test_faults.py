"""A part dies, and clients see what the README promises: never a stale answer, never a lost write."""

from collections.abc import Iterator
from functools import partial

import httpx
import pytest

from tests.deploy.containers.project import Container, Project, docker, until

pytestmark = pytest.mark.containers

PSQL = ("psql", "--host=/var/run/postgresql", "--username=postgres", "--dbname=tasklane", "--no-psqlrc", "--quiet")


@pytest.fixture(scope="module")
def project(images: None) -> Iterator[Project]:
    """Of this module's own: parts of it are killed, and are back after each test."""
    with Project(DATABASE_TIMEOUT="4", DATABASE_STATEMENT_TIMEOUT="3", REDIS_TIMEOUT="1") as project:
        project.up()
        yield project


@pytest.fixture
def alice(project: Project, request: pytest.FixtureRequest) -> Iterator[httpx.Client]:
    """A user of this test's own."""
    with project.client(request.node.name) as alice:
        yield alice


def test_without_redis(project: Project, alice: httpx.Client) -> None:
    """Reads go past the cache and writes go on; once it is back, so is the cache."""
    redis = project.container("redis")
    first = make(alice, "Before")
    docker("kill", redis.id)
    second = make(alice, "Meanwhile")
    answer = alice.get("/api/tasks")
    assert answer.json() == [second, first]
    assert answer.headers["x-cache"] == "bypass"
    docker("start", redis.id)
    until(lambda: alice.get("/api/tasks").headers["x-cache"] == "hit", "the cache is in use again")
    assert alice.get("/api/tasks").json() == [second, first]
    third = make(alice, "After")
    assert alice.get("/api/tasks").json() == [third, second, first]


def test_without_the_worker(project: Project, alice: httpx.Client) -> None:
    """Nothing that comes by the API misses it; a change made with psql shows up when it is back."""
    worker = project.container("worker")
    docker("kill", worker.id)
    made = make(alice, "Typed")
    until(lambda: alice.get("/api/tasks").headers["x-cache"] == "hit", "the list is cached")
    assert alice.get("/api/tasks").json() == [made]
    change = f"--command=UPDATE tasks SET title = 'Told' WHERE id = {made['id']}"
    docker("exec", project.container("db").id, *PSQL, change)
    docker("start", worker.id)
    until(lambda: [task["title"] for task in alice.get("/api/tasks").json()] == ["Told"], "the change shows up")


def test_without_postgresql(project: Project, alice: httpx.Client) -> None:
    """What is cached is answered; the rest is 503 with the time to come back. What was acknowledged is there again."""
    database = project.container("db")
    made = make(alice, "Kept")
    until_each_has_hit(project, alice)
    docker("kill", database.id)
    answer = alice.get("/api/tasks")
    assert (answer.headers["x-cache"], answer.json()) == ("hit", [made])
    for refused in (alice.get("/api/tasks?sort=title"), alice.post("/api/tasks", json={"title": "Lost"})):
        assert refused.status_code == 503
        assert refused.headers["content-type"] == "application/problem+json"
        assert int(refused.headers["retry-after"]) > 0
    docker("start", database.id)
    until(lambda: alice.get("/api/tasks?sort=title").status_code == 200, "the database serves again")
    another = make(alice, "Made again")
    assert alice.get("/api/tasks").json() == [another, made]


def test_without_the_sign_in(project: Project, alice: httpx.Client) -> None:
    """Nobody signs in, which is told in the form of all errors; who is signed in goes on."""
    auth = project.container("auth")
    token = signed_up(project)
    docker("kill", auth.id)
    refused = alice.post("/api/auth/sign-in/email", json={"email": "a@example.test", "password": "a-password-123"})
    assert refused.status_code == 502
    assert refused.headers["content-type"] == "application/problem+json"
    with project.client("", token=token) as person:
        until_each_has_hit(project, person)
    docker("start", auth.id)
    auth.wait_until_healthy()


def test_a_replica_that_stands_still(project: Project, alice: httpx.Client) -> None:
    """Half of the requests wait for it, and each of them is told so in time; when it moves again, all is well."""
    stopped = project.containers("api")[0]
    docker("kill", "--signal", "STOP", stopped.id)
    try:
        until(lambda: asked_in_time(alice) == 502, "it was asked")
    finally:
        docker("kill", "--signal", "CONT", stopped.id)
    until(lambda: {asked_in_time(alice) for _ in range(4)} == {200}, "both answer")


def asked_in_time(alice: httpx.Client) -> int:
    """The status; raises when there is none within what the gateway waits, and a little."""
    return alice.get("/api/tasks", timeout=25).status_code


@pytest.mark.parametrize("service", ["redis", "worker", "db", "auth", "gateway"])
def test_what_crashes_comes_back(project: Project, alice: httpx.Client, service: str) -> None:
    """By itself, and the service with it, its data included."""
    made = make(alice, "Kept")
    container = project.container(service)
    started = container.inspect()["State"]["StartedAt"]
    container.crash()
    until(lambda: container.inspect()["State"]["StartedAt"] != started, "it was started again")
    container.wait_until_healthy()
    until(lambda: answers(alice), "the service answers")
    assert alice.get("/api/tasks?sort=title").json() == [made]


def make(alice: httpx.Client, title: str) -> dict[str, object]:
    """A task that was acknowledged."""
    answer = alice.post("/api/tasks", json={"title": title})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def until_each_has_hit(project: Project, alice: httpx.Client) -> None:
    """Returns when every replica knows the token and has answered the list from the cache."""
    for replica in project.containers("api"):
        until(partial(hit_by, project, alice, replica), "each replica has had a hit")


def hit_by(project: Project, alice: httpx.Client, replica: Container) -> bool:
    """Whether it was this replica that answered, from the cache."""
    answer = alice.get("/api/tasks").raise_for_status()
    line = project.access_log(answer.headers["x-request-id"])
    return answer.headers["x-cache"] == "hit" and bool(line["upstream"] == f"{replica.address}:8000")


def signed_up(project: Project) -> str:
    """A token of the sign-in, for a new account; every replica has seen it."""
    origin = {"origin": project.url}
    with httpx.Client(base_url=project.url, headers=origin, timeout=60) as browser:
        account = {"email": "a@example.test", "password": "a-password-123", "name": "A"}
        browser.post("/api/auth/sign-up/email", json=account).raise_for_status()
        token = str(browser.get("/api/auth/token").raise_for_status().json()["token"])
    with project.client("", token=token) as person:
        until_each_has_hit(project, person)
    return token


def answers(alice: httpx.Client) -> bool:
    try:
        return alice.get("/api/tasks?sort=title").status_code == 200
    except httpx.TransportError:  # the gateway itself was away
        return False
